//! State: cells of each key, window and step.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use watershed::{Checks, Pipeline, ValueState, prelude::*};

use super::{
    remembering::{Cx, Recipe, global, said, tens},
    told::{Score, drops, stream},
};
use crate::Bench;

crate::cases! {
    each_kind_of_cell_reads_what_was_written_and_can_be_cleared: "ST-01", "ST-02";
    cells_are_of_one_key_window_and_step: "ST-01", "ST-08";
    a_value_counts_on_over_bundles_and_inside_one: "ST-02";
    a_window_that_has_expired_takes_nothing_more: "ST-02", "ST-06", "WM-11";
    a_time_to_live_forgets_keys_that_are_quiet: "ST-02";
    keys_that_hash_alike_stay_apart: "ST-09";
    millions_of_keys_are_kept: "ST-09";
    what_cannot_have_state_is_refused: "ST-08", "ST-15";
}

fn every_kind(points: i64, cells: &super::remembering::Cells, cx: &mut Cx<'_>) -> String {
    if points < 0 {
        cells.value.clear(cx);
        cells.bag.clear(cx);
        cells.set.clear(cx);
        cells.map.clear(cx);
        cells.multimap.clear(cx);
        cells.list.clear(cx);
        cells.sum.clear(cx);
    } else {
        cells.value.set(cx, points);
        cells.bag.add(cx, points);
        cells.set.insert(cx, points % 2);
        let name = if points % 2 == 0 { "even" } else { "odd" };
        cells.map.insert(cx, name.into(), points);
        cells.multimap.insert(cx, name.into(), points);
        let at = Timestamp::from_seconds(100 - points);
        cells.list.add(cx, at, points);
        cells.sum.add(cx, points);
    }
    let sorted = |mut values: Vec<i64>| {
        values.sort_unstable();
        values
    };
    let bag = sorted(cells.bag.iter(cx).copied().collect());
    let set = sorted(cells.set.iter(cx).copied().collect());
    let list: Vec<i64> = cells.list.iter(cx).map(|(_, points)| *points).collect();
    let odd = cells.map.get(cx, &"odd".to_owned()).copied();
    let evens = sorted(cells.multimap.get(cx, &"even".to_owned()).to_vec());
    let sum = cells.sum.read(cx).unwrap();
    format!("{:?} {bag:?} {set:?} {odd:?} {evens:?} {list:?} {sum}", cells.value.get(cx))
}

fn each_kind_of_cell_reads_what_was_written_and_can_be_cleared(bench: &Bench) {
    let recipe = Recipe::of(|points, cells, cx, out| {
        out.emit(every_kind(points, cells, cx));
        Ok(())
    });
    for bench in bench.seeds(4, 1) {
        let script = "k=1@1 | k=2@2 | k=4@3 | k=1@4 | k=-1@5 | k=6@6";
        let (said, _) = recipe.play(&bench, script, global);
        let mut expected = [
            "Some(1) [1] [1] Some(1) [] [1] 1 @1 global",
            "Some(2) [1, 2] [0, 1] Some(1) [2] [2, 1] 3 @2 global",
            "Some(4) [1, 2, 4] [0, 1] Some(1) [2, 4] [4, 2, 1] 7 @3 global",
            "Some(1) [1, 1, 2, 4] [0, 1] Some(1) [2, 4] [4, 2, 1, 1] 8 @4 global",
            "None [] [] None [] [] 0 @5 global",
            "Some(6) [6] [0] None [6] [6] 6 @6 global",
        ];
        expected.sort_unstable();
        assert_eq!(said, expected);
    }
}

/// Adds the points up.
const ADDS: fn() -> Recipe = || {
    Recipe::of(|points, cells, cx, out| {
        let sum = cells.value.get_or_default(cx);
        *sum += points;
        let sum = *sum;
        out.emit(format!("{}={sum}", cx.key()));
        Ok(())
    })
};

fn cells_are_of_one_key_window_and_step(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let scores = pipeline.apply(stream("a=1@1 | b=2@2 | a=4@11 | a=8@3 | b=16@12"));
        let tens = scores.window(FixedWindows::of(seconds(10)));
        let first = ADDS().step(&tens).collect();
        let twice = scores.map(|(name, points): Score| (name, 100 * points));
        let second = twice.window(SlidingWindows::of(seconds(10), seconds(5)));
        let second = second.stateful("other", ADDS()).collect();
        pipeline.run();
        assert_eq!(
            said(&first),
            ["a=1 @1 0..10", "a=4 @11 10..20", "a=9 @3 0..10", "b=16 @12 10..20", "b=2 @2 0..10"]
        );
        assert_eq!(
            said(&second),
            [
                "a=100 @1 -5..5",
                "a=100 @1 0..10",
                "a=400 @11 10..20",
                "a=400 @11 5..15",
                "a=900 @3 -5..5",
                "a=900 @3 0..10",
                "b=1600 @12 10..20",
                "b=1600 @12 5..15",
                "b=200 @2 -5..5",
                "b=200 @2 0..10",
            ]
        );
    }
}

fn a_value_counts_on_over_bundles_and_inside_one(bench: &Bench) {
    let counts = Recipe::of(|_, cells, cx, out| {
        *cells.value.get_or_default(cx) += 1;
        let seen = cells.value.get(cx).copied();
        out.emit(format!("{} {:?}", cx.key(), seen));
        Ok(())
    });
    for bench in bench.seeds(4, 7) {
        let pipeline = bench.pipeline();
        let all = (0..300).map(|n| (format!("k{}", n % 3), n));
        let found = counts.step(&pipeline.create(all)).collect();
        pipeline.run();
        let mut expected: Vec<String> = (0..3)
            .flat_map(|key| (1..=100).map(move |n| format!("k{key} {:?}", Some(n))))
            .collect();
        expected.sort();
        let mut values = found.values();
        values.sort();
        assert_eq!(values, expected);
    }
}

