//! The latest, and answers that are near enough: quantiles and counts of different values.

use std::collections::BTreeSet;

use fastrand::Rng;
use watershed::{
    combine::{ApproximateCountDistinct, ApproximateQuantiles, CombineOver},
    prelude::*,
};

use super::{
    timed::{Timed, create, folds, panes, scores, sorted},
    told::stream,
};
use crate::{Bench, cases, naive::Windowing, spread::Spread};

cases! {
    the_latest_of_each_key_and_window: "GP-15", "GP-23";
    the_latest_of_all: "GP-15", "GP-23";
    the_latest_of_late_panes: "GP-15";
    quantiles_are_within_their_error: "GP-15";
    different_values_are_counted_within_the_error: "GP-15";
    sketches_do_not_show_how_the_work_was_cut: "GP-15", "EQ-04";
}

/// The latest value, and of several the one with the least bytes, by definition.
fn latest(all: Vec<(i64, i64)>) -> i64 {
    let at = all.iter().map(|(at, _)| *at).max().expect("a group of something");
    let of_then = all.iter().filter(|(other, _)| *other == at).map(|(_, value)| *value);
    of_then.min_by_key(|value| value.to_le_bytes()).expect("it was found there")
}

/// Elements of which many are of one time, each with its time beside its value.
fn tied(random: &mut Rng, n: usize) -> Vec<Timed<u8, (i64, i64)>> {
    let second = 1_000_000;
    let elements = scores(random, n).into_iter().map(|(key, value, time)| {
        let time = time.div_euclid(20 * second) * 20 * second;
        (key, (time, 1000 * value), time)
    });
    elements.collect()
}

fn the_latest_of_each_key_and_window(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(4, bundle_elements) {
            let elements = tied(&mut Rng::with_seed(bench.options().seed), 150);
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let pairs = windowing.apply(&create(&pipeline, &elements)).map_values(|(_, n)| n);
                let found = pairs.latest_per_key().collect();
                pipeline.run();
                assert_eq!(panes(&found), folds(&elements, windowing, latest), "{windowing:?}");
            }
        }
    }
}

fn the_latest_of_all(bench: &Bench) {
    for bench in bench.seeds(4, 5) {
        let elements = tied(&mut Rng::with_seed(bench.options().seed), 90);
        let all: Vec<_> = elements.iter().map(|(_, value, time)| (0, *value, *time)).collect();
        for windowing in Windowing::SAMPLES {
            let pipeline = bench.pipeline();
            let values = windowing.apply(&create(&pipeline, &elements)).values().map(|(_, n)| n);
            let found = values.latest_globally().with_keys(0u8).collect();
            pipeline.run();
            let expected = folds(&all, windowing, |all| Some(latest(all)));
            assert_eq!(panes(&found), expected, "{windowing:?}");
        }
        let pipeline = bench.pipeline();
        let none = pipeline.create::<i64>([]).latest_globally().collect();
        pipeline.run();
        assert_eq!(none.values(), [None]);
    }
}

fn the_latest_of_late_panes(bench: &Bench) {
    let windows = FixedWindows::of(seconds(10)).triggering(Trigger::Default);
    let windows = windows.allowed_lateness(seconds(20));
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let scores = pipeline.apply(stream("a=1@5 | a=2@3 | w10 | a=3@4 | a=4@6"));
        let discarding = scores.window(windows.clone().discarding()).latest_per_key().collect();
        let accumulating = scores.window(windows.clone().accumulating()).latest_per_key().collect();
        pipeline.run();
        let points =
            |found: Vec<(String, i64)>| sorted(found.into_iter().map(|pair| pair.1).collect());
        assert_eq!(points(discarding.values()), [1, 3, 4]);
        assert_eq!(points(accumulating.values()), [1, 1, 4]);
    }
}

const PLACES: [f64; 7] = [0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0];

