//! Assertions on single panes of a window.

use watershed::{IntervalWindow, combine::Sum, prelude::*, testing::assert_that};

use super::as_text::{Pair, at, batch, stream};
use crate::Bench;

crate::cases! {
    an_assertion_on_panes_sees_these_panes_alone: "SR-05";
    an_assertion_on_panes_that_does_not_hold_fails_with_a_difference: "SR-05";
    without_a_grouping_all_is_in_the_final_pane: "SR-05";
}

fn window(start: i64) -> IntervalWindow {
    IntervalWindow::new(at(start), at(start + 10))
}

fn sum(key: &str, sum: i64) -> Pair {
    (key.to_owned(), sum)
}

/// Sums of every kind of pane.
fn sums(pipeline: &Pipeline) -> PCollection<Pair> {
    let pairs = stream(
        pipeline,
        "a=1@1s a=2@11s
         a=3@2s b=7@3s
         watermark 10s
         a=5@4s
         watermark 40s",
    );
    let trigger = AfterWatermark::new().early(AfterCount::of(1)).late(AfterCount::of(1));
    let windows = FixedWindows::of(seconds(10))
        .triggering(trigger)
        .allowed_lateness(seconds(5))
        .closing_behavior(watershed::FiringBehavior::FireAlways)
        .accumulating();
    pairs.window(windows).combine_per_key(Sum)
}

fn an_assertion_on_panes_sees_these_panes_alone(bench: &Bench) {
    let pipeline = bench.pipeline();
    let sums = sums(&pipeline);
    let early = || assert_that(&sums).in_early_panes(window(0));
    early().contains_in_any_order([sum("a", 1), sum("a", 4), sum("b", 7)]);
    assert_that(&sums).in_early_panes(window(10)).is_singleton(sum("a", 2));
    assert_that(&sums).in_on_time_pane(window(0)).contains_in_any_order([sum("a", 4), sum("b", 7)]);
    assert_that(&sums).in_on_time_pane(window(10)).is_singleton(sum("a", 2));
    assert_that(&sums).in_late_panes(window(0)).contains_in_any_order([
        sum("a", 9),
        sum("a", 9),
        sum("b", 7),
    ]);
    assert_that(&sums).in_late_panes(window(10)).is_empty();
    assert_that(&sums).in_final_pane(window(0)).contains_in_any_order([sum("a", 9), sum("b", 7)]);
    assert_that(&sums).in_final_pane(window(10)).is_singleton(sum("a", 2));
    assert_that(&sums).in_final_pane(window(20)).is_empty();
    assert_that(&sums).in_window(window(10)).contains_in_any_order([sum("a", 2), sum("a", 2)]);
    pipeline.run();
}

fn an_assertion_on_panes_that_does_not_hold_fails_with_a_difference(bench: &Bench) {
    type Asserted = fn(&PCollection<Pair>);
    let wrong: [(Asserted, &[&str]); 4] = [
        (
            |sums| assert_that(sums).in_early_panes(window(0)).is_singleton(sum("a", 1)),
            &["found 3", "unexpected: (\"a\", 4)", "unexpected: (\"b\", 7)"],
        ),
        (
            |sums| assert_that(sums).in_on_time_pane(window(0)).is_empty(),
            &["found 2", "unexpected: (\"a\", 4)"],
        ),
        (
            |sums| assert_that(sums).in_late_panes(window(10)).is_singleton(sum("a", 2)),
            &["found 0", "missing: (\"a\", 2)"],
        ),
        (
            |sums| {
                let finals = assert_that(sums).in_final_pane(window(0));
                finals.contains_in_any_order([sum("a", 9), sum("b", 8)]);
            },
            &["expected: (\"b\", 8)", "found:    (\"b\", 7)"],
        ),
    ];
    for (assert, words) in wrong {
        let pipeline = bench.pipeline();
        assert(&sums(&pipeline));
        let told = pipeline.try_run().unwrap_err().to_string();
        assert!(told.contains("pane_assertions.rs:"), "{told}");
        assert!(words.iter().all(|word| told.contains(word)), "{words:?}: {told}");
    }
}

fn without_a_grouping_all_is_in_the_final_pane(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = batch(&pipeline, "a=1@1s a=2@11s").window(FixedWindows::of(seconds(10)));
    assert_that(&pairs).in_final_pane(window(0)).is_singleton(sum("a", 1));
    assert_that(&pairs).in_on_time_pane(window(0)).is_empty();
    assert_that(&pairs).in_early_panes(window(0)).is_empty();
    assert_that(&pairs).in_late_panes(window(0)).is_empty();
    pipeline.run();
}
