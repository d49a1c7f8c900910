//! The splits of a job: found once, dealt out to processes, and shared by the workers of each.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use timely::scheduling::SyncActivator;
use watershed_model::{AnyReader, AnySource, AnySplit, BoxError, Primitive};
use watershed_runner_core::{RunError, guard};

use crate::shared::Shared;

/// Splits asked for, for each worker: so many that one slow split does not keep the others waiting.
const SPLITS_PER_WORKER: usize = 4;

/// The splits of every node, empty for those that read nothing.
pub(crate) type Splits = Vec<Vec<AnySplit>>;

/// The splits of every source, found once for the whole job.
pub(crate) fn find(shared: &Shared) -> Result<Splits, RunError> {
    let desired = shared.options.all_workers() * SPLITS_PER_WORKER;
    let nodes = shared.graph.nodes().iter();
    nodes
        .map(|node| match &node.primitive {
            Primitive::Read(read) => {
                let splits = guard(|| read.source.splits(desired))
                    .map_err(|failure| RunError::step(&node.name, failure))?;
                splits.iter().for_each(|split| shared.job.found(split.size.unwrap_or(0)));
                Ok(splits)
            }
            _ => Ok(Vec::new()),
        })
        .collect()
}

/// Deals splits out to processes, in turn.
pub(crate) fn deal(splits: Splits, processes: usize) -> Vec<Splits> {
    let mut shares: Vec<Splits> = vec![vec![Vec::new(); splits.len()]; processes];
    for (node, splits) in splits.into_iter().enumerate() {
        for (place, split) in splits.into_iter().enumerate() {
            shares[place % processes][node].push(split);
        }
    }
    shares
}

/// The splits that wait, and who reads.
pub(crate) struct SplitQueue {
    source: Arc<dyn AnySource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<AnySplit>,
    /// How many splits are being read.
    reading: usize,
    /// Workers that found nothing and wait to be woken.
    idle: Vec<SyncActivator>,
}

/// What a worker that asks for a split gets.
pub(crate) enum Next {
    /// A split, opened.
    Reader(Box<dyn AnyReader>),
    /// Nothing now; the worker is woken when there is, or when all is read.
    Wait,
    /// All splits of the job are done.
    End,
}

impl SplitQueue {
    pub(crate) fn new(source: Arc<dyn AnySource>, splits: Vec<AnySplit>) -> Self {
        let state = State { waiting: splits.into(), ..State::default() };
        SplitQueue { source, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next split. `wake` is called when it is worth asking again.
    pub(crate) fn next(&self, wake: &SyncActivator) -> Result<Next, BoxError> {
        let split = {
            let mut state = self.state();
            match state.waiting.pop_front() {
                Some(split) => {
                    state.reading += 1;
                    split
                }
                None if state.reading == 0 => return Ok(Next::End),
                None => {
                    state.idle.push(wake.clone());
                    return Ok(Next::Wait);
                }
            }
        };
        Ok(Next::Reader(self.source.open(&split)?))
    }

    /// Whether a worker waits for something to read, so that a reader should give a part away.
    pub(crate) fn wants_more(&self) -> bool {
        let state = self.state();
        state.waiting.is_empty() && !state.idle.is_empty()
    }

    /// A reader gave a part away.
    pub(crate) fn add(&self, split: AnySplit) {
        let mut state = self.state();
        state.waiting.push_back(split);
        wake(state.idle.pop());
    }

    /// A split has been read to its end.
    pub(crate) fn done(&self) {
        let mut state = self.state();
        state.reading -= 1;
        if state.reading == 0 && state.waiting.is_empty() {
            wake(state.idle.drain(..));
        }
    }
}

fn wake(idle: impl IntoIterator<Item = SyncActivator>) {
    for worker in idle {
        // A worker that is gone need not be woken.
        let _ = worker.activate();
    }
}
