//! A clock for tests.

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use watershed::{Clock, Timestamp, seconds, testing::TestClock};

/// A clock that is a second further each time that somebody looks at it, from `start` seconds on. So
/// time passes as a run goes on, however fast it is. Each process of a job has its own.
pub(crate) fn ticking(start: i64) -> Clock {
    Clock::from(&TestClock::ticking(Timestamp::from_seconds(start), seconds(1)))
}

/// A clock that goes on by a minute each time that somebody looks, and is an hour ahead for a while: set
/// forward at the 20th look, and back at the 30th.
pub(crate) fn set_forth_and_back(start: i64) -> Clock {
    let looks = AtomicI64::new(0);
    Clock::told_by(move || {
        let minutes = match looks.fetch_add(1, SeqCst) {
            look @ 20..30 => look + 60,
            look => look,
        };
        Timestamp::from_seconds(start + 60 * minutes)
    })
}
