//! Stages as timely operators.
//!
//! Every operator that may still emit keeps one *base capability* for each output, the one it was
//! given when it was built, until its stage has ended. When something fails, bases are kept: a peer
//! must not take the silence for the end of the input.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use timely::{
    container::NoopBuilder,
    dataflow::{
        Scope, Stream,
        channels::pact::{DistributorPact, Pipeline},
        operators::{
            Capability,
            generic::{OutputBuilder, builder_rc::OperatorBuilder},
        },
    },
};
use watershed_model::{Advance, AnyBundle, AnyReader, Budget, Form, Primitive, fault};
use watershed_runner_core::{
    ExchangeId, FastGrouping, GroupingOperator, Route, RunError, StageId, guard,
};

use crate::{
    container::Parcel,
    exchange::{ByKey, Spread, owner},
    moment::Moment,
    shared::Shared,
    splits::{Next, SplitQueue},
    stage::{StageRun, WorkerState},
};

type Output = OutputBuilder<Moment, NoopBuilder<Parcel>>;

/// The outputs of an operator with their base capabilities, by exchange.
struct Ports {
    shared: Arc<Shared>,
    ports: HashMap<ExchangeId, (Output, Option<Capability<Moment>>)>,
    heads: Rc<Vec<RefCell<Head>>>,
    worker: Rc<RefCell<WorkerState>>,
}

impl Ports {
    fn send(&mut self, exchange: ExchangeId, bundle: AnyBundle) {
        if bundle.is_empty() {
            return;
        }
        let bundle = match self.shared.options.all_workers() {
            1 => match self.fold_at_once(exchange, bundle) {
                Some(bundle) => bundle,
                None => return,
            },
            _ => bundle,
        };
        let Some((output, Some(base))) = self.ports.get_mut(&exchange) else {
            unreachable!("a stage that has ended sends nothing")
        };
        self.shared.sent(bundle.len());
        let mut activated = output.activate();
        activated.session_with_builder(&&*base).give_container(&mut Parcel::new(exchange, bundle));
    }

    /// With one worker nothing has to cross: a grouping takes a bundle at once, while it is in the cache
    /// and before there are more of them. The channel then only tells when there is no more.
    /// Returns the bundle if no grouping of the fast path receives it.
    fn fold_at_once(&self, exchange: ExchangeId, bundle: AnyBundle) -> Option<AnyBundle> {
        let exchange = &self.shared.plan.exchanges[exchange.0];
        let mut head = self.heads[exchange.to.0].borrow_mut();
        let Head::Fast(grouping) = &mut *head else { return Some(bundle) };
        let id = self.shared.plan.stages[exchange.to.0].head;
        self.worker.borrow_mut().count_in(id, bundle.len());
        let form = match exchange.route {
            Route::PartialsByKey => Form::Partials,
            _ => Form::Values,
        };
        if let Err(failure) = guard(|| grouping.process(bundle, form)) {
            self.shared.fail(RunError::step(&self.shared.graph.node(id).name, failure));
        }
        None
    }

    fn release(&mut self) {
        self.ports.values_mut().for_each(|(_, base)| *base = None);
    }
}

/// Builds a worker's part of the dataflow: all workers do so alike, in the same order.
pub(crate) fn build(
    scope: Scope<'_, Moment>,
    shared: &Arc<Shared>,
    splits: &[Option<Arc<SplitQueue>>],
    worker: &Rc<RefCell<WorkerState>>,
) -> Result<(), RunError> {
    let mut streams: HashMap<ExchangeId, Stream<'_, Moment, Parcel>> = HashMap::new();
    let index = scope.worker().index();
    let heads = (0..shared.plan.stages.len()).map(|place| {
        let stage = StageId(place);
        RefCell::new(match &splits[shared.plan.stages[place].head.0] {
            Some(queue) => Head::Source { queue: queue.clone(), reader: None, told: 0 },
            None => Head::receiving(shared, stage, index),
        })
    });
    let heads = Rc::new(heads.collect());
    for place in 0..shared.plan.stages.len() {
        let stage = StageId(place);
        let run = StageRun::start(shared, stage, worker)?;
        build_stage(scope, shared, stage, run, &heads, worker, &mut streams);
    }
    Ok(())
}

