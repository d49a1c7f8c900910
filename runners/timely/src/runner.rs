//! Starts workers, waits for their votes, commits or discards.

use std::{
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::Instant,
};

use timely::{CommunicationConfig, WorkerConfig, execute::execute_from};
use watershed_model::{Drops, Epoch, Graph, NodeId, Primitive};
use watershed_runner_core::{
    Failure, JobHandle, JobState, Outcome, Plan, PlanOptions, RunError, RunOptions, RunReport,
    Runner, StepReport, guard,
};

use crate::{
    shared::Shared,
    splits::SplitQueue,
    worker::{self, WorkerEnd},
};

/// More workers than this are a mistake in a number, not a wish.
const MOST_WORKERS: usize = 1024;

/// Splits asked for, for each worker: so many that one slow split does not keep the others waiting.
const SPLITS_PER_WORKER: usize = 4;

/// Runs a graph on timely-dataflow, with many workers in this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimelyRunner;

impl Runner for TimelyRunner {
    fn name(&self) -> &'static str {
        "timely"
    }

    fn start(&self, graph: Arc<Graph>, options: &RunOptions) -> Result<JobHandle, RunError> {
        if options.workers == 0 || options.workers > MOST_WORKERS {
            return Err(problem(format!(
                "was asked for {} workers: give --workers a number from 1 to {MOST_WORKERS}",
                options.workers
            )));
        }
        let options = options.clone();
        JobHandle::spawn(self.name(), move |state| run(graph, options, state))
    }
}

fn problem(problem: String) -> RunError {
    RunError::Runner { runner: "timely".into(), problem }
}

fn run(graph: Arc<Graph>, options: RunOptions, job: Arc<JobState>) -> Result<RunReport, RunError> {
    let started = Instant::now();
    let workers = options.workers;
    let plan =
        Plan::of(&graph, PlanOptions { workers, lifting: options.lifting, fusion: options.fusion });
    let splits = find_splits(&graph, workers, &job)?;
    let shared = Arc::new(Shared::new(graph.clone(), plan, options, job.clone()));

    let communication = if workers == 1 {
        CommunicationConfig::Thread
    } else {
        CommunicationConfig::Process(workers)
    };
    let (builders, others) = communication.try_build().map_err(problem)?;
    let seen = shared.clone();
    let guards = execute_from(builders, others, WorkerConfig::default(), move |worker| {
        // A fault of the engine itself must not leave the other workers waiting.
        let ended = panic::catch_unwind(AssertUnwindSafe(|| worker::run(worker, &seen, &splits)));
        ended.unwrap_or_else(|_| {
            let message = "a worker panicked; the message is on standard error".to_owned();
            seen.fail(RunError::step(
                "the runner itself",
                Failure::Panic { message, location: None },
            ));
            None
        })
    })
    .map_err(problem)?;

    let mut ends = Vec::new();
    for end in guards.join() {
        match end {
            Ok(end) => ends.extend(end),
            Err(message) => {
                shared.fail(RunError::step(
                    "the runner itself",
                    Failure::Panic { message, location: None },
                ));
            }
        }
    }
    finish(&shared, ends, started)
}

/// The splits of every source, by node. Found once for the whole job.
fn find_splits(
    graph: &Graph,
    workers: usize,
    job: &JobState,
) -> Result<Vec<Option<Arc<SplitQueue>>>, RunError> {
    let of_node = |node: &watershed_model::Node| {
        let Primitive::Read(read) = &node.primitive else { return Ok(None) };
        let splits = guard(|| read.source.splits(workers * SPLITS_PER_WORKER))
            .map_err(|failure| RunError::step(&node.name, failure))?;
        splits.iter().for_each(|split| job.found(split.size.unwrap_or(0)));
        Ok(Some(Arc::new(SplitQueue::new(read.source.clone(), splits))))
    };
    graph.nodes().iter().map(of_node).collect()
}

/// All workers have ended: their output becomes visible if every one of them voted for it, and
/// vanishes otherwise.
fn finish(shared: &Shared, ends: Vec<WorkerEnd>, started: Instant) -> Result<RunReport, RunError> {
    let mut reports: Vec<StepReport> = Vec::new();
    let mut prepared: BTreeMap<NodeId, Vec<Vec<u8>>> = BTreeMap::new();
    let votes = ends.len();
    for end in ends {
        for (node, committables) in end.prepared {
            prepared.entry(node).or_default().extend(committables);
        }
        merge_reports(&mut reports, end.reports);
    }
    let sink = |node: &NodeId| match &shared.graph.node(*node).primitive {
        Primitive::Write(write) => write.sink.clone(),
        other => unreachable!("a {} has no writer", other.kind()),
    };
    let discard = |prepared: &BTreeMap<NodeId, Vec<Vec<u8>>>| {
        prepared.iter().for_each(|(node, committables)| sink(node).discard(committables));
    };
    if let Some(error) = shared.take_failure() {
        discard(&prepared);
        return Err(error);
    }
    if shared.job.is_cancelled() || votes < shared.options.workers {
        discard(&prepared);
        return Ok(RunReport { elapsed: started.elapsed(), ..RunReport::of(Outcome::Cancelled) });
    }
    while let Some((node, committables)) = prepared.pop_first() {
        if let Err(failure) = guard(|| sink(&node).commit(Epoch(0), &committables)) {
            sink(&node).discard(&committables);
            discard(&prepared);
            return Err(RunError::step(&shared.graph.node(node).name, failure));
        }
    }
    Ok(report(shared, reports, started))
}

fn merge_reports(all: &mut Vec<StepReport>, more: Vec<StepReport>) {
    if all.is_empty() {
        *all = more;
        return;
    }
    for (mine, theirs) in std::iter::zip(all, more) {
        mine.elements_in += theirs.elements_in;
        mine.drops.merge(&theirs.drops);
        for (out, more) in std::iter::zip(&mut mine.elements_out, theirs.elements_out) {
            *out += more;
        }
    }
}

fn report(shared: &Shared, steps: Vec<StepReport>, started: Instant) -> RunReport {
    let mut drops = Drops::default();
    let mut failed = 0;
    for (node, step) in std::iter::zip(shared.graph.nodes(), &steps) {
        drops.merge(&step.drops);
        if let Primitive::ParDo(par_do) = &node.primitive {
            failed += par_do.dead_letters.map_or(0, |port| step.elements_out[port]);
        }
    }
    RunReport {
        outcome: Outcome::Done,
        elapsed: started.elapsed(),
        elements_read: shared.job.progress().elements_read,
        failed,
        drops,
        steps,
    }
}
