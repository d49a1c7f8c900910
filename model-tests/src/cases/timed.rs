//! Keyed elements with times for the cases on grouping, and what their groups are.

use std::fmt::Debug;

use fastrand::Rng;
use watershed::{
    Collected, Create, Element, Key, PCollection, Pipeline, Timestamp,
    model::{PaneInfo, Sign},
};

use crate::naive::{SECOND, Span, Windowing, groups};

/// A key, a value, and a time in microseconds.
pub(super) type Timed<K, V> = (K, V, i64);

/// Elements of few keys around the epoch; many of them on the bounds of windows, or beside.
pub(super) fn scores(random: &mut Rng, n: usize) -> Vec<Timed<u8, i64>> {
    let score = |random: &mut Rng| {
        let beside = if random.bool() { random.i64(-1..=1) } else { 0 };
        let time = random.i64(-40..80) * SECOND + beside;
        (random.u8(0..7), random.i64(-100..100), time)
    };
    (0..n).map(|_| score(random)).collect()
}

/// A source of these elements.
pub(super) fn create<K: Element, V: Element>(
    pipeline: &Pipeline,
    elements: &[Timed<K, V>],
) -> PCollection<(K, V)> {
    let timed = elements
        .iter()
        .map(|(key, value, time)| ((key.clone(), value.clone()), Timestamp::from_micros(*time)));
    pipeline.apply(Create::timestamped(timed.collect::<Vec<_>>()))
}

/// For each key and window what `fold` makes of its values, sorted, by definition.
pub(super) fn folds<K: Key + Ord, V: Clone, O: Ord>(
    elements: &[Timed<K, V>],
    windowing: Windowing,
    fold: impl Fn(Vec<V>) -> O,
) -> Vec<((K, O), Span)> {
    let elements = elements
        .iter()
        .map(|(key, value, time)| (key.clone(), windowing.assign(*time), value.clone()));
    let groups = groups(elements, windowing.is_merging()).into_iter();
    sorted(groups.map(|((key, span), values)| ((key, fold(values)), span)).collect())
}

/// The panes of a collection, sorted, each with its window. Each must stand in one window, at its
/// end, and be its only one.
#[track_caller]
pub(super) fn panes<T: Element + Ord + Debug>(collected: &Collected<T>) -> Vec<(T, Span)> {
    let panes = collected.observed().into_iter().map(|pane| {
        let [window] = pane.windows.as_slice() else { panic!("in several windows: {pane:?}") };
        let span = Span::from(window);
        assert_eq!(pane.timestamp.as_micros(), span.last(), "{pane:?}");
        assert_eq!((pane.pane, pane.sign), (PaneInfo::ONLY, Sign::Insertion), "{pane:?}");
        (pane.value, span)
    });
    sorted(panes.collect())
}

/// The same, in ascending order.
pub(super) fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}
