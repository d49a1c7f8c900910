//! A pipeline of many steps, and all that its collections hold after a run.

use std::{collections::BTreeMap, fmt::Debug};

use fastrand::Rng;
use watershed::{
    Element, PCollection, Pipeline,
    combine::{Count, HotKey, Max, Mean, Sample, Sum, Top},
    testing::TestPipeline,
};

use super::timed::{create, scores, sorted};
use crate::{naive::Windowing, spread::Spread};

/// What each of several collections holds, by name: its elements with all that they carry, as sorted
/// texts.
pub(super) type Outputs = BTreeMap<&'static str, Vec<String>>;

/// Runs the pipeline.
#[track_caller]
pub(super) fn outputs(pipeline: &TestPipeline, windowing: Windowing) -> Outputs {
    let looks = build(pipeline, windowing);
    pipeline.run();
    let outputs: Outputs = looks.into_iter().map(|(name, look)| (name, look())).collect();
    for (name, elements) in &outputs {
        assert!(!elements.is_empty(), "{name} is empty");
    }
    outputs
}

/// Fails and shows the difference if the two do not hold the same.
#[track_caller]
pub(super) fn assert_same(expected: &Outputs, found: &Outputs, how: &str) {
    assert!(expected.keys().eq(found.keys()), "{:?} {:?}", expected.keys(), found.keys());
    for (name, expected) in expected {
        let found = &found[name];
        if expected != found {
            let missing = without(expected, found);
            let unexpected = without(found, expected);
            panic!("{name}, {how}:\nmissing: {missing:#?}\nunexpected: {unexpected:#?}");
        }
    }
}

/// The first of those that are more often here than there.
fn without(here: &[String], there: &[String]) -> Vec<String> {
    let mut counts: BTreeMap<&String, i64> = BTreeMap::new();
    here.iter().for_each(|one| *counts.entry(one).or_default() += 1);
    there.iter().for_each(|one| *counts.entry(one).or_default() -= 1);
    counts.retain(|_, count| *count > 0);
    counts.into_iter().take(5).map(|(one, count)| format!("{one}  ({count} times)")).collect()
}

type Look = Box<dyn Fn() -> Vec<String>>;

/// Looks at a collection: what it holds after a run, with all that its elements carry.
fn look<T: Element + Debug>(collection: &PCollection<T>) -> Look {
    let collected = collection.collect();
    Box::new(move || sorted(collected.observed().iter().map(|one| format!("{one:?}")).collect()))
}

/// Three sources, and from them whatever a batch has.
fn build(pipeline: &Pipeline, windowing: Windowing) -> Vec<(&'static str, Look)> {
    let mut random = Rng::with_seed(4);
    let source = |n| windowing.apply(&create(pipeline, &scores(&mut random, n)));
    let [first, second, third] = [180, 90, 30].map(source);
    let pairs = pipeline.flatten([first.clone(), second.reshuffle(), third.clone()]);
    let floats = pairs.map(|(key, n)| (key, (n as f64).exp() / 3.0));
    let fan_out = HotKey::with_hot_key_fanout((Sum, Count, Max), 3);
    let words = pairs.flat_map_emit(|(key, n), out| {
        format!("{key} {n}").split(' ').for_each(|word| out.emit(word.to_owned()));
    });
    let parts = pairs.reshuffle().partition(3, |(key, _)| usize::from(key % 3));
    let again = parts[0].flatten_with(&parts[2]).combine_per_key(Count);
    let again = again.map(|(key, n)| (key % 2, n as i64));
    let (even, odd) = pairs.try_map("even", |(key, n)| match n % 2 {
        0 => Ok((*key, n / 2)),
        _ => Err(format!("{n} is odd")),
    });
    let groups = pairs.group_by_key().map_values(|group| sorted(group.into_vec()));
    let top = Top::by(2, |a: &i64, b: &i64| (a % 7).cmp(&(b % 7)));
    vec![
        ("elements", look(&pairs)),
        ("a source twice", look(&third.flatten_with(&third))),
        ("words counted", look(&words.count_per_element())),
        ("distinct", look(&pairs.values().distinct())),
        ("grouped", look(&groups)),
        ("longest groups", look(&groups.map_values(|values| values.len()).combine_per_key(Max))),
        ("sums of floats", look(&floats.combine_per_key(Sum))),
        ("sum of all floats", look(&floats.values().sum_globally())),
        ("means", look(&pairs.combine_per_key(Mean))),
        ("spread over other keys", look(&pairs.combine_per_key(fan_out))),
        ("not spread", look(&pairs.combine_per_key((Sum, Count, Max)))),
        ("tops", look(&pairs.combine_per_key(top))),
        ("samples", look(&pairs.combine_per_key(Spread(Sample::of(3).seed(5), None)))),
        ("a part", look(&parts[1])),
        ("grouped again", look(&again.combine_per_key(Sum))),
        ("windows of windows", look(&windowing.apply(&again).combine_per_key(Sum))),
        ("good ones combined", look(&even.combine_per_key(Sum))),
        ("dead letters", look(&odd)),
    ]
}
