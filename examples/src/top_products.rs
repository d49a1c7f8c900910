//! The products that sold best in each shop, hour by hour.
//!
//! `cargo run --bin top_products -- --input examples/data/shops.csv --top 2`
//!
//! It reads sales, rows `time,shop,product,pieces`, and writes for each shop and hour the `--top` products of
//! which most pieces were sold. Of products that sold alike the first in the alphabet comes first.
//!
//! What it shows: two combiners behind each other. Pieces are summed by shop and product; then each shop keeps
//! no more than the best few, on every worker, so nothing grows with the number of products.

use std::{cmp::Reverse, process::ExitCode};

use clap::Parser;
use watershed::{Duration, prelude::*};

mod label;
mod replay;
mod rows;
use label::Label;
use replay::Record;
use rows::Files;

#[derive(Parser)]
#[command(about = "The products that sold best in each shop, hour by hour.")]
struct Arguments {
    #[command(flatten)]
    files: Files,

    /// How many products of each shop.
    #[arg(long, value_name = "N", default_value_t = 3)]
    top: usize,

    /// The size of the windows.
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    window: Duration,
}

/// Shop and product, and how many pieces.
type Sale = ((String, String), i64);

fn sale((time, shop, product, pieces): (String, String, String, i64)) -> Record<Sale> {
    Ok((((shop, product), pieces), time.parse()?))
}

fn main() -> ExitCode {
    let Arguments { files, top, window } = Arguments::parse();

    let pipeline = Pipeline::new();
    let best = Top::by(top, |(product, pieces): &(String, i64), (other, more)| {
        (pieces, Reverse(product)).cmp(&(more, Reverse(other)))
    });
    files
        .read(&pipeline, sale)
        .window(FixedWindows::of(window))
        .combine_per_key(Sum)
        .map(|((shop, product), pieces)| (shop, (product, pieces)))
        .combine_per_key(best)
        .map_values(|best| {
            let best = best.into_iter().map(|(product, pieces)| format!("{product} {pieces}"));
            best.collect::<Vec<_>>().join(", ")
        })
        .par_do(Label)
        .apply(text::write(files.output).shards(1));
    watershed::exit_code(pipeline.run(&files.pipeline))
}
