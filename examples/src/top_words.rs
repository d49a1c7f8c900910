//! The most frequent words of text files.
//!
//! `cargo run --release --bin top_words -- --input 'docs/**/*.md' --n 10`
//!
//! It writes the `n` most frequent words, a line `word: count` each, the most frequent first; of words
//! that are equally frequent the first in the alphabet comes first.
//!
//! What it shows: a composite, `TopWords`, made of other transforms and applied like one; and how to
//! write something in order. A collection has no order, and its elements may be cut and shuffled as a
//! runner likes. So the list is *one* element, a `Vec` in order, until it is one text of several lines.

use std::process::ExitCode;

use clap::Parser;
use watershed::prelude::*;

mod words;
use words::words;

#[derive(Parser)]
#[command(about = "The most frequent words of text files.")]
struct Arguments {
    /// What to read: a file, a glob, a directory, or - for standard input.
    #[arg(long)]
    input: String,

    /// The file to write, or - for standard output.
    #[arg(long, default_value = "-")]
    output: String,

    /// How many words.
    #[arg(long, value_name = "N", default_value_t = 10)]
    n: usize,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

/// From lines to the `n` most frequent words in them, with their counts.
struct TopWords {
    n: usize,
}

impl PTransform<PCollection<String>> for TopWords {
    type Output = PCollection<Vec<(String, u64)>>;

    fn expand(self, lines: &PCollection<String>) -> Self::Output {
        lines
            .flat_map_emit(|line, out| words(line).for_each(|word| out.emit(word.to_string())))
            .count_per_element()
            .combine_globally(Top::by(self.n, |a: &(String, u64), b: &(String, u64)| {
                a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0))
            }))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();

    let pipeline = Pipeline::new();
    pipeline
        .apply(text::read(arguments.input))
        .apply(TopWords { n: arguments.n })
        .filter(|top| !top.is_empty())
        .map(|top| {
            let lines = top.iter().map(|(word, count)| format!("{word}: {count}"));
            lines.collect::<Vec<_>>().join("\n")
        })
        .apply(text::write(arguments.output).shards(1));
    watershed::exit_code(pipeline.run(&arguments.pipeline))
}
