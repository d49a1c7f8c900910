//! Which windows there are: fixed, sliding and calendar windows, and what a later call changes.

use watershed::{
    CalendarWindows, Create, PaneInfo,
    chrono::{DateTime, Utc},
    chrono_tz::{America::Sao_Paulo, Europe::Berlin, Tz},
    combine::{Count, Sum},
    model::{DropReason, Window},
    prelude::*,
    testing::assert_that,
};

use super::as_text::{Pair, are, at, batch, by_letter, lists, stream};
use crate::Bench;

crate::cases! {
    fixed_windows_hold_their_start_and_not_their_end: "WN-01";
    sliding_windows_hold_an_element_as_often_as_they_overlap: "WN-02";
    what_falls_between_windows_is_dropped_and_counted: "WN-02";
    days_are_as_long_as_the_clock_makes_them: "WN-04";
    months_and_years_are_those_of_the_calendar: "WN-04";
    windows_replace_windows_and_the_newest_settings_hold: "WN-06";
    what_is_not_said_anew_stays: "WN-06", "WN-15";
    settings_alone_leave_the_windows: "WN-15";
    groupings_follow_each_other_in_fixed_and_sliding_windows: "WN-08";
    sessions_of_sessions: "GP-19", "WN-08";
    only_who_looks_at_windows_sees_an_element_once_for_each: "WN-10";
}

/// A collection of elements at times, made of these lines.
type Given = fn(&Pipeline, &str) -> PCollection<Pair>;

fn fixed_windows_hold_their_start_and_not_their_end(bench: &Bench) {
    for given in [stream as Given, batch] {
        let pipeline = bench.pipeline();
        let pairs = given(
            &pipeline,
            "a=1@3s a=2@12999999us a=3@13s a=4@2999999us b=5@3s
             a=6@-1us a=7@-7s a=8@-7000001us",
        );
        let windows = FixedWindows::of(seconds(10)).with_offset(seconds(3));
        let panes = lists(&pairs.window(windows)).collect();
        pipeline.run();
        are(
            &panes,
            "a [-17s,-7s) on_time 0/0 first last @end = [8]
             a [-7s,3s) on_time 0/0 first last @end = [4, 6, 7]
             a [3s,13s) on_time 0/0 first last @end = [1, 2]
             b [3s,13s) on_time 0/0 first last @end = [5]
             a [13s,23s) on_time 0/0 first last @end = [3]",
        );
    }
}

fn sliding_windows_hold_an_element_as_often_as_they_overlap(bench: &Bench) {
    for given in [stream as Given, batch] {
        let pipeline = bench.pipeline();
        // Ten seconds every four: two windows or three.
        let pairs = given(&pipeline, "a=1@0s a=2@2s a=3@-1us");
        let panes = lists(&pairs.window(SlidingWindows::of(seconds(10), seconds(4)))).collect();
        let moved = SlidingWindows::of(seconds(10), seconds(5)).with_offset(seconds(2));
        let moved = lists(&pairs.window(moved)).collect();
        pipeline.run();
        are(
            &panes,
            "a [-8s,2s) on_time 0/0 first last @end = [1, 3]
             a [-4s,6s) on_time 0/0 first last @end = [1, 2, 3]
             a [0s,10s) on_time 0/0 first last @end = [1, 2]",
        );
        are(
            &moved,
            "a [-8s,2s) on_time 0/0 first last @end = [1, 3]
             a [-3s,7s) on_time 0/0 first last @end = [1, 2, 3]
             a [2s,12s) on_time 0/0 first last @end = [2]",
        );
    }
}

fn what_falls_between_windows_is_dropped_and_counted(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = batch(&pipeline, "a=1@0s a=2@1999999us a=3@2s a=4@4999999us a=5@5s a=6@-1us");
    let windows = SlidingWindows::of(seconds(2), seconds(5));
    let panes = lists(&pairs.window(windows)).collect();
    let report = pipeline.run();
    are(
        &panes,
        "a [0s,2s) on_time 0/0 first last @end = [1, 2]
         a [5s,7s) on_time 0/0 first last @end = [5]",
    );
    assert_eq!(report.drops.count(DropReason::NoWindow), 3);
}

