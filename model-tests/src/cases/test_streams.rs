//! Streams that a test makes: event by event, several at once, and those that cannot be.

use watershed::{TestStream, combine::Sum, micros, model::Drops, prelude::*};

use super::as_text::{Pair, are, at, by_letter, lists, stream};
use crate::Bench;

crate::cases! {
    an_event_is_done_at_every_step_before_the_next: "SR-08";
    streams_take_turns: "SR-04", "SR-08";
    the_clock_is_one_for_all_streams: "SR-04", "SR-08";
    a_batch_beside_a_stream_is_read_first: "SR-08";
    the_same_stream_gives_the_same_again: "SR-04";
    impossible_streams_are_refused: "SR-08";
}

fn an_event_is_done_at_every_step_before_the_next(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let pairs = stream(
            &pipeline,
            "a1=1@1s a2=2@2s a3=3@3s a4=4@4s b1=5@5s
             a1=6@6s b2=7@7s
             watermark 10s
             a2=8@8s a3=9@9s",
        );
        let trigger = AfterWatermark::new().early(AfterCount::of(1)).late(AfterCount::of(1));
        let windows = FixedWindows::of(seconds(10)).triggering(trigger);
        let first = pairs.window(windows.allowed_lateness(seconds(5)).discarding());
        // From many keys, on many workers, to few: three groupings, and steps between them.
        let first = by_letter(&first.combine_per_key(Sum).reshuffle());
        let second = first.combine_per_key(Sum).map(|(key, sum)| (format!("{key}b"), sum));
        let third = lists(&second.reshuffle().filter(|(_, sum)| *sum != 0)).collect();
        pipeline.run();
        are(
            &third,
            "ab [0s,10s) early 0/-1 first @end = [10]
             bb [0s,10s) early 0/-1 first @end = [5]
             ab [0s,10s) early 1/-1 @end = [6]
             bb [0s,10s) early 1/-1 @end = [7]
             ab [0s,10s) on_time 2/0 @end = []
             bb [0s,10s) on_time 2/0 @end = []
             ab [0s,10s) late 3/1 @end = [17]",
        );
    }
}

fn streams_take_turns(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let one = stream(
            &pipeline,
            "a=1@1s
             watermark 10s
             a=2@2s
             watermark 20s
             a=3@3s",
        );
        let other = stream(
            &pipeline,
            "a=10@1s
             watermark 5s
             watermark 10s
             a=20@4s
             watermark 12s
             a=30@5s",
        );
        let windows = FixedWindows::of(seconds(10)).allowed_lateness(seconds(60));
        let panes = lists(&one.flatten_with(&other).window(windows)).collect();
        let report = pipeline.run();
        // The second comes to 10 after the third event of the first: only from there on all is late.
        are(
            &panes,
            "a [0s,10s) on_time 0/0 first @end = [1, 2, 10]
             a [0s,10s) late 1/1 @end = [20]
             a [0s,10s) late 2/2 @end = [3]
             a [0s,10s) late 3/3 @end = [30]",
        );
        assert_eq!(report.drops, Drops::default());
    }
}

fn the_clock_is_one_for_all_streams(bench: &Bench) {
    let pipeline = bench.pipeline();
    let one = stream(&pipeline, "a=1@1s\n clock 4s\n a=2@2s\n a=3@3s");
    let other = stream(&pipeline, "clock 1s\n b=1@1s\n clock 9s\n clock 13999999us");
    let wait = Repeatedly::of(AfterProcessingTime::after_first(seconds(5)));
    let windows = || FixedWindows::of(seconds(10)).triggering(wait.clone()).discarding();
    let [one, other] = [one, other].map(|pairs| lists(&pairs.window(windows())).collect());
    pipeline.run();
    // An element before any clock waits from the beginning of time.
    are(
        &one,
        "a [0s,10s) early 0/-1 first @end = [1]
         a [0s,10s) early 1/-1 @end = [2]
         a [0s,10s) on_time 2/0 last @end = [3]",
    );
    are(&other, "b [0s,10s) early 0/-1 first @end = [1]");
}

