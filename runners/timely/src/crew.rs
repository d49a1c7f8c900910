//! The workers of this process.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};

use timely::{WorkerConfig, communication::AllocatorBuilder, execute::execute_from};
use watershed_model::Primitive;
use watershed_runner_core::{Failure, RunError};

use crate::{
    runner::problem,
    shared::Shared,
    splits::{SplitQueue, Splits},
    worker::{self, WorkerEnd},
};

/// How often it is seen whether the run is over.
const TICK: Duration = Duration::from_millis(20);

/// How long a run that is over waits for workers. One that sits in an author's code, or waits for a
/// pipe into which nobody writes, cannot be stopped; it is left behind.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs this process's workers to their ends; `on_over` is called while they are awaited in a run that
/// is over. What fails is told to `shared`.
pub(crate) fn work(
    shared: &Arc<Shared>,
    builders: Vec<AllocatorBuilder>,
    splits: Splits,
    on_over: &dyn Fn(),
) -> Result<Vec<WorkerEnd>, RunError> {
    let queues: Vec<Option<Arc<SplitQueue>>> = std::iter::zip(shared.graph.nodes(), splits)
        .map(|(node, splits)| match &node.primitive {
            Primitive::Read(read) => Some(Arc::new(SplitQueue::new(read.source.clone(), splits))),
            _ => None,
        })
        .collect();
    let (sender, ended) = channel();
    let seen = shared.clone();
    let guards = execute_from(builders, Box::new(()), WorkerConfig::default(), move |worker| {
        // A fault of the engine itself must not leave the other workers waiting.
        let end = panic::catch_unwind(AssertUnwindSafe(|| worker::run(worker, &seen, &queues)));
        let end = end.unwrap_or_else(|_| {
            seen.fail(engine("a worker panicked; the message is on standard error".to_owned()));
            None
        });
        // If nobody waits any more, the run has failed without this worker.
        let _ = sender.send(end);
    })
    .map_err(problem)?;
    let seen = shared.clone();
    let leave = move || {
        for end in guards.join() {
            if let Err(message) = end {
                seen.fail(engine(message));
            }
        }
        seen.workers_are_gone();
    };
    let leaving = std::thread::Builder::new()
        .name("watershed-workers".into())
        .spawn(leave)
        .map_err(|error| problem(format!("could not start a thread: {error}")))?;

    let mut ends = Vec::new();
    let mut awaited = shared.options.workers;
    let mut over_since: Option<Instant> = None;
    while awaited > 0 {
        match ended.recv_timeout(TICK) {
            Ok(end) => {
                awaited -= 1;
                ends.extend(end);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if shared.is_over() {
            on_over();
            if over_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return Ok(ends);
            }
        }
    }
    // It only gathers what has ended.
    let _ = leaving.join();
    Ok(ends)
}

fn engine(message: String) -> RunError {
    RunError::step("the runner itself", Failure::Panic { message, location: None })
}
