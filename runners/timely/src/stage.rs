//! What happens to a bundle inside a stage, on one worker.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use watershed_model::{
    AnyBundle, AnySinkWriter, CollectionId, Drops, Epoch, KernelOutput, KeyShare, NodeId,
    Primitive, Timestamp, WorkerIndex,
};
use watershed_runner_core::{ExchangeId, Instance, RunError, StageId, StepReport, Target, guard};

use crate::{head::Head, lift::Lift, ports::Ports, shared::Shared};

/// What the stages of one worker have in common: one writer a sink, and what is counted.
pub(crate) struct WorkerState {
    writers: HashMap<NodeId, Box<dyn AnySinkWriter>>,
    reports: Vec<StepReport>,
}

/// What a sink's writer handed to the commit.
pub(crate) type Prepared = Vec<(NodeId, Vec<Vec<u8>>)>;

impl WorkerState {
    pub(crate) fn start(shared: &Shared, worker: WorkerIndex) -> Result<Self, RunError> {
        let mut writers = HashMap::new();
        let mut reports = Vec::new();
        for (id, node) in shared.graph.nodes().iter().enumerate() {
            reports.push(StepReport {
                step: node.name.clone(),
                elements_out: vec![0; node.outputs.len()],
                ..StepReport::default()
            });
            if let Primitive::Write(write) = &node.primitive {
                let writer = guard(|| write.sink.writer(worker))
                    .map_err(|failure| RunError::step(&node.name, failure))?;
                writers.insert(NodeId(id), writer);
            }
        }
        Ok(WorkerState { writers, reports })
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

    pub(crate) fn into_reports(self) -> Vec<StepReport> {
        self.reports
    }
}

/// One stage on one worker.
pub(crate) struct StageRun {
    shared: Arc<Shared>,
    worker: Rc<RefCell<WorkerState>>,
    targets: HashMap<CollectionId, Vec<Target>>,
    kernels: HashMap<NodeId, Instance>,
    lifts: HashMap<ExchangeId, Lift>,
    /// How many bundles were checked at an exchange, to check a sample of them.
    checked: u64,
}

/// Sends a bundle to another stage.
pub(crate) type Send<'a> = &'a mut dyn FnMut(ExchangeId, AnyBundle);

impl StageRun {
    pub(crate) fn start(
        shared: &Arc<Shared>,
        stage: StageId,
        worker: &Rc<RefCell<WorkerState>>,
        heads: &[RefCell<Head>],
        share: KeyShare,
    ) -> Result<Self, RunError> {
        let plan = &shared.plan.stages[stage.0];
        let mut run = StageRun {
            shared: shared.clone(),
            worker: worker.clone(),
            targets: plan.targets.iter().cloned().collect(),
            kernels: HashMap::new(),
            lifts: HashMap::new(),
            checked: 0,
        };
        for step in plan.steps.iter().chain([&plan.head]) {
            let node = shared.graph.node(*step);
            if let Primitive::ParDo(par_do) | Primitive::AssignWindows(par_do) = &node.primitive {
                let instance = Instance::start(par_do.kernel.clone())
                    .map_err(|failure| RunError::step(&node.name, failure))?;
                run.kernels.insert(*step, instance);
            }
        }
        for target in run.targets.values().flatten() {
            if let Target::Lift(_, exchange) = target
                && let Head::Fast(grouping) =
                    &*heads[shared.plan.exchanges[exchange.0].to.0].borrow()
            {
                run.lifts.insert(*exchange, Lift::new(grouping.door(), share));
            }
        }
        Ok(run)
    }

    /// Counts what a stage's head took in.
    pub(crate) fn count_in(&self, node: NodeId, elements: usize) {
        self.worker.borrow_mut().count_in(node, elements);
    }

    /// Counts what a step dropped.
    pub(crate) fn count_drops(&self, node: NodeId, drops: &Drops) {
        self.worker.borrow_mut().count_drops(node, drops);
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
        if bundle.is_empty() {
            return Ok(());
        }
        self.worker.borrow_mut().reports[node.0].elements_out[port] += bundle.len() as u64;
        let collection = self.shared.graph.node(node).outputs[port];
        let Some(targets) = self.targets.get(&collection) else { return Ok(()) };
        let Some((last, others)) = targets.split_last() else { return Ok(()) };
        let (last, others) = (*last, others.to_vec());
        for target in others {
            self.deliver(target, bundle.clone(), send)?;
        }
        self.deliver(last, bundle, send)
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
                self.check(exchange, &bundle)?;
                let name = &self.shared.graph.node(node).name;
                let Some(lift) = self.lifts.get_mut(&exchange) else {
                    unreachable!("every lift of the plan was started")
                };
                let most = self.shared.options.bundle_elements;
                let folded =
                    guard(|| lift.process(bundle, most, &mut |partials| send(exchange, partials)));
                let drops = lift.take_drops();
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
                guard(|| writer.write(bundle)).map_err(failed)
            }
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
                    input = kernel.run(bundle, &mut out).map_err(failed)?;
                    let (bundles, drops) = out.take();
                    self.count_drops(id, &drops);
                    for (port, bundle) in bundles {
                        self.emit(id, port, bundle, send)?;
                    }
                }
                Ok(())
            }
            other => unreachable!("a {} does not run inside a stage", other.kind()),
        }
    }

    /// What crosses to a grouping must not be larger than allowed, and of a sample of the bundles
    /// the elements must survive their coder, and equal keys must have equal bytes.
    fn check(&mut self, exchange: ExchangeId, bundle: &AnyBundle) -> Result<(), RunError> {
        const SAMPLE: u64 = 512;
        let exchange = &self.shared.plan.exchanges[exchange.0];
        let receiver = self.shared.graph.node(self.shared.plan.stages[exchange.to.0].head);
        let Some(grouping) = receiver.primitive.grouping() else { return Ok(()) };
        let element = &self.shared.graph.collection(exchange.collection).element;
        self.checked += 1;
        // Often at first, since a mistake in a type mostly shows at once.
        let sampled = self.checked.is_power_of_two() || self.checked.is_multiple_of(SAMPLE);
        guard(|| {
            self.shared.options.check_sizes(element, bundle)?;
            if sampled {
                grouping.key.check(bundle)?;
                element.round_trip(bundle)?;
            }
            Ok(())
        })
        .map_err(|failure| RunError::step(&receiver.name, failure))
    }

    /// The stage's watermark moves: what was folded for windows that it passes goes out.
    pub(crate) fn advance(
        &mut self,
        watermark: Timestamp,
        ports: &mut Ports,
    ) -> Result<(), RunError> {
        let most = self.shared.options.bundle_elements;
        for (exchange, lift) in &mut self.lifts {
            let receiver = self.shared.plan.exchanges[exchange.0].to;
            let name = &self.shared.graph.node(self.shared.plan.stages[receiver.0].head).name;
            guard(|| lift.advance(watermark, most, *exchange, ports))
                .map_err(|failure| RunError::step(name, failure))?;
        }
        Ok(())
    }

    /// The stage has ended: instances are torn down.
    pub(crate) fn finish(&mut self) -> Result<(), RunError> {
        for (node, kernel) in &mut self.kernels {
            let name = &self.shared.graph.node(*node).name;
            kernel.end().map_err(|failure| RunError::step(name, failure))?;
        }
        Ok(())
    }
}
