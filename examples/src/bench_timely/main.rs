//! The works that speed is judged by, written by hand on timely-dataflow with its own types.
//!
//! `bench_timely --work W1 --form default --parallel 2 --input FILE --output DIR`
//!
//! *default* is what a good user of timely writes: its containers, an operator a step. *tuned* uses
//! containers of 4096 records and, in W1, counts before the exchange.

#![expect(
    clippy::expect_used,
    reason = "a benchmark by hand: what cannot be read or written ends it"
)]

use std::{
    cell::RefCell,
    collections::HashMap,
    fs::{self, File},
    hash::BuildHasher,
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use clap::{Parser, ValueEnum};
use compact_str::CompactString;
use foldhash::fast::{FixedState, RandomState};
use timely::{
    container::{CapacityContainerBuilder, NoopBuilder},
    dataflow::{
        channels::pact::{Exchange, Pipeline},
        operators::{
            generic::operator::{Operator, source},
            vec::{Filter, Map},
        },
    },
    worker::Worker,
};

#[path = "../events.rs"]
mod events;
mod windows;
#[path = "../words.rs"]
mod words;
use events::{Event, ItemKey, KeyForm, WorkKey, checksum, chunks, event, keep, transform};
use words::words;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Runs one of the works that speed is judged by, written by hand on timely.")]
struct Arguments {
    /// Which work.
    #[arg(long, value_enum)]
    work: Work,
    /// Which form.
    #[arg(long, value_enum, default_value = "default")]
    form: Form,
    /// How many workers.
    #[arg(long, default_value_t = 1)]
    parallel: usize,
    /// What W3G groups by.
    #[arg(long, value_enum, default_value = "integer")]
    keys: KeyForm,
    /// How many events are generated.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// The text that W1 reads.
    #[arg(long, default_value = "")]
    input: String,
    /// The directory that results are written to.
    #[arg(long, default_value = "")]
    output: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Work {
    #[value(name = "W1")]
    WordCount,
    #[value(name = "W2")]
    Windows,
    #[value(name = "W3")]
    StepsAndWindows,
    #[value(name = "W3G")]
    StepsGlobally,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Default,
    Tuned,
}

/// Records in a container of the tuned form.
const TUNED: usize = 4096;

/// Timely's own containers of `T`.
type Containers<T> = CapacityContainerBuilder<Vec<T>>;

type Counts = HashMap<CompactString, u64, RandomState>;

/// The lines of a worker's share of the file: those that start in its range of bytes.
fn share(
    input: &str,
    index: u64,
    peers: u64,
) -> io::Result<impl Iterator<Item = io::Result<String>> + use<>> {
    let mut file = File::open(input)?;
    let length = file.metadata()?.len();
    let (start, end) = (length * index / peers, length * (index + 1) / peers);
    let mut at = start;
    if start > 0 {
        file.seek(SeekFrom::Start(start - 1))?;
    }
    let mut lines = BufReader::with_capacity(128 << 10, file);
    if start > 0 {
        let mut skipped = Vec::new();
        at = start - 1 + lines.read_until(b'\n', &mut skipped)? as u64;
    }
    Ok(std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let mut line = String::new();
        match lines.read_line(&mut line) {
            Ok(0) => None,
            Ok(read) => {
                at += read as u64;
                Some(Ok(line))
            }
            Err(error) => Some(Err(error)),
        }
    }))
}

fn write_counts(counts: &Counts, path: PathBuf) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for (word, count) in counts {
        writeln!(out, "{word}: {count}")?;
    }
    out.flush()
}

