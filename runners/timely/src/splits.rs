//! The splits of a job: found once, dealt out to processes, and shared by the workers of each.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use timely::scheduling::SyncActivator;
use watershed_model::{AnySource, AnySplit, Boundedness, BoxError, Primitive, Timestamp, fault};
use watershed_runner_core::{Holder, OpenReader, Parts, RunError, Standing, guard};

use crate::{shared::Shared, wakers::waker};

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
    /// How many workers share it.
    workers: usize,
    state: Mutex<State>,
}

struct State {
    parts: Parts<AnySplit, ReaderId>,
    /// What each of those that are read is.
    descriptions: BTreeMap<ReaderId, String>,
    next: u64,
    /// All workers that read here.
    workers: BTreeMap<usize, SyncActivator>,
    /// How far the splits of other processes have come.
    elsewhere: Standing,
    is_stopped: bool,
    /// Whether the watermark has left its beginning.
    has_begun: bool,
}

/// What a worker that asks for a split gets.
pub(crate) enum Next {
    /// A split, opened.
    Reader(Box<OpenReader>, ReaderId),
    /// None, because the worker has its share.
    Enough,
    /// Nothing now; the worker is woken when there is, or when all is read.
    Wait,
    /// All splits of the job are done, or those of a source that may never end are shared out without this
    /// worker.
    End,
}

impl SplitQueue {
    /// A queue for `workers` workers of one process, or of several if `is_shared`.
    pub(crate) fn new(
        source: Arc<dyn AnySource>,
        splits: Vec<AnySplit>,
        workers: usize,
        is_shared: bool,
    ) -> Self {
        let state = State {
            parts: Parts::new(splits),
            descriptions: BTreeMap::new(),
            next: 0,
            workers: BTreeMap::new(),
            // Until they say something, the others hold on to where they began.
            elsewhere: if is_shared { Standing::At(Timestamp::MIN) } else { Standing::Ended },
            is_stopped: false,
            has_begun: false,
        };
        SplitQueue { source, workers, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the source has an end of its own.
    pub(crate) fn is_bounded(&self) -> bool {
        self.source.boundedness() == Boundedness::Bounded
    }

    /// Whether a reader's position can be opened again.
    pub(crate) fn is_resumable(&self) -> bool {
        self.source.is_resumable()
    }

    /// Whether splits of the source can become idle.
    pub(crate) fn can_be_idle(&self) -> bool {
        self.source.idle_after().is_some()
    }

    /// The next split for a worker that reads `has` splits. `wake` is called when it is worth asking
    /// again.
    pub(crate) fn next(
        &self,
        worker: usize,
        has: usize,
        wake: &SyncActivator,
    ) -> Result<Next, BoxError> {
        let (split, watermark, reader) = {
            let mut state = self.state();
            state.workers.entry(worker).or_insert_with(|| wake.clone());
            let parts = &mut state.parts;
            let all = parts.waiting().len() + parts.in_hand().len();
            if has > 0 && has >= all.div_ceil(self.workers) {
                return Ok(Next::Enough);
            }
            let reader = ReaderId(state.next);
            match state.parts.take(reader) {
                Some((split, watermark)) => {
                    state.next += 1;
                    state.descriptions.insert(reader, split.description.clone());
                    (split, watermark, reader)
                }
                None if state.parts.is_empty() => return Ok(Next::End),
                None if has > 0 => return Ok(Next::Enough),
                // What never ends is not cut, so nothing is left for this worker, and it holds nobody back.
                None if !self.is_bounded() => return Ok(Next::End),
                None => {
                    state.parts.is_idle(worker, waker(wake));
                    return Ok(Next::Wait);
                }
            }
        };
        let opened = OpenReader::open(self.source.clone(), &split, watermark, waker(wake))?;
        Ok(Next::Reader(Box::new(opened), reader))
    }

    /// Whether a worker waits for something to read, so that a reader should give a part away.
    pub(crate) fn wants_more(&self) -> bool {
        self.state().parts.is_wanted()
    }

    /// A reader gave a part away, in which nothing on time is older than the reader's watermark.
    pub(crate) fn add(&self, split: AnySplit, from: &OpenReader) {
        self.state().parts.give(split, from.watermark());
    }

    /// How far a reader has come. Workers that wait look at the watermark again and again only once it has
    /// moved; so they are woken when it does first.
    pub(crate) fn has_come_to(&self, reader: ReaderId, standing: Standing) {
        let mut state = self.state();
        state.parts.has_come_to(reader, standing);
        // All splits are asked only when this one says more: that of a batch never does.
        let may_begin = !state.has_begun && standing.watermark() > Timestamp::MIN;
        if may_begin && state.parts.standing().watermark() > Timestamp::MIN {
            state.has_begun = true;
            wake(&state.workers);
        }
    }

    /// How far the splits of this process have come.
    pub(crate) fn standing(&self) -> Standing {
        self.state().parts.standing()
    }

    /// What holds the source's watermark: a split that waits or is read, by whichever worker of this process.
    pub(crate) fn holder(&self) -> Holder {
        let state = self.state();
        let waiting = state.parts.waiting();
        let waiting = waiting.map(|(split, at)| (Some(&split.description), Standing::At(at)));
        let reading = state.parts.in_hand();
        let reading = reading.map(|(reader, at)| (state.descriptions.get(reader), at));
        let splits: Vec<_> = waiting.chain(reading).collect();
        match Standing::holder(splits.iter().map(|(_, standing)| *standing)).map(|at| splits[at]) {
            Some((Some(split), standing)) => Holder::split(split, standing),
            _ => Holder::Source,
        }
    }

    /// How far the splits of all other processes have come, as far as this one was told.
    pub(crate) fn elsewhere(&self, standing: Standing) {
        self.state().elsewhere = standing;
    }

    /// The source's watermark here: that of all splits that are read or wait. Where all are idle it goes
    /// by those of other processes, which they must not hold back.
    pub(crate) fn watermark(&self) -> Timestamp {
        match self.standing() {
            Standing::Idle(at) if !fault!("processes-are-idle-alone") => {
                Standing::Idle(at).and(self.state().elsewhere).watermark()
            }
            standing => standing.watermark(),
        }
    }

    /// A split has been read to its end.
    pub(crate) fn done(&self, reader: ReaderId) {
        let mut state = self.state();
        state.parts.done(&reader);
        state.descriptions.remove(&reader);
    }

    /// The source is not read any more. Whether there was anything left to read.
    pub(crate) fn stop(&self) -> bool {
        let mut state = self.state();
        state.is_stopped |= !state.parts.is_empty();
        state.parts.forget_waiting();
        state.is_stopped
    }

    /// Wakes all workers that read here.
    pub(crate) fn wake_all(&self) {
        wake(&self.state().workers);
    }
}

fn wake(workers: &BTreeMap<usize, SyncActivator>) {
    for worker in workers.values() {
        // A worker that is gone need not be woken.
        let _ = worker.activate();
    }
}