fn utc(text: &str) -> Timestamp {
    Timestamp::from(text.parse::<DateTime<Utc>>().unwrap())
}

/// How many half hours from the first instant to the second are in each window.
fn half_hours(bench: &Bench, windows: CalendarWindows, from: &str, to: &str) -> Vec<(Window, u64)> {
    let pipeline = bench.pipeline();
    let (from, to) = (utc(from), utc(to));
    let times = (0..).map(|n| from + minutes(30 * n)).take_while(|time| *time < to);
    let timed: Vec<_> = times.map(|time| ((), time)).collect();
    let stamped = pipeline.apply(Create::timestamped(timed)).window(windows);
    let counts = stamped.with_keys(0u8).combine_per_key(Count).collect();
    pipeline.run();
    let mut found: Vec<(Window, u64)> = Vec::new();
    for count in counts.observed() {
        assert_eq!(count.pane, PaneInfo::ONLY);
        found.extend(count.windows.as_slice().iter().map(|window| (window.clone(), count.value.1)));
    }
    found.sort();
    found
}

fn between(start: &str, end: &str) -> Window {
    Window::Interval { start: utc(start), end: utc(end) }
}

fn days_are_as_long_as_the_clock_makes_them(bench: &Bench) {
    let days = |zone: Tz| CalendarWindows::days(1).in_time_zone(zone);
    // Clocks go forward at 02:00 in the night to the 31st of March.
    let spring = half_hours(bench, days(Berlin), "2024-03-30T12:00:00Z", "2024-04-01T12:00:00Z");
    assert_eq!(
        spring,
        [
            (between("2024-03-29T23:00:00Z", "2024-03-30T23:00:00Z"), 22),
            (between("2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z"), 46),
            (between("2024-03-31T22:00:00Z", "2024-04-01T22:00:00Z"), 28),
        ]
    );
    // And back at 03:00 on the 27th of October.
    let autumn = half_hours(bench, days(Berlin), "2024-10-26T22:00:00Z", "2024-10-28T00:00:00Z");
    assert_eq!(
        autumn,
        [
            (between("2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"), 50),
            (between("2024-10-27T23:00:00Z", "2024-10-28T23:00:00Z"), 2),
        ]
    );
    // Here clocks jump over midnight itself: the day starts at 01:00.
    let jump = half_hours(bench, days(Sao_Paulo), "2018-11-04T02:00:00Z", "2018-11-05T03:00:00Z");
    assert_eq!(
        jump,
        [
            (between("2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"), 2),
            (between("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"), 46),
            (between("2018-11-05T02:00:00Z", "2018-11-06T02:00:00Z"), 2),
        ]
    );
}

fn months_and_years_are_those_of_the_calendar(bench: &Bench) {
    let months = CalendarWindows::months(1).in_time_zone(Berlin);
    let found = half_hours(bench, months, "2024-02-01T00:00:00Z", "2024-04-01T00:00:00Z");
    assert_eq!(
        found,
        [
            // A leap year's February, and a March that lacks an hour.
            (between("2024-01-31T23:00:00Z", "2024-02-29T23:00:00Z"), 29 * 48 - 2),
            (between("2024-02-29T23:00:00Z", "2024-03-31T22:00:00Z"), 31 * 48 - 2),
            (between("2024-03-31T22:00:00Z", "2024-04-30T22:00:00Z"), 4),
        ]
    );
    let years = half_hours(
        bench,
        CalendarWindows::years(1),
        "1969-12-31T00:00:00Z",
        "1970-01-02T00:00:00Z",
    );
    assert_eq!(
        years,
        [
            (between("1969-01-01T00:00:00Z", "1970-01-01T00:00:00Z"), 48),
            (between("1970-01-01T00:00:00Z", "1971-01-01T00:00:00Z"), 48),
        ]
    );
}