fn word_count(
    worker: &mut Worker,
    form: Form,
    input: &str,
    output: &Path,
    results: &Arc<AtomicU64>,
) {
    let (index, peers) = (worker.index(), worker.peers());
    let counts: Rc<RefCell<Counts>> = Rc::default();
    let done = counts.clone();
    let hasher = FixedState::default();
    let input = input.to_owned();
    worker.dataflow::<u64, _, _>(|scope| match form {
        Form::Default => {
            let lines =
                source::<_, Containers<String>, _, _>(scope, "lines", |capability, info| {
                    let activator = scope.activator_for(info.address);
                    let mut capability = Some(capability);
                    let mut lines =
                        share(&input, index as u64, peers as u64).expect("the input can be read");
                    move |output| {
                        let Some(held) = &capability else { return };
                        let mut session = output.session(held);
                        for _ in 0..256 {
                            match lines.next() {
                                Some(line) => session.give(line.expect("the input can be read")),
                                None => {
                                    drop(session);
                                    capability = None;
                                    return;
                                }
                            }
                        }
                        activator.activate();
                    }
                });
            lines.flat_map(|line| words(&line).map(CompactString::new).collect::<Vec<_>>()).sink(
                Exchange::new(move |word: &CompactString| hasher.hash_one(word)),
                "count",
                {
                    move |(input, _)| {
                        let mut counts = counts.borrow_mut();
                        input.for_each(|_, words| {
                            words.drain(..).for_each(|word| *counts.entry(word).or_default() += 1);
                        });
                    }
                },
            );
        }
        Form::Tuned => {
            type Partials = NoopBuilder<Vec<(CompactString, u64)>>;
            let partials =
                source::<_, Partials, _, _>(scope, "lines and counts", |capability, info| {
                    let activator = scope.activator_for(info.address);
                    let mut capability = Some(capability);
                    let mut lines =
                        share(&input, index as u64, peers as u64).expect("the input can be read");
                    let mut partial = Counts::default();
                    move |output| {
                        let Some(held) = &capability else { return };
                        for _ in 0..TUNED {
                            if let Some(line) = lines.next() {
                                for word in words(&line.expect("the input can be read")) {
                                    match partial.get_mut(word) {
                                        Some(count) => *count += 1,
                                        None => drop(partial.insert(CompactString::new(word), 1)),
                                    }
                                }
                                continue;
                            }
                            let all: Vec<(CompactString, u64)> = partial.drain().collect();
                            for chunk in all.chunks(TUNED) {
                                output
                                    .session_with_builder(held)
                                    .give_container(&mut chunk.to_vec());
                            }
                            capability = None;
                            return;
                        }
                        activator.activate();
                    }
                });
            let by_word =
                Exchange::new(move |(word, _): &(CompactString, u64)| hasher.hash_one(word));
            partials.sink(by_word, "merge", move |(input, _)| {
                let mut counts = counts.borrow_mut();
                input.for_each(|_, partials| {
                    for (word, count) in partials.drain(..) {
                        *counts.entry(word).or_default() += count;
                    }
                });
            });
        }
    });
    while worker.has_dataflows() {
        worker.step_or_park(None);
    }
    let counts = done.borrow();
    let name = format!("counts.txt-{index:05}-of-{peers:05}");
    write_counts(&counts, output.join(name)).expect("the output can be written");
    results.fetch_add(counts.len() as u64, Relaxed);
}

type Totals<K> = HashMap<K, (u64, u64), RandomState>;

