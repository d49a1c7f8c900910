//! What a stage begins with: a source, a grouping, or nothing of its own.

use std::{sync::Arc, time::Duration};

use watershed_model::{AnyBundle, Form, KernelContext, Primitive, Timestamp, UserOptions, fault};
use watershed_runner_core::{
    Failure, FastGrouping, GroupingOperator, Piece, Ready, RunError, Sight, SplittableOperator,
    StageId, StatefulOperator, ViewReader, at_work, guard, has_drained, is_simple, marked,
};

use crate::{
    exchange::owner, ports::Ports, reading::Reading, shared::Shared, splits::SplitQueue,
    stage::StageRun,
};

/// What an operator wants after an activation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    More,
    Congested,
    /// There is nothing to do for so long, if nothing wakes it.
    Rest(Duration),
    Wait,
    End,
}

/// What a stage begins with.
pub(crate) enum Head {
    Source(Reading),
    /// A test stream, which a player plays.
    Script,
    Fast(FastGrouping),
    General(Box<GroupingOperator>),
    Stateful(Box<StatefulOperator>),
    Splittable(Box<SplittableOperator>),
    /// An element-wise step that reads views.
    Reader(Box<ViewReader>),
    /// Keeps a view for all workers of the process.
    View,
    /// Bundles go on as they come.
    Pass,
    /// An element-wise step or a sink that is a stage of its own.
    Step,
}

impl Head {
    pub(crate) fn new(
        shared: &Shared,
        stage: StageId,
        worker: usize,
        queue: Option<&Arc<SplitQueue>>,
    ) -> Result<Self, RunError> {
        let node = shared.graph.node(shared.plan.stages[stage.0].head);
        if let Some(queue) = queue {
            return Ok(Head::Source(Reading::new(queue.clone(), worker)));
        }
        let most = shared.options.bundle_elements;
        let here = worker % shared.options.workers.max(1);
        let Some(grouping) = node.primitive.grouping() else {
            return Ok(match &node.primitive {
                Primitive::TestStream(_) => Head::Script,
                Primitive::Reshuffle => Head::Pass,
                Primitive::View(_) => Head::View,
                Primitive::Splittable(_) => {
                    let id = shared.plan.stages[stage.0].head;
                    let operator = SplittableOperator::start(&shared.graph, id, here, most);
                    let failed = |failure| RunError::step(&node.name, failure);
                    Head::Splittable(Box::new(operator.map_err(failed)?))
                }
                Primitive::Stateful(_) => {
                    let id = shared.plan.stages[stage.0].head;
                    let operator = StatefulOperator::start(&shared.graph, id, here, most);
                    let failed = |failure| RunError::step(&node.name, failure);
                    Head::Stateful(Box::new(operator.map_err(failed)?))
                }
                _ => {
                    let id = shared.plan.stages[stage.0].head;
                    match ViewReader::new(&shared.graph, id, here) {
                        Some(reader) => Head::Reader(Box::new(reader)),
                        None => Head::Step,
                    }
                }
            });
        };
        // For an empty input speaks the worker that would own the key of a global combine, `()`, whose
        // bytes are none.
        let hasher = shared.options.key_hasher();
        let speaks = owner(hasher.group_of(&[]), hasher, shared.options.all_workers()) == worker;
        let emits_identity = speaks
            && matches!(&node.primitive, Primitive::CombinePerKey(combine) if combine.emits_identity);
        let windowing = &shared.graph.collection(node.inputs[0]).windowing;
        if is_simple(windowing) {
            Ok(Head::Fast(FastGrouping::new(grouping, emits_identity)))
        } else {
            let operator = GroupingOperator::new(grouping, windowing, emits_identity, most);
            Ok(Head::General(Box::new(operator)))
        }
    }

    /// Whether all that comes in an event of a test stream is handled as one bundle, at its end.
    pub(crate) fn sets_aside(&self) -> bool {
        !matches!(self, Head::Source(_) | Head::Script | Head::View | Head::Pass | Head::Step)
    }

    /// The processing time, before bundles are taken that may set timers by it.
    pub(crate) fn tell_the_time(&mut self, now: impl FnOnce() -> Timestamp) {
        if let Head::Stateful(operator) = self {
            operator.advance(Timestamp::MIN, now());
        }
    }

