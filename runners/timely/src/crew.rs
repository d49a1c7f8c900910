//! The workers of this process.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        mpsc::{TryRecvError, channel},
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

/// How long the crew sleeps at most. A worker that ends wakes it, and so does whoever wants something of the
/// job.
const NAP: Duration = Duration::from_secs(1);

/// How often processes tell each other how far their sources have come, and how often it is seen whether
/// the workers of a run that is over have gone.
const TICK: Duration = Duration::from_millis(20);

/// How long a run that is over waits for workers. One that sits in an author's code, or waits for a
/// pipe into which nobody writes, cannot be stopped; it is left behind.
const PATIENCE: Duration = Duration::from_secs(4);

/// The splits of each node that reads.
pub(crate) type Queues = Vec<Option<Arc<SplitQueue>>>;

/// Runs this process's workers to their ends; `tend` is called again and again while they are awaited.
/// What fails is told to `shared`.
pub(crate) fn work(
    shared: &Arc<Shared>,
    builders: Vec<AllocatorBuilder>,
    splits: Splits,
    tend: &dyn Fn(&Queues),
) -> Result<Vec<WorkerEnd>, RunError> {
    let workers = shared.options.workers;
    let is_shared = shared.options.all_workers() > workers;
    let queues: Arc<Queues> = std::iter::zip(shared.graph.nodes(), splits)
        .map(|(node, splits)| match &node.primitive {
            Primitive::Read(read) => {
                let queue = SplitQueue::new(read.source.clone(), splits, workers, is_shared);
                Some(Arc::new(queue))
            }
            _ => None,
        })
        .collect::<Queues>()
        .into();
    let (sender, ended) = channel();
    let (seen, dealt) = (shared.clone(), queues.clone());
    let guards = execute_from(builders, Box::new(()), WorkerConfig::default(), move |worker| {
        // A fault of the engine itself must not leave the other workers waiting.
        let end = panic::catch_unwind(AssertUnwindSafe(|| worker::run(worker, &seen, &dealt)));
        let end = end.unwrap_or_else(|_| {
            seen.fail(engine("a worker panicked; the message is on standard error".to_owned()));
            None
        });
        // If nobody waits any more, the run has failed without this worker.
        let _ = sender.send(end);
        seen.job.ring();
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
    let mut awaited = workers;
    let mut stops_reading = false;
    let mut over_since: Option<Instant> = None;
    shared.job.listen();
    while awaited > 0 {
        tend(&queues);
        if shared.stops_reading() && !std::mem::replace(&mut stops_reading, true) {
            queues.iter().flatten().for_each(|queue| queue.wake_all());
        }
        if shared.is_over() && over_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return Ok(ends);
        }
        match ended.try_recv() {
            Ok(end) => {
                awaited -= 1;
                ends.extend(end);
            }
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                let often = is_shared || shared.is_over();
                std::thread::park_timeout(if often { TICK } else { NAP });
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