fn steps_globally<K: WorkKey>(
    worker: &mut Worker,
    form: Form,
    events: u64,
    results: &Arc<AtomicU64>,
    sum: &Arc<AtomicU64>,
) {
    let (index, peers) = (worker.index() as u64, worker.peers() as u64);
    let totals: Rc<RefCell<Totals<K>>> = Rc::default();
    let done = totals.clone();
    let hasher = FixedState::default();
    let by_key = move || Exchange::new(move |(key, _): &(K, u64)| hasher.hash_one(key));
    let count = move |input: &mut Vec<(K, u64)>| {
        let mut totals = totals.borrow_mut();
        for (key, value) in input.drain(..) {
            let total = totals.entry(key).or_default();
            total.0 += 1;
            total.1 += value;
        }
    };
    let keyed = |event: Event| (K::of(event.key), event.value);
    worker.dataflow::<u64, _, _>(|scope| match form {
        Form::Default => {
            let made = source::<_, Containers<Event>, _, _>(scope, "events", |capability, info| {
                let activator = scope.activator_for(info.address);
                let mut capability = Some(capability);
                let mut chunks = chunks(events, index, peers);
                move |output| {
                    let Some(held) = &capability else { return };
                    match chunks.next() {
                        Some(chunk) => {
                            output.session(held).give_iterator(chunk.map(event));
                            activator.activate();
                        }
                        None => capability = None,
                    }
                }
            });
            made.map(transform).filter(keep).map(keyed).sink(
                by_key(),
                "count",
                move |(input, _)| {
                    input.for_each(|_, events| count(events));
                },
            );
        }
        Form::Tuned => {
            let made =
                source::<_, NoopBuilder<Vec<Event>>, _, _>(scope, "events", |capability, info| {
                    let activator = scope.activator_for(info.address);
                    let mut capability = Some(capability);
                    let mut chunks = chunks(events, index, peers);
                    move |output| {
                        let Some(held) = &capability else { return };
                        match chunks.next() {
                            Some(chunk) => {
                                let mut made: Vec<Event> = chunk.map(event).collect();
                                output.session_with_builder(held).give_container(&mut made);
                                activator.activate();
                            }
                            None => capability = None,
                        }
                    }
                });
            let steps =
                made.unary::<NoopBuilder<Vec<(K, u64)>>, _, _, _>(Pipeline, "steps", |_, _| {
                    move |input, output| {
                        input.for_each(|capability, events| {
                            let kept = events.drain(..).map(transform).filter(keep);
                            let mut kept: Vec<(K, u64)> = kept.map(keyed).collect();
                            output.session_with_builder(&capability).give_container(&mut kept);
                        });
                    }
                });
            steps.sink(by_key(), "count", move |(input, _)| {
                input.for_each(|_, events| count(events));
            });
        }
    });
    while worker.has_dataflows() {
        worker.step_or_park(None);
    }
    let totals = done.borrow();
    results.fetch_add(totals.len() as u64, Relaxed);
    for (key, (count, total)) in totals.iter() {
        sum.fetch_add(checksum(0, key.number(), *count, *total), Relaxed);
    }
}

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = Arguments::parse();
    let (results, sum) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let config = match arguments.parallel {
        1 => timely::Config::thread(),
        many => timely::Config::process(many),
    };
    let (work, form, events, keys) =
        (arguments.work, arguments.form, arguments.events, arguments.keys);
    if let Work::WordCount = work
        && let Err(error) = fs::create_dir_all(&arguments.output)
    {
        eprintln!("error: cannot make the directory `{}`: {error}", arguments.output);
        return ExitCode::FAILURE;
    }
    let (input, output) = (arguments.input, PathBuf::from(arguments.output));
    let (made, total) = (results.clone(), sum.clone());
    let ran = timely::execute(config, move |worker| match work {
        Work::WordCount => word_count(worker, form, &input, &output, &made),
        Work::StepsGlobally => match keys {
            KeyForm::Integer => steps_globally::<u64>(worker, form, events, &made, &total),
            KeyForm::String => steps_globally::<CompactString>(worker, form, events, &made, &total),
            KeyForm::Struct => steps_globally::<ItemKey>(worker, form, events, &made, &total),
        },
        work => {
            let with_steps = matches!(work, Work::StepsAndWindows);
            let run = match keys {
                KeyForm::Integer => windows::windows::<u64>,
                KeyForm::String => windows::windows::<CompactString>,
                KeyForm::Struct => windows::windows::<ItemKey>,
            };
            run(worker, form, events, with_steps, &made, &total);
        }
    });
    match ran {
        Ok(guards) => drop(guards),
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::FAILURE;
        }
    }
    let (seconds, results) = (started.elapsed().as_secs_f64(), results.load(Relaxed));
    match work {
        Work::WordCount => println!("{{\"inner_s\":{seconds:.6},\"results\":{results}}}"),
        _ => {
            let sum = sum.load(Relaxed);
            println!("{{\"inner_s\":{seconds:.6},\"results\":{results},\"sum\":\"{sum:016x}\"}}");
        }
    }
    ExitCode::SUCCESS
}
