//! What is done once the output of a bundle is durable.
//!
//! As with [metrics](crate::Counter), what is told goes to the call that runs on this thread; a runner takes it
//! up, and forgets what belongs to a bundle that failed.

use std::{cell::RefCell, fmt};

use crate::BoxError;

/// Tells somebody outside that something need not be kept any more: a queue that a message was read, say. It
/// may never be called, when the process dies; so it must be such that the other side then gives again what
/// was given before.
pub struct Acknowledgement(Box<dyn FnOnce() -> Result<(), BoxError> + Send>);

impl Acknowledgement {
    /// Calls it.
    ///
    /// # Errors
    /// What the author's code returned.
    pub fn call(self) -> Result<(), BoxError> {
        (self.0)()
    }
}

impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acknowledgement")
    }
}

thread_local! {
    static TOLD: RefCell<Vec<Acknowledgement>> = const { RefCell::new(Vec::new()) };
}

/// Has something called when all that comes of the bundle at hand is durable: when the sinks have committed. If
/// it fails, that is told in the run's report, and the run goes on. (Beam: `BundleFinalizer.afterBundleCommit`,
/// and the finalization of a checkpoint mark.)
pub fn after_commit(call: impl FnOnce() -> Result<(), BoxError> + Send + 'static) {
    TOLD.with_borrow_mut(|told| told.push(Acknowledgement(Box::new(call))));
}

/// How many there are of this thread that were not taken up.
pub fn acknowledgements() -> usize {
    TOLD.with_borrow(Vec::len)
}

/// Forgets those of this thread that were told after there were so many: those of a bundle that failed.
pub fn forget_acknowledgements(from: usize) {
    TOLD.with_borrow_mut(|told| told.truncate(from));
}

/// Takes up all that were told on this thread.
pub fn take_acknowledgements() -> Vec<Acknowledgement> {
    TOLD.take()
}
