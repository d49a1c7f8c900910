//! How watermarks move from step to step, and what they hold back, by the test's own clock. (What
//! stateful DoFns and side inputs add has cases of its own where those are.)

use watershed::{combine::Sum, prelude::*};

use super::told::{Score, drops, panes, played, stream, summed};
use crate::Bench;

crate::cases! {
    a_window_is_complete_at_its_end_to_the_microsecond: "WM-02", "WM-09";
    a_window_expires_at_the_end_of_its_lateness_to_the_microsecond: "WM-03", "WM-09";
    a_flatten_waits_for_the_slower_of_its_inputs: "WM-01", "WM-02";
    what_a_grouping_holds_back_is_on_time_at_the_next: "WM-01", "WM-07", "WM-12";
    a_pane_as_early_as_its_first_element_is_on_time_at_the_next: "WM-01", "WM-07";
    a_jump_to_the_end_fires_everything_once: "WM-06", "WM-15";
    the_end_comes_after_the_last_pane_through_every_grouping: "WM-15";
}

fn fixed(scores: &PCollection<Score>) -> PCollection<Score> {
    scores.window(FixedWindows::of(seconds(10)))
}

fn a_window_is_complete_at_its_end_to_the_microsecond(bench: &Bench) {
    let script = "a=1@1 | w9.999999 | a=2@2 | w10 | a=4@3 | a=8@10";
    let (panes, report) = summed(bench, script, fixed);
    assert_eq!(
        panes,
        [
            "a [0s,10s) on_time 0/0 first last @end = 3",
            "a [10s,20s) on_time 0/0 first last @end = 8"
        ]
    );
    assert_eq!(drops(&report), [1, 0]);
}

fn a_window_expires_at_the_end_of_its_lateness_to_the_microsecond(bench: &Bench) {
    let script = "a=1@1 | w9.999999 | a=2@2 | w10 | a=4@3 | w14.999999 | a=8@4 | w15 | a=16@5";
    let (panes, report) = summed(bench, script, |scores| {
        scores.window(FixedWindows::of(seconds(10)).allowed_lateness(seconds(5)))
    });
    assert_eq!(
        panes,
        [
            "a [0s,10s) on_time 0/0 first @end = 3",
            "a [0s,10s) late 1/1 @end = 4",
            "a [0s,10s) late 2/2 @end = 8"
        ]
    );
    assert_eq!(drops(&report), [1, 0]);
}

fn a_flatten_waits_for_the_slower_of_its_inputs(bench: &Bench) {
    // The streams take turns: when `b` comes, the other's watermark has passed its window.
    for turned in [false, true] {
        let pipeline = bench.pipeline();
        let fast = pipeline.apply(stream("a=1@1 | w30 | | | "));
        let slow = pipeline.apply(stream(" | | a=2@2 b=4@3 | w10 | a=8@4 c=16@12"));
        let (one, other) = if turned { (&slow, &fast) } else { (&fast, &slow) };
        let found = fixed(&one.flatten_with(other)).combine_per_key(Sum).collect();
        let report = pipeline.run();
        assert_eq!(
            panes(&found),
            [
                "a [0s,10s) on_time 0/0 first last @end = 3",
                "b [0s,10s) on_time 0/0 first last @end = 4",
                "c [10s,20s) on_time 0/0 first last @end = 16"
            ]
        );
        assert_eq!(drops(&report), [1, 0]);
    }
}

