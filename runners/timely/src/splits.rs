//! The splits of a job: found once, dealt out to processes, and shared by the workers of each.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use timely::scheduling::SyncActivator;
use watershed_model::{AnyReader, AnySource, AnySplit, BoxError, Primitive, Timestamp};
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

/// One opened split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReaderId(u64);

/// The splits that wait, and who reads.
pub(crate) struct SplitQueue {
    source: Arc<dyn AnySource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The splits that wait, each with a watermark: nothing on time in it has a smaller event time.
    waiting: VecDeque<(AnySplit, Timestamp)>,
    /// The watermark of each split that is being read.
    reading: BTreeMap<ReaderId, Timestamp>,
    next: u64,
    /// Workers that found nothing and wait to be woken, each once however often it has asked.
    idle: BTreeMap<usize, SyncActivator>,
}

/// What a worker that asks for a split gets.
pub(crate) enum Next {
    /// A split, opened.
    Reader(Box<dyn AnyReader>, ReaderId),
    /// Nothing now; the worker is woken when there is, or when all is read.
    Wait,
    /// All splits of the job are done.
    End,
}

impl SplitQueue {
    pub(crate) fn new(source: Arc<dyn AnySource>, splits: Vec<AnySplit>) -> Self {
        let waiting = splits.into_iter().map(|split| (split, Timestamp::MIN)).collect();
        SplitQueue { source, state: Mutex::new(State { waiting, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next split for a worker. `wake` is called when it is worth asking again.
    pub(crate) fn next(&self, worker: usize, wake: &SyncActivator) -> Result<Next, BoxError> {
        let (split, reader) = {
            let mut state = self.state();
            match state.waiting.pop_front() {
                Some((split, watermark)) => {
                    let reader = ReaderId(state.next);
                    state.next += 1;
                    state.reading.insert(reader, watermark);
                    (split, reader)
                }
                None if state.reading.is_empty() => return Ok(Next::End),
                None => {
                    state.idle.insert(worker, wake.clone());
                    return Ok(Next::Wait);
                }
            }
        };
        Ok(Next::Reader(self.source.open(&split)?, reader))
    }

    /// Whether a worker waits for something to read, so that a reader should give a part away.
    pub(crate) fn wants_more(&self) -> bool {
        let state = self.state();
        state.waiting.is_empty() && !state.idle.is_empty()
    }

    /// A reader gave a part away, in which nothing on time is older than the reader's watermark.
    pub(crate) fn add(&self, split: AnySplit, from: ReaderId) {
        let mut state = self.state();
        let watermark = state.reading.get(&from).copied().unwrap_or(Timestamp::MIN);
        state.waiting.push_back((split, watermark));
        wake(state.idle.pop_first());
    }

    /// A reader's watermark. Where it goes back it is held at its highest value, and that is told by
    /// `false`. When it begins to move, workers that wait are woken, since they hold it back where they
    /// have last seen it.
    pub(crate) fn has_come_to(&self, reader: ReaderId, watermark: Timestamp) -> bool {
        let mut state = self.state();
        let Some(before) = state.reading.get_mut(&reader) else { return true };
        let (goes_on, begins) =
            (watermark >= *before, *before == Timestamp::MIN && watermark > *before);
        *before = watermark.max(*before);
        if begins {
            wake(std::mem::take(&mut state.idle));
        }
        goes_on
    }

    /// The source's watermark: the least of all splits that are read or wait.
    pub(crate) fn watermark(&self) -> Timestamp {
        let state = self.state();
        let waiting = state.waiting.iter().map(|(_, watermark)| *watermark);
        let least = waiting.chain(state.reading.values().copied()).min();
        least.unwrap_or(Timestamp::MAX)
    }

    /// A split has been read to its end.
    pub(crate) fn done(&self, reader: ReaderId) {
        let mut state = self.state();
        state.reading.remove(&reader);
        if state.reading.is_empty() && state.waiting.is_empty() {
            wake(std::mem::take(&mut state.idle));
        }
    }
}

fn wake(idle: impl IntoIterator<Item = (usize, SyncActivator)>) {
    for (_, worker) in idle {
        // A worker that is gone need not be woken.
        let _ = worker.activate();
    }
}
