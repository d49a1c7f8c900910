//! What happens to a bundle inside a stage, on one worker.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use watershed_model::{
    AnyBundle, AnySinkWriter, CollectionId, Drops, Epoch, KernelContext, KernelOutput, NodeId,
    Primitive, Timestamp, WorkerIndex,
};
use watershed_runner_core::{
    ExchangeId, FastGrouping, Instance, RunError, Sizes, StageId, StepReport, Target, at_work,
    guard,
};

use crate::{lift::Lift, shared::Shared};

/// What the stages of one worker have in common: one writer a sink, and what is counted.
pub(crate) struct WorkerState {
    writers: HashMap<NodeId, Box<dyn AnySinkWriter>>,
    reports: Vec<StepReport>,
    sizes: Sizes,
    /// How far each stage has come here.
    pub(crate) stages: Vec<StageNow>,
}

/// How far a stage has come on one worker.
#[derive(Clone, Debug)]
pub(crate) struct StageNow {
    pub(crate) input_watermark: Timestamp,
    pub(crate) output_watermark: Timestamp,
    /// Whether it is a source that waits because those behind it are busy.
    pub(crate) is_congested: bool,
    /// How far the views have come that it reads.
    pub(crate) views: Vec<Timestamp>,
}

/// What a sink's writer handed to the commit.
pub(crate) type Prepared = Vec<(NodeId, Vec<Vec<u8>>)>;

impl WorkerState {
    pub(crate) fn start(shared: &Shared, worker: WorkerIndex) -> Result<Self, RunError> {
        let mut writers = HashMap::new();
        let mut reports = Vec::new();
        for (id, node) in shared.graph.nodes().iter().enumerate() {
            reports.push(StepReport::of(&node.name, node.outputs.len()));
            if let Primitive::Write(write) = &node.primitive {
                let writer = guard(|| write.sink.writer(worker))
                    .map_err(|failure| RunError::step(&node.name, failure))?;
                writers.insert(NodeId(id), writer);
            }
        }
        let start = StageNow {
            input_watermark: Timestamp::MIN,
            output_watermark: Timestamp::MIN,
            is_congested: false,
            views: Vec::new(),
        };
        let stages = vec![start; shared.plan.stages.len()];
        Ok(WorkerState { writers, reports, sizes: Sizes::of(&shared.graph), stages })
    }

    /// All writers end the epoch. What was prepared is returned also when a later one fails.
    pub(crate) fn prepare(
        &mut self,
        shared: &Shared,
        epoch: Epoch,
    ) -> (Prepared, Result<(), RunError>) {
        let mut prepared = Vec::new();
        let mut writers: Vec<_> = self.writers.drain().collect();
        writers.sort_by_key(|(node, _)| *node);
        for (node, mut writer) in writers {
            match guard(|| writer.prepare(epoch)) {
                Ok(committables) => prepared.push((node, committables)),
                Err(failure) => {
                    let error = RunError::step(&shared.graph.node(node).name, failure);
                    return (prepared, Err(error));
                }
            }
        }
        (prepared, Ok(()))
    }

    /// Counts what a step took in.
    pub(crate) fn count_in(&mut self, node: NodeId, elements: usize) {
        self.reports[node.0].elements_in += elements as u64;
    }

    /// Counts what a step dropped.
    pub(crate) fn count_drops(&mut self, node: NodeId, drops: &Drops) {
        self.reports[node.0].drops.merge(drops);
    }

    /// Counts what was sent to a stage that begins with this step.
    pub(crate) fn count_sent(&mut self, node: NodeId, elements: usize) {
        self.reports[node.0].sent += elements as u64;
    }

    /// Counts what has arrived at a stage that begins with this step.
    pub(crate) fn count_received(&mut self, node: NodeId, elements: usize) {
        self.reports[node.0].received += elements as u64;
    }

    /// Takes up what the author has counted in a step that just ran.
    pub(crate) fn take_metrics(&mut self, node: NodeId) {
        if let Some(told) = watershed_model::take_metrics() {
            self.reports[node.0].metrics.merge(&told);
        }
    }

