//! The runner's face: one job from its start to its report.

use std::{sync::Arc, time::Instant};

use timely::{
    CommunicationConfig,
    communication::{
        AllocatorBuilder, Hooks,
        allocator::{ProcessBuilder, zero_copy::initialize::initialize_networking_from_sockets},
    },
};
use watershed_model::{Graph, GraphFormat};
use watershed_runner_core::{
    JobHandle, JobState, Plan, PlanOptions, RunError, RunOptions, RunReport, Runner, Script, guard,
};

use crate::{
    commit,
    crew::{self, Queues},
    processes::{self, Control, DataLink, Message, Place},
    shared::Shared,
    splits::{self, Splits},
    worker::WorkerEnd,
};

/// More workers than this are a mistake in a number, not a wish.
const MOST_WORKERS: usize = 1024;

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
        processes::check(options)?;
        Script::check(&graph)?;
        let options = options.clone();
        JobHandle::spawn(self.name(), &graph.clone(), move |state| run(graph, options, state))
    }
}

pub(crate) fn problem(problem: impl Into<String>) -> RunError {
    RunError::Runner { runner: "timely".into(), problem: problem.into() }
}

fn run(graph: Arc<Graph>, options: RunOptions, job: Arc<JobState>) -> Result<RunReport, RunError> {
    let started = Instant::now();
    let plan_options = PlanOptions {
        workers: options.all_workers(),
        lifting: options.lifting,
        fusion: options.fusion,
    };
    let plan = Plan::of(&graph, plan_options);
    let shared = Arc::new(Shared::new(graph, plan, options, job));
    shared.job.board().expect(0..shared.options.all_workers());
    if shared.options.all_workers() == shared.options.workers {
        let splits = splits::find(&shared)?;
        let (builders, _others) = communication(shared.options.workers)?;
        let tend = |_: &Queues| {
            if shared.job.is_draining() {
                shared.stop_reading();
            }
        };
        let ends = crew::work(&shared, builders, splits, &tend)?;
        return commit::alone(&shared, ends, started);
    }

    let place = Place::of(&shared.options)?;
    shared.set_process(place.index);
    if place.index > 0 {
        // All workers answer to the first process.
        let first = place.index * shared.options.workers;
        shared.job.board().expect(first..first + shared.options.workers);
    }
    let control = Control::start(place.index, place.count, &shared)?;
    let ends = work_together(&shared, &place, &control).unwrap_or_else(|error| {
        shared.fail(error);
        Vec::new()
    });
    let result = commit::together(&shared, &control, ends, started);
    control.close();
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

/// This process's part of a job of several processes, up to the votes.
fn work_together(
    shared: &Arc<Shared>,
    place: &Place,
    control: &Arc<Control>,
) -> Result<Vec<WorkerEnd>, RunError> {
    let data = processes::join(place, fingerprint(shared), control, shared)?;
    let splits = share_splits(shared, control)?;
    let builders = communication_over(data, control.index, shared.options.workers)?;
    crew::work(shared, builders, splits, &|queues| control.tend(queues))
}

fn communication_over(
    data: Vec<Option<DataLink>>,
    index: usize,
    workers: usize,
) -> Result<Vec<AllocatorBuilder>, RunError> {
    let hooks = Hooks::default();
    let inner =
        ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), hooks.spill.clone());
    let (builders, links) = initialize_networking_from_sockets(inner, data, index, workers, hooks)
        .map_err(|error| problem(format!("cannot use its data links: {error}")))?;
    // Nobody waits for the links' threads, which a peer could hold up: those that cannot say goodbye to
    // it any more unwind when the workers have gone. That is known already; the guard keeps it quiet.
    let farewell = || {
        let _ = guard(|| {
            drop(links);
            Ok(())
        });
    };
    std::thread::Builder::new()
        .name("watershed-links".into())
        .spawn(farewell)
        .map_err(|error| problem(format!("could not start a thread: {error}")))?;
    Ok(builders.into_iter().map(AllocatorBuilder::Tcp).collect())
}

/// Says which graph this is and how it is run: all processes of a job must say the same.
fn fingerprint(shared: &Shared) -> [u8; 32] {
    let options = &shared.options;
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(shared.graph.print(GraphFormat::Text).as_bytes());
    let how = format!(
        "{} {} {} {} {:?} {} {:?} {}",
        options.workers,
        options.all_workers(),
        options.seed,
        options.bundle_elements,
        options.epoch_bundles,
        options.max_element_bytes,
        options.lifting,
        options.fusion
    );
    hasher.update(how.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The coordinator finds the splits and deals them out; the others are told theirs.
fn share_splits(shared: &Shared, control: &Control) -> Result<Splits, RunError> {
    if !control.is_coordinator() {
        return match control.next(|| shared.is_over()) {
            Some((_, Message::Splits(splits))) if splits.len() == shared.graph.nodes().len() => {
                Ok(splits)
            }
            // If the run is over that is what is told in place of this.
            Some(_) => Err(problem("was told nonsense by process 0 while starting")),
            None => Err(problem("was stopped while starting")),
        };
    }
    let mut shares = splits::deal(splits::find(shared)?, control.count).into_iter().enumerate();
    let mine = shares.next().map(|(_, share)| share);
    shares.for_each(|(peer, share)| control.tell(peer, &Message::Splits(share)));
    mine.ok_or_else(|| problem("has no process"))
}
