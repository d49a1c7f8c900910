//! What an author counts.
//!
//! A handle only has a name. What it is told goes to the step that runs on this thread at the moment, so
//! closures can count as well as DoFns; a runner takes it up after each call.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, fault};

/// What the author has counted in a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Counters, by name.
    pub counters: BTreeMap<String, u64>,
    /// Distributions, by name.
    pub distributions: BTreeMap<String, DistributionValue>,
    /// Gauges, by name.
    pub gauges: BTreeMap<String, GaugeValue>,
    /// Sets of text, by name.
    pub string_sets: BTreeMap<String, BTreeSet<String>>,
}

/// What is known of the numbers that a distribution was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistributionValue {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub sum: i128,
    /// The least.
    pub min: i64,
    /// The greatest.
    pub max: i64,
}

/// What a gauge was last told, on any worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GaugeValue {
    /// When, by the computer's clock.
    pub at: Timestamp,
    /// The value. Of two that were told at one instant the greater counts.
    pub value: i64,
}

impl DistributionValue {
    fn of(value: i64) -> Self {
        DistributionValue { count: 1, sum: i128::from(value), min: value, max: value }
    }

    fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The mean, or `None` of nothing.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
}

impl StepMetrics {
    /// How far a counter has come; 0 if it was never told anything.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == StepMetrics::default()
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: &StepMetrics) {
        for (name, n) in &other.counters {
            let mine = self.counters.entry(name.clone()).or_default();
            *mine = match fault!("counters-take-the-greatest") {
                true => (*mine).max(*n),
                false => mine.saturating_add(*n),
            };
        }
        for (name, theirs) in &other.distributions {
            let mine = self.distributions.entry(name.clone());
            mine.and_modify(|mine| mine.merge(theirs)).or_insert(*theirs);
        }
        for (name, theirs) in &other.gauges {
            let mine = self.gauges.entry(name.clone()).or_insert(*theirs);
            *mine = (*mine).max(*theirs);
        }
        for (name, theirs) in &other.string_sets {
            self.string_sets.entry(name.clone()).or_default().extend(theirs.iter().cloned());
        }
    }
}

/// The names of all handles, each once: a handle is a place in it.
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn place_of(name: &str) -> u32 {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = names.iter().position(|known| known == name);
    let place = known.unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    place as u32
}

/// What was told on this thread since a runner last took it up.
#[derive(Default)]
struct Told {
    counters: Vec<u64>,
    /// Those that were told something.
    counted: Vec<u32>,
    distributions: BTreeMap<u32, DistributionValue>,
    gauges: BTreeMap<u32, GaugeValue>,
    string_sets: BTreeMap<u32, BTreeSet<String>>,
}

thread_local! {
    static TOLD: RefCell<Told> = RefCell::default();
}

/// Takes up what was told on this thread since this was last called. For runners.
pub fn take_metrics() -> Option<StepMetrics> {
    TOLD.with_borrow_mut(|told| {
        let is_empty = told.counted.is_empty()
            && told.distributions.is_empty()
            && told.gauges.is_empty()
            && told.string_sets.is_empty();
        if is_empty {
            return None;
        }
        let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |place: u32| names.get(place as usize).cloned().unwrap_or_default();
        let counters = told.counted.drain(..).map(|place| {
            let n = std::mem::take(&mut told.counters[place as usize]);
            (name(place), n)
        });
        Some(StepMetrics {
            counters: counters.collect(),
            distributions: named(&mut told.distributions, name),
            gauges: named(&mut told.gauges, name),
            string_sets: named(&mut told.string_sets, name),
        })
    })
}

/// Makes an attempt at an author's code: if it fails, what it told meanwhile was never told, neither metrics nor
/// [acknowledgements](crate::after_commit). For those who try again.
///
/// # Errors
/// That of the attempt.
pub fn attempt<T, E>(make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let (before, acknowledgements) = (TOLD.take(), crate::acknowledgements());
    let result = make();
    TOLD.with_borrow_mut(|told| {
        let new = std::mem::replace(told, before);
        if result.is_ok() || fault!("failed-attempts-count") {
            told.add(new);
        }
    });
    if result.is_err() {
        crate::forget_acknowledgements(acknowledgements);
    }
    result
}

impl Told {
    /// All that was told later.
    fn add(&mut self, later: Told) {
        for place in later.counted {
            Counter(place).add_to(self, later.counters[place as usize]);
        }
        for (place, value) in later.distributions {
            let mine = self.distributions.entry(place);
            mine.and_modify(|mine| mine.merge(&value)).or_insert(value);
        }
        self.gauges.extend(later.gauges);
        for (place, set) in later.string_sets {
            self.string_sets.entry(place).or_default().extend(set);
        }
    }
}