fn windows_replace_windows_and_the_newest_settings_hold(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = stream(
        &pipeline,
        "a=1@1s a=2@2s
         a=3@3s
         a=4@11s
         watermark 10s
         a=5@4s
         watermark 11s
         a=6@5s",
    );
    let first = pairs.window(
        FixedWindows::of(minutes(1))
            .triggering(Repeatedly::of(AfterCount::of(1)))
            .allowed_lateness(minutes(1))
            .accumulating(),
    );
    let newest = AfterWatermark::new().early(AfterCount::of(2)).late(AfterCount::of(1));
    let second = first.window(
        FixedWindows::of(seconds(10)).triggering(newest).allowed_lateness(seconds(1)).discarding(),
    );
    // What is done between does not matter.
    let panes = lists(&second.filter(|_| true).reshuffle()).collect();
    let report = pipeline.run();
    are(
        &panes,
        "a [0s,10s) early 0/-1 first @end = [1, 2]
         a [0s,10s) on_time 1/0 @end = [3]
         a [0s,10s) late 2/1 @end = [5]
         a [10s,20s) on_time 0/0 first last @end = [4]",
    );
    assert_eq!(report.drops.count(DropReason::Late), 1);
}

fn what_is_not_said_anew_stays(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = stream(&pipeline, "a=1@1s\n a=2@2s\n watermark 10s\n a=3@3s");
    let first = pairs.window(
        FixedWindows::of(minutes(1))
            .triggering(Repeatedly::of(AfterCount::of(1)))
            .allowed_lateness(minutes(1))
            .accumulating(),
    );
    let panes = lists(&first.window(FixedWindows::of(seconds(10)))).collect();
    pipeline.run();
    are(
        &panes,
        "a [0s,10s) early 0/-1 first @end = [1]
         a [0s,10s) early 1/-1 @end = [1, 2]
         a [0s,10s) late 2/0 @end = [1, 2, 3]",
    );
}

fn settings_alone_leave_the_windows(bench: &Bench) {
    let settings = || {
        WindowSettings::new()
            .triggering(Repeatedly::of(AfterCount::of(2)))
            .allowed_lateness(seconds(5))
            .accumulating()
    };
    let pipeline = bench.pipeline();
    let pairs = stream(&pipeline, "a=1@1s a=2@9s\n a=3@4s a=4@8s\n watermark 14s\n a=5@11s");
    let fixed = pairs.window(FixedWindows::of(seconds(10))).with_window_settings(settings());
    let fixed = lists(&fixed).collect();
    let sessions = pairs.window(Sessions::with_gap(seconds(5))).with_window_settings(settings());
    let sessions = lists(&sessions).collect();
    pipeline.run();
    are(
        &fixed,
        "a [0s,10s) early 0/-1 first @end = [1, 2]
         a [0s,10s) early 1/-1 @end = [1, 2, 3, 4]
         a [10s,20s) on_time 0/0 first last @end = [5]",
    );
    are(
        &sessions,
        "a [1s,14s) early 0/-1 first @end = [1, 2, 3, 4]
         a [1s,16s) on_time 0/0 first last @end = [1, 2, 3, 4, 5]",
    );
}

