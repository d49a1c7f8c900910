//! Timers: when they fire, in which order, and what they put out.

use watershed::{Checks, RunError, combine::Sum, prelude::*};

use super::{
    remembering::{Cells, Cx, Recipe, global, said, tens},
    told::{Score, drops, panes, stream},
};
use crate::Bench;

crate::cases! {
    event_timers_fire_once_when_the_watermark_has_come: "ST-03";
    processing_timers_fire_once_when_the_clock_has_come: "ST-03", "ST-14";
    setting_again_replaces_and_the_last_word_counts: "ST-04", "ST-12";
    timers_set_in_timers_fire_in_their_turn: "ST-04", "ST-12";
    a_family_has_any_number_of_tags: "ST-04";
    elements_then_event_timers_then_processing_timers: "ST-11";
    a_timer_holds_the_watermark_at_its_output: "ST-05", "ST-14";
    a_relative_timer_stops_at_the_expiry_and_the_last_call_sees_the_state: "ST-06";
    what_the_last_call_puts_out_is_not_late: "ST-06", "WM-12";
    impossible_times_are_refused: "ST-06", "ST-14";
    at_the_end_of_a_batch_all_timers_fire: "ST-07", "ST-16";
    a_timer_that_sets_itself_stops_with_the_elements: "ST-04", "ST-07";
    a_failing_timer_names_its_step: "ST-03", "EW-06";
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// Counts what was called, and says which call it was.
fn next(cells: &Cells, cx: &mut Cx<'_>) -> i64 {
    let calls = cells.value.get_or_default(cx);
    *calls += 1;
    *calls
}

/// What fires says its number, its name and its tag.
fn numbered(
    process: fn(i64, &Cells, &mut Cx<'_>, &mut super::remembering::Out) -> Result<(), BoxError>,
) -> Recipe {
    Recipe::of(process).on_timer(|fired, cells, cx, out| {
        let call = next(cells, cx);
        out.emit(format!("{} {call} {}", cx.key(), cells.name(fired)));
        Ok(())
    })
}

fn event_timers_fire_once_when_the_watermark_has_come(bench: &Bench) {
    let recipe = numbered(|points, cells, cx, out| match points {
        0 => {
            let calls = cells.value.get(cx).copied().unwrap_or(0);
            out.emit(format!("{} saw {calls}", cx.key()));
            Ok(())
        }
        points => cells.family.set(cx, &points.to_string(), at(points)),
    });
    for bench in bench.seeds(3, 1) {
        let script = "a=15@1 | w14.999999 | a=0@2 | w15 | a=0@3 | a=30@4 | a=20@4 | a=18@4 | w29 | a=0@5 | w29.5";
        let (said, _) = recipe.play(&bench, script, global);
        assert_eq!(
            said,
            [
                "a 1 family15 @15 global",
                "a 2 family18 @18 global",
                "a 3 family20 @20 global",
                "a 4 family30 @30 global",
                "a saw 0 @2 global",
                "a saw 1 @3 global",
                "a saw 3 @5 global",
            ]
        );
    }
}

fn processing_timers_fire_once_when_the_clock_has_come(bench: &Bench) {
    let recipe = numbered(|points, cells, cx, out| match points {
        0 => {
            let calls = cells.value.get(cx).copied().unwrap_or(0);
            out.emit(format!("{} saw {calls}", cx.key()));
            Ok(())
        }
        1 => cells.clock.set_after(cx, seconds(4)),
        points => cells.clock_family.set(cx, &points.to_string(), at(points)),
    });
    for bench in bench.seeds(3, 1) {
        let script = "c1 | a=1@1 | a=7@2 | c4.999999 | a=0@3 | c5 | a=0@4 | c9 | a=0@5";
        let (said, _) = recipe.play(&bench, script, global);
        assert_eq!(
            said,
            [
                "a 1 clock @1 global",
                "a 2 clock family7 @2 global",
                "a saw 0 @3 global",
                "a saw 1 @4 global",
                "a saw 2 @5 global",
            ]
        );
    }
}

fn setting_again_replaces_and_the_last_word_counts(bench: &Bench) {
    let recipe = numbered(|points, cells, cx, _| {
        match points {
            1 => {
                cells.a.set(cx, at(10))?;
                cells.a.set(cx, at(20))?;
            }
            2 => {
                cells.a.set(cx, at(10))?;
                cells.a.clear(cx);
            }
            3 => {
                cells.a.set(cx, at(10))?;
                cells.a.clear(cx);
                cells.a.set(cx, at(12))?;
            }
            4 => cells.a.clear(cx),
            _ => {
                cells.family.set(cx, "x", at(10))?;
                cells.family.set(cx, "y", at(11))?;
                cells.family.set(cx, "x", at(13))?;
                cells.family.clear(cx, "z");
            }
        }
        Ok(())
    });
    for bench in bench.seeds(3, 1) {
        let script = "a=1@1 | b=2@1 | c=3@1 | d=1@1 | d=4@2 | e=5@1 | w9 | w30";
        let (said, _) = recipe.play(&bench, script, global);
        assert_eq!(
            said,
            [
                "a 1 a @20 global",
                "c 1 a @12 global",
                "e 1 familyy @11 global",
                "e 2 familyx @13 global",
            ]
        );
    }
}

fn timers_set_in_timers_fire_in_their_turn(bench: &Bench) {
    let recipe = Recipe::of(|points, cells, cx, _| match points {
        1 => cells.a.set(cx, at(10)),
        _ => cells.family.set(cx, "same", at(5)),
    })
    .on_timer(|fired, cells, cx, out| {
        let (call, name) = (next(cells, cx), cells.name(fired));
        out.emit(format!("{} {call} {name}", cx.key()));
        match call {
            call if fired.is(&cells.family) && call < 3 => cells.family.set(cx, "same", at(5)),
            call if fired.is(&cells.a) && call < 5 => cells.b.set_after(cx, seconds(5)),
            _ if fired.is(&cells.b) => cells.a.set_after(cx, seconds(5)),
            _ => Ok(()),
        }
    });
    for bench in bench.seeds(3, 1) {
        let (said, _) = recipe.play(&bench, "a=1@1 | b=2@1 | w100", global);
        assert_eq!(
            said,
            [
                "a 1 a @10 global",
                "a 2 b @15 global",
                "a 3 a @20 global",
                "a 4 b @25 global",
                "a 5 a @30 global",
                "b 1 familysame @5 global",
                "b 2 familysame @5 global",
                "b 3 familysame @5 global",
            ]
        );
    }
}

fn a_family_has_any_number_of_tags(bench: &Bench) {
    const TAGS: i64 = 20_000;
    let recipe = Recipe::of(|points, cells, cx, _| {
        cells.family.set(cx, &points.to_string(), at(points))?;
        // Again, for an earlier time; and one of ten not at all.
        cells.family.set(cx, &points.to_string(), at(points / 2))?;
        if points % 10 == 0 {
            cells.family.clear(cx, &points.to_string());
        }
        Ok(())
    })
    .on_timer(|fired, cells, cx, out| {
        let time = fired.time().map_or(-1, |time| time.as_micros() / 1_000_000);
        // In the order of their times.
        let before = cells.value.get(cx).copied().unwrap_or(0);
        cells.value.set(cx, time);
        out.emit(format!("{} {}", fired.tag(), before <= time));
        Ok(())
    });
    let mut bench = bench.clone();
    bench.change(|options| options.checks = Checks::Off);
    let pipeline = bench.pipeline();
    let scores = pipeline.create((0..TAGS).map(|n| ("a".to_owned(), n)));
    let found = recipe.step(&scores).collect();
    pipeline.run();
    let mut found = found.values();
    found.sort();
    let mut expected: Vec<String> =
        (0..TAGS).filter(|n| n % 10 != 0).map(|n| format!("{n} true")).collect();
    expected.sort();
    assert_eq!(found, expected);
}

fn elements_then_event_timers_then_processing_timers(bench: &Bench) {
    let recipe = Recipe::of(|points, cells, cx, out| {
        let call = next(cells, cx);
        out.emit(format!("{call} element"));
        if points == 1 {
            cells.clock.set(cx, at(3))?;
            cells.a.set(cx, at(10))?;
            cells.family.set(cx, "tie", at(10))?;
            cells.b.set(cx, at(5))?;
        }
        Ok(())
    })
    .on_timer(|fired, cells, cx, out| {
        let call = next(cells, cx);
        out.emit(format!("{call} {}", cells.name(fired)));
        match () {
            () if fired.is(&cells.b) => cells.family.set(cx, "meanwhile", at(7)),
            () if fired.is(&cells.clock) => cells.family.set(cx, "by clock", at(6)),
            () => Ok(()),
        }
    });
    // Times that have passed; and then both times in one step.
    for script in ["w20 c20 | a=1@1 a=2@1", "a=1@1 a=2@1 | w20 c20"] {
        for bench in bench.seeds(3, 1) {
            let (said, _) = recipe.play(&bench, script, global);
            let order: Vec<&str> = said.iter().filter_map(|line| line.split(" @").next()).collect();
            assert_eq!(
                order,
                [
                    "1 element",
                    "2 element",
                    "3 b",
                    "4 familymeanwhile",
                    "5 a",
                    "6 familytie",
                    "7 clock",
                    "8 familyby clock",
                ]
            );
        }
    }
}

/// What a recipe puts out, in windows of ten seconds.
fn counted(bench: &Bench, recipe: Recipe, script: &str) -> (Vec<String>, [u64; 2]) {
    let pipeline = bench.pipeline();
    let said = recipe.step(&pipeline.apply(stream(script)));
    let ones = said.map(|text| -> Score { (text, 1) }).window(FixedWindows::of(seconds(10)));
    let found = ones.combine_per_key(Sum).collect();
    let report = pipeline.run();
    (panes(&found), drops(&report))
}

fn a_timer_holds_the_watermark_at_its_output(bench: &Bench) {
    let recipe = Recipe::of(|points, cells, cx, _| match points {
        1 => cells.a.with_output_timestamp(at(5)).set(cx, at(20)),
        2 => cells.clock.set(cx, at(9)),
        _ => cells.clock_family.with_output_timestamp(at(4)).set(cx, "x", at(9)),
    });
    for bench in bench.seeds(3, 1) {
        let (panes, dropped) = counted(&bench, recipe, "a=1@1 | w19.999999 | w20");
        assert_eq!(panes, ["a a [0s,10s) on_time 0/0 first last @end = 1"]);
        assert_eq!(dropped, [0, 0]);
        let script = "c1 | a=2@2 | b=3@3 | w50 | c8.999999 | c9";
        let (panes, dropped) = counted(&bench, recipe, script);
        assert_eq!(
            panes,
            [
                "a clock [0s,10s) on_time 0/0 first last @end = 1",
                "b clock familyx [0s,10s) on_time 0/0 first last @end = 1",
            ]
        );
        assert_eq!(dropped, [0, 0]);
    }
}

fn a_relative_timer_stops_at_the_expiry_and_the_last_call_sees_the_state(bench: &Bench) {
    let recipe = numbered(|points, cells, cx, _| {
        next(cells, cx);
        match points {
            1 => cells.a.set_after(cx, seconds(100)),
            _ => Ok(()),
        }
    });
    for bench in bench.seeds(3, 1) {
        let script = "a=1@1 | b=2@1 | w14.999999 | a=2@2 | w15 | a=1@3 | w40";
        let (said, report) = recipe.expiring().play(&bench, script, tens(5));
        assert_eq!(
            said,
            ["a 3 a @15 0..10", "a 4 expiration @9.999999 0..10", "b 2 expiration @9.999999 0..10",]
        );
        assert_eq!(drops(&report), [1, 0]);
    }
}

fn what_the_last_call_puts_out_is_not_late(bench: &Bench) {
    let recipe = Recipe::of(|_, _, _, _| Ok(())).expiring();
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let scores = tens(5)(&pipeline.apply(stream("a=1@1 | w12 | w14 | w15 | w30")));
        let ones = recipe.step(&scores).map(|text| -> Score { (text, 1) });
        let found = ones.combine_per_key(Sum).collect();
        let report = pipeline.run();
        assert_eq!(panes(&found), ["a expiration [0s,10s) on_time 0/0 first last @end = 1"]);
        assert_eq!(drops(&report), [0, 0]);
    }
}

fn impossible_times_are_refused(bench: &Bench) {
    let fails = |recipe: Recipe| -> RunError {
        let pipeline = bench.pipeline();
        recipe.step(&tens(0)(&pipeline.apply(stream("a=1@5 | w30")))).collect();
        pipeline.try_run().unwrap_err()
    };
    let told = |recipe: Recipe, what: &str| {
        let error = fails(recipe);
        assert_eq!(error.failed_step(), Some("remembers"));
        assert!(error.to_string().contains(what), "{error}");
    };
    let behind = Recipe::of(|_, cells, cx, _| cells.a.set(cx, Timestamp::from_micros(10_000_001)));
    told(behind, "set it for earlier, or with set_after");
    let early = Recipe::of(|_, cells, cx, _| cells.a.with_output_timestamp(at(4)).set(cx, at(9)));
    told(early, "earlier than");
    let late = Recipe::of(|_, cells, cx, _| cells.a.with_output_timestamp(at(9)).set(cx, at(8)));
    told(late, "later than");
    let late = Recipe::of(|_, cells, cx, _| {
        cells.clock.with_output_timestamp(at(11)).set_after(cx, seconds(1))
    });
    told(late, "later than");
    let expiring = Recipe::of(|_, _, _, _| Ok(())).expiring();
    told(expiring.on_timer(|_, cells, cx, _| cells.a.set(cx, at(9))), "while its window expires");
}

/// Elements in memory, each with its number as its time.
fn batch(bench: &Bench, recipe: Recipe, elements: i64) -> Vec<String> {
    let pipeline = bench.pipeline();
    let scores = pipeline.create((1..=elements).map(|n| ("a".to_owned(), n)));
    let found = recipe.step(&scores.with_timestamps(|(_, n)| at(*n))).collect();
    pipeline.run();
    said(&found)
}

fn at_the_end_of_a_batch_all_timers_fire(bench: &Bench) {
    let recipe = Recipe::of(|points, cells, cx, _| {
        next(cells, cx);
        if points == 3 {
            cells.clock.set_after(cx, hours(1))?;
            cells.a.set(cx, at(5))?;
        }
        if points == 40 { cells.b.set(cx, at(1_000_000)) } else { Ok(()) }
    })
    .on_timer(|fired, cells, cx, out| {
        let call = next(cells, cx);
        let at_end = if fired.is_at_end() { " at the end" } else { "" };
        out.emit(format!("{call} {}{at_end}", cells.name(fired)));
        if fired.is(&cells.clock) { cells.clock.set_after(cx, hours(1)) } else { Ok(()) }
    });
    for bench in bench.seeds(4, 3) {
        let said = batch(&bench, recipe.expiring(), 50);
        let order: Vec<&str> = said.iter().filter_map(|line| line.split(" @").next()).collect();
        assert_eq!(order, ["51 a", "52 b", "53 clock at the end", "54 expiration"]);
    }
}

fn a_timer_that_sets_itself_stops_with_the_elements(bench: &Bench) {
    let recipe = Recipe::of(|_, cells, cx, _| match next(cells, cx) {
        1 => cells.a.set_after(cx, seconds(1)),
        _ => Ok(()),
    })
    .on_timer(|fired, cells, cx, out| {
        out.emit(cells.name(fired));
        cells.a.set_after(cx, seconds(1))
    });
    for bench in bench.seeds(3, 1) {
        // As far as the watermark has come, and in a batch as far as the elements.
        let (said, _) = recipe.play(&bench, "a=1@1 | a=1@2 | w4.5", global);
        assert_eq!(said, ["a @2 global", "a @3 global", "a @4 global", "a @5 global"]);
        let (said, _) = recipe.play(&bench, "a=1@1 | a=1@3.5", global);
        assert_eq!(said, ["a @2 global", "a @3 global"]);
        // A window has an end of its own.
        let (said, _) = recipe.play(&bench, "a=1@7.5", tens(0));
        assert_eq!(said, ["a @10 0..10", "a @8.5 0..10", "a @9.5 0..10"]);
    }
}

fn a_failing_timer_names_its_step(bench: &Bench) {
    let recipe = Recipe::of(|_, cells, cx, _| cells.a.set(cx, at(9)));
    for (fails, cause) in [
        (recipe.on_timer(|_, _, _, _| Err("no more".into())), "no more"),
        (recipe.on_timer(|_, _, _, _| panic!("no further")), "no further"),
    ] {
        let pipeline = bench.pipeline();
        fails.step(&pipeline.apply(stream("a=1@5 | b=1@6 | w30"))).collect();
        let error = pipeline.try_run().unwrap_err();
        assert_eq!(error.failed_step(), Some("remembers"));
        assert!(error.to_string().contains(cause), "{error}");
    }
}
