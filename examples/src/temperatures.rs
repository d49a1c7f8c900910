//! The coldest and the warmest hour of each day.
//!
//! `cargo run --release --bin temperatures -- --input seattle-weather-hourly.csv`
//!
//! It reads CSV with the columns `date` (local time, such as `2010-01-01T01:00:00`) and `temperature`, and
//! writes for each day the lowest and the highest temperature. `--zone` says where the thermometer stands:
//! a day is one of that place, also where the clocks change. As a stream hours come in order, one after
//! the other, and each day's line is complete when the next has begun.
//!
//! What it shows: calendar windows in a time zone, and a combiner for all elements of a window.

use std::{fmt, process::ExitCode};

use clap::Parser;
use watershed::{
    chrono::{NaiveDateTime, TimeDelta, TimeZone},
    chrono_tz::Tz,
    combine::{Max, Min},
    prelude::*,
};

mod label;
mod replay;
use label::Label;
use replay::{Record, Records, Replay, ReplayArguments};

#[derive(Parser)]
#[command(about = "The coldest and the warmest hour of each day.")]
struct Arguments {
    /// The CSV file.
    #[arg(long)]
    input: String,

    /// The file to write, or - for standard output.
    #[arg(long, default_value = "-")]
    output: String,

    /// The time zone of the dates.
    #[arg(long, value_name = "ZONE", value_parser = zone, default_value = "America/Los_Angeles")]
    zone: Tz,

    #[command(flatten)]
    replay: ReplayArguments,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

fn zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| "no time zone; one is Europe/Berlin".to_string())
}

#[derive(serde::Deserialize)]
struct Hour {
    date: String,
    temperature: f64,
}

/// The temperatures of a day.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Day {
    coldest: f64,
    warmest: f64,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} to {:.1} °C", self.coldest, self.warmest)
    }
}

fn hour(Hour { date, temperature }: Hour, zone: Tz) -> Record<f64> {
    let time = NaiveDateTime::parse_from_str(&date, "%Y-%m-%dT%H:%M:%S")
        .map_err(|error| format!("the date `{date}`: {error}"))?;
    // An hour that the clocks jump over is an hour after the one before.
    let before = || zone.from_local_datetime(&(time - TimeDelta::hours(1))).latest();
    let time = zone.from_local_datetime(&time).earliest();
    let time = time.or_else(|| before().map(|before| before + TimeDelta::hours(1)));
    let time = time.ok_or_else(|| format!("`{date}` does not exist in {zone}"))?;
    Ok((temperature, Timestamp::from(time)))
}

fn hours(path: &str, zone: Tz) -> Result<Records<f64>, BoxError> {
    let rows = csv::Reader::from_path(path)?.into_deserialize();
    Ok(Box::new(rows.map(move |row: Result<Hour, csv::Error>| hour(row?, zone))))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();

    let pipeline = Pipeline::new();
    let (path, zone) = (arguments.input.clone(), arguments.zone);
    pipeline
        .read(Replay::new(&arguments.input, &arguments.replay, move || hours(&path, zone)))
        .with_keys("day".to_string())
        .window(CalendarWindows::days(1).in_time_zone(zone))
        .combine_per_key((Min, Max))
        .flat_map(|(day, (coldest, warmest))| {
            coldest.zip(warmest).map(|(coldest, warmest)| (day, Day { coldest, warmest }))
        })
        .par_do(Label)
        .apply(text::write(arguments.output).shards(1));
    watershed::exit_code(pipeline.run(&arguments.pipeline))
}
