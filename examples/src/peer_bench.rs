//! The program by which speed is judged: the works that are measured beside hand-written programs.
//!
//! `peer_bench --work W1 --input FILE --output DIR`
//!
//! W1 is a word count; it writes lines `word: count` into files under the output directory. W3G makes
//! events and gives count and sum for each key; W2 and W3 do so for each key and window; STATE keeps them
//! by a stateful DoFn; JOIN pairs so many elements with a fifth of as many; LOOKUP finds them in a side input.
//! One line of JSON goes to standard output,
//! `{"inner_s":…,"results":…}`: the seconds from the entry of `main` to the last result, and how many
//! results there were. `bench_plain` does the same in a plain loop. The runner is timely unless
//! `--runner` says otherwise.

use std::{fs, marker::PhantomData, path::Path, process::ExitCode, time::Instant};

use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use compact_str::CompactString;
use watershed::{Collected, Outcome, PaneTiming, ValueState, model::Window, prelude::*};

mod event_source;
mod events;
mod keyed_works;
mod words;
use event_source::{EventSource, TimedSource};
use events::{ItemKey, KeyForm, WINDOW, WorkKey, checksum, keep, transform};
use keyed_works::{LEFTS, STEP, TABLE, left, right};
use words::words;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Runs one of the works that speed is judged by.")]
struct Arguments {
    /// Which work.
    #[arg(long, value_enum)]
    work: Work,

    /// How many workers, and into how many splits an input of events is cut.
    #[arg(long, value_name = "P")]
    parallel: Option<usize>,

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

    #[command(flatten)]
    pipeline: PipelineOptions,
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
    /// As W2, by the general path: an early pane for each thousand events, and accumulating.
    #[value(name = "W2E")]
    EarlyPanes,
    /// Reads, changes and writes count and sum of each key, kept by a stateful DoFn.
    #[value(name = "STATE")]
    State,
    /// An inner join by key, in which each of the smaller side is found five times.
    #[value(name = "JOIN")]
    Join,
    /// Looks up each of so many elements in a side input of 10,000.
    #[value(name = "LOOKUP")]
    Lookup,
}

/// Builds W1 and returns the name of the step that makes the results.
fn word_count(pipeline: &Pipeline, input: &str, output: &Path) -> &'static str {
    const RESULTS: &str = "format";
    pipeline
        .apply(text::read(input))
        // Words are short: most are kept in place, without an allocation.
        .flat_map_emit(|line, out| words(line).for_each(|word| out.emit(CompactString::new(word))))
        .count_per_element()
        .map(|(word, count)| format!("{word}: {count}"))
        .named(RESULTS)
        .apply(text::write(output.join("counts.txt").to_string_lossy()));
    RESULTS
}

/// The sum of what all results add to it, once the run has ended.
type Checksum = Collected<Option<u64>>;

const RESULTS: &str = "totals";

/// Builds W3G and returns its results' checksum.
fn steps_globally<K: WorkKey>(pipeline: &Pipeline, events: u64) -> Checksum {
    let keyed = pipeline
        .read(EventSource { events })
        .map(transform)
        .filter(keep)
        .map(|event| (K::of(event.key), event.value));
    totals(&keyed)
}

/// Counts and adds up, and tells of every thousandth event of a key.
#[derive(Clone)]
struct Remember;

impl<K: WorkKey> StatefulDoFn<K, u64> for Remember {
    type Outputs = One<u64>;
    type Cells = ValueState<(u64, u64)>;

    fn declare(&self, spec: &mut StateSpec) -> ValueState<(u64, u64)> {
        spec.value("totals")
    }

    fn process(
        &mut self,
        value: u64,
        totals: &ValueState<(u64, u64)>,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, u64>,
    ) -> Result<(), BoxError> {
        let (count, sum) = totals.get_or_default(cx);
        *count += 1;
        *sum += value;
        let count = *count;
        if count.is_multiple_of(STEP) {
            out.emit(checksum(0, cx.key().number(), count, 0));
        }
        Ok(())
    }
}

/// Builds the work with state and returns its results' checksum.
fn state<K: WorkKey>(pipeline: &Pipeline, events: u64) -> Checksum {
    let events = pipeline.read(EventSource { events });
    let keyed = events.map(|event| (K::of(event.key), event.value));
    let results = keyed.stateful(RESULTS, Remember);
    results.combine_globally(reduce(|a: u64, b: u64| a.wrapping_add(b))).collect()
}

/// Builds the work with a join and returns its results' checksum.
fn join<K: WorkKey>(pipeline: &Pipeline, events: u64) -> Checksum {
    let rights = (events / LEFTS).max(1);
    let of_left = move |i| {
        let (key, value) = left(i, rights);
        (K::of(key), value)
    };
    let of_right = |i| {
        let (key, value) = right(i);
        (K::of(key), value)
    };
    let lefts = pipeline.apply(GenerateSequence::from(0).to(events)).map(of_left);
    let rights = pipeline.apply(GenerateSequence::from(0).to(rights)).map(of_right);
    let pairs = lefts.inner_join(&rights);
    let results = pairs.map(|(key, (a, b))| checksum(0, key.number(), a, b)).named(RESULTS);
    results.combine_globally(reduce(|a: u64, b: u64| a.wrapping_add(b))).collect()
}