    /// A bundle comes to the stage.
    pub(crate) fn take(
        &mut self,
        shared: &Shared,
        stage: StageId,
        run: &mut StageRun,
        ports: &mut Ports,
        bundle: AnyBundle,
        form: Form,
    ) -> Result<(), RunError> {
        let id = shared.plan.stages[stage.0].head;
        let name = &shared.graph.node(id).name;
        let failed = |failure| RunError::step(name, failure);
        let _span = at_work(name);
        let view_watermarks = run.view_watermarks(stage);
        let sight = sight(shared, &view_watermarks);
        let mut outcome = Ok(());
        // What a drain made makes panes of its own.
        let drained = shared.closes_early() && has_drained(&bundle);
        // Of what goes to all processes one counts.
        if !matches!(self, Head::View) || shared.is_here(0) {
            run.count_received(id, bundle.len());
        }
        // What was folded before was counted as it came in there, and a step that is a stage of its own counts
        // what it runs.
        let counts = match self {
            Head::Step => false,
            Head::View => shared.is_here(0),
            _ => form == Form::Values,
        };
        if counts {
            run.count_in(id, bundle.len());
        }
        match self {
            Head::Fast(grouping) => {
                let taken = guard(|| {
                    grouping.process(bundle, form, &mut |dropped| {
                        emit(run, ports, id, 1, dropped, &mut outcome);
                    })
                });
                run.count_drops(id, &grouping.take_drops());
                taken.map_err(failed)?;
                outcome
            }
            Head::General(operator) => {
                let taken = guard(|| {
                    operator
                        .process(bundle, &mut |port, bundle| {
                            emit(run, ports, id, port, marked(bundle, drained), &mut outcome);
                        })
                        .map(drop)
                });
                run.count_drops(id, &operator.take_drops());
                taken.map_err(failed)?;
                outcome
            }
            Head::Stateful(operator) => {
                let taken = operator.process(bundle, &sight, &mut |port, bundle| {
                    emit(run, ports, id, port, marked(bundle, drained), &mut outcome);
                });
                run.count_drops(id, &operator.take_drops());
                taken.map_err(failed)?;
                outcome
            }
            Head::Splittable(operator) => operator.process(bundle, &sight).map_err(failed),
            Head::Reader(reader) => {
                let ready = guard(|| reader.take(bundle, &sight));
                run_ready(run, ports, id, ready.map_err(failed)?, sight.options)
            }
            Head::View => {
                let view = shared.graph.node(id).outputs[0];
                guard(|| shared.views.publish(view, bundle)).map_err(failed)
            }
            Head::Pass => {
                run.emit(id, 0, bundle, &mut |exchange, bundle| ports.send(exchange, bundle))
            }
            Head::Step if bundle.len() == 1 && fault!("steps-apart-lose-single-elements") => Ok(()),
            Head::Step => {
                run.run_step(id, bundle, &mut |exchange, bundle| ports.send(exchange, bundle))
            }
            Head::Source(_) | Head::Script => unreachable!("a source has no input"),
        }
    }

    /// Times move: what is due goes out.
    pub(crate) fn advance(
        &mut self,
        shared: &Shared,
        stage: StageId,
        run: &mut StageRun,
        ports: &mut Ports,
        watermark: Timestamp,
        now: Timestamp,
    ) -> Result<(), RunError> {
        let id = shared.plan.stages[stage.0].head;
        let name = &shared.graph.node(id).name;
        let most = shared.options.bundle_elements;
        let drained = watermark == Timestamp::MAX && shared.closes_early();
        let _span = at_work(name);
        let view_watermarks = run.view_watermarks(stage);
        let sight = sight(shared, &view_watermarks);
        let mut outcome = Ok(());
        let advanced = match self {
            Head::Fast(grouping) => guard(|| {
                grouping.advance(watermark, Form::Values, most, &mut |bundle| {
                    emit(run, ports, id, 0, marked(bundle, drained), &mut outcome);
                    !shared.is_over()
                })
            }),
            Head::General(operator) => guard(|| {
                operator.advance(watermark, now, &mut |port, bundle| {
                    emit(run, ports, id, port, marked(bundle, drained), &mut outcome);
                })
            }),
            Head::Stateful(operator) => {
                operator.advance(watermark, now);
                let mut fired = Ok(false);
                // Timers may set each other for ever.
                while matches!(fired, Ok(false)) && !shared.is_over() {
                    fired = operator.fire(&sight, &mut |port, bundle| {
                        emit(run, ports, id, port, marked(bundle, drained), &mut outcome);
                    });
                }
                run.count_drops(id, &operator.take_drops());
                fired.map(drop)
            }
            Head::Splittable(operator) => {
                operator.advance(watermark, now);
                let piece = Piece {
                    is_whole: shared.script.is_some(),
                    wakes_all: shared.script.is_some() && watermark == Timestamp::MAX,
                    cut: None,
                };
                let mut worked = Ok(false);
                while matches!(worked, Ok(false)) && !shared.is_over() {
                    worked = operator.work(&sight, piece, &mut |port, bundle| {
                        emit(run, ports, id, port, marked(bundle, drained), &mut outcome);
                    });
                }
                run.count_drops(id, &operator.take_drops());
                worked.map(drop)
            }
            Head::Reader(reader) => {
                let ready = guard(|| reader.release(&sight));
                reader.has_come_to(&shared.views, watermark);
                let ready = ready.map_err(|failure| RunError::step(name, failure))?;
                return run_ready(run, ports, id, ready, sight.options);
            }
            _ => Ok(()),
        };
        advanced.map_err(|failure| RunError::step(name, failure))?;
        outcome
    }

