//! Assertions on collections: that they hold when they should, and fail their test when they do not,
//! or when nobody checked them.

use std::sync::Arc;

use watershed::{
    Create, IntervalWindow, JobHandle, Outcome, RunOptions, RunReport, Runner,
    model::{BoxError as Error, Graph},
    prelude::*,
    testing::{TestPipeline, assert_that},
};
use watershed_runner_core::guard;

use crate::Bench;

crate::cases! {
    assertions_that_hold_pass: "SR-05";
    assertions_that_do_not_hold_fail_with_a_difference: "SR-05";
    an_assertion_on_a_window_sees_that_window_alone: "SR-05";
    an_assertion_that_never_ran_fails_its_test: "SR-05";
    a_pipeline_that_was_never_run_fails_its_test: "SR-05";
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn window(start: i64, end: i64) -> IntervalWindow {
    IntervalWindow::new(at(start), at(end))
}

/// A sum that must be 6.
fn adds_up(numbers: &[u64]) -> Result<(), Error> {
    match numbers.iter().sum::<u64>() {
        6 => Ok(()),
        sum => Err(format!("the sum is {sum}").into()),
    }
}

fn assertions_that_hold_pass(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create([1u64, 2, 3, 3]);
        assert_that(&numbers).contains_in_any_order([3, 1, 3, 2]);
        assert_that(&numbers.filter(|n| *n == 2)).is_singleton(2);
        assert_that(&numbers.filter(|n| *n > 3)).is_empty();
        assert_that(&numbers.distinct()).satisfies(adds_up);
        // By their bytes, so that what is equal to nothing is equal to itself.
        assert_that(&numbers.map(|_| f64::NAN)).contains_in_any_order([f64::NAN; 4]);
        pipeline.run();
    }
}

/// The error of a run in which this assertion on 1, 2, 3, 3 does not hold.
#[track_caller]
fn broken(bench: &Bench, assert: fn(&PCollection<u64>)) -> String {
    let pipeline = bench.pipeline();
    let numbers = pipeline.create([1u64, 2, 3, 3]);
    assert(&numbers);
    let error = pipeline.try_run().unwrap_err().to_string();
    assert!(error.contains("assertions.rs:"), "{error}");
    // As `run` reports it, the test fails.
    let failed = guard(|| {
        let pipeline = bench.pipeline();
        assert(&pipeline.create([1u64, 2, 3, 3]));
        pipeline.run();
        Ok(())
    });
    assert!(failed.unwrap_err().to_string().contains("the test pipeline failed"));
    error
}

fn assertions_that_do_not_hold_fail_with_a_difference(bench: &Bench) {
    let told = broken(bench, |numbers| assert_that(numbers).contains_in_any_order([1, 2, 4, 3]));
    assert!(told.contains("contains_in_any_order(..) at ") && told.contains(" does not hold: "));
    assert!(told.contains("expected 4 elements, found 4"), "{told}");
    assert!(told.contains("\n    missing: 4") && told.contains("\n    unexpected: 3"), "{told}");
    let told = broken(bench, |numbers| assert_that(numbers).contains_in_any_order([1, 2]));
    assert!(told.contains("\n    unexpected: 3  (2 times)"), "{told}");
    let told = broken(bench, |numbers| assert_that(numbers).contains_in_any_order([1, 2, 3]));
    assert!(told.contains("expected 3 elements, found 4"), "{told}");
    let told = broken(bench, |numbers| assert_that(numbers).is_singleton(1));
    assert!(told.contains("\n    unexpected: 2"), "{told}");
    let told = broken(bench, |numbers| assert_that(&numbers.filter(|n| *n > 9)).is_singleton(1));
    assert!(told.contains("expected 1 elements, found 0\n    missing: 1"), "{told}");
    let told = broken(bench, |numbers| assert_that(numbers).is_empty());
    assert!(told.contains("expected 0 elements, found 4"), "{told}");
    let told = broken(bench, |numbers| assert_that(numbers).satisfies(adds_up));
    assert!(told.contains("the sum is 9"), "{told}");
    let told = broken(bench, |numbers| {
        assert_that(numbers).satisfies(|numbers| {
            assert_eq!(numbers.len(), 3, "not three");
            Ok(())
        });
    });
    assert!(told.contains("not three"), "{told}");
}

fn an_assertion_on_a_window_sees_that_window_alone(bench: &Bench) {
    let windowed = |pipeline: &Pipeline| {
        let timed = (0..30).map(|n| (n, at(n)));
        let windows = SlidingWindows::of(seconds(20), seconds(10));
        pipeline.apply(Create::timestamped(timed)).window(windows)
    };
    let pipeline = bench.pipeline();
    let numbers = windowed(&pipeline);
    assert_that(&numbers).in_window(window(0, 20)).contains_in_any_order(0..20);
    assert_that(&numbers).in_window(window(10, 30)).contains_in_any_order(10..30);
    assert_that(&numbers).in_window(window(0, 10)).is_empty();
    assert_that(&numbers.filter(|n| n % 15 == 4)).in_window(window(-10, 10)).is_singleton(4);
    pipeline.run();

    let pipeline = bench.pipeline();
    assert_that(&windowed(&pipeline)).in_window(window(0, 20)).contains_in_any_order(0..30);
    let error = pipeline.try_run().unwrap_err().to_string();
    assert!(error.contains("expected 30 elements, found 20"), "{error}");
}

/// A runner that says that all is well and does nothing.
struct Idle;

impl Runner for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }
    fn start(&self, graph: Arc<Graph>, _: &RunOptions) -> Result<JobHandle, RunError> {
        JobHandle::spawn("idle", &graph, |_| Ok(RunReport::of(Outcome::Done)))
    }
}

fn an_assertion_that_never_ran_fails_its_test(_: &Bench) {
    let run = |assert: fn(&PCollection<u64>)| {
        guard(|| {
            let pipeline = TestPipeline::on(Arc::new(Idle), RunOptions::default());
            assert(&pipeline.create([1u64]));
            pipeline.run();
            Ok(())
        })
    };
    // A closure for effects gives the pipeline an end, and is no assertion.
    run(|numbers| drop(numbers.for_each(|_| ()))).unwrap();
    let failure = run(|numbers| assert_that(numbers).is_singleton(1)).unwrap_err().to_string();
    assert!(failure.contains("never ran") && failure.contains("assertions.rs:"), "{failure}");
}

fn a_pipeline_that_was_never_run_fails_its_test(bench: &Bench) {
    let failure = guard(|| {
        let pipeline = bench.pipeline();
        assert_that(&pipeline.create([1u64])).is_singleton(1);
        Ok(())
    });
    let failure = failure.unwrap_err().to_string();
    assert!(failure.contains("without being run"), "{failure}");
}
