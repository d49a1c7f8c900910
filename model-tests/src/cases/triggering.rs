//! When triggers fire, where more than one grouping stands in a row, or the work before it is cut.

use watershed::{combine::Sum, prelude::*};

use super::told::{Score, drops, played, summed};
use crate::Bench;

crate::cases! {
    late_elements_fire_once_a_bundle_and_key: "TR-01";
    processing_time_fires_at_its_target_and_then_anew: "TR-04", "TR-13";
    an_aligned_target_is_rounded_up_and_one_on_the_grid_stays: "TR-04", "TR-13";
    what_waits_for_the_clock_leaves_at_the_end: "TR-10", "TR-16";
    an_event_fires_once_however_its_elements_were_cut: "TR-12";
    both_times_in_one_step_give_one_pane: "TR-12";
    a_closed_window_takes_nothing_until_it_is_gone: "TR-05", "TR-19";
    triggers_that_would_lose_data_are_refused: "TR-05", "TR-18";
}

fn fixed(
    trigger: impl Into<Trigger>,
    lateness: i64,
) -> impl Fn(&PCollection<Score>) -> PCollection<Score> {
    let windows = FixedWindows::of(seconds(10)).triggering(trigger);
    let windows = windows.allowed_lateness(seconds(lateness)).discarding();
    move |scores| scores.window(windows.clone().allow_closed_window_drops())
}

fn late_elements_fire_once_a_bundle_and_key(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        let script = "w10 | a=1@1 a=2@2 b=4@3 | b=8@4 b=16@5 | w19 | a=32@6";
        let (panes, report) = summed(&bench, script, fixed(Trigger::Default, 10));
        assert_eq!(
            panes,
            [
                "a [0s,10s) late 0/0 first @end = 3",
                "a [0s,10s) late 1/1 @end = 32",
                "b [0s,10s) late 0/0 first @end = 4",
                "b [0s,10s) late 1/1 @end = 24"
            ]
        );
        assert_eq!(drops(&report), [0, 0]);
    }
}

fn processing_time_fires_at_its_target_and_then_anew(bench: &Bench) {
    let waits = Repeatedly::of(AfterProcessingTime::after_first(seconds(5)));
    let script = "c1 | a=1@1 | c5.999999 | a=2@2 | c6 | c8 | a=4@3 b=8@3 | c12.999999 | c13";
    let (panes, _) = summed(bench, script, fixed(waits, 0));
    assert_eq!(
        panes,
        [
            "a [0s,10s) early 0/-1 first @end = 3",
            "a [0s,10s) early 1/-1 @end = 4",
            "b [0s,10s) early 0/-1 first @end = 8"
        ]
    );
}

fn an_aligned_target_is_rounded_up_and_one_on_the_grid_stays(bench: &Bench) {
    let waits = AfterProcessingTime::after_first(seconds(5)).aligned_to(seconds(10));
    // From 3 to 8, and so to 10; from 15 to 20, which is on the grid.
    let script =
        "c3 | a=1@1 | c9.999999 | a=2@2 | c10 | c15 | a=4@3 | c19.999999 | a=8@4 | c20 | a=16@5";
    let (panes, _) = summed(bench, script, fixed(Repeatedly::of(waits), 0));
    assert_eq!(
        panes,
        [
            "a [0s,10s) early 0/-1 first @end = 3",
            "a [0s,10s) early 1/-1 @end = 12",
            "a [0s,10s) on_time 2/0 last @end = 16"
        ]
    );
}

fn what_waits_for_the_clock_leaves_at_the_end(bench: &Bench) {
    let waits = Repeatedly::of(AfterProcessingTime::after_first(hours(1)));
    for (trigger, script) in [
        (waits, "c0 | a=1@1 | w10 | a=2@2 | w14.999999 | c3599 | w15 | c3600"),
        (Trigger::Never, "a=1@1 | w10 | a=2@2 | w15"),
        (Repeatedly::of(AfterCount::of(3)), "a=1@1 | w10 | a=2@2 | w15"),
    ] {
        let (panes, report) = summed(bench, script, fixed(trigger, 5));
        assert_eq!(panes, ["a [0s,10s) on_time 0/0 first last @end = 3"], "{script}");
        assert_eq!(drops(&report), [0, 0]);
    }
}

