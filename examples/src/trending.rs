//! Words that are in use more than they used to be.
//!
//! `cargo run --bin trending -- --input examples/data/messages.csv --before examples/data/words.txt --window 1h`
//!
//! It reads messages, rows `time,text`, and how often each word was used before: lines `word: count`, as
//! `wordcount` writes them. It writes for each window the words that make up at least `--times` as large a part
//! of it as they did before. (A word that was never used counts as one that was used once.)
//!
//! What it shows: several side inputs of one step, in different windows. The table of the past is the same for
//! all; how many words there are now is a number for each window, which waits until the window is complete.

use std::process::ExitCode;

use clap::Parser;
use watershed::{Duration, prelude::*};

mod label;
mod replay;
mod rows;
mod words;
use label::Label;
use replay::Record;
use rows::Files;
use words::words;

#[derive(Parser)]
#[command(about = "Words that are in use more than they used to be.")]
struct Arguments {
    #[command(flatten)]
    files: Files,

    /// How often each word was used before.
    #[arg(long)]
    before: String,

    /// The size of the windows.
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    window: Duration,

    /// How many times as often a word must be used.
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0)]
    times: f64,

    /// Words that are used less often in a window are left out.
    #[arg(long, value_name = "N", default_value_t = 2)]
    at_least: u64,
}

fn message((time, text): (String, String)) -> Record<String> {
    Ok((text, time.parse()?))
}

/// A line of the table.
fn counted(line: &str) -> Result<(String, u64), BoxError> {
    let (word, count) = line.rsplit_once(": ").ok_or("a line is `word: count`")?;
    Ok((word.to_owned(), count.parse()?))
}

fn main() -> ExitCode {
    let Arguments { files, before, window, times, at_least } = Arguments::parse();

    let pipeline = Pipeline::new();
    let table = pipeline.apply(text::read(before));
    let (table, broken) = table.try_map("count", |line| counted(line));
    broken.for_each(|failed| eprintln!("left out `{}`: {}", failed.element, failed.error));
    let (before, all_before) = (table.as_map(), table.values().sum_globally().as_singleton());

    let words = files
        .read(&pipeline, message)
        .window(FixedWindows::of(window))
        .flat_map_emit(|text, out| words(text).for_each(|word| out.emit(word.to_string())));
    let all = words.combine_globally_without_defaults(Count).as_singleton_or(0);
    words
        .count_per_element()
        .filter(move |(_, count)| *count >= at_least)
        .map_with((&all, &before, &all_before), |(word, count), (all, before, all_before)| {
            let part = |count: u64, all: u64| count as f64 / all.max(1) as f64;
            let count_before = before.get(&word).copied().unwrap_or(0).max(1);
            (word, part(count, *all) / part(count_before, *all_before))
        })
        .filter(move |(_, rise)| *rise >= times)
        .map_values(|rise| format!("{rise:.1} times as often"))
        .par_do(Label)
        .apply(text::write(files.output).shards(1));
    watershed::exit_code(pipeline.run(&files.pipeline))
}