    /// What was counted so far.
    pub(crate) fn reports(&self) -> &[StepReport] {
        &self.reports
    }
}

/// One stage on one worker.
pub(crate) struct StageRun {
    shared: Arc<Shared>,
    worker: Rc<RefCell<WorkerState>>,
    targets: HashMap<CollectionId, Vec<Target>>,
    kernels: HashMap<NodeId, Instance>,
    doors: Doors,
    /// How many bundles were checked at an exchange, to check a sample of them.
    checked: u64,
}

/// The folds before exchanges of a stage, which its worker looks at when it is asked.
pub(crate) type Doors = Rc<RefCell<HashMap<ExchangeId, Lift>>>;

/// Sends a bundle to another stage.
pub(crate) type Send<'a> = &'a mut dyn FnMut(ExchangeId, AnyBundle);

impl StageRun {
    pub(crate) fn start(
        shared: &Arc<Shared>,
        stage: StageId,
        worker: &Rc<RefCell<WorkerState>>,
    ) -> Result<Self, RunError> {
        let plan = &shared.plan.stages[stage.0];
        let mut run = StageRun {
            shared: shared.clone(),
            worker: worker.clone(),
            targets: plan.targets.iter().cloned().collect(),
            kernels: HashMap::new(),
            doors: Doors::default(),
            checked: 0,
        };
        for step in plan.steps.iter().chain([&plan.head]) {
            let node = shared.graph.node(*step);
            if let Primitive::ParDo(par_do) | Primitive::AssignWindows(par_do) = &node.primitive {
                let instance = Instance::start(par_do.kernel.clone(), shared.options.retries)
                    .map_err(|failure| RunError::step(&node.name, failure))?;
                run.kernels.insert(*step, instance);
                run.take_metrics(*step);
            }
        }
        for target in run.targets.values().flatten() {
            if let Target::Lift(node, exchange) = target
                && let Some(grouping) = shared.graph.node(*node).primitive.grouping()
            {
                let lift = Lift::new(FastGrouping::new(grouping, false));
                run.doors.borrow_mut().insert(*exchange, lift);
            }
        }
        Ok(run)
    }

    /// The folds before the stage's exchanges.
    pub(crate) fn doors(&self) -> Doors {
        self.doors.clone()
    }

    /// As [`WorkerState::count_received`].
    pub(crate) fn count_received(&self, node: NodeId, elements: usize) {
        self.worker.borrow_mut().count_received(node, elements);
    }

    /// Says how far the stage has come.
    pub(crate) fn has_come_to(&self, stage: StageId, input: Timestamp, output: Timestamp) {
        let now = &mut self.worker.borrow_mut().stages[stage.0];
        (now.input_watermark, now.output_watermark) = (input, output);
    }

    /// Says how far the views have come that the stage reads.
    pub(crate) fn views_have_come_to(&self, stage: StageId, watermarks: Vec<Timestamp>) {
        self.worker.borrow_mut().stages[stage.0].views = watermarks;
    }

    /// How far the views have come that the stage reads.
    pub(crate) fn view_watermarks(&self, stage: StageId) -> Vec<Timestamp> {
        self.worker.borrow().stages[stage.0].views.clone()
    }

    /// Says whether a source waits because those behind it are busy.
    pub(crate) fn is_congested(&self, stage: StageId, is_congested: bool) {
        self.worker.borrow_mut().stages[stage.0].is_congested = is_congested;
    }

    /// Counts what a stage's head took in.
    pub(crate) fn count_in(&self, node: NodeId, elements: usize) {
        self.worker.borrow_mut().count_in(node, elements);
    }

    /// Counts what a step dropped.
    pub(crate) fn count_drops(&self, node: NodeId, drops: &Drops) {
        self.worker.borrow_mut().count_drops(node, drops);
    }

    /// As [`WorkerState::take_metrics`].
    pub(crate) fn take_metrics(&self, node: NodeId) {
        self.worker.borrow_mut().take_metrics(node);
    }

