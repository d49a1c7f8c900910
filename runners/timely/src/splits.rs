//! The splits of a source, shared by all workers of a job.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use timely::scheduling::SyncActivator;
use watershed_model::{AnyReader, AnySource, AnySplit, BoxError};

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
