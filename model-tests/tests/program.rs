//! The program from outside: its forms, its filter, its exit codes.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::{
    process::{Command, Output},
    time::Duration,
};

use model_tests::{
    apart::Program,
    behaviours::BEHAVIOURS,
    cases,
    harness::{self, Selection},
    runners,
};
use serde_json::Value;

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_model-tests")).args(arguments).output().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn told(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn json_has_an_object_for_every_id_and_json_only() {
    let output = program(&["--runner", "direct", "--workers", "1", "--format", "json"]);
    assert_eq!((output.status.code(), told(&output)), (Some(0), ""));
    let rows: Vec<Value> =
        out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, BEHAVIOURS.iter().map(|behaviour| behaviour.id).collect::<Vec<_>>());
    for row in &rows {
        assert_eq!((&row["runner"], &row["workers"]), (&"direct".into(), &1.into()));
        assert_eq!(row["processes"], 1, "{row}");
        let tests = row["tests"].as_u64().unwrap();
        let expected = if tests == 0 { "missing" } else { "passed" };
        assert_eq!(row["status"], expected, "{row}");
        assert!(row["title"].is_string(), "{row}");
        let of_the_compiler = row["id"] == "GP-09" || row["id"] == "ST-15";
        assert_eq!(row.get("scope"), of_the_compiler.then_some(&"compile".into()), "{row}");
    }
}

#[test]
fn a_filter_takes_a_category_an_id_or_a_name() {
    let rows = |filter: &str| {
        let output = program(&["--filter", filter, "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        let rows = out(&output).lines().map(|line| serde_json::from_str(line).unwrap());
        rows.map(|row: Value| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ids = BEHAVIOURS.iter().map(|behaviour| behaviour.id);
    assert_eq!(rows("EW"), ids.filter(|id| id.starts_with("EW-")).collect::<Vec<_>>());
    assert_eq!(rows("EW-08"), ["EW-08"]);
    assert_eq!(rows("a_pipeline_of_nothing_ends"), ["EW-08"]);
    // What has no test yet can be asked for too.
    assert_eq!(rows("WM-17"), ["WM-17"]);
}

#[test]
fn the_last_line_of_the_text_counts() {
    let output = program(&["--filter", "EW-08"]);
    let last = out(&output).lines().last().unwrap();
    assert_eq!(last, "2 passed, 0 failed");
    assert!(out(&output).contains("\nof 1 behaviours 1 passed, 0 failed, 0 missing, in "));
    let output = program(&["--filter", "PA-05", "--format", "markdown"]);
    assert!(out(&output).contains("\n| PA-05 | missing | 0 | "), "{}", out(&output));
}

#[test]
fn a_line_of_two_processes_runs_each_case_in_both() {
    let arguments = ["--runner", "timely", "--processes", "2", "--filter", "SR-05"];
    let output = program(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    assert!(out(&output).starts_with("timely, 2 processes\n"), "{}", out(&output));
    assert!(out(&output).ends_with("\n8 passed, 0 failed\n"), "{}", out(&output));
    let output = program(&[&arguments[..], &["--format", "json"]].concat());
    let row: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!((&row["runner"], &row["status"]), (&"timely".into(), &"passed".into()));
    assert_eq!([&row["workers"], &row["processes"], &row["tests"]], [1, 2, 8]);
    // A part of a case alone leads nowhere.
    let output = program(&["--case", "assertions_that_hold_pass"]);
    assert_eq!((output.status.code(), out(&output)), (Some(2), ""));
    assert!(told(&output).contains("run by the suite alone"), "{}", told(&output));
}

#[test]
fn a_case_whose_processes_take_too_long_has_failed() {
    let program = Program::at(env!("CARGO_BIN_EXE_model-tests"));
    let bench = runners::bench("timely", 1, 2).unwrap().with_program(program);
    let selection = Selection::Matching("values_of_many_bundles".into());
    let line = harness::run(&bench, &cases::all(), &selection, Duration::ZERO);
    let failures: Vec<_> = line.outcomes.iter().map(|outcome| outcome.failure.as_deref()).collect();
    assert_eq!(failures, [Some("did not end within 0ns")]);
}

#[test]
fn what_cannot_be_run_is_told_and_ends_with_two() {
    for (arguments, expected) in [
        (["--runner", "spark"], "[possible values: direct"),
        (
            ["--workers", "7"],
            "the direct runner is not tested with --workers 7; give one of: --workers 1",
        ),
        (["--filter", "XX-01"], "no id begins so"),
        (["--fault", "too-good-to-be-true"], "there is no fault `too-good-to-be-true`"),
    ] {
        let output = program(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(told(&output).contains(expected), "{}", told(&output));
        assert_eq!(out(&output), "");
    }
}
