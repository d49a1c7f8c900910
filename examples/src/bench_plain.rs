//! The plain loop that speed is judged by: one thread, nothing between the input and the table.
//!
//! `bench_plain --work W1 --input FILE --output DIR`
//!
//! Same tokenizer, hasher and allocator, same output and the same line of JSON as `peer_bench`. It is
//! the limit of the machine, not an example of how to write a pipeline.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::Path,
    process::ExitCode,
    time::Instant,
};

use clap::{Parser, ValueEnum};
use compact_str::CompactString;
use foldhash::fast::RandomState;

mod events;
mod words;
use events::{ItemKey, KeyForm, WorkKey, checksum, chunks, event, keep, transform};
use words::words;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Runs one of the works that speed is judged by, as a plain loop.")]
struct Arguments {
    /// Which work.
    #[arg(long, value_enum)]
    work: Work,

    /// How many events are generated (W1 reads its input instead).
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    events: u64,

    /// What W3G groups by.
    #[arg(long, value_enum, default_value = "integer")]
    keys: KeyForm,

    /// The text that W1 reads.
    #[arg(long, value_name = "FILE", default_value = "")]
    input: String,

    /// The directory that results are written to.
    #[arg(long, value_name = "DIR", default_value = "")]
    output: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Work {
    /// Word count.
    #[value(name = "W1")]
    WordCount,
    /// Map, filter, and count and sum for each key, in one global window.
    #[value(name = "W3G")]
    StepsGlobally,
}

fn word_count(input: &str, output: &Path) -> io::Result<usize> {
    let mut counts: HashMap<CompactString, u64, RandomState> = HashMap::default();
    let mut lines = BufReader::with_capacity(128 << 10, File::open(input)?);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        for word in words(&line) {
            match counts.get_mut(word) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(CompactString::new(word), 1);
                }
            }
        }
        line.clear();
    }
    fs::create_dir_all(output)?;
    let mut out = BufWriter::new(File::create(output.join("counts.txt"))?);
    for (word, count) in &counts {
        writeln!(out, "{word}: {count}")?;
    }
    out.flush()?;
    Ok(counts.len())
}

fn steps_globally<K: WorkKey>(events: u64) -> (usize, u64) {
    let mut totals: HashMap<K, (u64, u64), RandomState> = HashMap::default();
    for event in chunks(events, 0, 1).flatten().map(event).map(transform).filter(keep) {
        let total = totals.entry(K::of(event.key)).or_default();
        total.0 += 1;
        total.1 += event.value;
    }
    let parts = totals.iter().map(|(key, (count, sum))| checksum(0, key.number(), *count, *sum));
    (totals.len(), parts.fold(0, u64::wrapping_add))
}

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = Arguments::parse();
    let (results, sum) = match arguments.work {
        Work::WordCount => match word_count(&arguments.input, Path::new(&arguments.output)) {
            Ok(results) => (results, None),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        },
        Work::StepsGlobally => {
            let (results, sum) = match arguments.keys {
                KeyForm::Integer => steps_globally::<u64>(arguments.events),
                KeyForm::String => steps_globally::<CompactString>(arguments.events),
                KeyForm::Struct => steps_globally::<ItemKey>(arguments.events),
            };
            (results, Some(sum))
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    let sum = sum.map_or(String::new(), |sum| format!(",\"sum\":\"{sum:016x}\""));
    println!("{{\"inner_s\":{seconds:.6},\"results\":{results}{sum}}}");
    ExitCode::SUCCESS
}
