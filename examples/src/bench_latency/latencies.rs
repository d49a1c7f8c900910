//! How long panes took, counted in a fixed room however many there are.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// How exact it is, in microseconds.
const STEP: u64 = 10;

/// What takes a second or longer is counted together.
const MOST: usize = 100_000;

/// How many panes took how long.
#[derive(Clone)]
pub(crate) struct Latencies(Arc<Counts>);

struct Counts {
    /// How many took so many steps.
    counts: Vec<AtomicU64>,
    most: AtomicU64,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        let counts = (0..=MOST).map(|_| AtomicU64::new(0)).collect();
        Latencies(Arc::new(Counts { counts, most: AtomicU64::new(0) }))
    }

    /// One took so many microseconds.
    pub(crate) fn count(&self, micros: u64) {
        let place = usize::try_from(micros / STEP).unwrap_or(MOST).min(MOST);
        self.0.counts[place].fetch_add(1, Relaxed);
        self.0.most.fetch_max(micros, Relaxed);
    }

    /// How many there are.
    pub(crate) fn panes(&self) -> u64 {
        self.0.counts.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// The milliseconds that this part of them did not exceed.
    pub(crate) fn millis(&self, part: f64) -> f64 {
        let mut left = (self.panes() as f64 * part).ceil() as u64;
        for (place, count) in self.0.counts[..MOST].iter().enumerate() {
            left = left.saturating_sub(count.load(Relaxed));
            if left == 0 {
                return (((place as u64 + 1) * STEP) as f64 / 1e3).min(self.most());
            }
        }
        self.most()
    }

    /// The longest of all, in milliseconds.
    pub(crate) fn most(&self) -> f64 {
        self.0.most.load(Relaxed) as f64 / 1e3
    }
}