fn what_a_grouping_holds_back_is_on_time_at_the_next(bench: &Bench) {
    // The first grouping still waits for the clock when its windows' ends are long past; the second
    // allows no lateness at all.
    let waits = Repeatedly::of(AfterProcessingTime::after_first(seconds(60)));
    let first = FixedWindows::of(seconds(10)).triggering(waits);
    let first = first.allowed_lateness(hours(1)).discarding();
    let at_once = FixedWindows::of(seconds(10)).triggering(Trigger::Default);
    let at_once = at_once.allowed_lateness(seconds(0)).discarding();
    for bench in bench.plans(4096) {
        let (panes, report) =
            played(&bench, "c0 | a=1@1 b=2@2 | w100 | c59 | c60 | a=4@101", |scores| {
                let sums = scores.window(first.clone()).combine_per_key(Sum);
                let together = sums.map(|(_, points)| ("all".to_owned(), points));
                together.window(at_once.clone()).combine_per_key(Sum)
            });
        assert_eq!(
            panes,
            [
                "all [0s,10s) on_time 0/0 first last @end = 3",
                "all [100s,110s) on_time 0/0 first last @end = 4"
            ]
        );
        assert_eq!(drops(&report), [0, 0]);
    }
}

fn a_pane_as_early_as_its_first_element_is_on_time_at_the_next(bench: &Bench) {
    let first = FixedWindows::of(seconds(100));
    let first = first.timestamp_combiner(watershed::TimestampCombiner::Earliest);
    let (panes, report) = played(bench, "a=1@5 | w50 | a=2@60 b=4@70 | w200", |scores| {
        fixed(&scores.window(first).combine_per_key(Sum)).combine_per_key(Sum)
    });
    assert_eq!(
        panes,
        [
            "a [0s,10s) on_time 0/0 first last @5s = 3",
            "b [70s,80s) on_time 0/0 first last @70s = 4"
        ]
    );
    assert_eq!(drops(&report), [0, 0]);
}

fn a_jump_to_the_end_fires_everything_once(bench: &Bench) {
    let every = AfterWatermark::new().early(AfterCount::of(1)).late(AfterCount::of(1));
    let windows = FixedWindows::of(seconds(10)).triggering(every);
    let windows = windows.allowed_lateness(seconds(5)).accumulating();
    let (panes, report) = played(bench, "a=1@1 b=2@11 | a=4@2 a=8@25", |scores| {
        let sums = scores.window(windows).combine_per_key(Sum);
        sums.with_window_settings(WindowSettings::new().discarding()).combine_per_key(Sum)
    });
    // What the first puts out at the jump comes to the second before its own end.
    assert_eq!(
        panes,
        [
            "a [0s,10s) early 0/-1 first @end = 1",
            "a [0s,10s) early 1/-1 @end = 5",
            "a [0s,10s) early 2/-1 @end = 5",
            "a [0s,10s) on_time 3/0 last @end = 0",
            "a [20s,30s) early 0/-1 first @end = 8",
            "a [20s,30s) early 1/-1 @end = 8",
            "a [20s,30s) on_time 2/0 last @end = 0",
            "b [10s,20s) early 0/-1 first @end = 2",
            "b [10s,20s) early 1/-1 @end = 2",
            "b [10s,20s) on_time 2/0 last @end = 0"
        ]
    );
    assert_eq!(drops(&report), [0, 0]);
}

fn the_end_comes_after_the_last_pane_through_every_grouping(bench: &Bench) {
    // All windows close at the end only, one grouping after the other; the last expires just then.
    for bench in bench.plans(1) {
        let pipeline = bench.pipeline();
        let scores = pipeline.create((0..40i64).map(|n| (format!("{}", n % 5), n)));
        let scores = scores.with_timestamps(|(_, n)| Timestamp::from_seconds(*n));
        let sums = scores.window(Sessions::with_gap(seconds(6))).combine_per_key(Sum);
        let sums = fixed(&sums).combine_per_key(Sum);
        let each = Repeatedly::of(AfterCount::of(1));
        let sums = sums.window(GlobalWindows.triggering(each).discarding());
        let found = sums.map(|(_, n)| ((), n)).combine_per_key(Sum).collect();
        let report = pipeline.run();
        let total: i64 = found.values().iter().map(|((), points)| points).sum();
        assert_eq!((total, drops(&report)), ((0..40).sum(), [0, 0]));
    }
}