fn build_stage<'scope>(
    scope: Scope<'scope, Moment>,
    shared: &Arc<Shared>,
    stage: StageId,
    run: StageRun,
    heads: &Rc<Vec<RefCell<Head>>>,
    worker: &Rc<RefCell<WorkerState>>,
    streams: &mut HashMap<ExchangeId, Stream<'scope, Moment, Parcel>>,
) {
    let head = shared.plan.stages[stage.0].head;
    let node = shared.graph.node(head);
    let mut builder = OperatorBuilder::new(node.name.clone(), scope);
    let peers = scope.worker().peers();

    let mut inputs = Vec::new();
    for (id, exchange) in shared.plan.inputs(stage) {
        let Some(stream) = streams.remove(&id) else {
            unreachable!("stages stand behind those that feed them")
        };
        let by_key = |key| {
            let (shared, step) = (shared.clone(), node.name.clone());
            DistributorPact(move |peers| ByKey::new(id, key, shared, step, peers))
        };
        let handle = match (exchange.route, node.primitive.grouping()) {
            _ if peers == 1 => Input::Local(builder.new_input(stream, Pipeline)),
            (Route::ByKey, Some(grouping)) => {
                Input::Crossing(builder.new_input(stream, by_key(grouping.key.clone())))
            }
            (Route::PartialsByKey, Some(grouping)) => {
                Input::Crossing(builder.new_input(stream, by_key(grouping.partial_key.clone())))
            }
            (Route::Spread, _) => {
                let (shared, first) = (shared.clone(), scope.worker().index());
                let spread = DistributorPact(move |_: usize| Spread::new(shared, first));
                Input::Crossing(builder.new_input(stream, spread))
            }
            _ => Input::Local(builder.new_input(stream, Pipeline)),
        };
        let form = match exchange.route {
            Route::PartialsByKey => Form::Partials,
            _ => Form::Values,
        };
        inputs.push((handle, form));
    }

    let mut outputs = Vec::new();
    for (id, _) in shared.plan.outputs(stage) {
        let (output, stream) = builder.new_output::<Parcel>();
        streams.insert(id, stream);
        outputs.push((id, Output::from(output)));
    }

    let info = builder.operator_info();
    let shared = shared.clone();
    let activator = scope.activator_for(info.address.clone());
    let wake = scope.worker().sync_activator_for(info.address.to_vec());
    let (heads, worker) = (heads.clone(), worker.clone());
    // An operator without outputs has no capability to stay alive by; so each says itself that it has not
    // ended, and timely keeps it.
    builder.build_reschedule(move |bases| {
        let ports = std::iter::zip(outputs, bases)
            .map(|((id, output), base)| (id, (output, Some(base))))
            .collect();
        let mut ports = Ports { shared: shared.clone(), ports, heads: heads.clone(), worker };
        let mut run = run;
        let mut ended = false;
        move |frontiers| {
            if ended || shared.is_over() {
                return !ended;
            }
            let head = &mut *heads[stage.0].borrow_mut();
            let outcome = match head {
                Head::Source { .. } => head.read(&shared, stage, &mut run, &mut ports, &wake),
                _ => head.receive(&shared, stage, &mut run, &mut ports, &mut inputs).map(|()| {
                    if frontiers.iter().all(|frontier| frontier.is_empty()) {
                        Step::End
                    } else {
                        Step::Wait
                    }
                }),
            };
            let outcome = outcome.and_then(|step| {
                if step == Step::End {
                    head.close(&shared, stage, &mut run, &mut ports)?;
                    run.finish(&mut |exchange, bundle| ports.send(exchange, bundle))?;
                    ports.release();
                    ended = true;
                }
                Ok(step)
            });
            match outcome {
                Ok(Step::More) => activator.activate(),
                Ok(Step::Congested) => activator.activate_after(CONGESTED),
                Ok(Step::Wait | Step::End) => {}
                Err(error) => shared.fail(error),
            }
            !ended
        }
    });
}

