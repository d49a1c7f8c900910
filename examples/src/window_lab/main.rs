//! Plays a CSV of events through one windowed, triggered, keyed combine and prints each pane.
//!
//! `cargo run --release --bin window_lab -- --input play.csv --window fixed:10s --trigger default`
//!
//! For each row processing time advances to its arrival, the element comes, and the watermark follows
//! the newest event time; each of these is handled wholly before the next. Panes go to standard output,
//! a line of JSON each; what was dropped is counted on standard error. `--plot` draws it all.
//!
//! ```text
//!   arguments        what is asked for            output    panes and drops as lines of JSON
//!   refusals         what cannot be played        report    what is printed at the end
//!   standard_input   for several processes        picture   when each pane left
//!   play             the rows and the clocks      plot      the drawing
//!   pipeline         windows, triggers, combine
//! ```

use std::{
    fs,
    io::{self, Read},
    process::ExitCode,
};

use clap::Parser;
use watershed::{Outcome, RunReport, prelude::*};

mod arguments;
mod output;
mod picture;
mod pipeline;
mod play;
mod plot;
mod refusals;
mod report;
mod standard_input;

use arguments::Arguments;

/// Why a play came to no good end.
pub(crate) enum Stopped {
    /// A pipeline failed, was cancelled, or was only looked at.
    Run(Box<Result<RunReport, RunError>>),
    /// Something else, in words.
    Because(String),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // If its reader has gone away, nobody is left to be told.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match run(&arguments) {
        Ok(code) => code,
        Err(Stopped::Run(result)) => watershed::exit_code(*result),
        Err(Stopped::Because(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Stopped> {
    arguments.check().map_err(Stopped::Because)?;
    let (name, bytes) = read(arguments).map_err(Stopped::Because)?;
    let rows = play::read(&bytes);
    let rows = rows.map_err(|error| Stopped::Because(format!("{name}, {error}")))?;
    if standard_input::is_shared(arguments) {
        return standard_input::run_on_a_file(&bytes).map_err(|error| {
            let what = "cannot hand standard input to the other processes";
            Stopped::Because(format!("{what}: {error}"))
        });
    }
    let pipeline = Pipeline::new();
    let played = pipeline::play(&pipeline, &rows, arguments);
    let (panes, dropped) = (played.panes.collect(), played.dropped.collect());
    let report = run_to_its_end(&pipeline, &arguments.pipeline)?;
    if watershed::is_launched_child() {
        return Ok(ExitCode::SUCCESS); // The first process says it all.
    }
    let panes = panes.values();
    if let Some(path) = &arguments.plot {
        picture::draw(path, &rows, arguments, &panes)?;
    }
    let tell = || {
        report::print(&panes)?;
        if arguments.show_dropped {
            report::tell_dropped(&dropped.observed(), &rows, arguments.window.windows)?;
        }
        report::tell_totals(&report.drops)
    };
    tell().map_err(|error: io::Error| {
        Stopped::Because(format!("cannot print what came out: {error}"))
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn run_to_its_end(
    pipeline: &Pipeline,
    options: &PipelineOptions,
) -> Result<RunReport, Stopped> {
    match pipeline.run(options) {
        Ok(report) if report.outcome == Outcome::Done => Ok(report),
        other => Err(Stopped::Run(Box::new(other))),
    }
}

/// The play and its name.
fn read(arguments: &Arguments) -> Result<(String, Vec<u8>), String> {
    let (name, bytes) = match &arguments.input {
        Some(path) => (path.display().to_string(), fs::read(path)),
        None => {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            ("standard input".to_owned(), read.map(|_| bytes))
        }
    };
    match bytes {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => Err(format!("cannot read {name}: {error}")),
    }
}