/// Numbers of several kinds: few and many, near each other and far apart, negative too.
fn numbers(random: &mut Rng) -> Vec<f64> {
    let n = random.usize(1..3000);
    let kind = random.u8(0..3);
    let number = |random: &mut Rng| match kind {
        0 => random.f64() * 1000.0,
        1 => (random.f64() * 40.0 - 20.0).exp(),
        _ => (random.f64() - 0.5) * 1e6,
    };
    (0..n).map(|_| number(random)).collect()
}

fn quantiles_are_within_their_error(bench: &Bench) {
    for bench in bench.seeds(9, 64) {
        let numbers = numbers(&mut Rng::with_seed(bench.options().seed));
        for error in [0.01, 0.001] {
            let pipeline = bench.pipeline();
            let sketch = ApproximateQuantiles::of(PLACES).with_relative_error(error);
            let found = pipeline.create(numbers.clone()).combine_globally(sketch).collect();
            pipeline.run();
            let mut exact = numbers.clone();
            exact.sort_by(f64::total_cmp);
            let [found] = &found.values()[..] else { panic!("{:?}", found.values()) };
            for (q, found) in std::iter::zip(PLACES, found) {
                let exact = exact[(q * (exact.len() - 1) as f64) as usize];
                let off = (found - exact).abs() / exact.abs();
                assert!(off <= error * 1.000_001, "{q} of {}: {found} for {exact}", numbers.len());
            }
        }
    }
    let pipeline = bench.pipeline();
    let wrong = pipeline.create([1.0]).combine_globally(ApproximateQuantiles::of([2.0]));
    wrong.for_each(|_| ());
    let told = pipeline.try_run().unwrap_err().to_string();
    assert!(told.contains("CombineGlobally") && told.contains("quantile 2"), "{told}");
}

fn different_values_are_counted_within_the_error(bench: &Bench) {
    for bench in bench.seeds(4, 256) {
        let mut random = Rng::with_seed(bench.options().seed);
        for (precision, error) in [(14, 0.0081), (10, 0.0325)] {
            let n = [3, 40, 900, 20_000][bench.options().seed as usize % 4];
            let pairs: Vec<(u8, u64)> =
                (0..2 * n).map(|_| (random.u8(0..2), random.u64(0..n))).collect();
            let pipeline = bench.pipeline();
            let sketch = ApproximateCountDistinct::with_precision(precision);
            let counts = pipeline.create(pairs.clone()).combine_per_key(sketch).collect();
            pipeline.run();
            for (key, count) in counts.values() {
                let of_key = pairs.iter().filter(|(other, _)| *other == key);
                let exact = of_key.map(|(_, value)| *value).collect::<BTreeSet<_>>().len() as f64;
                let off = (count as f64 - exact).abs();
                assert!(off <= (4.0 * error * exact).max(1.0), "{count} for {exact}");
            }
        }
    }
}

fn sketches_do_not_show_how_the_work_was_cut(bench: &Bench) {
    let numbers: Vec<(u8, f64)> = {
        let mut random = Rng::with_seed(3);
        (0..2000).map(|_| (random.u8(0..3), random.f64() * 100.0)).collect()
    };
    let sketches = |bench: &Bench, fanout| {
        let pipeline = bench.pipeline();
        let pairs = pipeline.create(numbers.clone());
        let count = ApproximateCountDistinct::with_precision(8).over(|x: &f64| *x as u32);
        let both = (ApproximateQuantiles::of(PLACES), count);
        let found = pairs.combine_per_key(Spread(both, fanout)).collect();
        pipeline.run();
        let bits = |all: Vec<f64>| all.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let found = found.values().into_iter();
        sorted(found.map(|(key, (places, count))| (key, bits(places), count)).collect())
    };
    let first = sketches(bench, None);
    for bundle_elements in [1, 64] {
        for bench in bench.plans(bundle_elements) {
            assert_eq!(sketches(&bench, None), first);
        }
    }
    assert_eq!(sketches(bench, Some(3)), first);
}
