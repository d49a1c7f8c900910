//! The runner's face: one job from its start to its report.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::Instant,
};

use timely::{
    CommunicationConfig, WorkerConfig,
    communication::{
        AllocatorBuilder, Hooks,
        allocator::{ProcessBuilder, zero_copy::initialize::initialize_networking_from_sockets},
    },
    execute::execute_from,
};
use watershed_model::{AnySplit, Graph, GraphFormat, Primitive};
use watershed_runner_core::{
    Failure, JobHandle, JobState, Plan, PlanOptions, RunError, RunOptions, RunReport, Runner, guard,
};

use crate::{
    commit,
    processes::{Control, DataLink, Message, Told, join},
    shared::Shared,
    splits::SplitQueue,
    worker::{self, WorkerEnd},
};

/// More workers than this are a mistake in a number, not a wish.
const MOST_WORKERS: usize = 1024;

/// Splits asked for, for each worker: so many that one slow split does not keep the others waiting.
const SPLITS_PER_WORKER: usize = 4;

/// Runs a graph on timely-dataflow, with many workers in one or more processes.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimelyRunner;

impl Runner for TimelyRunner {
    fn name(&self) -> &'static str {
        "timely"
    }

    fn start(&self, graph: Arc<Graph>, options: &RunOptions) -> Result<JobHandle, RunError> {
        let bounded = |number: usize| (1..=MOST_WORKERS).contains(&number);
        if !bounded(options.workers) {
            return Err(problem(format!(
                "was asked for {} workers: give --workers a number from 1 to {MOST_WORKERS}",
                options.workers
            )));
        }
        if !bounded(options.processes) || !bounded(options.all_workers()) {
            return Err(problem(format!(
                "was asked for {} processes of {} workers: give --processes a number of at least 1, and \
                 at most {MOST_WORKERS} workers in all",
                options.processes, options.workers
            )));
        }
        let options = options.clone();
        JobHandle::spawn(self.name(), move |state| run(graph, options, state))
    }
}

pub(crate) fn problem(problem: impl Into<String>) -> RunError {
    RunError::Runner { runner: "timely".into(), problem: problem.into() }
}

/// The splits of every node, empty for those that read nothing.
type Splits = Vec<Vec<AnySplit>>;

fn run(graph: Arc<Graph>, options: RunOptions, job: Arc<JobState>) -> Result<RunReport, RunError> {
    let started = Instant::now();
    let plan_options = PlanOptions {
        workers: options.all_workers(),
        lifting: options.lifting,
        fusion: options.fusion,
    };
    let plan = Plan::of(&graph, plan_options);
    let shared = Arc::new(Shared::new(graph, plan, options, job));
    if shared.options.all_workers() == shared.options.workers {
        let splits = find_splits(&shared)?;
        let (builders, _others) = communication(shared.options.workers)?;
        let ends = work(&shared, builders, splits)?;
        return commit::alone(&shared, ends, started);
    }

    let joined = join(&shared.options, fingerprint(&shared), &shared)?;
    shared.set_process(joined.control.index);
    let result = run_together(&shared, &joined.control, joined.data, started);
    joined.control.close();
    result
}

fn communication(
    workers: usize,
) -> Result<(Vec<AllocatorBuilder>, Box<dyn std::any::Any + Send>), RunError> {
    let config = match workers {
        1 => CommunicationConfig::Thread,
        many => CommunicationConfig::Process(many),
    };
    config.try_build().map_err(problem)
}

/// This process's part of a job of several processes.
fn run_together(
    shared: &Arc<Shared>,
    control: &Arc<Control>,
    data: Vec<Option<DataLink>>,
    started: Instant,
) -> Result<RunReport, RunError> {
    let splits = match share_splits(shared, control) {
        Ok(splits) => splits,
        Err(error) => {
            control.tell_all(&Message::Failed(Told::of(&error)), shared);
            return Err(error);
        }
    };
    let workers = shared.options.workers;
    let hooks = Hooks::default();
    let inner =
        ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), hooks.spill.clone());
    let (builders, links) =
        initialize_networking_from_sockets(inner, data, control.index, workers, hooks)
            .map_err(|error| problem(format!("cannot use its data links: {error}")))?;
    let builders = builders.into_iter().map(AllocatorBuilder::Tcp).collect();
    let ends = work(shared, builders, splits);
    if shared.is_over() || ends.is_err() {
        // Where a peer has died its link's threads wait for ever; they go with the process.
        std::mem::forget(links);
    } else {
        drop(links);
    }
    commit::together(shared, control, ends?, started)
}