fn a_batch_beside_a_stream_is_read_first(bench: &Bench) {
    let pipeline = bench.pipeline();
    let scripted = stream(&pipeline, "a=1@1s\n watermark 10s\n a=2@2s");
    let read = super::as_text::batch(&pipeline, "a=3@3s a=4@12s a=5@4s");
    let windows = FixedWindows::of(seconds(10))
        .triggering(AfterWatermark::new().early(AfterCount::of(3)).late(AfterCount::of(1)))
        .allowed_lateness(minutes(1))
        .accumulating();
    let panes = lists(&scripted.flatten_with(&read).window(windows)).collect();
    pipeline.run();
    are(
        &panes,
        "a [0s,10s) early 0/-1 first @end = [1, 3, 5]
         a [0s,10s) on_time 1/0 @end = [1, 3, 5]
         a [0s,10s) late 2/1 @end = [1, 2, 3, 5]
         a [10s,20s) on_time 0/0 first last @end = [4]",
    );
}

fn the_same_stream_gives_the_same_again(bench: &Bench) {
    let play = |bench: &Bench| {
        let pipeline = bench.pipeline();
        let text =
            "a=1@1s b=2@2s c=3@3s\n clock 3s\n a=4@4s b=5@5s\n watermark 10s clock 8s\n a=6@6s";
        let early = AfterFirst::of([
            AfterCount::of(2),
            AfterProcessingTime::after_first(seconds(4)).into(),
        ]);
        let trigger = AfterWatermark::new().early(early).late(AfterCount::of(1));
        let windows = SlidingWindows::of(seconds(10), seconds(5)).triggering(trigger);
        let windows = windows.allowed_lateness(seconds(20)).accumulating();
        let panes = lists(&stream(&pipeline, text).window(windows)).collect();
        pipeline.run();
        let mut observed = panes.observed();
        observed.sort();
        observed
    };
    let first = play(bench);
    assert!(first.len() > 8, "{first:?}");
    for bench in bench.seeds(4, 3).chain(bench.plans(1)) {
        assert_eq!(play(&bench), first);
    }
}

/// What is said of a stream that cannot be.
#[track_caller]
fn refusal(bench: &Bench, stream: TestStream<Pair>) -> String {
    let pipeline = bench.pipeline();
    pipeline.apply(stream).for_each(|_| ());
    let told = pipeline.try_run().unwrap_err().to_string();
    assert!(told.contains("TestStream") && told.contains("to mend it"), "{told}");
    told
}

fn impossible_streams_are_refused(bench: &Bench) {
    let start = || TestStream::<Pair>::new().advance_both_to(at(10), at(10));
    let element = || [(("a".to_owned(), 1), at(1))];
    let told = refusal(bench, start().advance_watermark_to(at(9)).advance_watermark_to_infinity());
    assert!(told.contains("the watermark goes back from 1970-01-01T00:00:10Z"), "{told}");
    let clock = start().advance_processing_time_to(at(10) - micros(1));
    let told = refusal(bench, clock.advance_watermark_to_infinity());
    assert!(told.contains("processing time goes back"), "{told}");
    let told = refusal(
        bench,
        start().advance_processing_time(seconds(-1)).advance_watermark_to_infinity(),
    );
    assert!(told.contains("processing time goes back"), "{told}");
    for unended in [TestStream::new(), start().elements(element())] {
        let told = refusal(bench, unended);
        assert!(told.contains("does not end with the watermark at infinity"), "{told}");
    }
    let told = refusal(bench, start().advance_watermark_to_infinity().elements(element()));
    assert!(told.contains("after the watermark has gone to infinity"), "{told}");
    let behind = [(("a".to_owned(), 1), Timestamp::MAX)];
    let told = refusal(bench, start().elements(behind).advance_watermark_to_infinity());
    assert!(told.contains("behind the last legal time"), "{told}");
    // To stay, or to say nothing at all, is allowed.
    let pipeline = bench.pipeline();
    let still = start().advance_both_to(at(10), at(10)).elements([]).elements(element());
    let seen = pipeline.apply(still.advance_watermark_to_infinity()).collect();
    pipeline.run();
    assert_eq!(seen.values(), [("a".to_owned(), 1)]);
}
