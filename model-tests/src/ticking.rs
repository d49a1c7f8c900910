//! A clock for tests.

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use watershed::{Clock, Timestamp};

/// A clock that is a second further each time that somebody looks at it, from `start` seconds on. So
/// time passes as a run goes on, however fast it is. Each process of a job has its own.
pub(crate) fn ticking(start: i64) -> Clock {
    let seconds = AtomicI64::new(start);
    Clock::told_by(move || Timestamp::from_seconds(seconds.fetch_add(1, SeqCst)))
}
