//! What a stage begins with: a source, a grouping, or nothing of its own.

use std::{sync::Arc, time::Duration};

use watershed_model::{AnyBundle, Form, Primitive, Timestamp, fault};
use watershed_runner_core::{
    FastGrouping, GroupingOperator, RunError, StageId, guard, has_drained, is_simple, marked,
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
    ) -> Self {
        let node = shared.graph.node(shared.plan.stages[stage.0].head);
        if let Some(queue) = queue {
            return Head::Source(Reading::new(queue.clone(), worker));
        }
        let Some(grouping) = node.primitive.grouping() else {
            return match node.primitive {
                Primitive::TestStream(_) => Head::Script,
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
        if is_simple(windowing) {
            Head::Fast(FastGrouping::new(grouping, emits_identity))
        } else {
            let most = shared.options.bundle_elements;
            let operator = GroupingOperator::new(grouping, windowing, emits_identity, most);
            Head::General(Box::new(operator))
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
        let mut outcome = Ok(());
        // What a drain made makes panes of its own.
        let drained = shared.closes_early() && has_drained(&bundle);
        run.count_received(id, bundle.len());
        // What was folded before was counted as it came in there, and a step that is a stage of its own counts
        // what it runs.
        if form == Form::Values && !matches!(self, Head::Step) {
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
            _ => Ok(()),
        };
        advanced.map_err(|failure| RunError::step(name, failure))?;
        outcome
    }

    /// Where what is kept here holds the output watermark. (What the fast path keeps goes out before
    /// its operator's watermark passes.)
    pub(crate) fn hold(&self) -> Timestamp {
        match self {
            Head::General(operator) => operator.hold().unwrap_or(Timestamp::MAX),
            _ => Timestamp::MAX,
        }
    }

    /// The processing time at which something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        match self {
            Head::General(operator) => operator.next_deadline(),
            _ => None,
        }
    }
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
