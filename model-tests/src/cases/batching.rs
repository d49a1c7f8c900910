//! Values in batches.

use watershed::{Collected, Element, PCollection, RunReport, model::Window, prelude::*};

use super::{
    remembering::{global, short, tens},
    timed::sorted,
    told::{Score, stream},
};
use crate::{Bench, cases};

cases! {
    a_batch_goes_when_it_is_full: "GP-16";
    a_batch_keeps_to_its_bytes: "GP-16";
    a_batch_waits_no_longer_than_it_may: "GP-16";
    what_is_left_goes_when_its_window_expires: "GP-16";
    no_value_is_lost_or_doubled_in_batches: "GP-16";
    batches_of_nothing_are_refused: "GP-16";
}

/// What was put out, with time and window, sorted by text.
pub(super) fn said<T: Element>(found: &Collected<T>, as_text: impl Fn(T) -> String) -> Vec<String> {
    let observed = found.observed().into_iter();
    let said = observed.map(|said| {
        let window = match said.windows.as_slice() {
            [Window::Interval { start, end }] => format!(" {}..{}", short(*start), short(*end)),
            [Window::Global] => String::new(),
            other => panic!("in {other:?}"),
        };
        let at = match said.timestamp {
            Timestamp::END_OF_GLOBAL_WINDOW => "end".to_owned(),
            at => short(at),
        };
        format!("{} @{at}{window}", as_text(said.value))
    });
    sorted(said.collect())
}

fn batch((name, points): (String, Vec<i64>)) -> String {
    format!("{name}={:?}", sorted(points))
}

/// Plays a script through batches.
fn batches(
    bench: &Bench,
    script: &str,
    batches: GroupIntoBatches,
    window: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
) -> (Vec<String>, RunReport) {
    let pipeline = bench.pipeline();
    let found = window(&pipeline.apply(stream(script))).apply(batches).collect();
    let report = pipeline.run();
    (said(&found, batch), report)
}

fn a_batch_goes_when_it_is_full(bench: &Bench) {
    let script = "a=1@1 | b=2@2 | a=3@3 | a=4@4 | a=5@5 | w20 | a=6@21 | a=7@22";
    for bench in bench.seeds(3, 1) {
        let (said, _) = batches(&bench, script, GroupIntoBatches::of_size(3), global);
        assert_eq!(said, ["a=[1, 3, 4] @4", "a=[5, 6, 7] @22", "b=[2] @end"]);
        let (said, _) = batches(&bench, "a=1@1 | a=2@2", GroupIntoBatches::of_size(1), global);
        assert_eq!(said, ["a=[1] @1", "a=[2] @2"]);
    }
}

fn a_batch_keeps_to_its_bytes(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        // A number takes 8 bytes.
        let script = "a=1@1 | a=2@2 | a=3@3 | a=4@4 | b=5@5";
        let (said, _) = batches(&bench, script, GroupIntoBatches::of_byte_size(23), global);
        assert_eq!(said, ["a=[1, 2] @3", "a=[3, 4] @end", "b=[5] @end"]);
        let (said, _) = batches(&bench, script, GroupIntoBatches::of_byte_size(24), global);
        assert_eq!(said, ["a=[1, 2, 3] @3", "a=[4] @end", "b=[5] @end"]);
        let both = GroupIntoBatches::of_byte_size(24).with_size(2);
        let (said, _) = batches(&bench, script, both, global);
        assert_eq!(said, ["a=[1, 2] @2", "a=[3, 4] @4", "b=[5] @end"]);

        // A word takes 8 bytes and its letters. One that is too large goes alone.
        let pipeline = bench.pipeline();
        let words = "a=7@1 | a=90@2 | a=5@3 | a=5@4";
        let words = pipeline.apply(stream(words)).map_values(|n| "x".repeat(n as usize));
        let found = words.apply(GroupIntoBatches::of_byte_size(30)).collect();
        pipeline.run();
        let lengths = |(_, words): (String, Vec<String>)| {
            format!("{:?}", words.iter().map(String::len).collect::<Vec<_>>())
        };
        assert_eq!(said_of(&found, lengths), ["[5, 5] @end", "[7] @2", "[90] @2"]);
    }
}

