//! One worker's part of a run.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use timely::worker::Worker;
use watershed_model::{Acknowledgement, Epoch, WorkerIndex, take_acknowledgements};
use watershed_runner_core::StepReport;

use crate::{
    container, dataflow,
    moment::Moment,
    shared::Shared,
    splits::SplitQueue,
    stage::{Prepared, WorkerState},
};

/// How long an idle worker sleeps at most. Work wakes it at once, and so does whoever wants something of the
/// job.
const NAP: Duration = Duration::from_secs(1);

/// What a worker has when its dataflow has ended.
pub(crate) struct WorkerEnd {
    pub(crate) prepared: Prepared,
    pub(crate) reports: Vec<StepReport>,
    /// What is to be called when the output is durable.
    pub(crate) acknowledgements: Vec<Acknowledgement>,
}

/// Runs a worker to the end, or until the run is over. What goes wrong is told to `shared`.
pub(crate) fn run(
    worker: &mut Worker,
    shared: &Arc<Shared>,
    splits: &[Option<Arc<SplitQueue>>],
) -> Option<WorkerEnd> {
    container::work_for(shared);
    let index = WorkerIndex { index: worker.index(), count: worker.peers() };
    let state = match WorkerState::start(shared, index) {
        Ok(state) => Rc::new(RefCell::new(state)),
        Err(error) => {
            shared.fail(error);
            return None;
        }
    };
    let built =
        worker.dataflow::<Moment, _, _>(|scope| dataflow::build(scope, shared, splits, &state));
    let look = match built {
        Ok(look) => Some(look),
        Err(error) => {
            shared.fail(error);
            None
        }
    };
    shared.job.listen();
    let board = shared.job.board();
    let mut answered = 0;
    while worker.has_dataflows() && !shared.is_over() {
        let question = board.question();
        if question > answered
            && let Some(look) = &look
        {
            answered = question;
            board.answer(index.index, question, look.status());
        }
        worker.step_or_park(Some(NAP));
    }
    let reports = look.map_or_else(Vec::new, |look| {
        let last = look.status();
        board.answer_last(index.index, last.clone());
        last.steps.into_iter().map(|step| step.report).collect()
    });
    // Peers see the end of what this worker held only now, when they know that the run is over.
    for dataflow in worker.installed_dataflows() {
        worker.drop_dataflow(dataflow);
    }
    let Ok(state) = Rc::try_unwrap(state) else {
        unreachable!("the dataflow is gone, and with it all that shared the worker's state")
    };
    let mut state = state.into_inner();
    if shared.is_over() {
        return None;
    }
    let (prepared, outcome) = state.prepare(shared, Epoch(0));
    if let Err(error) = outcome {
        shared.fail(error);
    }
    Some(WorkerEnd { prepared, reports, acknowledgements: take_acknowledgements() })
}
