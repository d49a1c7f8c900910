//! Streams as text, and the panes that come of them as text: for cases that no transcript of one
//! grouping can tell.

use std::fmt::Debug;

use watershed::{
    Collected, Create, Element, Key, PCollection, Pipeline, Timestamp, combine::ToList,
};

use crate::{
    oracle::{Event, heading},
    played::script,
    scripts,
};

/// A key and a number.
pub(super) type Pair = (String, i64);

/// So many seconds after the epoch.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn events(text: &str) -> Vec<Event> {
    scripts::events(text.lines().map(str::trim).filter(|line| !line.is_empty()))
}

/// The events of these lines, and then the end.
pub(super) fn stream(pipeline: &Pipeline, text: &str) -> PCollection<Pair> {
    pipeline.apply(script(&events(text)))
}

/// The elements of these lines as a batch.
pub(super) fn batch(pipeline: &Pipeline, text: &str) -> PCollection<Pair> {
    let elements = events(text).into_iter().flat_map(|event| match event {
        Event::Elements(elements) => elements,
        _ => Vec::new(),
    });
    let elements = elements.map(|element| ((element.key, element.value), element.at));
    pipeline.apply(Create::timestamped(elements))
}

/// The values of each key and window, in ascending order.
pub(super) fn lists<K: Key, V: Element + Ord>(
    pairs: &PCollection<(K, V)>,
) -> PCollection<(K, Vec<V>)> {
    pairs.combine_per_key(ToList).map_values(|mut list| {
        list.sort();
        list
    })
}

/// The first letter of each key alone.
pub(super) fn by_letter<V: Element>(pairs: &PCollection<(String, V)>) -> PCollection<(String, V)> {
    pairs.map(|(key, value)| (key[..1].to_owned(), value))
}

/// Fails unless the panes are those of these lines, in any order.
#[track_caller]
pub(super) fn are<V: Element + Debug>(panes: &Collected<(String, V)>, lines: &str) {
    let panes = panes.observed().into_iter().map(|observed| {
        let (key, value) = &observed.value;
        let [window] = observed.windows.as_slice() else {
            panic!("in several windows: {observed:?}")
        };
        let heading = heading(key, window, observed.timestamp, &observed.pane);
        format!("{heading} = {value:?}")
    });
    let mut found: Vec<String> = panes.collect();
    found.sort();
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut expected: Vec<String> = lines.map(str::to_owned).collect();
    expected.sort();
    assert!(
        found == expected,
        "found\n  {}\nand not\n  {}",
        found.join("\n  "),
        expected.join("\n  ")
    );
}