fn a_window_that_has_expired_takes_nothing_more(bench: &Bench) {
    let script = "a=1@1 | w10 | a=2@2 | w14.999999 | a=4@3 | w15 | a=8@4 b=1@5 | a=16@12";
    let (said, report) = ADDS().play(bench, script, tens(5));
    assert_eq!(said, ["a=1 @1 0..10", "a=16 @12 10..20", "a=3 @2 0..10", "a=7 @3 0..10"]);
    assert_eq!(drops(&report), [2, 0]);
}

fn a_time_to_live_forgets_keys_that_are_quiet(bench: &Bench) {
    let lives = Recipe { lives: Some(seconds(10)), ..ADDS().expiring() };
    for bench in bench.seeds(3, 1) {
        let script = "a=1@1 | b=1@1 | a=2@5 | w11 | a=4@14.999999 | w15 | b=2@16 | w24.999999 | a=8@25 \
                      | w30 | a=16@31";
        let (said, _) = lives.play(&bench, script, global);
        assert_eq!(
            said,
            [
                "a expiration @24.999999 global",
                "a expiration @41 global",
                "a=1 @1 global",
                "a=24 @31 global",
                "a=3 @5 global",
                "a=7 @14.999999 global",
                "a=8 @25 global",
                "b expiration @11 global",
                "b expiration @26 global",
                "b=1 @1 global",
                "b=2 @16 global",
            ]
        );
    }
}

/// A key whose hash is that of all others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Alike(u32);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        0.hash(state);
    }
}

/// Counts the elements of each key.
#[derive(Clone)]
struct Counts;

impl<K: watershed::Key> StatefulDoFn<K, ()> for Counts {
    type Outputs = One<(K, u64)>;
    type Cells = ValueState<u64>;

    fn declare(&self, spec: &mut StateSpec) -> ValueState<u64> {
        spec.value("count")
    }

    fn process(
        &mut self,
        (): (),
        count: &ValueState<u64>,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, ()>,
    ) -> Result<(), BoxError> {
        *count.get_or_default(cx) += 1;
        let seen = count.get(cx).copied().unwrap_or_default();
        out.emit((cx.key().clone(), seen));
        Ok(())
    }
}

fn keys_that_hash_alike_stay_apart(bench: &Bench) {
    let pipeline = bench.pipeline();
    let elements = pipeline.create((0..90).map(|n| (Alike(n % 30), ())));
    let counts = elements.stateful("Counts", Counts).collect();
    pipeline.run();
    let mut counts: Vec<(u32, u64)> =
        counts.values().into_iter().map(|(key, n)| (key.0, n)).collect();
    counts.sort_unstable();
    let expected: Vec<(u32, u64)> =
        (0..30).flat_map(|key| (1..=3).map(move |n| (key, n))).collect();
    assert_eq!(counts, expected);
}

fn millions_of_keys_are_kept(bench: &Bench) {
    const KEYS: u64 = 2_000_000;
    let mut bench = bench.clone();
    bench.change(|options| options.checks = Checks::Off);
    let pipeline = bench.pipeline();
    let elements = pipeline.create((0..2 * KEYS).map(|n| (n % KEYS, ())));
    let last = elements.stateful("Counts", Counts).filter(|(_, n)| *n == 2);
    let keys = last.keys().combine_globally(combine_sums()).collect();
    pipeline.run();
    assert_eq!(keys.values(), [(KEYS * (KEYS - 1) / 2, KEYS)]);
}

fn combine_sums() -> (Sum, Count) {
    (Sum, Count)
}

fn problems(pipeline: &Pipeline) -> String {
    pipeline.build().unwrap_err().to_string()
}

fn what_cannot_have_state_is_refused(_: &Bench) {
    let pipeline = Pipeline::new();
    let scores = pipeline.create([("a".to_owned(), 1)]);
    let sessions = scores.window(Sessions::with_gap(seconds(10)));
    ADDS().step(&sessions).for_each(|_| {});
    let told = problems(&pipeline);
    assert!(told.contains("remembers") && told.contains("windows merge"), "{told}");

    let pipeline = Pipeline::new();
    let scores = pipeline.create([("a".to_owned(), 1)]);
    scores.stateful("", ADDS()).for_each(|_| {});
    let told = problems(&pipeline);
    assert!(told.contains("cannot be a step's name"), "{told}");

    let pipeline = Pipeline::new();
    let scores = pipeline.create([("a".to_owned(), 1)]);
    scores.stateful("twice", ADDS()).for_each(|_| {});
    scores.stateful("twice", ADDS()).for_each(|_| {});
    let told = problems(&pipeline);
    assert!(told.contains("another step has this name too"), "{told}");

    #[derive(Clone)]
    struct Doubled;
    impl StatefulDoFn<String, i64> for Doubled {
        type Outputs = One<i64>;
        type Cells = (ValueState<i64>, watershed::EventTimer);
        fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
            (spec.value("same"), spec.event_timer("same"))
        }
        fn process(
            &mut self,
            _: i64,
            _: &Self::Cells,
            _: &mut StateContext<'_, String>,
            _: &mut StatefulEmitters<Self, String, i64>,
        ) -> Result<(), BoxError> {
            Ok(())
        }
    }
    let pipeline = Pipeline::new();
    let scores = pipeline.create([("a".to_owned(), 1)]);
    scores.stateful("doubled", Doubled).for_each(|_| {});
    let told = problems(&pipeline);
    assert!(told.contains("doubled") && told.contains("two cells or timers"), "{told}");
}
