//! Restrictions that go to workers that have nothing.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
};

use watershed::{
    Claims, Continuation, Create, MonotonicEstimator, OffsetRange, OffsetTracker,
    SplittableContext, SplittableDoFn, SplittableEmitters, combine::Count, prelude::*,
};

use super::told::drops;
use crate::Bench;

crate::cases! {
    what_one_worker_has_is_shared_with_those_that_have_nothing: "SR-03", "SR-09";
}

/// Each number below an element, a second apart; the restriction begins in one piece.
#[derive(Clone, Default)]
struct Seconds {
    /// Those who worked on it.
    workers: Arc<Mutex<HashSet<ThreadId>>>,
    /// How many there are in a process.
    all: usize,
}

/// How often who works alone lets others go first, at each piece.
const PATIENCE: usize = 200;

impl SplittableDoFn<i64> for Seconds {
    type Tracker = OffsetTracker;
    type Estimator = MonotonicEstimator;
    type Outputs = One<i64>;

    fn initial_restriction(&self, most: &i64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(0, *most))
    }
    fn tracker(&self, _: &i64, range: OffsetRange) -> OffsetTracker {
        range.tracker()
    }
    fn estimator(&self, _: &i64, timestamp: Timestamp) -> MonotonicEstimator {
        MonotonicEstimator::at(timestamp)
    }
    fn process(
        &mut self,
        _: &i64,
        claims: &mut Claims<'_, OffsetTracker>,
        _: &mut SplittableContext<'_, MonotonicEstimator>,
        out: &mut SplittableEmitters<Self, i64>,
    ) -> Result<Continuation, BoxError> {
        self.workers.lock().unwrap().insert(thread::current().id());
        // With few cores the others may have no turn before all is done.
        for _ in 0..PATIENCE {
            if self.workers.lock().unwrap().len() >= self.all.min(2) {
                break;
            }
            thread::yield_now();
        }
        let mut second = claims.restriction().start;
        while claims.try_claim(second)? {
            out.emit_at(second, Timestamp::from_seconds(second));
            second += 1;
        }
        Ok(Continuation::Stop)
    }
}

fn what_one_worker_has_is_shared_with_those_that_have_nothing(bench: &Bench) {
    const MOST: i64 = 30_000;
    // Who is idle, and when, is up to chance.
    let times = if bench.workers() > 1 { 8 } else { 1 };
    for bench in bench.seeds(times, 1) {
        let pipeline = bench.pipeline();
        let seconds_of = Seconds { all: bench.workers(), ..Seconds::default() };
        let starts = pipeline.apply(Create::timestamped([(MOST, Timestamp::from_seconds(0))]));
        let numbers = starts.split_do("Seconds", seconds_of.clone());
        let windows = numbers.map(|second| ((), second)).window(FixedWindows::of(seconds(5_000)));
        let counts = windows.combine_per_key(Count).collect();
        let report = pipeline.run();
        // Each once, and none too late.
        assert_eq!(counts.values(), [((), 5_000); 6]);
        assert_eq!(drops(&report), [0, 0]);
        let workers = seconds_of.workers.lock().unwrap().len();
        if bench.processes() == 1 {
            assert!(workers > 1 || bench.workers() == 1, "one of {} worked", bench.workers());
        }
    }
}