/// Says which graph this is and how it is run: all processes of a job must say the same.
fn fingerprint(shared: &Shared) -> [u8; 32] {
    let options = &shared.options;
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(shared.graph.print(GraphFormat::Text).as_bytes());
    let how = format!(
        "{} {} {} {} {} {:?} {}",
        options.workers,
        options.all_workers(),
        options.seed,
        options.bundle_elements,
        options.max_element_bytes,
        options.lifting,
        options.fusion
    );
    hasher.update(how.as_bytes());
    *hasher.finalize().as_bytes()
}

/// Runs this process's workers to their ends.
fn work(
    shared: &Arc<Shared>,
    builders: Vec<AllocatorBuilder>,
    splits: Splits,
) -> Result<Vec<WorkerEnd>, RunError> {
    let queues: Vec<Option<Arc<SplitQueue>>> = std::iter::zip(shared.graph.nodes(), splits)
        .map(|(node, splits)| match &node.primitive {
            Primitive::Read(read) => {
                splits.iter().for_each(|split| shared.job.found(split.size.unwrap_or(0)));
                Some(Arc::new(SplitQueue::new(read.source.clone(), splits)))
            }
            _ => None,
        })
        .collect();
    let seen = shared.clone();
    let engine =
        |message| RunError::step("the runner itself", Failure::Panic { message, location: None });
    let guards = execute_from(builders, Box::new(()), WorkerConfig::default(), move |worker| {
        // A fault of the engine itself must not leave the other workers waiting.
        let ended = panic::catch_unwind(AssertUnwindSafe(|| worker::run(worker, &seen, &queues)));
        ended.unwrap_or_else(|_| {
            seen.fail(engine("a worker panicked; the message is on standard error".to_owned()));
            None
        })
    })
    .map_err(problem)?;
    let mut ends = Vec::new();
    for end in guards.join() {
        match end {
            Ok(end) => ends.extend(end),
            Err(message) => shared.fail(engine(message)),
        }
    }
    Ok(ends)
}

/// The splits of every source, found once for the whole job.
fn find_splits(shared: &Shared) -> Result<Splits, RunError> {
    let desired = shared.options.all_workers() * SPLITS_PER_WORKER;
    let nodes = shared.graph.nodes().iter();
    nodes
        .map(|node| match &node.primitive {
            Primitive::Read(read) => guard(|| read.source.splits(desired))
                .map_err(|failure| RunError::step(&node.name, failure)),
            _ => Ok(Vec::new()),
        })
        .collect()
}

/// The coordinator finds the splits and deals them out, in turn; the others are told theirs.
fn share_splits(shared: &Shared, control: &Control) -> Result<Splits, RunError> {
    if !control.is_coordinator() {
        return match control.next(shared) {
            Some((_, Message::Splits(splits))) if splits.len() == shared.graph.nodes().len() => {
                Ok(splits)
            }
            Some(_) => Err(problem("was told nonsense by process 0 while starting")),
            None => Err(shared
                .take_failure()
                .unwrap_or_else(|| problem("was cancelled while starting"))),
        };
    }
    let all = find_splits(shared)?;
    let processes = 1 + control.peers();
    let mut shares: Vec<Splits> = vec![vec![Vec::new(); all.len()]; processes];
    for (node, splits) in all.into_iter().enumerate() {
        for (place, split) in splits.into_iter().enumerate() {
            shares[place % processes][node].push(split);
        }
    }
    let mine = std::mem::take(&mut shares[0]);
    for (peer, share) in shares.into_iter().enumerate().skip(1) {
        control.tell(peer, &Message::Splits(share), shared);
    }
    Ok(mine)
}
