//! Counts the words of text files.
//!
//! `cargo run --release --bin wordcount -- --input 'docs/**/*.md' --output counts.txt`
//!
//! A word is a maximal run of Unicode letters and apostrophes. The output has one line `word: count`
//! for each, in no promised order.

use std::process::ExitCode;

use clap::{
    Parser,
    builder::{PossibleValuesParser, TypedValueParser},
};
use watershed::{prelude::*, text::InvalidUtf8};

mod words;
use words::words;

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

    /// What becomes of a line that is not UTF-8: the run fails, bad bytes become �, or the line is
    /// left out and counted as dropped.
    #[arg(long, value_name = "WHAT", default_value = "error", value_parser = invalid_utf8())]
    invalid_utf8: InvalidUtf8,

    /// How long a line may be; a longer one is an error.
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20)]
    max_line_bytes: usize,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

fn invalid_utf8() -> impl TypedValueParser<Value = InvalidUtf8> {
    PossibleValuesParser::new(["error", "replace", "skip"]).map(|what| match what.as_str() {
        "replace" => InvalidUtf8::Replace,
        "skip" => InvalidUtf8::Skip,
        _ => InvalidUtf8::Error,
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let input = text::read(arguments.input)
        .invalid_utf8(arguments.invalid_utf8)
        .max_line_bytes(arguments.max_line_bytes);
    let mut output = text::write(arguments.output);
    if let Some(shards) = arguments.shards {
        output = output.shards(shards);
    }

    let pipeline = Pipeline::new();
    pipeline
        .apply(input)
        .flat_map_emit(|line, out| words(line).for_each(|word| out.emit(word.to_string())))
        .count_per_element()
        .map(|(word, count)| format!("{word}: {count}"))
        .apply(output);
    watershed::exit_code(pipeline.run(&arguments.pipeline))
}
