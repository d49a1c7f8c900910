//! Collections that are put together, and groupings that nothing would come out of: what is taken, and
//! what is refused.

use watershed::{RunError, combine::Sum, model::DropReason, prelude::*};

use super::as_text::{Pair, are, batch, lists, stream};
use crate::Bench;

crate::cases! {
    a_grouping_that_nothing_would_come_out_of_is_refused: "GP-10";
    an_endless_grouping_with_windows_or_a_trigger_is_taken: "GP-10";
    a_batch_with_a_stream_is_a_stream: "GP-13";
    a_flatten_of_unlike_triggers_or_modes_is_refused: "GP-13";
    the_greatest_lateness_wins: "GP-13";
}

const SOME: &str = "a=1@1s\n a=2@2s\n watermark 10s\n a=3@3s";

/// The one thing that is wrong with a pipeline.
#[track_caller]
fn refusal(bench: &Bench, build: impl FnOnce(&Pipeline)) -> String {
    let pipeline = bench.pipeline();
    build(&pipeline);
    let result = pipeline.try_run();
    let Err(RunError::Build(errors)) = result else { panic!("it was not refused: {result:?}") };
    assert_eq!(errors.0.len(), 1, "{errors}");
    errors.to_string()
}

fn a_grouping_that_nothing_would_come_out_of_is_refused(bench: &Bench) {
    type Grouped = fn(&PCollection<Pair>);
    let ways: [(&str, Grouped); 5] = [
        ("GroupByKey", |pairs| drop(pairs.group_by_key().for_each(|_| ()))),
        ("CombinePerKey", |pairs| drop(pairs.combine_per_key(Sum).for_each(|_| ()))),
        ("Distinct", |pairs| drop(pairs.distinct().for_each(|_| ()))),
        ("Count", |pairs| drop(pairs.count_globally().for_each(|_| ()))),
        // Also where only a part is endless, and the global window was asked for.
        ("GroupByKey", |pairs| {
            let both = pairs.flatten_with(&batch(pairs.pipeline(), "a=1@1s"));
            drop(both.window(GlobalWindows).group_by_key().for_each(|_| ()));
        }),
    ];
    for (step, group) in &ways {
        let told = refusal(bench, |pipeline| group(&stream(pipeline, SOME)));
        assert!(told.contains(*step), "{step}: {told}");
        assert!(told.contains("never complete") && told.contains(".window(..)"), "{told}");
    }
    // A batch ends, and with it the global window.
    for (_, group) in &ways[..4] {
        let pipeline = bench.pipeline();
        group(&batch(&pipeline, SOME));
        pipeline.run();
    }
}

fn an_endless_grouping_with_windows_or_a_trigger_is_taken(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = stream(&pipeline, SOME);
    let windowed = lists(&pairs.window(FixedWindows::of(seconds(3)))).collect();
    let trigger = GlobalWindows.triggering(Repeatedly::of(AfterCount::of(2)));
    let triggered = lists(&pairs.window(trigger.discarding())).collect();
    let report = pipeline.run();
    are(&windowed, "a [0s,3s) on_time 0/0 first last @end = [1, 2]");
    are(
        &triggered,
        "a global early 0/-1 first @end = [1, 2]
         a global on_time 1/0 last @end = [3]",
    );
    assert_eq!(report.drops.count(DropReason::Late), 1);
}

fn a_batch_with_a_stream_is_a_stream(bench: &Bench) {
    for swapped in [false, true] {
        let pipeline = bench.pipeline();
        let scripted = stream(&pipeline, SOME);
        let read = batch(&pipeline, "a=4@4s b=5@5s a=6@16s");
        let both = match swapped {
            false => scripted.flatten_with(&read),
            true => read.flatten_with(&scripted),
        };
        let windows = FixedWindows::of(seconds(10)).allowed_lateness(seconds(5));
        let panes = lists(&both.window(windows)).collect();
        pipeline.run();
        are(
            &panes,
            "a [0s,10s) on_time 0/0 first @end = [1, 2, 4]
             b [0s,10s) on_time 0/0 first @end = [5]
             a [0s,10s) late 1/1 @end = [3]
             a [10s,20s) on_time 0/0 first last @end = [6]",
        );
    }
}

fn a_flatten_of_unlike_triggers_or_modes_is_refused(bench: &Bench) {
    type Windowed = fn(&PCollection<Pair>) -> PCollection<Pair>;
    fn count(n: u64) -> Trigger {
        Repeatedly::of(AfterCount::of(n))
    }
    let ways: [(Windowed, &str); 5] = [
        (|pairs| pairs.window(FixedWindows::of(seconds(10))), "10s"),
        (
            |pairs| pairs.window(FixedWindows::of(seconds(10)).triggering(count(1)).discarding()),
            "after_count(1)",
        ),
        (
            |pairs| pairs.window(FixedWindows::of(seconds(10)).triggering(count(2)).discarding()),
            "after_count(2)",
        ),
        (
            |pairs| pairs.window(FixedWindows::of(seconds(10)).triggering(count(2)).accumulating()),
            "accumulating",
        ),
        (|pairs| pairs.window(FixedWindows::of(seconds(10)).accumulating()), "accumulating"),
    ];
    for (a, (left, left_says)) in ways.iter().enumerate() {
        for (b, (right, right_says)) in ways.iter().enumerate() {
            let build = |pipeline: &Pipeline| {
                let pairs = batch(pipeline, SOME);
                let both = left(&pairs).flatten_with(&right(&pairs)).named("both");
                both.for_each(|_| ());
            };
            if a == b {
                let pipeline = bench.pipeline();
                build(&pipeline);
                pipeline.run();
                continue;
            }
            let told = refusal(bench, build);
            let words = ["both", left_says, right_says, "the same windows, trigger and mode"];
            assert!(words.iter().all(|word| told.contains(word)), "{words:?}: {told}");
        }
    }
}

fn the_greatest_lateness_wins(bench: &Bench) {
    for swapped in [false, true] {
        let pipeline = bench.pipeline();
        let pairs = stream(
            &pipeline,
            "a=1@1s b=1@1s
             watermark 12s
             a=2@2s b=2@2s
             watermark 20s
             a=3@3s b=3@3s",
        );
        let fixed = FixedWindows::of(seconds(10));
        let short = pairs.filter(|(key, _)| key == "a").window(fixed);
        let long = pairs.filter(|(key, _)| key == "b");
        let long = long.window(fixed.allowed_lateness(seconds(10)));
        let both = match swapped {
            false => short.flatten_with(&long),
            true => long.flatten_with(&short),
        };
        let panes = lists(&both).collect();
        let alone = lists(&short).collect();
        let report = pipeline.run();
        are(
            &panes,
            "a [0s,10s) on_time 0/0 first @end = [1]
             b [0s,10s) on_time 0/0 first @end = [1]
             a [0s,10s) late 1/1 @end = [2]
             b [0s,10s) late 1/1 @end = [2]",
        );
        are(&alone, "a [0s,10s) on_time 0/0 first last @end = [1]");
        assert_eq!(report.drops.count(DropReason::Late), 4);
    }
}
