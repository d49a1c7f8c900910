//! Joins by event time: of what is near, and of what was in force.

use fastrand::Rng;
use watershed::{Collected, Duration, Observed, PCollection, micros, prelude::*};

use super::{
    remembering::short,
    timed::{Timed, create, scores, sorted},
    told::stream,
};
use crate::{
    Bench, cases,
    naive::{Span, Windowing},
};

cases! {
    an_interval_join_pairs_what_is_near: "GP-28";
    an_interval_join_forgets_what_is_past: "GP-28";
    an_as_of_join_gives_what_was_in_force: "GP-29";
    an_as_of_join_does_not_show_when_elements_came: "GP-29";
    an_as_of_join_forgets_what_is_superseded: "GP-29";
    joins_by_time_in_merging_windows_are_refused: "GP-28", "GP-29";
}

/// Each value with its time beside it.
fn timed(random: &mut Rng, n: usize) -> Vec<Timed<u8, (i64, i64)>> {
    let with_time = |(key, value, time)| (key % 3, (time, value), time);
    scores(random, n).into_iter().map(with_time).collect()
}

/// The kinds of windows that do not merge.
fn windowings() -> impl Iterator<Item = Windowing> {
    Windowing::SAMPLES.into_iter().filter(|windowing| !windowing.is_merging())
}

/// Each element of a window with its time, which `at` says, and window.
fn found<T: watershed::Element + Ord + Copy>(
    collected: &Collected<T>,
    at: impl Fn(T) -> i64,
) -> Vec<(T, Span)> {
    let observed = collected.observed().into_iter().map(|observed: Observed<T>| {
        let [window] = observed.windows.as_slice() else { panic!("in several windows") };
        assert_eq!(observed.timestamp.as_micros(), at(observed.value));
        (observed.value, Span::from(window))
    });
    sorted(observed.collect())
}

const DISTANCES: [Duration; 3] = [Duration::ZERO, micros(1), seconds(7)];

fn an_interval_join_pairs_what_is_near(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(2, bundle_elements) {
            let mut random = Rng::with_seed(bench.options().seed);
            let (a, b) = (timed(&mut random, 80), timed(&mut random, 60));
            for (windowing, distance) in
                windowings().flat_map(|windowing| DISTANCES.map(|distance| (windowing, distance)))
            {
                let pipeline = bench.pipeline();
                let inputs = [&a, &b].map(|input| windowing.apply(&create(&pipeline, input)));
                let pairs = inputs[0].interval_join(&inputs[1], distance).collect();
                pipeline.run();

                let mut expected = Vec::new();
                for (key, left, at) in &a {
                    let near = b.iter().filter(|(other, _, time)| {
                        other == key && at.abs_diff(*time) <= distance.as_micros() as u64
                    });
                    for (_, right, time) in near {
                        let windows = windowing.assign(*at);
                        let both = windowing.assign(*time);
                        let shared = windows.into_iter().filter(|span| both.contains(span));
                        expected.extend(shared.map(|span| ((*key, (*left, *right)), span)));
                    }
                }
                let given = found(&pairs, |(_, ((a, _), (b, _)))| a.max(b));
                assert_eq!(given, sorted(expected), "{windowing:?} {distance}");
            }
        }
    }
}

/// Two sides of a stream: points below 100, and others.
fn sides(scores: &PCollection<(String, i64)>) -> [PCollection<(String, i64)>; 2] {
    [scores.filter(|(_, points)| *points < 100), scores.filter(|(_, points)| *points >= 100)]
}

fn an_interval_join_forgets_what_is_past(bench: &Bench) {
    let scripts: [(&str, &[&str]); 5] = [
        ("a=1@1 | w6 | a=100@6", &["a 1 100 @6"]),
        ("a=1@1 | w6.000001 | a=100@6", &[]),
        ("a=100@1 a=101@9 | w7 | a=1@2", &[]),
        ("a=1@1 a=2@3 a=3@9 | w8.5 | a=100@4 | b=100@5 | b=4@10", &["a 3 100 @9", "b 4 100 @10"]),
        (
            "a=3@9 a=1@1 | w5 | a=2@7 a=100@6 | w20 | a=101@8 | a=4@21 a=102@26",
            &["a 1 100 @6", "a 2 100 @7", "a 3 100 @9", "a 4 102 @26"],
        ),
    ];
    for (script, expected) in scripts {
        for bench in bench.seeds(3, 1) {
            let pipeline = bench.pipeline();
            let [left, right] = sides(&pipeline.apply(stream(script)));
            let pairs = left.interval_join(&right, seconds(5)).collect();
            pipeline.run();
            let told = pairs.observed().into_iter().map(|pair| {
                let (name, (a, b)) = pair.value;
                format!("{name} {a} {b} @{}", short(pair.timestamp))
            });
            assert_eq!(sorted(told.collect::<Vec<_>>()), expected, "{script}");
        }
    }
}

