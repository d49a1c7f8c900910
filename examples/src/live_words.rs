//! Counts the words of text as it comes.
//!
//! `cargo run --release --bin live_words -- --follow 'logs/*.log' --window 10s`
//!
//! `cargo run --release --bin live_words -- --socket localhost:9999 --containing error --window 5s --every 1s`
//!
//! It prints a line `word: count` for each word and window as windows close, and can also write them to a
//! file when it ends.
//! Lines go by the time at which they come in. Ctrl-C drains it: windows close with what they have, and
//! it ends with 3.
//!
//! What it shows: sources that never end, and how a job that reads them comes to its end.

use std::process::ExitCode;

use clap::{Args, Parser};
use watershed::{Duration, prelude::*};

mod words;
use words::words;

#[derive(Parser)]
#[command(about = "Counts the words of text as it comes.")]
struct Arguments {
    #[command(flatten)]
    input: Input,

    /// How long a window is, such as 10s or 500ms.
    #[arg(long, default_value = "10s", value_name = "SPAN")]
    window: Duration,

    /// How often a window begins, if they overlap: 5 s long, every second.
    #[arg(long, value_name = "SPAN")]
    every: Option<Duration>,

    /// Count only words that contain this text.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    containing: String,

    /// A file to write when it ends, beside printing as windows close. (Of several processes only the first
    /// is heard when it prints.)
    #[arg(long, value_name = "FILE")]
    output: Option<String>,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

/// What to read.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Input {
    /// Follow files as they grow: a file, a directory or a glob.
    #[arg(long, value_name = "PATTERN")]
    follow: Option<String>,

    /// Read lines from a TCP connection to this address.
    #[arg(long, value_name = "HOST:PORT")]
    socket: Option<String>,

    /// Read lines from standard input as they come.
    #[arg(long)]
    stdin: bool,

    /// Make so many words a second.
    #[arg(long, value_name = "N")]
    rate: Option<u64>,
}

impl Input {
    fn lines(self, pipeline: &Pipeline) -> PCollection<String> {
        match self {
            Input { follow: Some(pattern), .. } => pipeline.apply(text::follow(pattern)),
            Input { socket: Some(address), .. } => pipeline.apply(text::read_socket(address)),
            Input { rate: Some(rate), .. } => pipeline
                .apply(GenerateSequence::from(0).with_rate(rate, seconds(1)))
                .map(|n| ["one", "two", "three"][(n % 3) as usize].to_owned()),
            Input { .. } => pipeline.apply(text::read_stdin()),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();

    let pipeline = Pipeline::new();
    let text = arguments.containing;
    let words = arguments
        .input
        .lines(&pipeline)
        .flat_map_emit(|line, out| words(line).for_each(|word| out.emit(word.to_string())))
        .filter(move |word| word.contains(&text));
    let windowed = match arguments.every {
        Some(every) => words.window(SlidingWindows::of(arguments.window, every)),
        None => words.window(FixedWindows::of(arguments.window)),
    };
    let counts = windowed.count_per_element().map(|(word, count)| format!("{word}: {count}"));
    counts.for_each(|line| println!("{line}"));
    if let Some(file) = arguments.output {
        counts.apply(text::write(file).shards(1));
    }
    watershed::exit_code(pipeline.run(&arguments.pipeline))
}