    /// Where what is kept here holds the output watermark. (What the fast path keeps goes out before
    /// its operator's watermark passes.)
    pub(crate) fn hold(&mut self) -> Timestamp {
        match self {
            Head::General(operator) => operator.hold().unwrap_or(Timestamp::MAX),
            Head::Stateful(operator) => operator.hold().unwrap_or(Timestamp::MAX),
            Head::Splittable(operator) => operator.hold().unwrap_or(Timestamp::MAX),
            Head::Reader(reader) => reader.hold().unwrap_or(Timestamp::MAX),
            _ => Timestamp::MAX,
        }
    }

    /// Nothing more comes: an author's instance that stands here is torn down.
    pub(crate) fn end(&mut self, shared: &Shared, stage: StageId) -> Result<(), RunError> {
        let ended = match self {
            Head::Stateful(operator) => operator.end(),
            Head::Splittable(operator) => operator.end(),
            _ => return Ok(()),
        };
        let node = shared.graph.node(shared.plan.stages[stage.0].head);
        ended.map_err(|failure: Failure| RunError::step(&node.name, failure))
    }

    /// Whether there is work to do though nothing more comes.
    pub(crate) fn has_work_left(&self) -> bool {
        matches!(self, Head::Splittable(operator) if !operator.is_done())
    }

    /// Whether there is work to do at once.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Head::Splittable(operator) if operator.ready() > 0)
    }

    /// Whether there is nothing to do, but others may give some of theirs.
    pub(crate) fn may_be_given(&self) -> bool {
        matches!(self, Head::Splittable(operator) if operator.may_be_given())
    }

    /// The job is drained: what never ends is dropped.
    pub(crate) fn drain(&mut self, shared: &Shared, stage: StageId) -> Result<(), RunError> {
        let Head::Splittable(operator) = self else { return Ok(()) };
        let node = shared.graph.node(shared.plan.stages[stage.0].head);
        if operator.truncate().map_err(|failure| RunError::step(&node.name, failure))? {
            shared.was_drained();
        }
        Ok(())
    }

    /// The processing time at which something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        match self {
            Head::General(operator) => operator.next_deadline(),
            Head::Stateful(operator) => operator.next_deadline(),
            Head::Splittable(operator) => operator.next_deadline(),
            _ => None,
        }
    }
}

/// What a stage's head sees beside its elements.
pub(crate) fn sight<'a>(shared: &'a Shared, view_watermarks: &'a [Timestamp]) -> Sight<'a> {
    let options = &shared.options.user_options;
    Sight { store: &shared.views, watermarks: view_watermarks, options }
}

/// Runs what need not wait for views.
fn run_ready(
    run: &mut StageRun,
    ports: &mut Ports,
    id: watershed_model::NodeId,
    ready: Ready,
    options: &UserOptions,
) -> Result<(), RunError> {
    ready.into_iter().try_for_each(|(bundle, views)| {
        let cx = KernelContext { views: &views, options };
        run.run_kernel(id, bundle, &cx, &mut |exchange, bundle| ports.send(exchange, bundle))
    })
}

fn emit(
    run: &mut StageRun,
    ports: &mut Ports,
    id: watershed_model::NodeId,
    port: usize,
    bundle: AnyBundle,
    outcome: &mut Result<(), RunError>,
) {
    // After a failure nothing is called any more.
    if outcome.is_ok() {
        *outcome = run.emit(id, port, bundle, &mut |exchange, bundle| ports.send(exchange, bundle));
    }
}
