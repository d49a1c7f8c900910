//! Batches that a policy ends.

use watershed::{PCollection, PTransform, RunReport, prelude::*};

use super::{
    batching::said,
    remembering::{global, tens},
    timed::sorted,
    told::{Score, drops, stream},
};
use crate::{Bench, cases};

cases! {
    a_policy_says_which_values_go_together: "GP-31";
    batches_do_not_show_how_values_arrive: "GP-31";
    at_one_time_values_stand_by_their_bytes: "GP-31", "ST-10";
    a_window_ends_its_last_batch: "GP-31";
    values_may_be_taken_as_they_arrive: "GP-31";
    batches_of_many_keys_are_those_of_each: "GP-31";
}

/// Plays a script through a policy.
fn play(
    bench: &Bench,
    script: &str,
    policy: impl PTransform<PCollection<Score>, Output = PCollection<(String, Vec<i64>)>>,
    window: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
) -> (Vec<String>, RunReport) {
    let pipeline = bench.pipeline();
    let found = window(&pipeline.apply(stream(script))).apply(policy).collect();
    let report = pipeline.run();
    (said(&found, |(name, points)| format!("{name}={points:?}")), report)
}

/// One history, as a stream in two orders of arrival, and all at once.
const SCRIPTS: [&str; 3] = [
    "a=5@5 a=1@1 | b=9@2 | a=3@3 | w6 | a=4@6 a=7@7 | b=8@8",
    "b=9@2 | a=1@1 | w1.5 | a=3@3 | a=7@7 | a=5@5 | b=8@8 | a=4@6 | w9",
    "a=1@1 b=9@2 a=3@3 a=5@5 a=4@6 a=7@7 b=8@8",
];

fn a_policy_says_which_values_go_together(bench: &Bench) {
    for bench in bench.seeds(2, 1) {
        for script in SCRIPTS {
            let (found, _) = play(&bench, script, PolicyWindows::count(2), global);
            assert_eq!(found, ["a=[1, 3] @3", "a=[5, 4] @6", "a=[7] @end", "b=[9, 8] @8"]);

            let (found, _) = play(&bench, script, PolicyWindows::last(3), global);
            let of_a = ["a=[1, 3, 5] @5", "a=[1, 3] @3", "a=[1] @1", "a=[3, 5, 4] @6"];
            let expected = [&of_a[..], &["a=[5, 4, 7] @7", "b=[9, 8] @8", "b=[9] @2"]].concat();
            assert_eq!(found, expected);
            let (found, _) = play(&bench, script, PolicyWindows::last(3).every(2), global);
            assert_eq!(found, ["a=[1, 3] @3", "a=[3, 5, 4] @6", "b=[9, 8] @8"]);

            let near = PolicyWindows::delta(2.0, |points: &i64| *points as f64);
            let (found, _) = play(&bench, script, near, global);
            assert_eq!(found, ["a=[1, 3] @5", "a=[5, 4, 7] @end", "b=[9, 8] @end"]);

            let fives = PolicyWindows::punctuated(|points: &i64| points % 5 == 0);
            let (found, _) = play(&bench, script, fives, global);
            assert_eq!(found, ["a=[1, 3, 5] @5", "a=[4, 7] @end", "b=[9, 8] @end"]);
        }
    }
}

fn batches_do_not_show_how_values_arrive(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(3, bundle_elements) {
            let pipeline = bench.pipeline();
            let values = (0..200u64).map(|n| (n % 7, n * 37 % 200));
            let timed = pipeline.create(values).with_timestamps(|(_, second)| at(*second));
            let found = timed.apply(PolicyWindows::count(8)).collect();
            pipeline.run();
            let expected = (0..7).flat_map(|key| {
                let of_key = (0..200u64).filter(move |n| n % 7 == key).map(|n| n * 37 % 200);
                let rising = sorted(of_key.collect::<Vec<_>>());
                rising.chunks(8).map(|batch| (key, batch.to_vec())).collect::<Vec<_>>()
            });
            assert_eq!(sorted(found.values()), expected.collect::<Vec<_>>());
        }
    }
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_seconds(second as i64)
}

fn at_one_time_values_stand_by_their_bytes(bench: &Bench) {
    // The least byte of a number comes first.
    let scripts = ["a=2@1 | a=256@1 | a=1@1", "a=1@1 | a=2@1 | a=256@1", "a=2@1 a=1@1 a=256@1"];
    for script in scripts {
        for bench in bench.seeds(3, 1) {
            let (found, _) = play(&bench, script, PolicyWindows::count(3), global);
            assert_eq!(found, ["a=[256, 1, 2] @1"], "{script}");
        }
    }
}

fn a_window_ends_its_last_batch(bench: &Bench) {
    // Five seconds late is in time, and finds its place; later than that is dropped.
    let script = "a=1@1 | a=3@9 | w12 | a=4@8 | a=9@2 | a=5@12 | w40";
    for bench in bench.seeds(3, 1) {
        let (found, report) = play(&bench, script, PolicyWindows::count(2), tens(5));
        let expected = ["a=[1, 4] @8 0..10", "a=[3] @9.999999 0..10", "a=[5] @19.999999 10..20"];
        assert_eq!(found, expected);
        assert_eq!(drops(&report), [1, 0]);
        let stops = PolicyWindows::punctuated(|points: &i64| *points == 4);
        let (found, _) = play(&bench, script, stops, tens(5));
        assert_eq!(found, expected);
        let (found, _) = play(&bench, script, PolicyWindows::last(2).every(2), tens(5));
        assert_eq!(found, ["a=[1, 4] @8 0..10"]);
    }
}

fn values_may_be_taken_as_they_arrive(bench: &Bench) {
    let script = "a=5@5 | w2 | a=1@1 | a=3@3 | w12 | a=4@4";
    for bench in bench.seeds(3, 1) {
        let by_arrival = PolicyWindows::count(2).in_order_of_arrival();
        let (found, report) = play(&bench, script, by_arrival, tens(5));
        assert_eq!(found, ["a=[3, 4] @4 0..10", "a=[5, 1] @1 0..10"]);
        assert_eq!(drops(&report), [0, 0]);
    }
}

fn batches_of_many_keys_are_those_of_each(bench: &Bench) {
    for bench in bench.seeds(3, 16) {
        let pipeline = bench.pipeline();
        let values = (0..300u64).map(|n| (n % 50, n));
        let timed = pipeline.create(values).with_timestamps(|(_, n)| at(*n));
        let windowed = timed.window(FixedWindows::of(seconds(100)));
        // Each key has two values in each of three windows.
        let found = windowed.apply(PolicyWindows::last(1).every(2)).collect();
        let all = windowed.apply(PolicyWindows::count(5)).collect();
        pipeline.run();
        let newest = (0..50).flat_map(|key| [50, 150, 250].map(|n| (key, vec![n + key])));
        assert_eq!(sorted(found.values()), newest.collect::<Vec<_>>());
        let both =
            (0..50).flat_map(|key| [0, 100, 200].map(|n| (key, vec![n + key, n + 50 + key])));
        assert_eq!(sorted(all.values()), both.collect::<Vec<_>>());
    }
}
