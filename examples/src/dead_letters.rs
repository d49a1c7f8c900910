//! Adds up the numbers in text files, and keeps what is no number.
//!
//! `cargo run --release --bin dead_letters -- --input 'numbers/*.txt' --broken broken.txt`
//!
//! It reads lines with one whole number each and writes their sum. A line that is no number does not
//! stop the run: it goes to a second output, with the reason, as a letter that could not be delivered.
//! An empty line is no mistake and is left out.
//!
//! What it shows: `try_map` gives two collections, the good and the failed, and each is used like any
//! other; a pipeline may have several outputs. They appear together, when the whole run has ended
//! well: had the sum overflowed, which is an error of the run, there would be no second file either.

use std::process::ExitCode;

use clap::Parser;
use watershed::prelude::*;

#[derive(Parser)]
#[command(about = "Adds up the numbers in text files, and keeps what is no number.")]
struct Arguments {
    /// What to read: a file, a glob, a directory, or - for standard input.
    #[arg(long)]
    input: String,

    /// The file to write the sum to, or - for standard output.
    #[arg(long, default_value = "-")]
    output: String,

    /// The file to write the lines to that are no number.
    #[arg(long)]
    broken: String,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();

    let pipeline = Pipeline::new();
    let (numbers, broken) = pipeline
        .apply(text::read(arguments.input))
        .filter(|line| !line.trim().is_empty())
        .try_map("parse", |line| line.trim().parse::<i64>());
    numbers
        .sum_globally()
        .map(|sum| sum.to_string())
        .apply(text::write(arguments.output).shards(1))
        .named("write the sum");
    broken
        .map(|failed| format!("{:?}: {}", failed.element, failed.error))
        .apply(text::write(arguments.broken).shards(1))
        .named("write the broken lines");
    watershed::exit_code(pipeline.run(&arguments.pipeline))
}
