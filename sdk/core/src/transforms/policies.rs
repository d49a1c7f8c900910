//! When a batch of values ends: the policies of [`PolicyWindows`](super::PolicyWindows).

use std::{collections::VecDeque, fmt, mem};

use serde::{Deserialize, Serialize};
use watershed_model::{Element, fault};

use crate::Func;

/// What is kept of a key and window.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept<V> {
    values: VecDeque<V>,
    /// How many came since something was put out.
    since: u64,
}

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Kept { values: VecDeque::new(), since: 0 }
    }
}

impl<V> Kept<V> {
    /// All values, of which none stays.
    pub(super) fn take(&mut self) -> Vec<V> {
        mem::take(&mut self.values).into()
    }
}

/// What decides, value by value, which ones go out together.
pub trait Policy<V>: Clone + Send + Sync + 'static {
    /// Whether what is left when the window expires goes out too.
    const ENDS_WITH_THE_WINDOW: bool = true;

    /// What is wrong with it, and how to mend it.
    fn problem(&self) -> Option<(String, &'static str)> {
        None
    }

    /// Takes the next value in; gives the batch that goes out now, if one does.
    fn take(&self, kept: &mut Kept<V>, value: V) -> Option<Vec<V>>;
}

/// The last values, after every so many.
#[derive(Clone, Copy, Debug)]
pub struct Last {
    pub(super) values: usize,
    pub(super) every: u64,
}

impl<V: Element> Policy<V> for Last {
    const ENDS_WITH_THE_WINDOW: bool = false;

    fn problem(&self) -> Option<(String, &'static str)> {
        let positive = "give it a number above zero";
        if self.values == 0 {
            return Some(("gives the last 0 values".into(), positive));
        }
        (self.every == 0).then(|| ("gives them after every 0 values".into(), positive))
    }

    fn take(&self, kept: &mut Kept<V>, value: V) -> Option<Vec<V>> {
        if kept.values.len() >= self.values {
            kept.values.pop_front();
        }
        kept.values.push_back(value);
        kept.since += 1;
        if kept.since < self.every && !fault!("policies-do-not-slide") {
            return None;
        }
        kept.since = 0;
        Some(kept.values.iter().cloned().collect())
    }
}

/// So many values.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    pub(super) values: usize,
}

impl<V: Element> Policy<V> for Count {
    fn problem(&self) -> Option<(String, &'static str)> {
        let problem =
            || ("makes batches of 0 values".into(), "let a batch have at least one value");
        (self.values == 0).then(problem)
    }

    fn take(&self, kept: &mut Kept<V>, value: V) -> Option<Vec<V>> {
        kept.values.push_back(value);
        (kept.values.len() >= self.values).then(|| kept.take())
    }
}

/// Values that lie near the first of them.
#[derive(Clone, Copy)]
pub struct Delta<F> {
    pub(super) delta: f64,
    pub(super) of: F,
}

impl<F> Delta<F> {
    /// Whether two numbers differ by no more than the delta. Nothing is near what is not a number.
    fn is_near(&self, a: f64, b: f64) -> bool {
        // Infinity less itself is not a number.
        a == b || (a - b).abs() <= self.delta
    }
}

impl<F> fmt::Debug for Delta<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delta").field("delta", &self.delta).finish_non_exhaustive()
    }
}

impl<V: Element, F: Fn(&V) -> f64 + Func> Policy<V> for Delta<F> {
    fn problem(&self) -> Option<(String, &'static str)> {
        let problem = || {
            let mend = "give it a finite number that is not negative";
            (format!("begins a batch at a change by more than {}", self.delta), mend)
        };
        (!(self.delta.is_finite() && self.delta >= 0.0)).then(problem)
    }

    fn take(&self, kept: &mut Kept<V>, value: V) -> Option<Vec<V>> {
        let first = if fault!("deltas-go-by-the-newest") {
            kept.values.back()
        } else {
            kept.values.front()
        };
        let is_change =
            first.is_some_and(|first| !self.is_near((self.of)(first), (self.of)(&value)));
        let ended = is_change.then(|| kept.take());
        kept.values.push_back(value);
        ended
    }
}

/// Values up to one that says so.
#[derive(Clone, Copy)]
pub struct Punctuated<F> {
    pub(super) is_last: F,
}

impl<F> fmt::Debug for Punctuated<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Punctuated").finish_non_exhaustive()
    }
}

impl<V: Element, F: Fn(&V) -> bool + Func> Policy<V> for Punctuated<F> {
    fn take(&self, kept: &mut Kept<V>, value: V) -> Option<Vec<V>> {
        let is_last = (self.is_last)(&value);
        if is_last && fault!("punctuation-begins-the-next") {
            let ended = kept.take();
            kept.values.push_back(value);
            return Some(ended);
        }
        kept.values.push_back(value);
        is_last.then(|| kept.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a policy makes of values, and what it leaves.
    fn batches<V, P: Policy<V>>(policy: &P, values: impl IntoIterator<Item = V>) -> Vec<Vec<V>> {
        let mut kept = Kept::default();
        let mut batches: Vec<Vec<V>> =
            values.into_iter().filter_map(|value| policy.take(&mut kept, value)).collect();
        batches.push(if P::ENDS_WITH_THE_WINDOW { kept.take() } else { Vec::new() });
        batches
    }

    #[test]
    fn the_last_slide_on() {
        let last = |values, every| batches(&Last { values, every }, 1..=5);
        assert_eq!(last(2, 1), [vec![1], vec![1, 2], vec![2, 3], vec![3, 4], vec![4, 5], vec![]]);
        assert_eq!(last(3, 2), [vec![1, 2], vec![2, 3, 4], vec![]]);
        // What lies between is left out.
        assert_eq!(last(1, 2), [vec![2], vec![4], vec![]]);
    }

    #[test]
    fn every_value_is_in_one_batch() {
        assert_eq!(batches(&Count { values: 2 }, 1..=5), [vec![1, 2], vec![3, 4], vec![5]]);
        let stops = Punctuated { is_last: |n: &i64| n % 3 == 0 };
        assert_eq!(batches(&stops, [1, 2, 3, 6, 7]), [vec![1, 2, 3], vec![6], vec![7]]);
    }

    #[test]
    fn a_change_is_one_from_the_first() {
        let delta = Delta { delta: 2.0, of: |n: &f64| *n };
        let drifts = batches(&delta, [1.0, 2.0, 3.0, 4.0, 2.0, 1.5]);
        assert_eq!(drifts, [vec![1.0, 2.0, 3.0], vec![4.0, 2.0], vec![1.5]]);
        let infinities = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, 1.0];
        assert_eq!(batches(&delta, infinities).iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
        let unknown = batches(&delta, [f64::NAN, f64::NAN, 1.0]);
        assert_eq!(unknown.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
    }
}
