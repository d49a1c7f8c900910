//! Restrictions that the workers of a process share: who has none gets some of those who have several.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use watershed_model::{AnyRestriction, Timestamp, fault};

use crate::{Parts, Standing};

/// The restrictions of one splittable step that the workers of a process share. Only those of a step that ends
/// are shared: nobody could say what a part of one that does not is worth.
#[derive(Clone)]
pub struct SharedRestrictions(Arc<Mutex<Parts<AnyRestriction, usize>>>);

impl Default for SharedRestrictions {
    fn default() -> Self {
        SharedRestrictions(Arc::new(Mutex::new(Parts::new([]))))
    }
}

/// One worker's share of them.
pub(super) struct Share {
    pub(super) all: SharedRestrictions,
    pub(super) worker: usize,
    pub(super) waker: Waker,
}

impl Share {
    fn parts(&self) -> MutexGuard<'_, Parts<AnyRestriction, usize>> {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A restriction for this worker, which has none; if there is none, the worker is woken when there is.
    pub(super) fn take(&self) -> Option<AnyRestriction> {
        let mut parts = self.parts();
        let taken = parts.take(self.worker).map(|(given, _)| given);
        if taken.is_none() && !fault!("idle-workers-take-no-restrictions") {
            parts.is_idle(self.worker, self.waker.clone());
        }
        taken
    }

    /// Whether somebody waits for a restriction.
    pub(super) fn is_wanted(&self) -> bool {
        self.parts().is_wanted()
    }

    /// Gives a restriction away that holds the output watermark at `at`.
    pub(super) fn give(&self, given: AnyRestriction, at: Timestamp) {
        self.parts().give(given, at);
    }

    /// Where what this worker has holds the output watermark.
    pub(super) fn has_come_to(&self, hold: Timestamp) {
        let mut parts = self.parts();
        parts.is_busy(self.worker);
        parts.has_come_to(self.worker, Standing::At(hold));
    }

    /// This worker has nothing.
    pub(super) fn has_nothing(&self) {
        self.parts().done(&self.worker);
    }

    /// Whether no worker of the process has anything.
    pub(super) fn is_done(&self) -> bool {
        self.parts().is_empty()
    }

    /// Where all that the workers of the process have holds the output watermark.
    pub(super) fn hold(&self) -> Option<Timestamp> {
        match self.parts().standing() {
            Standing::At(at) | Standing::Idle(at) => Some(at),
            Standing::Ended => None,
        }
    }
}
