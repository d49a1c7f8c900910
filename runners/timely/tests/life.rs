//! Pipelines that run on several workers, and pipelines that fail there.

#![allow(clippy::unwrap_used, clippy::expect_used)] // what goes wrong here fails the test, as it should

use std::sync::Arc;

use watershed_core::{
    FixedWindows, Pipeline, Sessions,
    combine::{HotKey, Sum},
    testing::assert_that,
};
use watershed_model::{Timestamp, seconds};
use watershed_runner_core::{Outcome, RunError, RunOptions, RunReport, Runner};
use watershed_runner_timely::TimelyRunner;

fn run(pipeline: &Pipeline, workers: usize) -> Result<RunReport, RunError> {
    let mut options = RunOptions::default();
    options.workers = workers;
    options.bundle_elements = 16;
    TimelyRunner.start(Arc::new(pipeline.build()?), &options)?.wait()
}

#[test]
fn the_same_pipeline_gives_the_same_on_any_number_of_workers() {
    for workers in [1, 2, 3, 4] {
        let pipeline = Pipeline::new();
        let numbers = pipeline.create(0..5000i64);
        let sums = numbers.key_by(|n| n % 7).combine_per_key(Sum.with_hot_key_fanout(3));
        assert_that(&sums).contains_in_any_order(
            (0..7).map(|key| (key, (0..5000).filter(|n| n % 7 == key).sum())),
        );
        let sizes = numbers.map(|n| (n % 3, n)).group_by_key().map(|(k, group)| (k, group.len()));
        assert_that(&sizes).contains_in_any_order([(0, 1667), (1, 1667), (2, 1666)]);
        let both = numbers.flatten_with(&numbers).reshuffle();
        assert_that(&both.count_globally()).is_singleton(10_000);
        let timed = numbers.with_timestamps(|n| Timestamp::from_seconds(*n));
        let fixed =
            timed.window(FixedWindows::of(seconds(1000))).with_keys(0u8).combine_per_key(Sum);
        assert_that(&fixed)
            .contains_in_any_order((0..5).map(|w| (0, (w * 1000..(w + 1) * 1000).sum())));
        let sessions = timed.filter(|n| n % 100 < 50).window(Sessions::with_gap(seconds(2)));
        let sessions =
            sessions.with_keys(()).combine_per_key(watershed_core::combine::Count).values();
        assert_that(&sessions).contains_in_any_order([50; 50]);
        let nothing = numbers.filter(|_| false);
        assert_that(&nothing.count_globally()).is_singleton(0);
        let report = run(&pipeline, workers).unwrap();
        assert_eq!(report.outcome, Outcome::Done);
        assert_eq!(report.elements_read, 5000);
        assert!(pipeline.assertions().iter().all(|assertion| assertion.was_checked()));
    }
}

#[test]
fn a_pipeline_without_any_exchange_reads_all_splits() {
    for workers in [1, 3] {
        let pipeline = Pipeline::new();
        assert_that(&pipeline.create(0..100)).contains_in_any_order(0..100);
        assert_eq!(run(&pipeline, workers).unwrap().elements_read, 100);
    }
}

#[test]
fn a_panic_on_one_worker_ends_the_run_everywhere() {
    for workers in [1, 2, 4] {
        let pipeline = Pipeline::new();
        let numbers = pipeline.create(0..100_000);
        let inverted = numbers.map(|n| 1 / (n - 77_777)).named("invert");
        let groups = inverted.map(|n| (n, ())).group_by_key();
        let collected = groups.count_globally().collect();
        let error = run(&pipeline, workers).unwrap_err();
        assert_eq!(error.failed_step(), Some("invert"));
        assert!(error.to_string().contains("divide by zero"), "{error}");
        assert!(collected.values().is_empty());
    }
}

#[test]
fn no_worker_and_too_many_are_refused() {
    for workers in [0, 5000] {
        let pipeline = Pipeline::new();
        pipeline.create([1]).for_each(|_| ());
        let text = run(&pipeline, workers).unwrap_err().to_string();
        assert!(text.contains("--workers"), "{text}");
    }
}
