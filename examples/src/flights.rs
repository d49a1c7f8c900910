//! How late flights leave, by airport and span of time.
//!
//! `cargo run --release --bin flights -- --input flights-20k.json --window 1d --read-as stream`
//!
//! It reads a JSON array of flights, `{"date":"2001/01/01 00:47","delay":66,"origin":"DTW",…}`, and
//! writes for each airport and window how many flights were to leave and how many minutes late they were
//! on average. A flight's event time is its date, when it should have left; as a stream it comes when it
//! did leave, `delay` minutes later. So a flight with a large delay may be late in both meanings: what
//! comes after its window was complete but within `--lateness` makes a late pane.
//!
//! What it shows: one pipeline over a batch and over a stream; early, on-time and late panes.

use std::{fmt, process::ExitCode};

use clap::Parser;
use serde::{Deserialize, Serialize};
use watershed::{Duration, chrono::NaiveDateTime, prelude::*};

mod label;
mod replay;
use label::Label;
use replay::{Records, Replay, ReplayArguments};

#[derive(Parser)]
#[command(about = "How late flights leave, by airport and span of time.")]
struct Arguments {
    /// The file with the JSON array.
    #[arg(long)]
    input: String,

    /// The file to write, or - for standard output.
    #[arg(long, default_value = "-")]
    output: String,

    /// The size of the windows.
    #[arg(long, value_name = "SPAN", default_value = "1d")]
    window: Duration,

    /// How long after a window's end late flights still count.
    #[arg(long, value_name = "SPAN", default_value = "6h")]
    lateness: Duration,

    #[command(flatten)]
    replay: ReplayArguments,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

#[derive(Deserialize)]
struct Flight {
    date: String,
    delay: i64,
    origin: String,
}

/// How many flights, and how late on average.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Punctuality {
    flights: u64,
    mean_delay: f64,
}

impl fmt::Display for Punctuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} flights, {:.1} min late", self.flights, self.mean_delay)
    }
}

/// Origin and delay in minutes of all flights, in the order in which they left.
fn flights(path: &str) -> Result<Records<(String, i64)>, BoxError> {
    let flights: Vec<Flight> = serde_json::from_slice(&std::fs::read(path)?)?;
    let mut records = Vec::with_capacity(flights.len());
    for (place, Flight { date, delay, origin }) in flights.into_iter().enumerate() {
        let time = NaiveDateTime::parse_from_str(&date, "%Y/%m/%d %H:%M")
            .map_err(|error| format!("flight {place}: the date `{date}`: {error}"))?;
        records.push(((origin, delay), Timestamp::from(time.and_utc())));
    }
    records.sort_by_key(|((_, delay), date)| *date + minutes(*delay));
    Ok(Box::new(records.into_iter().map(Ok)))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Arguments { input, output, window, lateness, replay, pipeline: options } = arguments;

    let pipeline = Pipeline::new();
    let path = input.clone();
    let panes = AfterWatermark::new().late(AfterCount::of(1));
    pipeline
        .read(Replay::new(&input, &replay, move || flights(&path)))
        .window(
            FixedWindows::of(window).triggering(panes).allowed_lateness(lateness).accumulating(),
        )
        .combine_per_key((Count, Mean))
        .map_values(|(flights, mean_delay)| Punctuality { flights, mean_delay })
        .par_do(Label)
        .apply(text::write(output).shards(1));
    watershed::exit_code(pipeline.run(&options))
}
