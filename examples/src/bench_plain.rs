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
mod keyed_works;
mod words;
use events::{
    DISORDER, ItemKey, KeyForm, WINDOW, WorkKey, checksum, chunks, event, keep, timed_event,
    transform,
};
use keyed_works::{LEFTS, STEP, TABLE, left, right};
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
    /// Count and sum for each key and window of 10 s, each as its window closes.
    #[value(name = "W2")]
    Windows,
    /// The same behind a map and a filter.
    #[value(name = "W3")]
    StepsAndWindows,
    /// Map, filter, and count and sum for each key, in one global window.
    #[value(name = "W3G")]
    StepsGlobally,
    /// Reads, changes and writes count and sum of each key, and tells of every thousandth event of each.
    #[value(name = "STATE")]
    State,
    /// An inner join by key, in which each of the smaller side is found five times.
    #[value(name = "JOIN")]
    Join,
    /// Looks up each of so many elements in a table of 10,000.
    #[value(name = "LOOKUP")]
    Lookup,
}

type Totals<K> = HashMap<K, (u64, u64), RandomState>;

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
    let mut totals: Totals<K> = HashMap::default();
    // Not a chain of adapters that ends in a filter: of that some compilers make a slow search.
    for chunk in chunks(events, 0, 1) {
        for event in chunk.map(|i| transform(event(i))) {
            if !keep(&event) {
                continue;
            }
            let total = totals.entry(K::of(event.key)).or_default();
            total.0 += 1;
            total.1 += event.value;
        }
    }
    let parts = totals.iter().map(|(key, (count, sum))| checksum(0, key.number(), *count, *sum));
    (totals.len(), parts.fold(0, u64::wrapping_add))
}

fn state<K: WorkKey>(events: u64) -> (usize, u64) {
    let mut totals: Totals<K> = HashMap::default();
    let (mut results, mut sum) = (0, 0u64);
    for event in chunks(events, 0, 1).flatten().map(event) {
        let key = K::of(event.key);
        let number = key.number();
        let total = totals.entry(key).or_default();
        total.0 += 1;
        total.1 += event.value;
        if total.0.is_multiple_of(STEP) {
            results += 1;
            sum = sum.wrapping_add(checksum(0, number, total.0, 0));
        }
    }
    (results, sum)
}

fn join<K: WorkKey>(events: u64, rights: u64) -> (usize, u64) {
    let mut table: HashMap<K, u64, RandomState> =
        HashMap::with_capacity_and_hasher(rights as usize, RandomState::default());
    for (key, value) in (0..rights).map(right) {
        table.insert(K::of(key), value);
    }
    let (mut results, mut sum) = (0, 0u64);
    for (key, a) in (0..events).map(|i| left(i, rights)) {
        if let Some(b) = table.get(&K::of(key)) {
            results += 1;
            sum = sum.wrapping_add(checksum(0, key, a, *b));
        }
    }
    (results, sum)
}

/// The totals of the windows that are open, by their number. The table of a window is found once a run
/// of elements in the same one; that of a closed one is used again.
struct Windows<K> {
    open: Vec<(u64, Totals<K>)>,
    free: Vec<Totals<K>>,
    results: usize,
    sum: u64,
}

impl<K: WorkKey> Windows<K> {
    fn place(&mut self, window: u64) -> usize {
        if let Some(place) = self.open.iter().position(|(number, _)| *number == window) {
            return place;
        }
        self.open.push((window, self.free.pop().unwrap_or_default()));
        self.open.len() - 1
    }

    fn close(&mut self, watermark: u64) {
        let ends = |(window, _): &mut (u64, Totals<K>)| (*window + 1) * WINDOW <= watermark;
        for (window, mut totals) in self.open.extract_if(.., ends) {
            self.results += totals.len();
            for (key, (count, total)) in totals.drain() {
                let part = checksum((window + 1) * WINDOW, key.number(), count, total);
                self.sum = self.sum.wrapping_add(part);
            }
            self.free.push(totals);
        }
    }
}

fn windows<K: WorkKey>(events: u64, with_steps: bool) -> (usize, u64) {
    let mut windows = Windows::<K> { open: Vec::new(), free: Vec::new(), results: 0, sum: 0 };
    let (mut newest, mut current, mut place) = (0, u64::MAX, 0);
    for chunk in chunks(events, 0, 1) {
        for (event, at) in chunk.map(timed_event) {
            newest = at.max(newest);
            let event = if with_steps { transform(event) } else { event };
            if with_steps && !keep(&event) {
                continue;
            }
            let window = at / WINDOW;
            if window != current {
                (current, place) = (window, windows.place(window));
            }
            let total = windows.open[place].1.entry(K::of(event.key)).or_default();
            total.0 += 1;
            total.1 += event.value;
        }
        windows.close(newest.saturating_sub(DISORDER));
        current = u64::MAX;
    }
    windows.close(u64::MAX);
    (windows.results, windows.sum)
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
        Work::State => {
            let (results, sum) = match arguments.keys {
                KeyForm::Integer => state::<u64>(arguments.events),
                KeyForm::String => state::<CompactString>(arguments.events),
                KeyForm::Struct => state::<ItemKey>(arguments.events),
            };
            (results, Some(sum))
        }
        work @ (Work::Join | Work::Lookup) => {
            let rights = match work {
                Work::Join => (arguments.events / LEFTS).max(1),
                _ => TABLE,
            };
            let (results, sum) = match arguments.keys {
                KeyForm::Integer => join::<u64>(arguments.events, rights),
                KeyForm::String => join::<CompactString>(arguments.events, rights),
                KeyForm::Struct => join::<ItemKey>(arguments.events, rights),
            };
            (results, Some(sum))
        }
        work => {
            let with_steps = matches!(work, Work::StepsAndWindows);
            let (results, sum) = match arguments.keys {
                KeyForm::Integer => windows::<u64>(arguments.events, with_steps),
                KeyForm::String => windows::<CompactString>(arguments.events, with_steps),
                KeyForm::Struct => windows::<ItemKey>(arguments.events, with_steps),
            };
            (results, Some(sum))
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    let sum = sum.map_or(String::new(), |sum| format!(",\"sum\":\"{sum:016x}\""));
    println!("{{\"inner_s\":{seconds:.6},\"results\":{results}{sum}}}");
    ExitCode::SUCCESS
}
