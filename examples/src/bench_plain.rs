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

mod words;
use words::words;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Runs one of the works that speed is judged by, as a plain loop.")]
struct Arguments {
    /// Which work.
    #[arg(long, value_enum)]
    work: Work,

    /// The text that W1 reads.
    #[arg(long, value_name = "FILE")]
    input: String,

    /// The directory that results are written to.
    #[arg(long, value_name = "DIR")]
    output: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Work {
    /// Word count.
    #[value(name = "W1")]
    WordCount,
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

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = Arguments::parse();
    let done = match arguments.work {
        Work::WordCount => word_count(&arguments.input, Path::new(&arguments.output)),
    };
    match done {
        Ok(results) => {
            let seconds = started.elapsed().as_secs_f64();
            println!("{{\"inner_s\":{seconds:.6},\"results\":{results}}}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
