//! Grouping by key: which values come together, in which windows, and in what order.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use watershed::{Checks, Group, Key, Sessions, seconds, testing::assert_that};

use super::timed::{Timed, create, folds, panes, scores, sorted};
use crate::{
    Bench, cases,
    naive::{SECOND, Span, Windowing},
};

cases! {
    every_value_reaches_its_key_and_window: "GP-01", "GP-26";
    keys_of_any_type_group: "GP-01";
    values_of_many_bundles_form_one_group: "GP-02";
    sessions_grow_together_over_many_bundles: "GP-02";
    sessions_stay_as_merged_until_windowed_anew: "GP-19";
    panes_stand_at_the_end_of_their_keys_window: "GP-26";
    the_order_of_a_group_is_not_promised: "GP-21";
}

fn every_value_reaches_its_key_and_window(bench: &Bench) {
    for bundle_elements in [1, 7, 4096] {
        for bench in bench.seeds(4, bundle_elements) {
            let elements = scores(&mut Rng::with_seed(bench.options().seed), 250);
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let groups = windowing.apply(&create(&pipeline, &elements)).group_by_key();
                let groups = groups.map_values(|group| sorted(group.into_vec())).collect();
                pipeline.run();
                assert_eq!(panes(&groups), folds(&elements, windowing, sorted), "{windowing:?}");
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Place {
    Nowhere,
    Seat(char, u8),
    Hall { name: String, doors: BTreeMap<u8, Option<bool>> },
}

fn keys_of_any_type_group(bench: &Bench) {
    let doors = BTreeMap::from([(1, None), (2, Some(true))]);
    group_by_each(bench, ["", "a", "ab", "ü"].map(String::from));
    group_by_each(bench, [(Some(vec![]), -1i128), (Some(vec![0u8]), -1), (None, -1), (None, 0)]);
    group_by_each(
        bench,
        [
            Place::Nowhere,
            Place::Seat('a', 1),
            Place::Seat('a', 2),
            Place::Hall { name: "a".into(), doors: BTreeMap::new() },
            Place::Hall { name: "a".into(), doors },
        ],
    );
}

fn group_by_each<K: Key + Debug>(bench: &Bench, keys: impl IntoIterator<Item = K> + Clone) {
    let mut pairs = Vec::new();
    for value in 0..20i64 {
        pairs.extend(keys.clone().into_iter().map(|key| (key, value)));
    }
    let expected = keys.into_iter().map(|key| (format!("{key:?}"), (0..20).collect()));
    let expected: BTreeMap<String, Vec<i64>> = expected.collect();
    for bench in bench.seeds(2, 3) {
        let pipeline = bench.pipeline();
        let groups = pipeline.create(pairs.clone()).group_by_key();
        let shown = |(key, group): (K, Group<i64>)| (format!("{key:?}"), sorted(group.into_vec()));
        let groups = groups.map(shown).collect();
        pipeline.run();
        assert_eq!(groups.values().len(), expected.len());
        assert_eq!(groups.values().into_iter().collect::<BTreeMap<_, _>>(), expected);
    }
}

fn values_of_many_bundles_form_one_group(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let source = |from: i64| pipeline.create((from..from + 400).map(|n| ((n % 2) as u8, n)));
        let pairs = pipeline.flatten([source(0), source(400), source(800).reshuffle()]);
        let groups = pairs.reshuffle().group_by_key();
        let of = |key: u8| (0..1_200).filter(|n| n % 2 == i64::from(key)).collect::<Vec<i64>>();
        let all = groups.map_values(|group| {
            assert_eq!((group.len(), group.iter().count()), (600, 600));
            sorted(group.into_vec())
        });
        assert_that(&all).contains_in_any_order([(0, of(0)), (1, of(1))]);
        pipeline.run();
    }
}

/// Elements one gap apart, less a microsecond: the last to come closes the last hole.
fn sessions_grow_together_over_many_bundles(bench: &Bench) {
    let windowing = Windowing::Sessions { gap: SECOND };
    for bundle_elements in [1, 5] {
        for bench in bench.seeds(4, bundle_elements) {
            let mut random = Rng::with_seed(bench.options().seed);
            let mut elements: Vec<Timed<u8, i64>> =
                (0..300).map(|n| ((n % 2) as u8, n, (n / 2) * (SECOND - 1))).collect();
            random.shuffle(&mut elements);
            let whole = folds(&elements, windowing, sorted);
            assert_eq!(whole.len(), 2);

            let hole = elements.iter().position(|(_, n, _)| *n == 150).unwrap();
            for elements in [&elements[..], &[&elements[..hole], &elements[hole + 1..]].concat()] {
                let pipeline = bench.pipeline();
                let groups = windowing.apply(&create(&pipeline, elements)).group_by_key();
                let groups = groups.map_values(|group| sorted(group.into_vec())).collect();
                pipeline.run();
                let found = panes(&groups);
                assert_eq!(found, folds(elements, windowing, sorted));
                assert_eq!(found.len(), if elements.len() == 300 { 2 } else { 3 });
            }
        }
    }
}

fn interval(start: i64, end: i64) -> Span {
    Span::Interval { start, end }
}

fn sessions_stay_as_merged_until_windowed_anew(bench: &Bench) {
    // The sessions of "a" and "b" overlap, which nobody sees before they stand under one key.
    let elements = [("a", 1, 0), ("a", 2, SECOND), ("b", 4, 2 * SECOND), ("b", 8, 3 * SECOND - 1)];
    let elements = elements.map(|(key, value, time)| (key.to_owned(), value, time));
    for bench in bench.seeds(8, 2) {
        let pipeline = bench.pipeline();
        let sessions = create(&pipeline, &elements).window(Sessions::with_gap(seconds(2)));
        let sums = sessions.combine_per_key(watershed::combine::Sum);
        let together = sums.map(|(_, sum)| (0u8, sum)).reshuffle();
        let merged = together.group_by_key().map_values(|sums| sorted(sums.into_vec())).collect();
        let again = together.window(Sessions::with_gap(seconds(3))).group_by_key();
        let again = again.map_values(|sums| sorted(sums.into_vec())).collect();
        pipeline.run();

        let (first, second) = (interval(0, 3 * SECOND), interval(2 * SECOND, 5 * SECOND - 1));
        assert_eq!(panes(&merged), [((0, vec![3]), first), ((0, vec![12]), second)]);
        let anew = interval(3 * SECOND - 1, 8 * SECOND - 2);
        assert_eq!(panes(&again), [((0, vec![3, 12]), anew)]);
    }
}

fn panes_stand_at_the_end_of_their_keys_window(bench: &Bench) {
    let elements = scores(&mut Rng::with_seed(26), 120);
    let doubled = [&elements[..], &elements[..]].concat();
    for windowing in Windowing::SAMPLES {
        for bench in bench.seeds(2, 16) {
            let pipeline = bench.pipeline();
            let pairs = windowing.apply(&create(&pipeline, &elements));
            let reshuffled = pairs.reshuffle().group_by_key();
            let flattened = pairs.flatten_with(&pairs).group_by_key();
            let counts = flattened.map_values(|group| group.len() as i64);
            let grouped = counts.group_by_key().map_values(|counts| counts.into_vec()).collect();
            let flattened = flattened.map_values(|group| sorted(group.into_vec())).collect();
            let reshuffled = reshuffled.map_values(|group| sorted(group.into_vec())).collect();
            pipeline.run();
            assert_eq!(panes(&reshuffled), folds(&elements, windowing, sorted));
            assert_eq!(panes(&flattened), folds(&doubled, windowing, sorted));
            assert_eq!(
                panes(&grouped),
                folds(&doubled, windowing, |group| vec![group.len() as i64])
            );
        }
    }
}

fn the_order_of_a_group_is_not_promised(bench: &Bench) {
    let mut orders = BTreeSet::new();
    for bench in bench.seeds(6, 4096) {
        let mut options = bench.options();
        options.checks = Checks::Full;
        let pipeline = bench.pipeline_with(options);
        let groups = pipeline.create((0..100).map(|n| (0u8, n))).group_by_key();
        let groups = groups.map_values(|group| group.into_vec()).collect();
        pipeline.run();
        let [(0, values)] = &groups.values()[..] else { panic!("{:?}", groups.values()) };
        assert_eq!(sorted(values.clone()), (0..100).collect::<Vec<i64>>());
        orders.insert(values.clone());
    }
    if bench.runner() == "direct" {
        assert_eq!(orders.len(), 6, "{orders:?}");
    }
}
