//! Stateful DoFns whose elements come in the order of their times.

use watershed::{combine::Sum, prelude::*};

use super::{
    remembering::{Recipe, global, tens},
    told::{Score, drops, panes, stream},
};
use crate::Bench;

crate::cases! {
    elements_come_in_the_order_of_their_times: "ST-10", "ST-17";
    an_element_whose_place_has_passed_is_dropped_and_counted: "ST-17";
    elements_that_wait_hold_the_watermark: "ST-10", "ST-17";
    a_batch_is_sorted_as_a_stream_is: "ST-10", "ST-16";
}

/// Says which element it is, in the order in which they are handled.
fn sorts() -> Recipe {
    let recipe = Recipe::of(|points, cells, cx, out| {
        let call = cells.value.get_or_default(cx);
        *call += 1;
        let call = *call;
        out.emit(format!("{} {call:03} {points}", cx.key()));
        Ok(())
    });
    Recipe { sorts: true, ..recipe }
}

fn elements_come_in_the_order_of_their_times(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        let script = "a=5@5 a=4@3 b=9@9 | a=1@1 | w3 | a=3@3 | a=8@8 | w5.5 | b=6@6 | a=7@7";
        let (said, report) = sorts().play(&bench, script, global);
        assert_eq!(drops(&report), [0, 0]);
        // Of two at one time the one with the lesser bytes comes first.
        let a = ["1 1 @1", "2 3 @3", "3 4 @3", "4 5 @5", "5 7 @7", "6 8 @8"];
        let b = ["1 6 @6", "2 9 @9"];
        let line = |name: &str, said: &&str| format!("{name} 00{said} global");
        let expected = a.iter().map(|said| line("a", said));
        let expected = expected.chain(b.iter().map(|said| line("b", said)));
        assert_eq!(said, expected.collect::<Vec<_>>());
    }
}

fn an_element_whose_place_has_passed_is_dropped_and_counted(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        let (said, report) = sorts().play(&bench, "a=3@3 | w4 | a=2@2 | a=5@5 | a=4@4", global);
        assert_eq!(said, ["a 001 3 @3 global", "a 002 4 @4 global", "a 003 5 @5 global"]);
        assert_eq!(drops(&report), [1, 0]);
        // With allowed lateness the place stays open for so long.
        let script = "a=3@3 | w4 | a=2@2 | a=1@1 | w5.000001 | a=9@9 | w7 | a=2@2.5";
        let (said, report) = sorts().play(&bench, script, tens(3));
        assert_eq!(
            said,
            ["a 001 1 @1 0..10", "a 002 2 @2 0..10", "a 003 3 @3 0..10", "a 004 9 @9 0..10"]
        );
        assert_eq!(drops(&report), [1, 0]);
    }
}

fn elements_that_wait_hold_the_watermark(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        // They leave when the watermark has passed their times by five seconds, and are on time.
        let scores = tens(5)(&pipeline.apply(stream("a=1@9 | a=2@8 | w12 | w20")));
        let ones = sorts().step(&scores).map(|_| -> Score { ("a".into(), 1) });
        let found = ones.combine_per_key(Sum).collect();
        let report = pipeline.run();
        assert_eq!(panes(&found), ["a [0s,10s) on_time 0/0 first last @end = 2"]);
        assert_eq!(drops(&report), [0, 0]);
    }
}

fn a_batch_is_sorted_as_a_stream_is(bench: &Bench) {
    for bench in bench.seeds(4, 5) {
        let pipeline = bench.pipeline();
        let numbers = (0..200i64).map(|n| (format!("k{}", n % 2), n * 37 % 200));
        let scores = pipeline.create(numbers).with_timestamps(|(_, n)| Timestamp::from_seconds(*n));
        let found = sorts().step(&scores).collect();
        pipeline.run();
        let mut values = found.values();
        values.sort();
        let expected = |key: i64| {
            let points = (0..200i64)
                .filter(move |points| (0..200).any(|n| n * 37 % 200 == *points && n % 2 == key));
            points.enumerate().map(move |(call, points)| format!("k{key} {:03} {points}", call + 1))
        };
        assert_eq!(values, expected(0).chain(expected(1)).collect::<Vec<_>>());
    }
}