    /// Counts that a source's watermark went back.
    pub(crate) fn count_setback(&self, node: NodeId) {
        self.worker.borrow_mut().reports[node.0].watermark_setbacks += 1;
    }

    /// A bundle of one of the stage's collections, as made by `node` on `port`: counted, and handed to
    /// all who read it.
    pub(crate) fn emit(
        &mut self,
        node: NodeId,
        port: usize,
        bundle: AnyBundle,
        send: Send<'_>,
    ) -> Result<(), RunError> {
        // Before what reads the bundle runs, and counts for itself.
        self.take_metrics(node);
        if bundle.is_empty() {
            return Ok(());
        }
        let collection = self.shared.graph.node(node).outputs[port];
        let targets = self.targets.get(&collection).map_or(&[][..], Vec::as_slice);
        self.count_out(node, port, collection, &bundle, targets);
        let Some((last, others)) = targets.split_last() else { return Ok(()) };
        let (last, others) = (*last, others.to_vec());
        for target in others {
            self.deliver(target, bundle.clone(), send)?;
        }
        self.deliver(last, bundle, send)
    }

    /// Counts what went out, and its bytes at all who read it.
    fn count_out(
        &self,
        node: NodeId,
        port: usize,
        collection: CollectionId,
        bundle: &AnyBundle,
        targets: &[Target],
    ) {
        let WorkerState { reports, sizes, .. } = &mut *self.worker.borrow_mut();
        let bytes = sizes.bytes(&self.shared.graph, collection, bundle);
        reports[node.0].elements_out[port] += bundle.len() as u64;
        reports[node.0].bytes_out[port] += bytes;
        for target in targets {
            let reader = match target {
                Target::Step(node) | Target::Lift(node, _) => *node,
                Target::Exchange(exchange) => self.shared.receiver(*exchange),
            };
            reports[reader.0].bytes_in += bytes;
        }
    }

    fn deliver(
        &mut self,
        target: Target,
        bundle: AnyBundle,
        send: Send<'_>,
    ) -> Result<(), RunError> {
        match target {
            Target::Step(node) => self.run_step(node, bundle, send),
            Target::Exchange(exchange) => {
                self.check(exchange, &bundle)?;
                send(exchange, bundle);
                Ok(())
            }
            Target::Lift(node, exchange) => {
                self.count_in(node, bundle.len());
                self.check(exchange, &bundle)?;
                let name = &self.shared.graph.node(node).name;
                let mut doors = self.doors.borrow_mut();
                let Some(lift) = doors.get_mut(&exchange) else {
                    unreachable!("every lift of the plan was started")
                };
                let most = self.shared.options.bundle_elements;
                let folded =
                    guard(|| lift.process(bundle, most, &mut |partials| send(exchange, partials)));
                let drops = lift.take_drops();
                drop(doors);
                self.take_metrics(node);
                self.count_drops(node, &drops);
                folded.map_err(|failure| RunError::step(name, failure))
            }
        }
    }

    /// Runs one step of the stage on a bundle.
    pub(crate) fn run_step(
        &mut self,
        id: NodeId,
        bundle: AnyBundle,
        send: Send<'_>,
    ) -> Result<(), RunError> {
        let shared = self.shared.clone();
        let node = shared.graph.node(id);
        let failed = |failure| RunError::step(&node.name, failure);
        self.count_in(id, bundle.len());
        match &node.primitive {
            Primitive::Write(_) => {
                let mut worker = self.worker.borrow_mut();
                let Some(writer) = worker.writers.get_mut(&id) else {
                    unreachable!("a writer is kept until its worker has ended")
                };
                let _span = at_work(&node.name);
                guard(|| writer.write(bundle)).map_err(failed)
            }
            Primitive::ParDo(_) | Primitive::AssignWindows(_) => {
                let shared = self.shared.clone();
                let cx = KernelContext { views: &[], options: &shared.options.user_options };
                self.run_kernel(id, bundle, &cx, send)
            }
            other => unreachable!("a {} does not run inside a stage", other.kind()),
        }
    }

