//! What tills took each hour, each order counted once.
//!
//! `cargo run --bin deduplicate -- --input examples/data/orders.csv`
//!
//! It reads orders, rows `time,till,order,cents`. A till that gets no answer sends its order again, so the same
//! order may come twice, out of order too. Of each order the earliest counts, and what comes with the same
//! number within `--again` is left out. It writes for each till and hour how many orders there were, and their
//! sum.
//!
//! What it shows: `Deduplicate` by event time, whose answer is the same as a batch and as a stream, whatever
//! came first.

use std::process::ExitCode;

use clap::Parser;
use serde::{Deserialize, Serialize};
use watershed::{Duration, prelude::*};

mod label;
mod replay;
mod rows;
use label::Label;
use replay::Record;
use rows::Files;

#[derive(Parser)]
#[command(about = "What tills took each hour, each order counted once.")]
struct Arguments {
    #[command(flatten)]
    files: Files,

    /// Within which span the same order is the same.
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    again: Duration,
}

#[derive(Clone, Serialize, Deserialize)]
struct Order {
    till: String,
    number: u64,
    cents: i64,
}

fn order((time, till, number, cents): (String, String, u64, i64)) -> Record<Order> {
    Ok((Order { till, number, cents }, time.parse()?))
}

fn main() -> ExitCode {
    let Arguments { files, again } = Arguments::parse();

    let pipeline = Pipeline::new();
    files
        .read(&pipeline, order)
        .apply(Deduplicate::by(|order: &Order| order.number).within_event_time(again))
        .window(FixedWindows::of(hours(1)))
        .map(|order| (order.till, order.cents))
        .combine_per_key((Count, Sum))
        .map_values(|(orders, cents)| format!("{orders} orders, {cents} cents"))
        .par_do(Label)
        .apply(text::write(files.output).shards(1));
    watershed::exit_code(pipeline.run(&files.pipeline))
}
