//! The strongest earthquakes of each region, in sliding windows or by swarm.
//!
//! `cargo run --release --bin earthquakes -- --input earthquakes.json --window 1d --every 6h`
//!
//! It reads a GeoJSON feed of the US Geological Survey and writes for each region and window how many
//! earthquakes there were and how strong the strongest was. A region is what stands behind the last comma
//! of an earthquake's place. With `--swarm-gap 2h` the windows are swarms instead: earthquakes of a region
//! that follow each other within the gap. An earthquake's event time is when it happened; as a stream it
//! comes when its record was last revised, which may be days later.
//!
//! What it shows: sliding windows and sessions, and a stream whose disorder is real.

use std::{fmt, process::ExitCode};

use clap::Parser;
use serde::{Deserialize, Serialize};
use watershed::{Duration, combine::Max, prelude::*};

mod label;
mod replay;
use label::Label;
use replay::{Records, Replay, ReplayArguments};

#[derive(Parser)]
#[command(about = "The strongest earthquakes of each region, in sliding windows or by swarm.")]
struct Arguments {
    /// The file with the GeoJSON feed.
    #[arg(long)]
    input: String,

    /// The file to write, or - for standard output.
    #[arg(long, default_value = "-")]
    output: String,

    /// The size of the windows.
    #[arg(long, value_name = "SPAN", default_value = "1d")]
    window: Duration,

    /// How far apart windows start.
    #[arg(long, value_name = "SPAN", default_value = "6h")]
    every: Duration,

    /// Group by swarm: earthquakes of a region that are less than this apart.
    #[arg(long, value_name = "SPAN")]
    swarm_gap: Option<Duration>,

    #[command(flatten)]
    replay: ReplayArguments,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

#[derive(Deserialize)]
struct Feed {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Earthquake,
}

#[derive(Deserialize)]
struct Earthquake {
    place: Option<String>,
    /// Some records have no magnitude.
    mag: Option<f64>,
    time: i64,
    updated: i64,
}

/// How many earthquakes, and the magnitude of the strongest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Activity {
    earthquakes: u64,
    strongest: Option<f64>,
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.strongest {
            Some(strongest) => write!(f, "{}, at most {strongest:.1}", self.earthquakes),
            None => write!(f, "{}", self.earthquakes),
        }
    }
}

/// Region and magnitude of all earthquakes, in the order in which they were last revised.
fn earthquakes(path: &str) -> Result<Records<(String, f64)>, BoxError> {
    let Feed { features } = serde_json::from_slice(&std::fs::read(path)?)?;
    let mut earthquakes: Vec<Earthquake> =
        features.into_iter().map(|feature| feature.properties).collect();
    earthquakes.sort_by_key(|earthquake| earthquake.updated);
    Ok(Box::new(earthquakes.into_iter().filter_map(|Earthquake { place, mag, time, .. }| {
        let place = place.unwrap_or_default();
        let region = place.rsplit(',').next().unwrap_or_default().trim().to_owned();
        Some(Ok(((region, mag?), Timestamp::from_millis(time))))
    })))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();

    let pipeline = Pipeline::new();
    let path = arguments.input.clone();
    let magnitudes =
        pipeline.read(Replay::new(&arguments.input, &arguments.replay, move || earthquakes(&path)));
    let windowed = match arguments.swarm_gap {
        Some(gap) => magnitudes.window(Sessions::with_gap(gap)),
        None => magnitudes.window(SlidingWindows::of(arguments.window, arguments.every)),
    };
    windowed
        .combine_per_key((Count, Max))
        .map_values(|(earthquakes, strongest)| Activity { earthquakes, strongest })
        .par_do(Label)
        .apply(text::write(arguments.output).shards(1));
    watershed::exit_code(pipeline.run(&arguments.pipeline))
}