    /// Runs an element-wise step on a bundle that was counted.
    pub(crate) fn run_kernel(
        &mut self,
        id: NodeId,
        bundle: AnyBundle,
        cx: &KernelContext<'_>,
        send: Send<'_>,
    ) -> Result<(), RunError> {
        let shared = self.shared.clone();
        let node = shared.graph.node(id);
        let failed = |failure| RunError::step(&node.name, failure);
        match &node.primitive {
            Primitive::ParDo(par_do) | Primitive::AssignWindows(par_do) => {
                let wanted: Vec<bool> = (0..node.outputs.len())
                    .map(|port| {
                        par_do.dead_letters == Some(port)
                            || self.targets.get(&node.outputs[port]).is_some_and(|t| !t.is_empty())
                    })
                    .collect();
                let mut out = KernelOutput::new(wanted, shared.options.bundle_elements.max(1));
                let mut input = Some(bundle);
                while let Some(bundle) = input.take() {
                    let Some(kernel) = self.kernels.get_mut(&id) else {
                        unreachable!("every kernel of the stage was started")
                    };
                    let span = at_work(&node.name);
                    let ran = kernel.run(bundle, cx, &mut out);
                    drop(span);
                    let retries = kernel.take_retries();
                    self.worker.borrow_mut().reports[id.0].retries += retries;
                    input = ran.map_err(failed)?;
                    self.take_metrics(id);
                    let (bundles, drops) = out.take();
                    self.count_drops(id, &drops);
                    for (port, bundle) in bundles {
                        self.emit(id, port, bundle, send)?;
                    }
                }
                Ok(())
            }
            other => unreachable!("a {} is not element-wise", other.kind()),
        }
    }

    /// What crosses to a grouping must not be larger than allowed, and of a sample of the bundles
    /// some elements must survive their coder, and equal keys among them must have equal bytes.
    fn check(&mut self, exchange: ExchangeId, bundle: &AnyBundle) -> Result<(), RunError> {
        const SAMPLE: u64 = 512;
        /// About so many of a bundle.
        const ELEMENTS: usize = 256;
        let exchange = &self.shared.plan.exchanges[exchange.0];
        let receiver = self.shared.graph.node(self.shared.plan.stages[exchange.to.0].head);
        let Some(key) = receiver.primitive.key() else { return Ok(()) };
        let element = &self.shared.graph.collection(exchange.collection).element;
        self.checked += 1;
        // Often at first, since a mistake in a type mostly shows at once.
        let sampled = self.checked.is_power_of_two() || self.checked.is_multiple_of(SAMPLE);
        guard(|| {
            self.shared.options.check_sizes(element, bundle)?;
            if sampled {
                let nth = bundle.len().div_ceil(ELEMENTS);
                let some: Vec<u32> = (0..bundle.len() as u32).step_by(nth.max(1)).collect();
                let bundle = bundle.gather(&some);
                key.check(&bundle)?;
                element.round_trip(&bundle)?;
            }
            Ok(())
        })
        .map_err(|failure| RunError::step(&receiver.name, failure))
    }

    /// The stage's watermark moves: what was folded for windows that it passes goes out.
    pub(crate) fn advance(&mut self, watermark: Timestamp, send: Send<'_>) -> Result<(), RunError> {
        let most = self.shared.options.bundle_elements;
        for (exchange, lift) in &mut *self.doors.borrow_mut() {
            let receiver = self.shared.plan.exchanges[exchange.0].to;
            let name = &self.shared.graph.node(self.shared.plan.stages[receiver.0].head).name;
            guard(|| lift.advance(watermark, most, &mut |partials| send(*exchange, partials)))
                .map_err(|failure| RunError::step(name, failure))?;
        }
        Ok(())
    }

    /// The stage has ended: instances are torn down.
    pub(crate) fn finish(&mut self) -> Result<(), RunError> {
        for (node, kernel) in &mut self.kernels {
            let name = &self.shared.graph.node(*node).name;
            kernel.end().map_err(|failure| RunError::step(name, failure))?;
            self.worker.borrow_mut().take_metrics(*node);
        }
        Ok(())
    }
}
