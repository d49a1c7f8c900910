//! The example programs, run as their users run them: as processes.
//!
//! ```text
//!   folder      where a test's files lie, and what must be left there
//!   wordcount   what it counts, where it reads and writes, what it says
//!   failures    each bad input: one clear error, exit code 1, nothing half written
//!   minimal     the small examples
//!   replays     those that read a file as a batch or as a stream
//!   tables      those over rows with event times, on the files of `examples/data`
//!   live        text that goes on: what happens to files and connections
//!   interrupts  Ctrl-C once, twice and three times, when a job takes long to end
//!   processes   jobs of several processes, and all that goes wrong between them
//!   running     a program that runs beside its test
//!   window_lab  the panes of a play, and its picture
//! ```

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod failures;
mod folder;
#[cfg(target_os = "linux")]
mod interrupts;
#[cfg(target_os = "linux")]
mod live;
mod minimal;
#[cfg(target_os = "linux")]
mod processes;
mod replays;
#[cfg(target_os = "linux")]
mod running;
mod tables;
mod window_lab;
mod wordcount;

use std::time::Duration;

use assert_cmd::Command;

/// A program of this crate. One that hangs is killed, and its test fails.
fn program(name: &str) -> Command {
    let path = match name {
        "wordcount" => env!("CARGO_BIN_EXE_wordcount"),
        "max_per_key" => env!("CARGO_BIN_EXE_max_per_key"),
        "top_words" => env!("CARGO_BIN_EXE_top_words"),
        "live_words" => env!("CARGO_BIN_EXE_live_words"),
        "dead_letters" => env!("CARGO_BIN_EXE_dead_letters"),
        "game" => env!("CARGO_BIN_EXE_game"),
        "flights" => env!("CARGO_BIN_EXE_flights"),
        "earthquakes" => env!("CARGO_BIN_EXE_earthquakes"),
        "temperatures" => env!("CARGO_BIN_EXE_temperatures"),
        "deduplicate" => env!("CARGO_BIN_EXE_deduplicate"),
        "enrich" => env!("CARGO_BIN_EXE_enrich"),
        "top_products" => env!("CARGO_BIN_EXE_top_products"),
        "clicks" => env!("CARGO_BIN_EXE_clicks"),
        "fraud" => env!("CARGO_BIN_EXE_fraud"),
        "trending" => env!("CARGO_BIN_EXE_trending"),
        "window_lab" => env!("CARGO_BIN_EXE_window_lab"),
        "peer_bench" => env!("CARGO_BIN_EXE_peer_bench"),
        "bench_latency" => env!("CARGO_BIN_EXE_bench_latency"),
        "bench_plain" => env!("CARGO_BIN_EXE_bench_plain"),
        other => panic!("there is no program {other}"),
    };
    let mut command = Command::new(path);
    command.timeout(Duration::from_secs(120));
    command
}

/// The lines of a program's output, in order of the alphabet: a collection has no order.
fn sorted_lines(output: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> =
        String::from_utf8_lossy(output).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

const RUNNERS: [&str; 3] = ["--runner direct", "--runner timely", "--runner timely --workers 2"];

/// The lines that a program writes; its arguments are set apart by spaces.
fn lines(name: &str, arguments: &str) -> Vec<String> {
    let run = program(name).args(arguments.split(' ')).arg("--quiet").assert().success();
    sorted_lines(&run.get_output().stdout)
}
