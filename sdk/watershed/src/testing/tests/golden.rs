#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use tempfile::TempDir;
use watershed_core::{FixedWindows, WindowExt, combine::Sum};
use watershed_model::{AfterCount, AfterWatermark, minutes};

use super::*;

type Pair = (String, i64);

/// A minute of scores, early, on time, late and too late.
const EVENTS: &str = r#"# Somebody's comment.
{"at":"2026-01-01T12:00:05Z","element":["ants",5]}
{"processing_time":"2026-01-01T12:00:06Z"}
{"bundle":[{"at":"2026-01-01T12:00:05Z","element":["bees",3]}, {"at":"2026-01-01T12:00:07Z","element":["bees",1]}]}

{"watermark":"2026-01-01T12:01:00Z"}
{"at":"2026-01-01T12:00:50Z","element":["ants",2]}
{"watermark":"2026-01-01T12:02:00Z","processing_time":"2026-01-01T12:02:01Z"}
{"at":"2026-01-01T12:00:59Z","element":["ants",100]}
"#;

const PANES: &str = r#"
{"panes":4,"dropped":{"late":1}}
{"window":"[2026-01-01T12:00:00Z, 2026-01-01T12:01:00Z)","pane":"on_time 0","value":["ants",5]}
{"window":"[2026-01-01T12:00:00Z, 2026-01-01T12:01:00Z)","pane":"late 1","value":["ants",7]}
{"window":"[2026-01-01T12:00:00Z, 2026-01-01T12:01:00Z)","pane":"early 0","value":["bees",4]}
{"window":"[2026-01-01T12:00:00Z, 2026-01-01T12:01:00Z)","pane":"on_time 1","value":["bees",4]}
"#;

fn sums(scores: &PCollection<Pair>) -> PCollection<Pair> {
    let panes = AfterWatermark::new().early(AfterCount::of(2)).late(AfterCount::of(1));
    let windows = FixedWindows::of(minutes(1)).triggering(panes).allowed_lateness(minutes(1));
    scores.window(windows.accumulating()).combine_per_key(Sum)
}

struct Written {
    folder: TempDir,
}

impl Written {
    fn new(text: &str) -> Self {
        let written = Written { folder: tempfile::tempdir().unwrap() };
        fs::write(written.path(), text).unwrap();
        written
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("sums.jsonl")
    }

    fn file(&self) -> GoldenFile {
        GoldenFile::at(self.path()).overwriting(false)
    }

    fn told(&self) -> String {
        self.file().try_check(sums).unwrap_err().to_string()
    }
}

#[test]
fn what_is_written_down_holds_and_is_written_once() {
    let written = Written::new(EVENTS);
    let told = written.told();
    assert!(told.contains("does not say yet what must come out; 4 panes did"), "{told}");
    assert!(told.contains("WATERSHED_GOLDEN=overwrite"), "{told}");
    written.file().overwriting(true).try_check(sums).unwrap();
    assert_eq!(fs::read_to_string(written.path()).unwrap(), format!("{EVENTS}{PANES}"));
    written.file().check(sums);
    written.file().overwriting(true).try_check(sums).unwrap();
    assert_eq!(fs::read_to_string(written.path()).unwrap(), format!("{EVENTS}{PANES}"));
}

#[cfg(feature = "timely")]
#[test]
fn it_holds_on_the_runner_that_is_given() {
    let written = Written::new(&format!("{EVENTS}{PANES}"));
    let mut options = RunOptions::default();
    options.workers = 2;
    written.file().on(Arc::new(watershed_runner_timely::TimelyRunner), options).check(sums);
}

#[test]
fn panes_that_differ_stand_below_each_other() {
    let panes = PANES.replace("on_time 1", "late 1").replace(r#""late":1"#, r#""late":2"#);
    let told = Written::new(&format!("{EVENTS}{panes}")).told();
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].ends_with("expects other panes than came (4 and 4)"), "{told}");
    assert_eq!(lines[1], r#"    expected to be dropped: {"late":2}, dropped: {"late":1}"#);
    assert!(lines[2].starts_with(r#"    expected: {"window":"#), "{told}");
    assert!(lines[2].ends_with(r#","pane":"late 1","value":["bees",4]}"#), "{told}");
    assert!(lines[3].ends_with(r#","pane":"on_time 1","value":["bees",4]}"#), "{told}");
    assert_eq!(lines[4].find('^'), lines[3].find("on_time 1"), "{told}");
    assert_eq!(lines.len(), 6, "{told}");
}

#[test]
fn panes_that_are_missing_or_unexpected_are_told() {
    let panes = PANES.replace(
        "[2026-01-01T12:00:00Z, 2026-01-01T12:01:00Z)\",\"pane\":\"early",
        "global\",\"pane\":\"early",
    );
    let told = Written::new(&format!("{EVENTS}{panes}")).told();
    assert!(told.contains("\n    missing: {\"window\":\"global\""), "{told}");
    assert!(told.contains("\n    unexpected: {\"window\":\"[2026-"), "{told}");
}

#[test]
fn a_line_that_makes_no_sense_is_named() {
    for (line, words) in [
        (r#"{"at":"noon","element":["a",1]}"#, "`noon` is no instant"),
        (r#"{"at":"2026-01-01T12:00:00Z","element":["a","b"]}"#, "invalid type: string \"b\""),
        (r#"{"at":"2026-01-01T12:00:00Z"}"#, "it is no event"),
        (r#"{"water":"2026-01-01T12:00:00Z"}"#, "unknown field `water`"),
        ("{}", "it is no event"),
    ] {
        let told = Written::new(&format!("# first\n\n{line}\n")).told();
        assert!(told.contains("sums.jsonl`, line 3: ") && told.contains(words), "{told}");
    }
    let cut = format!("{EVENTS}{}", PANES.trim_end().rsplit_once('\n').unwrap().0);
    let told = Written::new(&cut).told();
    assert!(told.contains("line 11: 4 panes are announced, and 3 follow"), "{told}");
    let told = GoldenFile::at("nowhere.jsonl").try_check(sums).unwrap_err().to_string();
    assert!(told.contains("`nowhere.jsonl`: "), "{told}");
}

#[test]
fn a_pipeline_that_fails_is_told_with_the_file() {
    let written = Written::new(&format!("{EVENTS}{PANES}"));
    let fails = |scores: &PCollection<Pair>| {
        scores.map(|(_, points)| {
            assert!(points < 100, "too many points");
            points
        })
    };
    let told = written.file().try_check(fails).unwrap_err().to_string();
    assert!(told.contains("sums.jsonl`: step `") && told.contains("too many points"), "{told}");
}