/// Builds the work with a side input and returns its results' checksum.
fn lookup<K: WorkKey>(pipeline: &Pipeline, events: u64) -> Checksum {
    let of_left = move |i| {
        let (key, value) = left(i, TABLE);
        (K::of(key), value)
    };
    let of_right = |i| {
        let (key, value) = right(i);
        (K::of(key), value)
    };
    let table = pipeline.apply(GenerateSequence::from(0).to(TABLE)).map(of_right).as_map();
    let lefts = pipeline.apply(GenerateSequence::from(0).to(events)).map(of_left);
    let results = lefts
        .flat_map_with(&table, |(key, a), table| {
            table.get(&key).map(|b| checksum(0, key.number(), a, *b))
        })
        .named(RESULTS);
    results.combine_globally(reduce(|a: u64, b: u64| a.wrapping_add(b))).collect()
}

/// Builds W2, or W3 with its steps, and returns its results' checksum.
fn windows<K: WorkKey>(pipeline: &Pipeline, events: u64, parts: u64, work: Work) -> Checksum {
    let form = PhantomData;
    let keyed = match work {
        Work::StepsAndWindows => pipeline
            .read(TimedSource { events, parts, form })
            .map(transform)
            .filter(keep)
            .map(|event| (K::of(event.key), event.value)),
        _ => pipeline.read(TimedSource { events, parts, form: PhantomData }),
    };
    let fixed = FixedWindows::of(millis(WINDOW as i64));
    let windowed = match work {
        Work::EarlyPanes => {
            let early = AfterWatermark::new().early(AfterCount::of(1_000));
            keyed.window(fixed.triggering(early).accumulating())
        }
        _ => keyed.window(fixed),
    };
    totals(&windowed)
}

/// Count and sum for each key and window, and what they add to the checksum.
fn totals<K: WorkKey>(keyed: &PCollection<(K, u64)>) -> Checksum {
    keyed
        .combine_per_key((Count, Sum))
        .named(RESULTS)
        .par_do(CheckResult)
        .window(GlobalWindows)
        .combine_globally(reduce(|a: u64, b: u64| a.wrapping_add(b)))
        .collect()
}

/// What a result adds to the checksum; the end of its window is the instant behind its time.
#[derive(Clone)]
struct CheckResult;

impl<K: WorkKey> DoFn<(K, (u64, u64))> for CheckResult {
    type Outputs = One<u64>;

    fn process(
        &mut self,
        (key, (count, total)): (K, (u64, u64)),
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, (K, (u64, u64))>,
    ) -> Result<(), BoxError> {
        let end = match cx.windows() {
            [Window::Interval { end, .. }] => end.to_millis() as u64,
            _ => 0,
        };
        // An early pane is not the last word.
        if cx.pane().timing != PaneTiming::Early {
            out.emit(checksum(end, key.number(), count, total));
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let started = Instant::now();
    let command = Arguments::command().mut_arg("runner", |runner| runner.default_value("timely"));
    let mut arguments = match Arguments::from_arg_matches(&command.get_matches()) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    arguments.pipeline.workers = arguments.parallel.unwrap_or(arguments.pipeline.workers);

    let pipeline = Pipeline::new();
    let (events, parts) = (arguments.events, arguments.pipeline.workers.max(1) as u64);
    let (results, checksum) = match arguments.work {
        Work::WordCount => {
            let output = Path::new(&arguments.output);
            if let Err(error) = fs::create_dir_all(output) {
                eprintln!("error: cannot make the directory `{}`: {error}", arguments.output);
                return ExitCode::FAILURE;
            }
            (word_count(&pipeline, &arguments.input, output), None)
        }
        Work::StepsGlobally => {
            let checksum = match arguments.keys {
                KeyForm::Integer => steps_globally::<u64>(&pipeline, events),
                KeyForm::String => steps_globally::<CompactString>(&pipeline, events),
                KeyForm::Struct => steps_globally::<ItemKey>(&pipeline, events),
            };
            (RESULTS, Some(checksum))
        }
        Work::State => {
            let checksum = match arguments.keys {
                KeyForm::Integer => state::<u64>(&pipeline, events),
                KeyForm::String => state::<CompactString>(&pipeline, events),
                KeyForm::Struct => state::<ItemKey>(&pipeline, events),
            };
            (RESULTS, Some(checksum))
        }
        Work::Join => {
            let checksum = match arguments.keys {
                KeyForm::Integer => join::<u64>(&pipeline, events),
                KeyForm::String => join::<CompactString>(&pipeline, events),
                KeyForm::Struct => join::<ItemKey>(&pipeline, events),
            };
            (RESULTS, Some(checksum))
        }
        Work::Lookup => {
            let checksum = match arguments.keys {
                KeyForm::Integer => lookup::<u64>(&pipeline, events),
                KeyForm::String => lookup::<CompactString>(&pipeline, events),
                KeyForm::Struct => lookup::<ItemKey>(&pipeline, events),
            };
            (RESULTS, Some(checksum))
        }
        work => {
            let checksum = match arguments.keys {
                KeyForm::Integer => windows::<u64>(&pipeline, events, parts, work),
                KeyForm::String => windows::<CompactString>(&pipeline, events, parts, work),
                KeyForm::Struct => windows::<ItemKey>(&pipeline, events, parts, work),
            };
            (RESULTS, Some(checksum))
        }
    };
    let report = pipeline.run(&arguments.pipeline);
    if let Ok(report) = &report
        && report.outcome == Outcome::Done
    {
        let seconds = started.elapsed().as_secs_f64();
        let results: u64 = report.step(results).map_or(0, |step| step.elements_out.iter().sum());
        let sum = checksum.and_then(|checksum| checksum.values().into_iter().flatten().next());
        let sum = sum.map_or(String::new(), |sum| format!(",\"sum\":\"{sum:016x}\""));
        println!("{{\"inner_s\":{seconds:.6},\"results\":{results}{sum}}}");
    }
    watershed::exit_code(report)
}
