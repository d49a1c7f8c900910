//! The time that a source's elements go by, and sources that go by the clock.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc::channel,
    },
};

use watershed::{Create, Outcome, combine::Sum, prelude::*, text::TextStream};

use super::ending::wait_until_told;
use crate::{
    Bench,
    folder::Folder,
    ticking::{set_forth_and_back, ticking},
};

crate::cases! {
    lines_go_by_their_event_times: "WN-19";
    lines_go_by_the_time_at_which_they_were_taken_in: "WN-19";
    lines_go_by_the_time_at_which_they_were_read: "WN-19";
    generated_numbers_go_by_the_time_that_was_chosen: "WN-19";
    what_is_due_comes_once_though_the_clock_is_set: "WN-19", "TR-04";
    impulses_come_as_the_clock_goes_on: "SR-06";
    elements_have_the_times_that_they_were_given: "SR-06";
    nothing_is_read_of_what_is_empty: "SR-06";
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// Where the test's clock begins, in seconds.
const START: i64 = 1_000_000;

/// Follows a file of three lines, which are taken in together and read one by one, until their windows of
/// a second have given `upto` lines; then drains it. The times of the lines, and what windows hold how many.
fn follow(
    bench: &Bench,
    upto: u64,
    times: impl Fn(TextStream) -> TextStream,
) -> (Vec<Timestamp>, Vec<u64>) {
    let folder = Folder::new();
    let file = folder.path().join("a.log");
    fs::write(&file, "5\n7\n31\n").unwrap();
    let mut bench = bench.clone();
    bench.change(|options| (options.bundle_elements, options.clock) = (1, ticking(START)));
    let pipeline = Pipeline::new();
    let lines =
        pipeline.apply(times(text::follow(file.to_str().unwrap()).poll_interval(millis(1))));
    let read = lines.collect();
    let ones = lines.map(|_| ((), 1u64)).window(FixedWindows::of(seconds(1)));
    let counts = ones.combine_per_key(Sum);
    let (tell, told) = channel();
    let seen = Arc::new(AtomicU64::new(0));
    counts.for_each(move |((), n)| {
        if seen.fetch_add(n, SeqCst) + n >= upto {
            let _ = tell.send(());
        }
    });
    let counts = counts.collect();
    let job = bench.start(pipeline.build().unwrap()).unwrap();
    wait_until_told(&bench, &job, &told);
    job.drain();
    assert_eq!(job.wait().unwrap().outcome, Outcome::Drained);
    let mut times: Vec<_> = read.observed().iter().map(|line| line.timestamp).collect();
    times.sort();
    let mut counts: Vec<_> = counts.values().into_iter().map(|((), n)| n).collect();
    counts.sort();
    (times, counts)
}

fn lines_go_by_their_event_times(bench: &Bench) {
    let time_of = |line: &str| line.parse().ok().map(at);
    // The last one's window is still open when the others are closed.
    let (times, counts) = follow(bench, 2, |lines| lines.event_time(time_of, seconds(1)));
    assert_eq!((times, counts), (vec![at(5), at(7), at(31)], vec![1, 1, 1]));
}

fn lines_go_by_the_time_at_which_they_were_taken_in(bench: &Bench) {
    let (times, counts) = follow(bench, 3, TextStream::ingestion_time);
    assert!(times[0] >= at(START) && times.iter().all(|time| *time == times[0]), "{times:?}");
    assert_eq!(counts, [3]);
}

fn lines_go_by_the_time_at_which_they_were_read(bench: &Bench) {
    let (times, counts) = follow(bench, 3, TextStream::processing_time);
    assert!(times[0] >= at(START) && times.is_sorted_by(|a, b| a < b), "{times:?}");
    assert_eq!(counts, [1, 1, 1]);
}

fn generated_numbers_go_by_the_time_that_was_chosen(bench: &Bench) {
    // One each second; the clock goes on faster, so that some are read after they were due.
    let sequence = || GenerateSequence::from(0).to(60).with_rate(2, seconds(1));
    let mut options = bench.options();
    (options.clock, options.bundle_elements) = (ticking(START), 1);
    let pipeline = bench.pipeline_with(options);
    let event = sequence().with_timestamps(|n| at(n as i64 / 2));
    let event = pipeline.apply(event).collect();
    let ingestion = sequence().with_timestamp_policy(TimestampPolicy::ingestion_time());
    let ingestion = pipeline.apply(ingestion).collect();
    let processing = pipeline.apply(sequence()).collect();
    let all_at_once = pipeline.apply(GenerateSequence::from(5).to(9)).collect();
    let report = pipeline.run();
    assert_eq!((report.outcome, report.elements_read), (Outcome::Done, 3 * 60 + 4));
    let times = |numbers: &watershed::Collected<u64>| {
        let mut numbers: Vec<_> =
            numbers.observed().into_iter().map(|one| (one.value, one.timestamp)).collect();
        numbers.sort();
        numbers
    };
    assert_eq!(times(&event), (0..60).map(|n| (n, at(n as i64 / 2))).collect::<Vec<_>>());
    // What is read is at its time or behind it, and the times differ by as much as it had to wait.
    for (n, time) in times(&ingestion) {
        assert!(time >= at(START) + seconds(n as i64 / 2), "{n} at {time}");
        assert!((time.as_micros() - n as i64 * 500_000) % 1_000_000 == 0, "{n} at {time}");
    }
    for (n, time) in times(&processing) {
        assert!(time >= at(START) + seconds(n as i64 / 2), "{n} at {time}");
        assert!(time.as_micros() % 1_000_000 == 0, "{n} at {time}");
    }
    assert_eq!(times(&all_at_once), (5..9).map(|n| (n, Timestamp::MIN)).collect::<Vec<_>>());
}

fn what_is_due_comes_once_though_the_clock_is_set(bench: &Bench) {
    for bench in bench.seeds(2, 2) {
        let mut options = bench.options();
        (options.clock, options.bundle_elements) = (set_forth_and_back(START), 1);
        let pipeline = bench.pipeline_with(options);
        // Two a minute for two hours.
        let numbers = GenerateSequence::from(0).to(240).with_rate(2, seconds(60));
        let ones = pipeline.apply(numbers).map(|_| ((), 1u64));
        let in_windows = ones.window(FixedWindows::of(seconds(600))).combine_per_key(Sum);
        let in_windows = in_windows.collect();
        let waits = Repeatedly::of(AfterProcessingTime::after_first(seconds(300)));
        let waiting = ones.window(GlobalWindows.triggering(waits).discarding());
        let waiting = waiting.combine_per_key(Sum).collect();
        let report = pipeline.run();
        assert_eq!((report.outcome, report.drops.total()), (Outcome::Done, 0));
        let panes = in_windows.observed();
        let mut windows: Vec<_> = panes.iter().map(|pane| pane.timestamp).collect();
        windows.sort();
        windows.dedup();
        assert_eq!(windows.len(), panes.len(), "a window had more than one pane");
        assert_eq!(panes.iter().map(|pane| pane.value.1).sum::<u64>(), 240);
        assert_eq!(waiting.values().iter().map(|(_, n)| n).sum::<u64>(), 240);
    }
}

fn impulses_come_as_the_clock_goes_on(bench: &Bench) {
    for bench in bench.seeds(2, 2) {
        let mut options = bench.options();
        options.clock = ticking(START);
        let pipeline = bench.pipeline_with(options);
        // Half of them are past when the run begins.
        let impulse = PeriodicImpulse::every(seconds(5));
        let fixed = impulse.clone().start_at(at(START - 25)).stop_at(at(START + 24));
        let fixed = pipeline.apply(fixed);
        let impulses = fixed.collect();
        let counts = fixed.map(|_| ((), 1)).window(FixedWindows::of(seconds(10)));
        let counts = counts.combine_per_key(Sum).collect();
        let from_now = pipeline.apply(impulse.stop_at(at(START + 20))).collect();
        let report = pipeline.run();
        assert_eq!((report.outcome, report.drops.total()), (Outcome::Done, 0));
        let mut found = impulses.observed();
        found.sort_by_key(|one| one.value);
        let expected: Vec<_> = (0..10).map(|n| at(START - 25 + 5 * n)).collect();
        assert_eq!(found.iter().map(|one| one.value).collect::<Vec<_>>(), expected);
        assert!(found.iter().all(|one| one.value == one.timestamp));
        assert_eq!(counts.values().iter().map(|((), n)| n).sum::<i32>(), 10);
        let mut from_now = from_now.values();
        from_now.sort();
        let first = from_now[0];
        assert!(first >= at(START));
        assert!(from_now.iter().zip(0..).all(|(time, n)| *time == first + seconds(5 * n)));
        assert!(from_now.last().unwrap() <= &at(START + 20) && from_now.len() > 1);
    }
}

fn elements_have_the_times_that_they_were_given(bench: &Bench) {
    let pipeline = bench.pipeline();
    let given = (0..100).map(|n| (n, at(n * 37 % 100)));
    let found = pipeline.apply(Create::timestamped(given.clone())).collect();
    pipeline.run();
    let mut found: Vec<_> =
        found.observed().into_iter().map(|one| (one.value, one.timestamp)).collect();
    found.sort();
    assert_eq!(found, given.collect::<Vec<_>>());
}

fn nothing_is_read_of_what_is_empty(bench: &Bench) {
    let folder = Folder::new();
    fs::write(folder.path().join("empty.txt"), "").unwrap();
    let pipeline = bench.pipeline();
    let lines = pipeline.apply(text::read(folder.path().to_str().unwrap())).collect();
    let numbers = pipeline.create([0u64; 0]).collect();
    let sequence = pipeline.apply(GenerateSequence::from(7).to(7)).collect();
    let impulses = PeriodicImpulse::every(seconds(1)).start_at(at(5)).stop_at(at(4));
    let impulses = pipeline.apply(impulses).collect();
    let report = pipeline.run();
    assert_eq!((report.outcome, report.elements_read), (Outcome::Done, 0));
    assert!(lines.values().is_empty() && numbers.values().is_empty());
    assert!(sequence.values().is_empty() && impulses.values().is_empty());
}
