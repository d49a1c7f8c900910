//! The window lab: its panes, what it refuses, what it draws.
//!
//! ```text
//!   options    each option does what it says
//!   refusals   what is not played: an error, exit code 1 and no pane
//!   drops      what is told of dropped elements
//!   alike      random plays, on every runner and with any number of workers
//!   pictures   what --plot draws
//! ```

mod alike;
mod drops;
mod options;
mod pictures;
mod refusals;

use std::process::Output;

use serde_json::Value;

use crate::program;

const HEADER: &str = "key,value,event_time,arrival_time";

/// A play of these rows, set apart by spaces.
fn play(rows: &str) -> String {
    let rows = rows.split_whitespace().map(|row| format!("\n{row}"));
    HEADER.to_owned() + &rows.collect::<String>()
}

/// Plays what stands on standard input; the arguments are set apart by spaces.
fn output(play: &str, arguments: &str) -> Output {
    let run = program("window_lab")
        .args(arguments.split_whitespace())
        .write_stdin(play)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(!told.contains("panicked at"), "{arguments}: {told}");
    run
}

/// What came of a play.
#[derive(Debug, PartialEq)]
struct Played {
    /// The lines of the panes, sorted: they come in any order.
    lines: Vec<String>,
    /// The lines on standard error before the last.
    told: Vec<String>,
    /// The last one.
    dropped: String,
}

/// Plays what must end well.
fn run(play: &str, arguments: &str) -> Played {
    let run = output(play, &format!("--quiet {arguments}"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(run.stdout), text(run.stderr));
    assert!(run.status.success(), "{arguments}: {err}");
    let mut told: Vec<String> = err.lines().map(str::to_owned).collect();
    let dropped = told.pop().unwrap();
    assert!(dropped.starts_with(r#"{"dropped":{"#), "{arguments}: {err}");
    let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
    lines.sort();
    Played { lines, told, dropped }
}

impl Played {
    fn panes(&self) -> Vec<Value> {
        self.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The panes in short, in the order in which a key and window had them.
    fn brief(&self) -> Vec<String> {
        let mut panes = self.panes();
        panes.sort_by_key(|pane| {
            let start = pane["window"][0].as_i64();
            (pane["key"].to_string(), start, pane["pane"]["index"].as_u64())
        });
        let brief = |pane: &Value| {
            let window = pane["window"].to_string();
            let timing = pane["pane"]["timing"].as_str().unwrap();
            format!("{window} {timing} {}", pane["value"])
        };
        panes.iter().map(brief).collect()
    }

    fn windows(&self) -> Vec<String> {
        self.panes().iter().map(|pane| pane["window"].to_string()).collect()
    }

    /// How many elements were dropped for a reason.
    fn count(&self, reason: &str) -> u64 {
        let line: Value = serde_json::from_str(&self.dropped).unwrap();
        line["dropped"][reason].as_u64().unwrap()
    }
}