fn said_of(
    found: &Collected<(String, Vec<String>)>,
    as_text: impl Fn((String, Vec<String>)) -> String,
) -> Vec<String> {
    said(found, as_text)
}

fn a_batch_waits_no_longer_than_it_may(bench: &Bench) {
    let of_three = GroupIntoBatches::of_size(3).with_max_buffering_duration(seconds(5));
    for bench in bench.seeds(3, 1) {
        // The first of a batch waits longest. A batch that went when it was full takes its clock with it.
        let script = "c1 | a=1@1 | c3 | a=2@2 | c5.999999 | b=3@3 | c6 | a=4@4 | c8 | a=5@5 | a=6@6 | c9 \
                      | a=7@7 | c13 | a=8@8 | c14";
        let (said, _) = batches(&bench, script, of_three, global);
        assert_eq!(said, ["a=[1, 2] @1", "a=[4, 5, 6] @6", "a=[7, 8] @7", "b=[3] @3"]);
    }
}

fn what_is_left_goes_when_its_window_expires(bench: &Bench) {
    let of_two = GroupIntoBatches::of_size(2);
    for bench in bench.seeds(3, 1) {
        let script =
            "a=1@1 a=2@11 b=3@2 | a=4@3 | a=5@4 | w10 | a=6@5 | w15 | a=7@6 | a=8@12 | w40";
        let (said, report) = batches(&bench, script, of_two, tens(5));
        let expected = [
            "a=[1, 4] @3 0..10",
            "a=[2, 8] @12 10..20",
            "a=[5, 6] @5 0..10",
            "b=[3] @9.999999 0..10",
        ];
        assert_eq!(said, expected);
        assert_eq!(super::told::drops(&report), [1, 0]);
    }
}

fn no_value_is_lost_or_doubled_in_batches(bench: &Bench) {
    for bundle_elements in [1, 64] {
        for bench in bench.seeds(3, bundle_elements) {
            let pipeline = bench.pipeline();
            let pairs = pipeline.create((0..500).map(|n| (n % 7, n)));
            let found = pairs.apply(GroupIntoBatches::of_size(8)).collect();
            let other = pairs.apply(GroupIntoBatches::of_size(5).with_byte_size(1000)).collect();
            pipeline.run();
            for (found, size) in [(found, 8), (other, 5)] {
                let found = found.values();
                let full = found.iter().filter(|(_, values)| values.len() == size).count();
                let all: usize =
                    (0..7).map(|key| (0..500).filter(|n| n % 7 == key).count() / size).sum();
                assert_eq!(full, all);
                assert!(found.iter().all(|(key, values)| values.iter().all(|n| n % 7 == *key)));
                let values = found.into_iter().flat_map(|(_, values)| values);
                assert!(sorted(values.collect()).into_iter().eq(0..500));
            }
        }
    }
}

fn batches_of_nothing_are_refused(_: &Bench) {
    let bad = [
        (GroupIntoBatches::of_size(0), "0 values"),
        (GroupIntoBatches::of_byte_size(0), "0 bytes"),
        (GroupIntoBatches::of_size(1).with_max_buffering_duration(seconds(0)), "duration"),
    ];
    for (batches, problem) in bad {
        let pipeline = watershed::Pipeline::new();
        pipeline.create([(1, 1)]).apply(batches).for_each(|_| ());
        let told = pipeline.build().unwrap_err().to_string();
        assert!(told.contains("GroupIntoBatches") && told.contains(problem), "{told}");
    }
    let pipeline = watershed::Pipeline::new();
    let sessions = pipeline.create([(1, 1)]).window(Sessions::with_gap(seconds(1)));
    sessions.apply(GroupIntoBatches::of_size(1)).for_each(|_| ());
    let told = pipeline.build().unwrap_err().to_string();
    assert!(told.contains("GroupIntoBatches/Batch") && told.contains("windows merge"), "{told}");
}
