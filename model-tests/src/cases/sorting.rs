//! The values of groups in order.

use std::cmp::Reverse;

use fastrand::Rng;
use watershed::prelude::*;

use super::{
    timed::{create, folds, panes, scores, sorted},
    told::stream,
};
use crate::{Bench, cases, naive::Windowing};

cases! {
    values_come_in_their_order: "GP-30";
    values_come_in_the_order_of_a_secondary_key: "GP-30";
    every_pane_is_sorted: "GP-30";
}

fn values_come_in_their_order(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(3, bundle_elements) {
            let elements = scores(&mut Rng::with_seed(bench.options().seed), 200);
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let pairs = windowing.apply(&create(&pipeline, &elements));
                let found = pairs.group_by_key().sort_values().collect();
                pipeline.run();
                assert_eq!(panes(&found), folds(&elements, windowing, sorted), "{windowing:?}");
            }
        }
    }
}

/// A reading of which the order is by its time alone.
type Reading = (u8, String);

fn readings() -> Vec<(u8, Reading)> {
    (0..120u32)
        .map(|n| ((n % 3) as u8, ((n * 7 % 20) as u8, format!("r{}", n * 11 % 120))))
        .collect()
}

fn values_come_in_the_order_of_a_secondary_key(bench: &Bench) {
    fn expected<O: Ord>(by: impl Fn(&Reading) -> O) -> Vec<(u8, Vec<Reading>)> {
        let of_key = |key: u8| {
            let mut values: Vec<Reading> = readings()
                .into_iter()
                .filter(|(of, _)| *of == key)
                .map(|(_, value)| value)
                .collect();
            // At one time by the bytes: those of a text begin with its length.
            values.sort_by_key(|reading| (by(reading), reading.1.len(), reading.1.clone()));
            (key, values)
        };
        (0..3).map(of_key).collect()
    }
    for bench in bench.seeds(6, 8) {
        let pipeline = bench.pipeline();
        let groups = pipeline.create(readings()).group_by_key();
        let rising = groups.sort_values_by(|reading| reading.0).collect();
        let falling = groups.sort_values_by(|reading| Reverse(reading.0)).collect();
        let floats = groups.sort_values_by(|reading| -f64::from(reading.0)).collect();
        pipeline.run();
        assert_eq!(sorted(rising.values()), expected(|reading| reading.0));
        assert_eq!(sorted(falling.values()), expected(|reading| Reverse(reading.0)));
        assert_eq!(sorted(floats.values()), expected(|reading| Reverse(reading.0)));
    }
}

fn every_pane_is_sorted(bench: &Bench) {
    let windows = GlobalWindows.triggering(Repeatedly::of(AfterCount::of(1))).accumulating();
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let scores = pipeline.apply(stream("a=3@1 a=1@2 | a=2@3 | b=5@4"));
        let groups = scores.window(windows.clone()).group_by_key();
        let found = groups.sort_values().collect();
        pipeline.run();
        let expected: [(&str, Vec<i64>); 3] =
            [("a", vec![1, 2, 3]), ("a", vec![1, 3]), ("b", vec![5])];
        let expected = expected.map(|(name, points)| (name.to_owned(), points));
        let found: Vec<(String, Vec<i64>)> = sorted(found.values());
        assert_eq!(found, expected);
    }
}
