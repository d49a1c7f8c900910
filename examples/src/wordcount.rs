//! Counts the words of text files.
//!
//! `cargo run --release --bin wordcount -- --input 'docs/**/*.md' --output counts.txt`
//!
//! A word is a maximal run of Unicode letters and apostrophes. The output has one line `word: count`
//! for each, in no promised order.

use std::process::ExitCode;

use clap::Parser;
use watershed::prelude::*;

#[derive(Parser)]
#[command(about = "Counts the words of text files.")]
struct Arguments {
    /// What to read: a file, a glob, a directory, or - for standard input.
    #[arg(long)]
    input: String,

    /// What to write: a name, which gives NAME-00000-of-0000N, or - for standard output.
    #[arg(long)]
    output: String,

    /// How many files to write; with 1 the file is called exactly NAME. By default one a worker.
    #[arg(long, value_name = "N")]
    shards: Option<usize>,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphabetic() || c == '\'')).filter(|word| !word.is_empty())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = text::write(arguments.output);
    if let Some(shards) = arguments.shards {
        output = output.shards(shards);
    }

    let pipeline = Pipeline::new();
    pipeline
        .apply(text::read(arguments.input))
        .flat_map_emit(|line, out| words(line).for_each(|word| out.emit(word.to_string())))
        .count_per_element()
        .map(|(word, count)| format!("{word}: {count}"))
        .apply(output);
    watershed::exit_code(pipeline.run(&arguments.pipeline))
}
