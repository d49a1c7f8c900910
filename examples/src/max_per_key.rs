//! The highest reading of each station.
//!
//! `cargo run --release --bin max_per_key -- --input 'readings/*.csv' --output -`
//!
//! It reads lines `station,value`, such as `Oslo,-3.5`, and writes a line `station: value` for each
//! station, in no promised order. A line that is no reading (a title, say) is left out; the line at
//! the end of the run tells how many there were. Where they matter, keep them: see `dead_letters`.
//!
//! What it shows: a fallible step, `try_map`; grouping by key, which is a collection of pairs and
//! `combine_per_key`; and that a maximum of floats is well defined here, since `Max` has one order for
//! each type.

use std::process::ExitCode;

use clap::Parser;
use watershed::prelude::*;

#[derive(Parser)]
#[command(about = "The highest reading of each station.")]
struct Arguments {
    /// What to read: a file, a glob, a directory, or - for standard input.
    #[arg(long)]
    input: String,

    /// The file to write, or - for standard output.
    #[arg(long, default_value = "-")]
    output: String,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

/// Station and value of a line `station,value`.
fn reading(line: &str) -> Result<(String, f64), BoxError> {
    let (station, value) = line.rsplit_once(',').ok_or("there is no comma")?;
    let value: f64 = value.trim().parse()?;
    if value.is_nan() {
        return Err("the value is no number".into());
    }
    Ok((station.trim().to_string(), value))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();

    let pipeline = Pipeline::new();
    let (readings, _not_readings) =
        pipeline.apply(text::read(arguments.input)).try_map("parse", |line| reading(line));
    readings
        .combine_per_key(Max)
        // The maximum of nothing is None, but a station that is there has a reading.
        .flat_map(|(station, max)| max.map(|max| format!("{station}: {max}")))
        .apply(text::write(arguments.output).shards(1));
    watershed::exit_code(pipeline.run(&arguments.pipeline))
}
