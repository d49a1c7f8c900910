//! Results that do not show in which order elements arrived, how they were cut into bundles, and where the
//! watermark was meanwhile.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::{collections::BTreeMap, sync::Arc};

use proptest::{collection::vec, prelude::*};
use watershed::{
    DirectRunner, IntervalWindow, RunOptions, TestStream,
    model::Window,
    prelude::{Timestamp, *},
    testing::{Arrivals, TestPipeline, last_panes},
};

/// A key, a number, and when it was, in seconds.
type Reading = (u8, i64, i64);
type Stream = TestStream<(u8, i64)>;

/// How late elements may be, and windows allow them to be.
const LATENESS: watershed::Duration = seconds(7);

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    vec((0..3u8, 0..100i64, -30..30i64), 0..14)
}

fn arrivals(readings: &[Reading]) -> Arrivals<(u8, i64)> {
    Arrivals::of(readings.iter().map(|(key, number, second)| ((*key, *number), at(*second))))
}

/// Readings, and a stream of them that is late now and then.
fn late() -> impl Strategy<Value = (Vec<Reading>, Stream)> {
    readings().prop_flat_map(|readings| {
        let streams = arrivals(&readings).late_by(LATENESS).with_pauses(seconds(4)).streams();
        (Just(readings), streams)
    })
}

/// The same, never late.
fn in_time() -> impl Strategy<Value = (Vec<Reading>, Stream)> {
    readings().prop_flat_map(|readings| {
        let streams = arrivals(&readings).streams();
        (Just(readings), streams)
    })
}

/// The direct runner, and the timely one with two workers.
fn pipelines() -> Vec<TestPipeline> {
    let mut pipelines = vec![TestPipeline::on(Arc::new(DirectRunner), RunOptions::default())];
    #[cfg(feature = "timely")]
    {
        let mut options = RunOptions::default();
        options.workers = 2;
        pipelines.push(TestPipeline::on(Arc::new(watershed::TimelyRunner), options));
    }
    pipelines
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn the_last_panes_hold_all_elements((readings, stream) in late()) {
        let mut expected = BTreeMap::<(u8, Window), i64>::new();
        for (key, number, second) in readings {
            let start = at(second.div_euclid(10) * 10);
            let window = Window::from(IntervalWindow::new(start, start + seconds(10)));
            *expected.entry((key, window)).or_default() += number;
        }
        for pipeline in pipelines() {
            let panes = AfterWatermark::new()
                .early(AfterProcessingTime::after_first(seconds(3)))
                .late(AfterCount::of(1));
            let windows = FixedWindows::of(seconds(10)).triggering(panes);
            let windows = windows.allowed_lateness(LATENESS).accumulating();
            let sums = pipeline.apply(stream.clone()).window(windows).combine_per_key(Sum).collect();
            let report = pipeline.run();
            prop_assert_eq!(report.drops.total(), 0);
            prop_assert_eq!(last_panes(sums.observed()), expected.clone());
        }
    }

    #[test]
    fn the_earliest_of_an_id_goes_on((mut readings, stream) in in_time()) {
        readings.sort_by_key(|(_, _, second)| *second);
        let (mut expected, mut last) = (Vec::new(), BTreeMap::<u8, i64>::new());
        for (key, _, second) in readings {
            if last.get(&key).is_none_or(|last| second >= last + 10) {
                last.insert(key, second);
                expected.push((key, at(second)));
            }
        }
        expected.sort();
        for pipeline in pipelines() {
            let once = Deduplicate::by(|(key, _): &(u8, i64)| *key).within_event_time(seconds(10));
            let once = pipeline.apply(stream.clone()).apply(once).collect();
            pipeline.run();
            let found = once.observed().into_iter();
            let mut found: Vec<_> = found.map(|once| (once.value.0, once.timestamp)).collect();
            found.sort();
            prop_assert_eq!(found, expected.clone());
        }
    }

    #[test]
    fn a_join_with_what_was_in_force_is_the_same_as_a_batch((readings, stream) in in_time()) {
        // All at once and in order: as a batch.
        let timed = readings.iter().map(|(key, number, second)| ((*key, *number), at(*second)));
        let batch = TestStream::new().elements(timed).advance_watermark_to_infinity();
        let joined = |pipeline: TestPipeline, stream: &Stream| {
            let all = pipeline.apply(stream.clone());
            let (orders, rates) = (all.filter(|(_, n)| n % 2 == 0), all.filter(|(_, n)| n % 2 == 1));
            let joined = orders.as_of_join(&rates, seconds(15)).collect();
            pipeline.run();
            let mut joined: Vec<_> =
                joined.observed().into_iter().map(|pair| (pair.timestamp, pair.value)).collect();
            joined.sort();
            joined
        };
        let expected = joined(TestPipeline::new(), &batch);
        for pipeline in pipelines() {
            prop_assert_eq!(joined(pipeline, &stream), expected.clone());
        }
    }
}
