//! Standard input and output, pipes and devices.
//!
//! A process has these once, so tests of them run this very program again as a child, told by an
//! environment variable which part to play.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should
#![cfg(unix)]

mod drive;

use std::{
    env, fs,
    io::{Read, Write},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

use drive::{Outcome, assert_says, commit, drain, lines, names, prepare, sink, source, text_of};
use tempfile::tempdir;
use watershed_io_text as text;

const PART: &str = "WATERSHED_TEXT_TEST_PART";

/// Runs the test named `test` as a child in which `plays(test)` is true.
fn play(test: &str, input: &str, temporary: &Path) -> Output {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(PART, test)
        .env("TMPDIR", temporary)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "the child played no part: {said}");
    output
}

fn plays(test: &str) -> bool {
    env::var(PART).is_ok_and(|part| part == test)
}

fn two_workers() -> [Vec<Vec<String>>; 2] {
    [vec![vec!["=one".into(), "=two".into()]], vec![vec!["=three".into()]]]
}

#[test]
fn standard_input_is_read_once() {
    let this = "standard_input_is_read_once";
    if !plays(this) {
        play(this, &"a line\n".repeat(100_000), tempdir().unwrap().path());
        return;
    }
    let source = source(text::read("-"));
    assert!(!source.is_resumable());
    let splits = source.splits(8).unwrap();
    assert_eq!((splits.len(), splits[0].size), (1, None));
    assert_eq!(splits[0].description, "standard input");
    let mut reader = source.open(&splits[0]).unwrap();
    assert_eq!(reader.position().unwrap(), splits[0]);
    let mut outcome = Outcome::default();
    drain(&mut *reader, &mut outcome).unwrap();
    assert_eq!(outcome.lines.len(), 100_000);
    assert_eq!(reader.progress().done, 700_000);
    let error = source.open(&reader.position().unwrap()).err().unwrap().to_string();
    assert_says(&error, &["standard input", "cannot be read again"]);
}

#[test]
fn standard_output_gets_all_workers_lines_in_order_when_they_are_committed() {
    let this = "standard_output_gets_all_workers_lines_in_order_when_they_are_committed";
    if !plays(this) {
        let temporary = tempdir().unwrap();
        let output = String::from_utf8(play(this, "", temporary.path()).stdout).unwrap();
        let written: Vec<_> = output.lines().filter(|line| line.starts_with('=')).collect();
        assert_eq!(written, ["=one", "=two", "=three", "=/dev/stdout"]);
        assert_eq!(names(temporary.path()), [] as [&str; 0]);
        return;
    }
    let discarded = sink(text::write("-"));
    discarded.discard(&prepare(&*discarded, &two_workers()).unwrap());
    let sink = sink(text::write("-"));
    let mut prepared = prepare(&*sink, &two_workers()).unwrap();
    prepared.reverse();
    println!(); // the test's name is on this line
    commit(&*sink, &prepared).unwrap();
    commit(&*sink, &prepared).unwrap();
    drive::write(text::write("/dev/stdout").shards(1), &["=/dev/stdout"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_named_and_nothing_is_left() {
    let this = "a_full_device_is_named_and_nothing_is_left";
    let temporary = tempdir().unwrap();
    if !plays(this) {
        play(this, "", temporary.path());
        assert_eq!(names(temporary.path()), [] as [&str; 0]);
        return;
    }
    drop(temporary);
    for shards in [None, Some(1)] {
        let write = text::write("/dev/full");
        let sink = sink(shards.map_or(write.clone(), |shards| write.shards(shards)));
        let prepared = prepare(&*sink, &two_workers()).unwrap();
        let error = commit(&*sink, &prepared).unwrap_err();
        assert_says(&error, &["cannot write `/dev/full`", "No space left", "free some space"]);
        sink.discard(&prepared);
    }
    let sharded = sink(text::write("/dev/full").shards(2));
    let error = prepare(&*sharded, &two_workers()).unwrap_err();
    assert_says(&error, &["`/dev/full` in shards", "leave out `.shards(..)`"]);
}

#[test]
fn a_stream_is_kept_where_temporary_files_can_be_or_says_so() {
    let this = "a_stream_is_kept_where_temporary_files_can_be_or_says_so";
    if !plays(this) {
        play(this, "", Path::new("/no/such"));
        return;
    }
    let error = prepare(&*sink(text::write("-")), &two_workers()).unwrap_err();
    assert_says(&error, &["for `-` in `/no/such`", "TMPDIR"]);
}

#[test]
fn a_device_takes_what_is_committed() {
    drive::write(text::write("/dev/null"), &["gone"]);
    assert_eq!(lines("/dev/null"), [] as [&str; 0]);
}

#[test]
fn a_pipe_is_written_and_read_by_its_name() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("pipe.gz");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());

    let reader = thread::spawn({
        let path = path.clone();
        move || {
            let mut bytes = Vec::new();
            fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        }
    });
    let sink = sink(text::write(text_of(&path)));
    let prepared = prepare(&*sink, &two_workers()).unwrap();
    commit(&*sink, &prepared).unwrap();
    let bytes = reader.join().unwrap();
    assert_eq!(names(directory.path()), ["pipe.gz"]);

    let writer = thread::spawn({
        let path = path.clone();
        move || fs::write(path, bytes).unwrap()
    });
    let source = source(text::read(text_of(&path)));
    assert!(!source.is_resumable());
    let mut reader = source.open(&source.splits(3).unwrap()[0]).unwrap();
    let mut outcome = Outcome::default();
    drain(&mut *reader, &mut outcome).unwrap();
    writer.join().unwrap();
    assert_eq!(outcome.lines, ["=one", "=two", "=three"]);

    let position = reader.position().unwrap();
    let writer = thread::spawn(move || drop(fs::File::create(path)));
    let error = source.open(&position).err().unwrap().to_string();
    writer.join().unwrap();
    assert_says(&error, &["pipe.gz", "cannot be read again"]);
}
