//! One worker's part of a run.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use timely::worker::Worker;
use watershed_model::{Epoch, WorkerIndex};
use watershed_runner_core::{RunError, StepReport};

use crate::{
    container, dataflow,
    moment::Moment,
    shared::Shared,
    splits::SplitQueue,
    stage::{Prepared, WorkerState},
};

/// How long an idle worker sleeps before it looks whether the run is over. Work wakes it at once.
const NAP: Duration = Duration::from_millis(20);

/// What a worker has when its dataflow has ended.
pub(crate) struct WorkerEnd {
    pub(crate) prepared: Prepared,
    pub(crate) reports: Vec<StepReport>,
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
    let built: Result<(), RunError> =
        worker.dataflow::<Moment, _, _>(|scope| dataflow::build(scope, shared, splits, &state));
    if let Err(error) = built {
        shared.fail(error);
    }
    while worker.has_dataflows() && !shared.is_over() {
        worker.step_or_park(Some(NAP));
    }
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
    Some(WorkerEnd { prepared, reports: state.into_reports() })
}