fn groupings_follow_each_other_in_fixed_and_sliding_windows(bench: &Bench) {
    for given in [stream as Given, batch] {
        let pipeline = bench.pipeline();
        let pairs =
            given(&pipeline, "a1=1@1s a2=2@2s b1=3@3s\n a1=4@11s\n watermark 10s\n a1=5@12s");
        let twice =
            |pairs: PCollection<Pair>| lists(&by_letter(&pairs.combine_per_key(Sum))).collect();
        let fixed = twice(pairs.window(FixedWindows::of(seconds(10))));
        let sliding = twice(pairs.window(SlidingWindows::of(seconds(20), seconds(10))));
        pipeline.run();
        are(
            &fixed,
            "a [0s,10s) on_time 0/0 first last @end = [1, 2]
             b [0s,10s) on_time 0/0 first last @end = [3]
             a [10s,20s) on_time 0/0 first last @end = [9]",
        );
        are(
            &sliding,
            "a [-10s,10s) on_time 0/0 first last @end = [1, 2]
             b [-10s,10s) on_time 0/0 first last @end = [3]
             a [0s,20s) on_time 0/0 first last @end = [2, 10]
             b [0s,20s) on_time 0/0 first last @end = [3]
             a [10s,30s) on_time 0/0 first last @end = [9]",
        );
    }
}

fn sessions_of_sessions(bench: &Bench) {
    for given in [stream as Given, batch] {
        let pipeline = bench.pipeline();
        let pairs = given(&pipeline, "a1=1@1s a2=2@5s\n a1=3@4s\n a2=4@30s\n watermark 9s");
        let windows = Sessions::with_gap(seconds(5));
        let sums = by_letter(&pairs.window(windows).combine_per_key(Sum));
        // As merged, though they overlap; windowed anew, from the ends of the sessions on.
        let stay = lists(&sums).collect();
        let again = lists(&sums.window(windows)).collect();
        pipeline.run();
        are(
            &stay,
            "a [1s,9s) on_time 0/0 first last @end = [4]
             a [5s,10s) on_time 0/0 first last @end = [2]
             a [30s,35s) on_time 0/0 first last @end = [4]",
        );
        are(
            &again,
            "a [8999999us,14999999us) on_time 0/0 first last @end = [2, 4]
             a [34999999us,39999999us) on_time 0/0 first last @end = [4]",
        );
    }
}

/// Puts out each number with how many windows there are, and the windows looked at or not.
#[derive(Clone)]
struct HowManyWindows {
    looks: bool,
}

impl DoFn<Pair> for HowManyWindows {
    type Outputs = One<(i64, usize)>;
    fn process(
        &mut self,
        (_, number): Pair,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, Pair>,
    ) -> Result<(), BoxError> {
        out.emit((number, cx.windows().len()));
        Ok(())
    }
    fn observes_windows(&self) -> bool {
        self.looks
    }
}

fn only_who_looks_at_windows_sees_an_element_once_for_each(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let pairs = batch(&pipeline, "a=1@1s a=2@6s a=3@12s a=4@13s a=5@14s");
        let pairs = pairs.window(SlidingWindows::of(seconds(10), seconds(5)));
        let together = pairs.par_do(HowManyWindows { looks: false }).named("together");
        let apart = pairs.par_do(HowManyWindows { looks: true }).named("apart");
        let (seen, seen_apart) = (together.collect(), apart.collect());
        for numbers in [together, apart] {
            // What follows is grouped alike.
            let numbers = numbers.map(|(number, _)| number);
            let window = |start| watershed::IntervalWindow::new(at(start), at(start + 10));
            assert_that(&numbers).in_window(window(-5)).contains_in_any_order([1]);
            assert_that(&numbers).in_window(window(5)).contains_in_any_order([2, 3, 4, 5]);
            let sums = numbers.with_keys(()).combine_per_key(Sum).values();
            assert_that(&sums).contains_in_any_order([1, 3, 14, 12]);
        }
        pipeline.run();
        let mut seen: Vec<_> =
            seen.observed().iter().map(|one| (one.value, one.windows.as_slice().len())).collect();
        seen.sort();
        assert_eq!(seen, [1, 2, 3, 4, 5].map(|n| ((n, 2), 2)));
        let mut apart: Vec<_> = seen_apart
            .observed()
            .iter()
            .map(|one| (one.value, one.windows.as_slice().len()))
            .collect();
        apart.sort();
        let twice: Vec<_> = (2..12).map(|n| ((n / 2, 1), 1)).collect();
        assert_eq!(apart, twice);
    }
}
