//! The combiners and composites of the toolbox: distinct, counts, extremes, means, sums, tops, samples.

use std::collections::BTreeSet;

use fastrand::Rng;
use watershed::{
    Checks,
    combine::{Count, Max, Mean, Min, Sample, Sum, Top},
    testing::assert_that,
};

use super::timed::{Timed, create, folds, panes, scores, sorted};
use crate::{
    Bench, cases,
    naive::{SECOND, Windowing},
    spread::Spread,
};

cases! {
    the_toolbox_folds_each_key_and_window: "GP-15";
    the_toolbox_folds_whole_windows: "GP-15";
    elements_are_counted_by_themselves: "GP-15";
    a_top_of_more_than_there_are_is_all: "GP-15";
    a_sample_is_fixed_by_its_seed_alone: "GP-15";
    a_sample_takes_every_value_as_often: "GP-15";
    distinct_gives_each_value_once_a_window: "GP-15", "GP-24";
    distinct_merges_the_sessions_of_each_value: "GP-24";
}

/// The mean by the book: the exact sum, divided and rounded once.
fn mean(values: &[i64]) -> u64 {
    // Sums this small are exact as floats, and so the division is what is rounded.
    (values.iter().sum::<i64>() as f64 / values.len() as f64).to_bits()
}

fn falling(values: Vec<i64>, n: usize) -> Vec<i64> {
    let mut values = sorted(values);
    values.reverse();
    values.truncate(n);
    values
}

fn rising(values: Vec<i64>, n: usize) -> Vec<i64> {
    let mut values = sorted(values);
    values.truncate(n);
    values
}

fn the_toolbox_folds_each_key_and_window(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(4, bundle_elements) {
            let elements = scores(&mut Rng::with_seed(bench.options().seed), 200);
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let pairs = windowing.apply(&create(&pipeline, &elements));
                let count = pairs.combine_per_key(Count).collect();
                let sum = pairs.combine_per_key(Sum).collect();
                let mean_bits = pairs.combine_per_key(Mean).map_values(f64::to_bits).collect();
                let min = pairs.combine_per_key(Min).collect();
                let max = pairs.combine_per_key(Max).collect();
                let largest = pairs.combine_per_key(Top::largest(3)).collect();
                let smallest = pairs.combine_per_key(Top::smallest(2)).collect();
                pipeline.run();

                let count_of = folds(&elements, windowing, |all| all.len() as u64);
                assert_eq!(panes(&count), count_of, "{windowing:?}");
                let sums = folds(&elements, windowing, |all| all.iter().sum::<i64>());
                assert_eq!(panes(&sum), sums, "{windowing:?}");
                let means = folds(&elements, windowing, |all| mean(&all));
                assert_eq!(panes(&mean_bits), means, "{windowing:?}");
                let least = folds(&elements, windowing, |all| all.into_iter().min());
                assert_eq!(panes(&min), least, "{windowing:?}");
                let most = folds(&elements, windowing, |all| all.into_iter().max());
                assert_eq!(panes(&max), most, "{windowing:?}");
                let three = folds(&elements, windowing, |all| falling(all, 3));
                assert_eq!(panes(&largest), three, "{windowing:?}");
                let two = folds(&elements, windowing, |all| rising(all, 2));
                assert_eq!(panes(&smallest), two, "{windowing:?}");
            }
        }
    }
}

/// The same elements under one key, which a fold of everything does not show.
fn without_keys(elements: &[Timed<u8, i64>]) -> Vec<Timed<u8, i64>> {
    elements.iter().map(|(_, value, time)| (0, *value, *time)).collect()
}

fn the_toolbox_folds_whole_windows(bench: &Bench) {
    for bench in bench.seeds(3, 9) {
        let elements = scores(&mut Rng::with_seed(bench.options().seed), 90);
        let all = without_keys(&elements);
        for windowing in Windowing::SAMPLES {
            let pipeline = bench.pipeline();
            let values = windowing.apply(&create(&pipeline, &elements)).values();
            // A key stands before each result, so that they compare as those above.
            let count = values.count_globally().with_keys(0u8).collect();
            let sum = values.sum_globally().with_keys(0u8).collect();
            let mean_bits = values.mean_globally().map(f64::to_bits).with_keys(0u8).collect();
            let min = values.min_globally().with_keys(0u8).collect();
            let max = values.max_globally().with_keys(0u8).collect();
            let largest = values.largest_globally(4).with_keys(0u8).collect();
            let smallest = values.smallest_globally(4).with_keys(0u8).collect();
            let both = values.combine_globally((Count, Max)).with_keys(0u8).collect();
            pipeline.run();

            let counts = folds(&all, windowing, |all| all.len() as u64);
            assert_eq!(panes(&count), counts, "{windowing:?}");
            let sums = folds(&all, windowing, |all| all.iter().sum::<i64>());
            assert_eq!(panes(&sum), sums, "{windowing:?}");
            assert_eq!(panes(&mean_bits), folds(&all, windowing, |all| mean(&all)));
            assert_eq!(panes(&min), folds(&all, windowing, |all| all.into_iter().min()));
            assert_eq!(panes(&max), folds(&all, windowing, |all| all.into_iter().max()));
            assert_eq!(panes(&largest), folds(&all, windowing, |all| falling(all, 4)));
            assert_eq!(panes(&smallest), folds(&all, windowing, |all| rising(all, 4)));
            let pairs = folds(&all, windowing, |all| (all.len() as u64, all.into_iter().max()));
            assert_eq!(panes(&both), pairs, "{windowing:?}");
        }
    }
}