fn named<T>(told: &mut BTreeMap<u32, T>, name: impl Fn(u32) -> String) -> BTreeMap<String, T> {
    std::mem::take(told).into_iter().map(|(place, value)| (name(place), value)).collect()
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(u32);

        impl $name {
            /// The one with this name. Each step has its own; two handles of one name are the same.
            pub fn new(name: &str) -> Self {
                $name(place_of(name))
            }
        }
    };
}

handle!(
    /// A number that grows. (Beam: `Counter`.)
    ///
    /// ```
    /// # use watershed_model::Counter;
    /// let negative = Counter::new("negative");
    /// let clamp = move |n: i64| {
    ///     if n < 0 {
    ///         negative.inc();
    ///     }
    ///     n.max(0)
    /// };
    /// # clamp(-1);
    /// ```
    Counter
);

impl Counter {
    /// Adds one.
    #[inline]
    pub fn inc(self) {
        self.add(1);
    }

    /// Adds so many.
    #[inline]
    pub fn add(self, n: u64) {
        if n > 0 {
            TOLD.with_borrow_mut(|told| self.add_to(told, n));
        }
    }

    #[inline]
    fn add_to(self, told: &mut Told, n: u64) {
        let place = self.0 as usize;
        if place >= told.counters.len() {
            told.counters.resize(place + 1, 0);
        }
        if told.counters[place] == 0 {
            told.counted.push(self.0);
        }
        told.counters[place] = told.counters[place].saturating_add(n);
    }
}

handle!(
    /// Numbers, of which count, sum, least and greatest are kept. (Beam: `Distribution`.)
    Distribution
);

impl Distribution {
    /// Tells a number.
    pub fn update(self, value: i64) {
        TOLD.with_borrow_mut(|told| {
            let one = DistributionValue::of(value);
            told.distributions.entry(self.0).and_modify(|mine| mine.merge(&one)).or_insert(one);
        });
    }
}

handle!(
    /// A number that changes; what was told last counts, on whichever worker. (Beam: `Gauge`.)
    Gauge
);

impl Gauge {
    /// Tells how it is now.
    pub fn set(self, value: i64) {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        let now = GaugeValue { at: Timestamp::from_micros(micros), value };
        TOLD.with_borrow_mut(|told| {
            told.gauges.insert(self.0, now);
        });
    }
}

handle!(
    /// Texts, each once. (Beam: `StringSet`.)
    StringSet
);

impl StringSet {
    /// Tells a text.
    pub fn add(self, text: &str) {
        TOLD.with_borrow_mut(|told| {
            let set = told.string_sets.entry(self.0).or_default();
            if !set.contains(text) {
                set.insert(text.to_owned());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failed_attempt_told_was_never_told() {
        let (counter, numbers) = (Counter::new("tried"), Distribution::new("tried"));
        let tell = |value: i64| {
            counter.inc();
            numbers.update(value);
            crate::after_commit(|| Ok(()));
        };
        tell(1);
        let failed: Result<(), &str> = attempt(|| {
            tell(100);
            Err("no")
        });
        assert_eq!((failed, crate::acknowledgements()), (Err("no"), 1));
        attempt(|| {
            tell(3);
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(crate::take_acknowledgements().len(), 2);
        let told = take_metrics().unwrap();
        let expected = DistributionValue { count: 2, sum: 4, min: 1, max: 3 };
        assert_eq!((told.counter("tried"), told.distributions["tried"]), (2, expected));
    }

    #[test]
    fn what_is_told_is_taken_up_once_and_added_up() {
        let (counter, numbers) = (Counter::new("n"), Distribution::new("sizes"));
        let (gauge, set) = (Gauge::new("now"), StringSet::new("seen"));
        assert_eq!(take_metrics(), None);
        let tell = |values: &[i64]| {
            for value in values {
                counter.inc();
                numbers.update(*value);
                gauge.set(*value);
                set.add(if *value < 0 { "negative" } else { "positive" });
            }
            take_metrics().unwrap()
        };
        let (mut all, more) = (tell(&[3, -1]), tell(&[5]));
        assert_eq!(take_metrics(), None);
        all.merge(&more);
        assert_eq!((all.counter("n"), all.counter("other")), (3, 0));
        let expected = DistributionValue { count: 3, sum: 7, min: -1, max: 5 };
        assert_eq!(all.distributions["sizes"], expected);
        assert_eq!(all.gauges["now"].value, 5);
        assert!(all.string_sets["seen"].iter().eq(["negative", "positive"]));
    }
}
