//! How an operator is activated again.

use std::{
    sync::Arc,
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use timely::scheduling::{Activator, SyncActivator};

/// How an operator is activated again.
pub(crate) struct Wakers {
    pub(crate) activator: Activator,
    pub(crate) wake: SyncActivator,
    /// When timely was asked to activate it, if that is still to come.
    at: Option<Instant>,
}

impl Wakers {
    pub(crate) fn new(activator: Activator, wake: SyncActivator) -> Self {
        Wakers { activator, wake, at: None }
    }

    /// Sees that the operator is activated after so much time at the latest. Timely keeps every wish, so
    /// one that an earlier one fulfils is not told.
    pub(crate) fn activate_after(&mut self, span: Duration) {
        let now = Instant::now();
        let at = now + span;
        if self.at.is_none_or(|before| before <= now || at < before) {
            self.at = Some(at);
            self.activator.activate_after(span);
        }
    }
}

/// The activator as the standard library's waker.
pub(crate) fn waker(wake: &SyncActivator) -> Waker {
    struct Activate(SyncActivator);
    impl Wake for Activate {
        fn wake(self: Arc<Self>) {
            // A worker that is gone need not be woken.
            let _ = self.0.activate();
        }
    }
    Arc::new(Activate(wake.clone())).into()
}