/// The elements with their values as keys.
fn by_value(elements: &[Timed<u8, i64>]) -> Vec<Timed<i64, ()>> {
    elements.iter().map(|(_, value, time)| (value % 6, (), *time)).collect()
}

fn elements_are_counted_by_themselves(bench: &Bench) {
    for bench in bench.seeds(4, 7) {
        let elements = by_value(&scores(&mut Rng::with_seed(bench.options().seed), 200));
        for windowing in Windowing::SAMPLES {
            let pipeline = bench.pipeline();
            let values = windowing.apply(&create(&pipeline, &elements)).keys();
            let counts = values.count_per_element().collect();
            pipeline.run();
            let expected = folds(&elements, windowing, |all| all.len() as u64);
            assert_eq!(panes(&counts), expected, "{windowing:?}");
        }
    }
}

fn a_top_of_more_than_there_are_is_all(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let few = pipeline.create([3i64, 9, 9, 1]);
        assert_that(&few.largest_globally(9)).is_singleton(vec![9, 9, 3, 1]);
        assert_that(&few.smallest_globally(4)).is_singleton(vec![1, 3, 9, 9]);
        assert_that(&few.largest_globally(0)).is_singleton(vec![]);
        let all = few.sample_globally(9, 1).map(sorted);
        assert_that(&all).is_singleton(vec![1, 3, 9, 9]);
        pipeline.run();
    }
}

fn a_sample_is_fixed_by_its_seed_alone(bench: &Bench) {
    let sample = |bench: &Bench, checks, seed| {
        let mut options = bench.options();
        options.checks = checks;
        let pipeline = bench.pipeline_with(options);
        let pairs = pipeline.create((0..300i64).map(|n| ((n % 2) as u8, n)));
        let globally = pairs.values().sample_globally(10, seed).collect();
        let of_key = Sample::of(10).seed(seed);
        let spread = pairs.combine_per_key(Spread(of_key, Some(3))).collect();
        let per_key = pairs.combine_per_key(Spread(of_key, None)).collect();
        pipeline.run();
        let per_key = sorted(per_key.values());
        assert_eq!(per_key, sorted(spread.values()));
        let [globally] = &globally.values()[..] else { panic!("{:?}", globally.values()) };
        for sample in per_key.iter().map(|(_, sample)| sample).chain([globally]) {
            assert_eq!(sample.iter().collect::<BTreeSet<_>>().len(), 10, "{sample:?}");
        }
        assert!(
            per_key.iter().all(|(key, sample)| sample.iter().all(|n| n % 2 == i64::from(*key)))
        );
        (globally.clone(), per_key)
    };
    let first = sample(bench, Checks::Off, 7);
    for bundle_elements in [1, 64] {
        for bench in bench.seeds(3, bundle_elements) {
            assert_eq!(sample(&bench, Checks::Full, 7), first);
            assert_ne!(sample(&bench, Checks::Full, 8), first);
        }
    }
}

fn a_sample_takes_every_value_as_often(bench: &Bench) {
    let pipeline = bench.pipeline();
    let values = pipeline.create(0..40i64);
    let taken = (0..400).map(|seed| values.sample_globally(10, seed));
    let taken = pipeline.flatten(taken).flat_map(|sample| sample).count_per_element().collect();
    pipeline.run();
    let taken = taken.values();
    assert_eq!(taken.len(), 40);
    // 100 of each are expected, and the deviation is 9; beyond six of those lies no chance.
    assert!(taken.iter().all(|(_, times)| (46..=154).contains(times)), "{taken:?}");
}

fn distinct_gives_each_value_once_a_window(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(3, bundle_elements) {
            let elements = by_value(&scores(&mut Rng::with_seed(bench.options().seed), 200));
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let values = windowing.apply(&create(&pipeline, &elements)).keys();
                let once = values.distinct();
                let twice = once.distinct().with_keys(0u8).collect();
                let doubled = values.flatten_with(&values).distinct().with_keys(0u8).collect();
                let once = once.with_keys(0u8).collect();
                pipeline.run();

                let expected = folds(&elements, windowing, |_| ()).into_iter();
                let expected = sorted(expected.map(|((n, ()), span)| ((0, n), span)).collect());
                assert_eq!(panes(&once), expected, "{windowing:?}");
                assert_eq!(panes(&twice), expected, "{windowing:?}");
                assert_eq!(panes(&doubled), expected, "{windowing:?}");
            }
        }
    }
}

fn distinct_merges_the_sessions_of_each_value(bench: &Bench) {
    // 7 three times within a gap each, then once exactly a gap later; 8 in between.
    let gap = 2 * SECOND;
    let elements = [(7, 0), (8, 1), (7, gap - 1), (7, 2 * gap - 2), (7, 3 * gap - 2)];
    let elements: Vec<Timed<i64, ()>> =
        elements.into_iter().map(|(value, time)| (value, (), time)).collect();
    for bench in bench.seeds(6, 1) {
        let pipeline = bench.pipeline();
        let values = Windowing::Sessions { gap }.apply(&create(&pipeline, &elements)).keys();
        let found = values.distinct().with_keys(0u8).collect();
        pipeline.run();
        let session = |start, end| crate::naive::Span::Interval { start, end };
        let expected = [
            ((0, 7), session(0, 3 * gap - 2)),
            ((0, 7), session(3 * gap - 2, 4 * gap - 2)),
            ((0, 8), session(1, 1 + gap)),
        ];
        assert_eq!(panes(&found), expected);
    }
}