/// How long a source waits before it looks again whether the way is clear.
const CONGESTED: Duration = Duration::from_micros(200);

type Handle<P> = timely::dataflow::operators::generic::InputHandleCore<Moment, Parcel, P>;
type LocalPuller =
    <Pipeline as timely::dataflow::channels::pact::ParallelizationContract<Moment, Parcel>>::Puller;
type CrossingPuller = timely::dataflow::channels::pact::LogPuller<
    Box<dyn timely::communication::Pull<timely::dataflow::channels::Message<Moment, Parcel>>>,
>;

/// An input of an operator, with or without an exchange before it.
enum Input {
    Local(Handle<LocalPuller>),
    Crossing(Handle<CrossingPuller>),
}

impl Input {
    /// Hands over each bundle that has arrived, and whether it was counted as in flight.
    fn for_each(&mut self, mut take: impl FnMut(AnyBundle, bool)) {
        let mut each = |parcel: &mut Parcel| {
            if let Some((bundle, counted)) = parcel.take() {
                take(bundle, counted);
            }
        };
        match self {
            Input::Local(handle) => handle.for_each(|_, parcel| each(parcel)),
            Input::Crossing(handle) => handle.for_each(|_, parcel| each(parcel)),
        }
    }
}

/// What an operator wants after an activation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    More,
    Congested,
    Wait,
    End,
}

/// What a stage begins with.
enum Head {
    Source {
        queue: Arc<SplitQueue>,
        reader: Option<Box<dyn AnyReader>>,
        told: u64,
    },
    Fast(FastGrouping),
    General(Box<GroupingOperator>),
    /// Bundles go on as they come.
    Pass,
    /// An element-wise step or a sink that is a stage of its own.
    Step,
}

impl Head {
    fn receiving(shared: &Shared, stage: StageId, worker: usize) -> Self {
        let node = shared.graph.node(shared.plan.stages[stage.0].head);
        let Some(grouping) = node.primitive.grouping() else {
            return match node.primitive {
                Primitive::Reshuffle => Head::Pass,
                _ => Head::Step,
            };
        };
        // For an empty input speaks the worker that would own the key of a global combine, `()`, whose
        // bytes are none.
        let hasher = shared.options.key_hasher();
        let speaks = owner(hasher.group_of(&[]), hasher, shared.options.all_workers()) == worker;
        let emits_identity = speaks
            && matches!(&node.primitive, Primitive::CombinePerKey(combine) if combine.emits_identity);
        let windowing = &shared.graph.collection(node.inputs[0]).windowing;
        if windowing.window_fn.is_merging() {
            let operator = GroupingOperator::new(grouping, windowing, emits_identity);
            Head::General(Box::new(operator))
        } else {
            Head::Fast(FastGrouping::new(grouping, emits_identity))
        }
    }