fn an_event_fires_once_however_its_elements_were_cut(bench: &Bench) {
    // Whatever comes of an event on whichever way is one bundle to a key.
    for bench in bench.seeds(4, 1) {
        let each = Repeatedly::of(AfterCount::of(1));
        let (panes, _) = played(&bench, "a=1@1 b=2@2 a=3@3 | a=4@4 | b=5@5 b=6@6", |scores| {
            let thrice = scores.flat_map(|score| [score.clone(), score.clone(), score]);
            let spread = thrice.reshuffle();
            let doubled = scores.map(|(name, points)| (name, 10 * points)).reshuffle();
            let doubled = doubled.flatten_with(&doubled);
            let all = spread.flatten_with(&doubled).flatten_with(scores);
            fixed(each, 0)(&all).combine_per_key(Sum)
        });
        // Each comes 3 + 2 · 10 + 1 times.
        assert_eq!(
            panes,
            [
                "a [0s,10s) early 0/-1 first @end = 96",
                "a [0s,10s) early 1/-1 @end = 96",
                "b [0s,10s) early 0/-1 first @end = 48",
                "b [0s,10s) early 1/-1 @end = 264"
            ]
        );
    }
}

fn both_times_in_one_step_give_one_pane(bench: &Bench) {
    let early = AfterProcessingTime::after_first(seconds(60));
    let trigger = AfterWatermark::new().early(early).late(AfterCount::of(1));
    let script = "c0 | a=1@1 | w10 c60 | c70 | a=2@2 | w15 c200";
    let (panes, _) = summed(bench, script, fixed(trigger, 5));
    assert_eq!(panes, ["a [0s,10s) on_time 0/0 first @end = 1", "a [0s,10s) late 1/1 @end = 2"]);
}

fn a_closed_window_takes_nothing_until_it_is_gone(bench: &Bench) {
    // In each the second firing finishes the trigger; what comes then is closed, and later late.
    let twice = Trigger::parse("after_each(after_count(1),after_count(1))").unwrap();
    let until = Trigger::parse("or_finally(repeatedly(after_count(1)),after_count(2))").unwrap();
    for trigger in [twice, until] {
        let script = "a=1@1 | a=2@2 | a=4@3 b=8@3 | w14 | a=16@4 | w15 | a=32@5 | w40";
        let (panes, report) = summed(bench, script, fixed(trigger, 5));
        assert_eq!(
            panes,
            [
                "a [0s,10s) early 0/-1 first @end = 1",
                "a [0s,10s) early 1/-1 last @end = 2",
                "b [0s,10s) early 0/-1 first @end = 8"
            ]
        );
        assert_eq!(drops(&report), [1, 2]);
    }
}

fn triggers_that_would_lose_data_are_refused(bench: &Bench) {
    let built = |trigger: &str, lateness: i64, allowed: bool| {
        let pipeline = bench.pipeline();
        let windows = FixedWindows::of(seconds(10)).triggering(Trigger::parse(trigger).unwrap());
        let windows = windows.allowed_lateness(seconds(lateness)).discarding();
        let scores = pipeline.create([("a".to_owned(), 1i64)]);
        let windowed = match allowed {
            true => scores.window(windows.allow_closed_window_drops()),
            false => scores.window(windows),
        };
        let found = windowed.named("windowed").combine_per_key(Sum).collect();
        let outcome = pipeline.try_run().map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(found.values().is_empty(), outcome.is_err(), "{trigger}");
        outcome
    };
    let early = "after_watermark(early=after_count(1))";
    for trigger in [
        "default",
        "never",
        "repeatedly(after_count(1))",
        "after_watermark(late=after_count(1))",
        "after_watermark(early=after_count(2),late=after_processing_time(1s))",
        "after_each(after_count(2),repeatedly(after_watermark))",
    ] {
        assert_eq!((built(trigger, 0, false), built(trigger, 1, false)), (Ok(()), Ok(())));
    }
    for trigger in ["after_watermark", early] {
        assert_eq!(built(trigger, 0, false), Ok(()), "{trigger}");
    }
    let never_alone = [
        "after_count(1)",
        "after_processing_time(1s)",
        "or_finally(repeatedly(after_count(1)),after_watermark)",
        "after_each(after_count(1),after_watermark)",
        "after_all(after_count(1),after_watermark)",
        "after_first(after_count(1),after_watermark)",
    ];
    let refused = [("after_watermark", 1), (early, 1)].into_iter();
    let refused =
        refused.chain(never_alone.iter().flat_map(|trigger| [(*trigger, 0), (*trigger, 1)]));
    for (trigger, lateness) in refused {
        let told = built(trigger, lateness, false).unwrap_err();
        assert!(told.contains("windowed") && told.contains(trigger), "{told}");
        assert!(told.contains("allow_closed_window_drops()"), "{told}");
        assert_eq!(built(trigger, lateness, true), Ok(()), "{trigger}");
    }
}
