//! Plays the test streams of a job: on one worker, event by event.
//!
//! Event `i` is epoch `i + 1`; epoch 0 is for the bounded sources beside the streams. An event is
//! played when every stage on every worker has moved on from the epoch before it, so that all it led to
//! has been handled.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use timely::scheduling::Activator;
use watershed_model::{Epoch, NodeId, Timestamp, fault};
use watershed_runner_core::{Script, ScriptEvent};

/// What the test streams of one worker share.
pub(crate) struct Player {
    script: Arc<Script>,
    /// Whether this is the worker that plays.
    plays: bool,
    next: Cell<usize>,
    /// All that came before this epoch has been handled.
    drained: Cell<Epoch>,
    streams: RefCell<Vec<Activator>>,
}

impl Player {
    pub(crate) fn new(script: &Arc<Script>, plays: bool) -> Self {
        Player {
            script: script.clone(),
            plays,
            next: Cell::new(0),
            drained: Cell::new(Epoch(0)),
            streams: RefCell::default(),
        }
    }

    /// A test stream is woken when it may be its turn.
    pub(crate) fn will_wake(&self, stream: Activator) {
        self.streams.borrow_mut().push(stream);
    }

    /// The least epoch that any stage on any worker is still in; `None` if all have ended.
    pub(crate) fn has_drained(&self, least: Option<Epoch>) {
        let least = least.unwrap_or(Epoch(u64::MAX));
        if least > self.drained.get() {
            self.drained.set(least);
            self.wake();
        }
    }

    fn wake(&self) {
        self.streams.borrow().iter().for_each(Activator::activate);
    }

    /// The epoch of the event that is played next; `None` when all is played, or played elsewhere.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        let next = self.next.get();
        (self.plays && next < self.script.events.len()).then_some(Epoch(next as u64 + 1))
    }

    /// The next event, if it is of this stream and its time has come.
    pub(crate) fn event(&self, stream: NodeId) -> Option<ScriptEvent> {
        let epoch = self.epoch()?;
        if epoch > self.drained.get() && !fault!("events-do-not-wait") {
            return None;
        }
        let event = &self.script.events[epoch.0 as usize - 1];
        (event.node == stream).then(|| event.clone())
    }

    /// The event is on its way.
    pub(crate) fn has_played(&self) {
        self.next.set(self.next.get() + 1);
        self.wake();
    }

    /// The processing time in an epoch.
    pub(crate) fn now(&self, epoch: Epoch) -> Timestamp {
        let last = self.script.events.len();
        let event = usize::try_from(epoch.0).unwrap_or(last).min(last).checked_sub(1);
        event.map_or(Timestamp::MIN, |event| self.script.events[event].now)
    }
}