/// What an as-of join makes of a script, with times, sorted.
fn as_of(bench: &Bench, script: &str) -> Vec<String> {
    let pipeline = bench.pipeline();
    let [left, right] = sides(&pipeline.apply(stream(script)));
    let pairs = left.as_of_join(&right, seconds(10)).collect();
    pipeline.run();
    let told = pairs.observed().into_iter().map(|pair| {
        let (name, (a, b)) = pair.value;
        let b = b.map_or("-".to_owned(), |b| b.to_string());
        format!("{name} {a} {b} @{}", short(pair.timestamp))
    });
    sorted(told.collect())
}

fn an_as_of_join_gives_what_was_in_force(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(2, bundle_elements) {
            let mut random = Rng::with_seed(bench.options().seed);
            let (a, b) = (timed(&mut random, 80), timed(&mut random, 60));
            for (windowing, tolerance) in
                windowings().flat_map(|windowing| DISTANCES.map(|distance| (windowing, distance)))
            {
                let pipeline = bench.pipeline();
                let inputs = [&a, &b].map(|input| windowing.apply(&create(&pipeline, input)));
                let pairs = inputs[0].as_of_join(&inputs[1], tolerance).collect();
                pipeline.run();

                let mut expected = Vec::new();
                for (key, left, at) in &a {
                    for span in windowing.assign(*at) {
                        let in_force = b.iter().filter(|(other, _, time)| {
                            let age = at - time;
                            other == key
                                && (0..=tolerance.as_micros()).contains(&age)
                                && windowing.assign(*time).contains(&span)
                        });
                        let latest = in_force.map(|(_, right, _)| *right).max_by_key(|right| {
                            let bytes = right.1.to_le_bytes();
                            (right.0, std::cmp::Reverse(bytes))
                        });
                        expected.push(((*key, (*left, latest)), span));
                    }
                }
                let given = found(&pairs, |(_, ((at, _), _))| at);
                assert_eq!(given, sorted(expected), "{windowing:?} {tolerance}");
            }
        }
    }
}

fn an_as_of_join_does_not_show_when_elements_came(bench: &Bench) {
    let scripts = [
        "a=100@1 a=101@5 | a=1@3 | a=2@5 | a=3@4.999999 b=4@7 | a=5@15.000001 a=6@15 | a=7@0.5",
        "a=7@0.5 | a=1@3 b=4@7 | a=3@4.999999 | a=100@1 | w1 | a=2@5 a=101@5 | w6 | a=6@15 | a=5@15.000001",
        "a=101@5 a=100@1 | a=5@15.000001 a=6@15 | a=1@3 a=7@0.5 a=2@5 a=3@4.999999 | w4.999999 | b=4@7 | w90",
    ];
    for script in scripts {
        for bench in bench.seeds(3, 1) {
            let expected = [
                "a 1 100 @3",
                "a 2 101 @5",
                "a 3 100 @4.999999",
                "a 5 - @15.000001",
                "a 6 101 @15",
                "a 7 - @0.5",
                "b 4 - @7",
            ];
            assert_eq!(as_of(&bench, script), expected, "{script}");
        }
    }
}

fn an_as_of_join_forgets_what_is_superseded(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        // Behind the watermark only the latest is still there; and after its tolerance that is gone too.
        let script = "a=100@1 a=101@5 | w6 | a=1@4 | a=2@6 | w15.000003 | a=3@14";
        assert_eq!(as_of(&bench, script), ["a 1 - @4", "a 2 101 @6", "a 3 101 @14"]);
        let script = "a=100@1 | w11.000002 | a=3@11 | w20 | a=102@25 a=4@26";
        assert_eq!(as_of(&bench, script), ["a 3 - @11", "a 4 102 @26"]);
    }
}

type Pairs = PCollection<(i32, i32)>;

/// What is told of a join of sessions that is wrong in three ways.
fn told_of(join: fn(&Pairs, &Pairs)) -> String {
    let pipeline = watershed::Pipeline::new();
    let pairs = pipeline.create([(1, 1)]);
    join(&pairs.window(Sessions::with_gap(seconds(9))), &pairs);
    pipeline.build().unwrap_err().to_string()
}

fn joins_by_time_in_merging_windows_are_refused(_: &Bench) {
    let interval = told_of(|sessions, pairs| {
        sessions.interval_join(sessions, seconds(-1)).for_each(|_| ());
        sessions.interval_join(pairs, seconds(1)).for_each(|_| ());
    });
    let as_of = told_of(|sessions, pairs| {
        sessions.as_of_join(sessions, seconds(-1)).for_each(|_| ());
        sessions.as_of_join(pairs, seconds(1)).for_each(|_| ());
    });
    for (name, told) in [("IntervalJoin", interval), ("AsOfJoin", as_of)] {
        let step = format!("{name}/Pairs");
        let words = [&step, "windows merge", "zero or more", "input 1", "before they are joined"];
        assert!(words.iter().all(|word| told.contains(word)), "{words:?}: {told}");
    }
}
