//! What a second grouping inherits from the trigger of the first.

use watershed::{FiringBehavior, Observed, combine::Sum, prelude::*};

use super::told::{Score, drops, panes, stream};
use crate::Bench;

crate::cases! {
    a_second_grouping_fires_once_for_each_pane_of_the_first: "TR-09", "TR-17";
    what_a_second_grouping_inherits_shows_in_its_panes: "TR-09";
    delays_do_not_add_up: "TR-04", "TR-17";
}

/// Triggers of which every pane of a first grouping is one of the second's.
const TRIGGERS: &[&str] = &[
    "default",
    "never",
    "repeatedly(after_count(3))",
    "repeatedly(after_processing_time(5s))",
    "repeatedly(after_processing_time(5s,align=4s))",
    "after_watermark(late=after_count(2))",
    "after_watermark(early=after_count(2),late=after_processing_time(3s))",
    "after_watermark(early=after_processing_time(4s),late=after_count(1))",
    "repeatedly(after_first(after_count(3),after_processing_time(6s)))",
    "repeatedly(after_all(after_count(2),after_processing_time(2s)))",
    "after_each(after_count(2),repeatedly(after_count(3)))",
    "repeatedly(or_finally(repeatedly(after_count(2)),after_count(3)))",
];

/// Elements early, late and too late, while both times go on.
const SCRIPT: &str = "c0 | a=1@1 b=2@2 | a=4@3 | c4 | a=8@4 b=16@5 a=32@6 | c8 | w9 | b=64@9 | c13 | w10 | \
                      a=128@7 | c17 | a=256@8 b=512@1 | w15 | c22 | a=1024@2 a=2048@3 | w19 c40 | \
                      b=4096@4 | w20 | a=8192@9 b=16384@12";

fn fixed(scores: &PCollection<Score>, trigger: &str) -> PCollection<Score> {
    let windows = FixedWindows::of(seconds(10)).triggering(Trigger::parse(trigger).unwrap());
    let windows = windows.allowed_lateness(seconds(10)).discarding();
    // An empty pane would come to the second grouping as an element.
    scores.window(windows.on_time_behavior(FiringBehavior::FireIfNonEmpty))
}

/// Whose it is, the end of its window, which pane, and how many points.
fn brief(observed: Vec<Observed<Score>>) -> Vec<(String, i64, u64, i64)> {
    let brief = observed.into_iter().map(|observed| {
        let end = observed.windows.as_slice()[0].max_timestamp().as_micros() + 1;
        (observed.value.0, end / 1_000_000, observed.pane.index, observed.value.1)
    });
    super::timed::sorted(brief.collect())
}

fn a_second_grouping_fires_once_for_each_pane_of_the_first(bench: &Bench) {
    for trigger in TRIGGERS {
        let pipeline = bench.pipeline();
        let scores = fixed(&pipeline.apply(stream(SCRIPT)), trigger);
        let first = scores.combine_per_key(Sum);
        let second = first.reshuffle().combine_per_key(Sum);
        let third = second.combine_per_key(Sum);
        let [first, second, third] = [first, second, third].map(|sums| sums.collect());
        let report = pipeline.run();
        let first = brief(first.observed());
        assert!(first.len() >= 3, "{trigger}: {first:?}");
        let points: i64 = first.iter().map(|(.., points)| points).sum();
        assert_eq!(points, (1 << 15) - 1 - 8192, "{trigger}");
        assert_eq!(brief(second.observed()), first, "{trigger}");
        assert_eq!(brief(third.observed()), first, "{trigger}");
        assert_eq!(drops(&report), [1, 0], "{trigger}");
    }
}

fn what_a_second_grouping_inherits_shows_in_its_panes(bench: &Bench) {
    let cases: &[(&str, &str, &[&str])] = &[
        // A count becomes a count of one: the pane of three is enough.
        (
            "repeatedly(after_count(3))",
            "a=1@1 b=1@1 a=2@2 | a=4@3 | b=8@4 b=16@5 | w10",
            &["all [0s,10s) early 0/-1 first @end = 7", "all [0s,10s) early 1/-1 @end = 25"],
        ),
        // Waits of several keys are over at once, and nothing waits again.
        (
            "repeatedly(after_processing_time(5s))",
            "c0 | a=1@1 b=2@2 | c4 | a=4@3 | c5 | c6 | b=8@4 | c11",
            &["all [0s,10s) early 0/-1 first @end = 7", "all [0s,10s) early 1/-1 @end = 8"],
        ),
        // What is on time comes before the second's own end, and so early; what is late, late.
        (
            "after_watermark(early=after_count(2),late=after_count(1))",
            "a=1@1 a=2@2 | b=4@3 | w10 | a=8@4 b=16@5 | b=32@6",
            &[
                "all [0s,10s) early 0/-1 first @end = 3",
                "all [0s,10s) early 1/-1 @end = 4",
                "all [0s,10s) late 2/0 @end = 24",
                "all [0s,10s) late 3/1 @end = 32",
            ],
        ),
        (
            "default",
            "a=1@1 b=2@2 | w10 | a=4@3 b=8@4 | a=16@5",
            &[
                "all [0s,10s) on_time 0/0 first @end = 3",
                "all [0s,10s) late 1/1 @end = 12",
                "all [0s,10s) late 2/2 @end = 16",
            ],
        ),
        ("never", "a=1@1 | w10 | b=2@2 | w19", &["all [0s,10s) on_time 0/0 first last @end = 3"]),
        // Parts that come in turn become any of them.
        (
            "after_each(after_count(2),repeatedly(after_count(3)))",
            "a=1@1 a=2@2 | a=4@3 | a=8@4 a=16@5",
            &["all [0s,10s) early 0/-1 first @end = 3", "all [0s,10s) early 1/-1 @end = 28"],
        ),
    ];
    for (trigger, script, expected) in cases {
        let pipeline = bench.pipeline();
        let sums = fixed(&pipeline.apply(stream(script)), trigger).combine_per_key(Sum);
        let together = sums.map(|(_, points)| ("all".to_owned(), points));
        let found = together.combine_per_key(Sum).collect();
        let report = pipeline.run();
        assert_eq!(panes(&found), *expected, "{trigger}");
        assert_eq!(drops(&report), [0, 0], "{trigger}");
    }
}

fn delays_do_not_add_up(bench: &Bench) {
    // Behind three groupings the pane is there when the clock has come to the first one's target: what
    // comes a microsecond later is in another.
    let trigger = "repeatedly(after_processing_time(1m))";
    let pipeline = bench.pipeline();
    let scores = pipeline.apply(stream("c0 | a=1@1 | c59.999999 | a=2@2 | c60 | a=4@3"));
    let sums = fixed(&scores, trigger).combine_per_key(Sum).combine_per_key(Sum);
    let found = sums.combine_per_key(Sum).collect();
    pipeline.run();
    assert_eq!(
        panes(&found),
        ["a [0s,10s) early 0/-1 first @end = 3", "a [0s,10s) early 1/-1 @end = 4"]
    );
}
