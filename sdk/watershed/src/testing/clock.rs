//! Processing time as a test says.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use watershed_model::{Duration, Timestamp};
use watershed_runner_core::Clock;

/// A clock that a test sets. Clones show the same time. It never goes back.
///
/// A run with such a clock ends the same way however fast the machine is. Either the test moves it, while a
/// job runs beside, or it [ticks](Self::ticking) by itself.
///
/// ```
/// use watershed::{prelude::*, testing::{TestClock, TestPipeline, assert_that}};
///
/// let at = Timestamp::from_seconds;
/// let clock = TestClock::ticking(at(100), seconds(1));
/// let pipeline = TestPipeline::new().with_clock(&clock);
/// let every_minute = PeriodicImpulse::every(minutes(1)).start_at(at(120)).stop_at(at(240));
/// assert_that(&pipeline.apply(every_minute)).contains_in_any_order([at(120), at(180), at(240)]);
/// pipeline.run();
/// assert!(clock.now() >= at(240));
/// ```
#[derive(Clone, Debug)]
pub struct TestClock {
    micros: Arc<AtomicI64>,
    /// By how much it is further after each look.
    tick: Duration,
}

impl TestClock {
    /// A clock that stands at this time until it is moved.
    pub fn at(time: Timestamp) -> Self {
        TestClock::ticking(time, Duration::ZERO)
    }

    /// A clock that is further by `tick` each time that a runner looks at it. So time passes as a run goes
    /// on, and nothing waits. (Each process of a job has its own.)
    pub fn ticking(from: Timestamp, tick: Duration) -> Self {
        TestClock { micros: Arc::new(AtomicI64::new(from.as_micros())), tick }
    }

    /// What it shows. Looking from here does not move it.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(SeqCst))
    }

    /// Moves it on by a span.
    pub fn advance(&self, span: impl Into<Duration>) {
        self.moved_by(span.into());
    }

    /// Moves it on to this time, unless it is there.
    pub fn advance_to(&self, time: Timestamp) {
        self.micros.fetch_max(time.as_micros(), SeqCst);
    }

    /// Moves it on; returns what it showed before.
    fn moved_by(&self, span: Duration) -> Timestamp {
        let span = span.as_micros().max(0);
        let later = |micros: i64| Some(micros.saturating_add(span));
        // The closure always gives a value, so both arms hold what was shown before.
        let before = match self.micros.fetch_update(SeqCst, SeqCst, later) {
            Ok(before) | Err(before) => before,
        };
        Timestamp::from_micros(before)
    }
}

impl From<&TestClock> for Clock {
    /// The clock as runners take it, in [`RunOptions::clock`](crate::RunOptions::clock).
    fn from(clock: &TestClock) -> Clock {
        let clock = clock.clone();
        Clock::told_by(move || clock.moved_by(clock.tick))
    }
}

#[cfg(test)]
mod tests {
    use watershed_model::seconds;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    #[test]
    fn it_stands_until_it_is_moved_and_never_goes_back() {
        let clock = TestClock::at(at(10));
        let told = Clock::from(&clock);
        assert_eq!((told.now(), told.now()), (at(10), at(10)));
        clock.advance(seconds(5));
        clock.advance_to(at(12));
        assert_eq!(told.now(), at(15));
        clock.advance(seconds(-1));
        clock.advance_to(at(20));
        assert_eq!((told.now(), clock.now()), (at(20), at(20)));
        clock.advance_to(Timestamp::MAX);
        clock.advance(seconds(1));
        assert_eq!(told.now(), Timestamp::MAX);
    }

    #[test]
    fn each_look_of_a_runner_is_a_tick() {
        let clock = TestClock::ticking(at(0), seconds(2));
        let told = Clock::from(&clock);
        assert_eq!([0; 3].map(|_| told.now()), [at(0), at(2), at(4)]);
        assert_eq!((clock.now(), clock.now()), (at(6), at(6)));
    }
}
