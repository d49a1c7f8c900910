//! Plays a CSV of events through one windowed, triggered, keyed combine and prints each pane.
//!
//! `cargo run --release --bin window_lab -- --input play.csv --window fixed:10s --trigger default`
//!
//! For each row processing time advances to its arrival, the element comes, and the watermark follows
//! the newest event time; each of these is handled wholly before the next. Panes go to standard output,
//! a line of JSON each; what was dropped is counted on standard error.

use std::{
    fs,
    io::{self, Read, Write},
    process::ExitCode,
};

use clap::Parser;
use watershed::{
    Collected, Dropped, Observed, Outcome, RunReport, TestStream, WindowFn, combine::CombineFn,
    prelude::*,
};

mod arguments;
mod output;
mod play;

use arguments::{Arguments, Combine, Mode, Windows};
use output::{Pane, Value};
use play::{Row, clocks};

/// A key and a value of the play.
type Pair = (String, i64);

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let rows = read(arguments)?;
    let settings = settings(arguments)?;
    let pipeline = Pipeline::new();
    let stream = pipeline.apply(script(&rows, arguments));
    let windowed = window(&stream, arguments.window).with_window_settings(settings);
    let (panes, dropped) = combine(&windowed, arguments.combine);
    let (panes, dropped) = (panes.collect(), dropped.collect());
    let report = match pipeline.run(&arguments.pipeline) {
        Ok(report) if report.outcome == Outcome::Done => report,
        other => return Ok(watershed::exit_code(other)),
    };
    print(&panes).map_err(|error| format!("cannot print the panes: {error}"))?;
    tell_dropped(arguments, &rows, &dropped, &report)
        .map_err(|error| format!("cannot print what was dropped: {error}"))?;
    Ok(ExitCode::SUCCESS)
}

fn read(arguments: &Arguments) -> Result<Vec<Row>, String> {
    let (name, bytes) = match &arguments.input {
        Some(path) => (path.display().to_string(), fs::read(path)),
        None => {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            ("standard input".to_owned(), read.map(|_| bytes))
        }
    };
    let bytes = bytes.map_err(|error| format!("cannot read {name}: {error}"))?;
    play::read(&bytes).map_err(|error| format!("{name}, {error}"))
}

fn settings(arguments: &Arguments) -> Result<WindowSettings, String> {
    let mut settings = WindowSettings::new()
        .triggering(arguments.trigger.clone())
        .allowed_lateness(arguments.lateness)
        .timestamp_combiner(arguments.timestamp_combiner.into())
        .on_time_behavior(arguments.on_time_behavior.into())
        .closing_behavior(arguments.closing_behavior.into());
    settings = match arguments.mode {
        Mode::Discarding => settings.discarding(),
        Mode::Accumulating => settings.accumulating(),
        Mode::Retracting => {
            return Err("--mode retracting does not exist yet: take discarding, or accumulating, \
                        whose panes hold all that came so far"
                .to_owned());
        }
    };
    if arguments.allow_unsafe {
        settings = settings.allow_closed_window_drops();
    }
    Ok(settings)
}

/// What happens, row by row.
fn script(rows: &[Row], arguments: &Arguments) -> TestStream<Pair> {
    let clocks = clocks(rows, arguments.watermark_lag);
    let mut script = TestStream::new();
    for (row, after) in std::iter::zip(rows, clocks) {
        script = script
            .advance_processing_time_to(after.processing_time)
            .elements([((row.key.clone(), row.value), row.event_time)])
            .advance_watermark_to(after.watermark);
    }
    script.advance_watermark_to_infinity()
}

fn window(stream: &PCollection<Pair>, windows: Windows) -> PCollection<Pair> {
    match windows {
        Windows::Fixed(fixed) => stream.window(fixed),
        Windows::Sliding(sliding) => stream.window(sliding),
        Windows::Sessions(sessions) => stream.window(sessions),
        Windows::Global => stream.window(GlobalWindows),
        Windows::Calendar(calendar) => stream.window(calendar),
    }
}

type Results = (PCollection<(String, Value)>, PCollection<Dropped<Pair>>);

fn combine(windowed: &PCollection<Pair>, how: Combine) -> Results {
    let integer = |value: Option<i64>| value.map_or(Value::None, Value::Integer);
    match how {
        Combine::Sum => combine_by(windowed, Sum, Value::Integer),
        Combine::Count => combine_by(windowed, Count, Value::Count),
        Combine::Min => combine_by(windowed, Min, integer),
        Combine::Max => combine_by(windowed, Max, integer),
        Combine::Mean => combine_by(windowed, Mean, |mean: f64| match mean.is_nan() {
            true => Value::None,
            false => Value::Mean(mean),
        }),
        Combine::List => combine_by(windowed, ToList, |mut list: Vec<i64>| {
            list.sort_unstable();
            Value::List(list)
        }),
    }
}

fn combine_by<C: CombineFn<i64>>(
    windowed: &PCollection<Pair>,
    combiner: C,
    value: impl Fn(C::Output) -> Value + Clone + Send + Sync + 'static,
) -> Results {
    let (results, dropped) = windowed.combine_per_key_and_dropped(combiner);
    (results.map_values(value), dropped)
}

fn print(panes: &Collected<(String, Value)>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for Observed { value: (key, value), timestamp, windows, pane, .. } in panes.observed() {
        let [window] = windows.as_slice() else {
            return Err(io::Error::other("a pane is in one window"));
        };
        let window = window.clone();
        let pane = Pane { key, window, timestamp, info: pane, retraction: false, value };
        writeln!(out, "{}", pane.to_line()?)?;
    }
    out.flush()
}

fn tell_dropped(
    arguments: &Arguments,
    rows: &[Row],
    dropped: &Collected<Dropped<Pair>>,
    report: &RunReport,
) -> io::Result<()> {
    let mut err = io::stderr().lock();
    if arguments.show_dropped {
        for Observed { value: Dropped { element, window, reason, .. }, timestamp, .. } in
            dropped.observed()
        {
            let (key, value) = element;
            writeln!(err, "{}", output::dropped(reason, &key, value, timestamp, Some(&window))?)?;
        }
        for row in rows.iter().filter(|row| is_in_no_window(row, arguments.window)) {
            let reason = watershed::model::DropReason::NoWindow;
            writeln!(
                err,
                "{}",
                output::dropped(reason, &row.key, row.value, row.event_time, None)?
            )?;
        }
    }
    writeln!(err, "{}", output::totals(&report.drops)?)
}

/// Only sliding windows leave gaps.
fn is_in_no_window(row: &Row, windows: Windows) -> bool {
    let Windows::Sliding(sliding) = windows else { return false };
    let mut assigned = Vec::new();
    sliding.assign(&(), row.event_time, &mut assigned);
    assigned.is_empty()
}
