//! The clock of a job.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use watershed_model::Timestamp;

/// What processing time goes by: the time of day, or what a test tells. It never goes back.
///
/// The time of day may be set while a job runs. If it is set forward, the job's clock goes with it: so much
/// time has passed, and what became due is due at once. If it is set back, the job's clock goes on from where
/// it was, at its own pace, and stays so far ahead of the time of day for the rest of the job; what was due
/// is not due again, and what is due in ten seconds is due in ten seconds.
#[derive(Clone)]
pub struct Clock {
    told: Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>,
    kept: Arc<Kept>,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { told: None, kept: Arc::new(Kept::default()) }
    }
}

impl Clock {
    /// A clock that shows what `now` returns, which runners ask again and again, from any thread. For
    /// tests: a run that goes by it ends the same way however fast it is. While `now` goes back the clock
    /// stands still.
    pub fn told_by(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Clock { told: Some(Arc::new(now)), ..Clock::default() }
    }

    /// Whether a test tells the time.
    pub fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// What the clock shows, which is never less than it has shown, to whichever thread.
    pub fn now(&self) -> Timestamp {
        match &self.told {
            Some(now) => self.kept.show(now(), 0),
            // In this order: a thread that is kept waiting between the two must not take that for a jump.
            None => self.kept.show(time_of_day(), steady_micros()),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_told() { "a test's clock" } else { "the time of day" })
    }
}

/// How far the time was ahead of a steady clock, at most.
struct Kept(AtomicI64);

impl Default for Kept {
    fn default() -> Self {
        Kept(AtomicI64::new(i64::MIN))
    }
}

impl Kept {
    /// What a clock shows when it is this time and the steady clock, which never goes back, has come so far.
    fn show(&self, time: Timestamp, steady: i64) -> Timestamp {
        let ahead = time.as_micros().saturating_sub(steady);
        let most = ahead.max(self.0.fetch_max(ahead, SeqCst));
        Timestamp::from_micros(most.saturating_add(steady))
    }
}

/// Microseconds on a clock that nobody sets.
fn steady_micros() -> i64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    i64::try_from(BEGAN.elapsed().as_micros()).unwrap_or(i64::MAX)
}

/// The time of day; it may go back.
pub fn time_of_day() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    /// What a clock shows when the time of day and the steady clock are these, in seconds.
    fn shown(readings: &[(i64, i64)]) -> Vec<i64> {
        let kept = Kept::default();
        let show = |(time, steady): &(i64, i64)| {
            kept.show(Timestamp::from_seconds(*time), steady * 1_000_000).as_micros() / 1_000_000
        };
        readings.iter().map(show).collect()
    }

    #[test]
    fn a_clock_that_is_set_forward_goes_with_it() {
        let shown = shown(&[(100, 0), (101, 1), (102 + HOUR, 2), (103 + HOUR, 3)]);
        assert_eq!(shown, [100, 101, 102 + HOUR, 103 + HOUR]);
    }

    #[test]
    fn a_clock_that_is_set_back_goes_on_at_its_own_pace() {
        let readings = [(100 + HOUR, 0), (101 + HOUR, 1), (102, 2), (103, 3), (110, 10)];
        assert_eq!(shown(&readings), [100, 101, 102, 103, 110].map(|time| time + HOUR));
        // It was an hour ahead for a moment.
        let readings = [(100, 0), (101 + HOUR, 1), (102, 2), (103, 3)];
        assert_eq!(shown(&readings), [100, 101 + HOUR, 102 + HOUR, 103 + HOUR]);
    }

    #[test]
    fn who_is_kept_waiting_between_two_looks_takes_that_for_no_jump() {
        // The time of day was seen at 101, the steady clock 50 seconds later.
        let shown = shown(&[(100, 0), (101, 51), (152, 52), (153, 53)]);
        assert_eq!(shown, [100, 151, 152, 153]);
    }

    #[test]
    fn a_told_clock_that_goes_back_stands_still() {
        let times = [100, 200, 100, 150, 201].map(Timestamp::from_seconds);
        let place = AtomicI64::new(0);
        let clock = Clock::told_by(move || times[place.fetch_add(1, SeqCst) as usize]);
        assert_eq!(
            times.map(|_| clock.now()),
            [100, 200, 200, 200, 201].map(Timestamp::from_seconds)
        );
    }

    #[test]
    fn all_threads_see_one_clock_that_does_not_go_back() {
        let (clock, last) = (Clock::default(), AtomicI64::new(i64::MIN));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let before = last.load(SeqCst);
                        let now = clock.now().as_micros();
                        assert!(now >= before, "{now} came after {before}");
                        last.fetch_max(now, SeqCst);
                    }
                });
            }
        });
    }
}
