//! A first look from outside: pipelines that run, and pipelines that fail.

#![allow(clippy::unwrap_used, clippy::expect_used)] // what goes wrong here fails the test, as it should

use std::sync::Arc;

use watershed_core::{Pipeline, testing::assert_that};
use watershed_runner_core::{Outcome, RunError, RunOptions, RunReport, Runner};
use watershed_runner_direct::DirectRunner;

fn run(pipeline: &Pipeline) -> Result<RunReport, RunError> {
    let graph = Arc::new(pipeline.build()?);
    DirectRunner.start(graph, &RunOptions::default())?.wait()
}

#[test]
fn elements_go_through_steps_and_are_counted() {
    let pipeline = Pipeline::new();
    let lines = pipeline.create((0..1000).map(|i| format!("a b{}", i % 10)));
    let words =
        lines.flat_map_emit(|line, out| line.split(' ').for_each(|w| out.emit(w.to_string())));
    let groups = words.map(|w| (w, 1u64)).group_by_key();
    let sizes = groups.map(|(word, ones)| (word, ones.iter().sum::<u64>())).named("sizes");
    let expected = (0..10).map(|i| (format!("b{i}"), 100)).chain([("a".to_string(), 1000)]);
    assert_that(&sizes).contains_in_any_order(expected);
    let report = run(&pipeline).unwrap();
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!(report.elements_read, 1000);
    assert_eq!(report.step("FlatMap").unwrap().elements_out, [2000]);
    assert_eq!(report.step("sizes").unwrap().elements_in, 11);
    assert!(pipeline.assertions().iter().all(|assertion| assertion.was_checked()));
}

#[test]
fn a_panic_names_the_step_and_its_place() {
    let pipeline = Pipeline::new();
    let numbers = pipeline.create(0..10);
    numbers.map(|n| 1 / (n - 5)).named("invert").for_each(|_| ());
    let error = run(&pipeline).unwrap_err();
    assert_eq!(error.failed_step(), Some("invert"));
    let text = error.to_string();
    assert!(text.contains("divide by zero") && text.contains("life.rs"), "{text}");
}

#[test]
fn an_assertion_that_does_not_hold_fails_the_run() {
    let pipeline = Pipeline::new();
    assert_that(&pipeline.create([1, 2])).contains_in_any_order([1, 3]);
    let text = run(&pipeline).unwrap_err().to_string();
    assert!(text.contains("missing: 3") && text.contains("unexpected: 2"), "{text}");
}