    /// A source reads one budget and puts it out.
    fn read(
        &mut self,
        shared: &Shared,
        stage: StageId,
        run: &mut StageRun,
        ports: &mut Ports,
        wake: &timely::scheduling::SyncActivator,
    ) -> Result<Step, RunError> {
        let Head::Source { queue, reader, told } = self else {
            unreachable!("only a source reads")
        };
        let id = shared.plan.stages[stage.0].head;
        let name = &shared.graph.node(id).name;
        let failed = |failure| RunError::step(name, failure);
        if shared.is_congested() {
            return Ok(Step::Congested);
        }
        let reading = match reader {
            Some(reading) => reading,
            None => match guard(|| queue.next(wake)).map_err(failed)? {
                Next::Reader(opened) => {
                    *told = 0;
                    reader.insert(opened)
                }
                Next::Wait => return Ok(Step::Wait),
                Next::End => return Ok(Step::End),
            },
        };
        if queue.wants_more()
            && let Some(rest) = guard(|| reading.try_split(0.5)).map_err(failed)?
        {
            queue.add(rest);
        }
        let budget = Budget { elements: shared.options.bundle_elements, ..Budget::default() };
        let (bundle, drops, advance) = guard(|| reading.advance(budget)).map_err(failed)?;
        let done = reading.progress().done;
        shared.job.read(bundle.len() as u64, done.saturating_sub(*told));
        *told = done.max(*told);
        if advance == Advance::End {
            *reader = None;
            queue.done();
        }
        run.count_in(id, bundle.len());
        run.count_drops(id, &drops);
        run.emit(id, 0, bundle, &mut |exchange, bundle| ports.send(exchange, bundle))?;
        Ok(Step::More)
    }

    /// Another stage takes in what has arrived.
    fn receive(
        &mut self,
        shared: &Shared,
        stage: StageId,
        run: &mut StageRun,
        ports: &mut Ports,
        inputs: &mut [(Input, Form)],
    ) -> Result<(), RunError> {
        let id = shared.plan.stages[stage.0].head;
        let name = &shared.graph.node(id).name;
        let mut outcome = Ok(());
        for (input, form) in inputs {
            input.for_each(|bundle, counted| {
                if counted {
                    shared.taken(bundle.len());
                }
                if outcome.is_err() || shared.is_over() {
                    return;
                }
                let failed = |failure| RunError::step(name, failure);
                outcome = match self {
                    Head::Fast(grouping) => {
                        run.count_in(id, bundle.len());
                        guard(|| grouping.process(bundle, *form)).map_err(failed)
                    }
                    Head::General(operator) => {
                        run.count_in(id, bundle.len());
                        guard(|| operator.process(bundle).map(drop)).map_err(failed)
                    }
                    Head::Pass => {
                        run.count_in(id, bundle.len());
                        run.emit(id, 0, bundle, &mut |exchange, bundle| {
                            ports.send(exchange, bundle)
                        })
                    }
                    Head::Step
                        if fault!("steps-apart-lose-single-elements") && bundle.len() == 1 =>
                    {
                        Ok(())
                    }
                    Head::Step => run
                        .run_step(id, bundle, &mut |exchange, bundle| ports.send(exchange, bundle)),
                    Head::Source { .. } => unreachable!("a source has no input"),
                };
            });
        }
        outcome
    }

    /// The input has ended: what is held goes out.
    fn close(
        &mut self,
        shared: &Shared,
        stage: StageId,
        run: &mut StageRun,
        ports: &mut Ports,
    ) -> Result<(), RunError> {
        let id = shared.plan.stages[stage.0].head;
        let name = &shared.graph.node(id).name;
        let most = shared.options.bundle_elements;
        let failed = |failure| RunError::step(name, failure);
        match self {
            Head::Fast(grouping) => {
                let mut outcome = Ok(());
                let closed = guard(|| {
                    grouping.close(Form::Values, most, &mut |bundle| {
                        outcome = run.emit(id, 0, bundle, &mut |exchange, bundle| {
                            ports.send(exchange, bundle)
                        });
                        outcome.is_ok() && !shared.is_over()
                    })
                });
                outcome.and(closed.map_err(failed))
            }
            Head::General(operator) => {
                while let Some(bundle) = guard(|| operator.close(most)).map_err(failed)? {
                    run.emit(id, 0, bundle, &mut |exchange, bundle| ports.send(exchange, bundle))?;
                }
                Ok(())
            }
            Head::Source { .. } | Head::Pass | Head::Step => Ok(()),
        }
    }
}
