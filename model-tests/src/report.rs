//! A line of the matrix in writing: as text, as JSON, as Markdown.

use std::fmt::Write;

use serde::Serialize;

use crate::{
    behaviours::Scope,
    harness::{Line, Status},
};

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table, what failed, and the counts; the last line is `12 passed, 0 failed`.
    Text,
    /// One object a line, one line a behaviour. `workers` is the number in each of the `processes`.
    Json,
    /// A table.
    Markdown,
}

/// A line of the matrix in this form, line ends included.
pub fn write(line: &Line, format: Format) -> String {
    match format {
        Format::Text => text(line),
        Format::Json => json(line),
        Format::Markdown => markdown(line),
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Missing => "missing",
    }
}

// Writing into a String cannot fail, here and below.

fn text(line: &Line) -> String {
    let mut text = format!("{}\n\n{:6} {:8} {:>5}  title\n", line.name, "id", "status", "tests");
    for finding in &line.findings {
        let (id, title) = (finding.behaviour.id, finding.behaviour.title);
        let _ = writeln!(text, "{id:6} {:8} {:>5}  {title}", word(finding.status), finding.tests);
    }
    text.push('\n');
    for outcome in &line.outcomes {
        if let Some(failure) = &outcome.failure {
            let failure = failure.replace('\n', "\n    ");
            let (name, ids) = (outcome.case.name, outcome.case.ids.join(", "));
            let _ = writeln!(text, "FAILED {name} ({ids})\n    {failure}\n");
        }
    }
    let counts = [Status::Passed, Status::Failed, Status::Missing]
        .map(|status| format!("{} {}", line.with_status(status), word(status)));
    let time: std::time::Duration = line.outcomes.iter().map(|outcome| outcome.time).sum();
    let (all, counts) = (line.findings.len(), counts.join(", "));
    let _ = writeln!(text, "of {all} behaviours {counts}, in {:.1} s; tests:", time.as_secs_f64());
    let (passed, failed) = line.counts();
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    text
}

fn markdown(line: &Line) -> String {
    let mut text = format!("| id | {} | tests | title |\n|---|---|---|---|\n", line.name);
    for finding in &line.findings {
        let (id, title) = (finding.behaviour.id, finding.behaviour.title.replace('|', "\\|"));
        let _ = writeln!(text, "| {id} | {} | {} | {title} |", word(finding.status), finding.tests);
    }
    text
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    runner: &'a str,
    /// In each process.
    workers: usize,
    processes: usize,
    /// Left out for what is shown by runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    status: Status,
    tests: usize,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

fn json(line: &Line) -> String {
    let mut text = String::new();
    for finding in &line.findings {
        let behaviour = finding.behaviour;
        let row = Row {
            id: behaviour.id,
            runner: line.name.runner,
            workers: line.name.workers,
            processes: line.name.processes,
            scope: (behaviour.scope == Scope::Compile).then_some(behaviour.scope),
            status: finding.status,
            tests: finding.tests,
            title: behaviour.title,
            message: finding.message.as_deref(),
        };
        text.push_str(&serde_json::to_string(&row).expect("texts and numbers can be written"));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Case, LineName,
        behaviours::behaviour,
        harness::{CaseOutcome, Finding},
    };
    use std::time::Duration;

    fn sample() -> Line {
        let finding = |id, status, tests, message: Option<&str>| Finding {
            behaviour: behaviour(id).unwrap(),
            status,
            tests,
            message: message.map(Into::into),
        };
        let case = Case { name: "sums_add_up", ids: &["EW-02"], run: |_| () };
        let failure = Some("left: 1\nright: 2".to_owned());
        Line {
            name: LineName { runner: "direct", workers: 1, processes: 1 },
            findings: vec![
                finding("EW-02", Status::Failed, 1, Some("sums_add_up: left: 1")),
                finding("EW-09", Status::Missing, 0, None),
                finding("GP-09", Status::Passed, 13, None),
            ],
            outcomes: vec![CaseOutcome { case, time: Duration::from_millis(1250), failure }],
            compile_time: 13,
        }
    }

    #[test]
    fn the_text_shows_every_behaviour_what_failed_and_the_counts_last() {
        let text = write(&sample(), Format::Text);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "direct, 1 worker");
        assert_eq!(lines[2], "id     status   tests  title");
        assert!(lines[4].starts_with("EW-09  missing      0  a DoFn sees"), "{}", lines[4]);
        assert_eq!(lines[7..10], ["FAILED sums_add_up (EW-02)", "    left: 1", "    right: 2"]);
        assert_eq!(
            lines[11..],
            [
                "of 3 behaviours 1 passed, 1 failed, 1 missing, in 1.2 s; tests:",
                "13 passed, 1 failed"
            ]
        );
    }

    #[test]
    fn json_has_a_line_an_id_and_says_what_the_compiler_shows() {
        let text = write(&sample(), Format::Json);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].ends_with(r#""message":"sums_add_up: left: 1"}"#), "{}", lines[0]);
        assert_eq!(
            lines[1],
            r#"{"id":"EW-09","runner":"direct","workers":1,"processes":1,"status":"missing","tests":0,"title":"a DoFn sees its element's time, window and pane, and the options"}"#
        );
        assert!(lines[2].contains(r#""scope":"compile","status":"passed","tests":13"#));
    }

    #[test]
    fn a_line_says_how_many_share_its_jobs() {
        let name = |workers, processes| {
            let name = LineName { runner: "timely", workers, processes };
            let line = Line { name, ..sample() };
            write(&line, Format::Text).lines().next().unwrap().to_owned()
        };
        assert_eq!(name(4, 1), "timely, 4 workers");
        assert_eq!(name(1, 2), "timely, 2 processes");
        assert_eq!(name(3, 2), "timely, 2 processes of 3 workers");
    }

    #[test]
    fn markdown_is_one_table() {
        let text = write(&sample(), Format::Markdown);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["| id | direct, 1 worker | tests | title |", "|---|---|---|---|"]);
        assert!(lines[3].starts_with("| EW-09 | missing | 0 | a DoFn sees"), "{}", lines[3]);
        assert_eq!(lines.len(), 5);
    }
}
