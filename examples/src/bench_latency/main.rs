//! How soon panes come: the work of W2 at a steady rate, in windows of a second of real time.
//!
//! `bench_latency --runner timely --workers 2 --for 60s`
//!
//! Events come when they are due, up to half a second out of order, and count and sum are made for each of
//! 10,000 keys and each window of a second. A pane's latency is the time from when the event was due that lets
//! the watermark pass its window's end, to when the pane is there behind the grouping: the source's own waiting is
//! in it, and so is all by which it may have fallen behind.
//!
//! The rate is half of what `peer_bench` gets through on W2, on the same runner with as many workers, which is
//! found out first, unless `--rate` says it. On standard error it tells every ten seconds how much memory it has,
//! and at the end one line of JSON goes to standard output. The runner is timely unless `--runner` says
//! otherwise.

use std::{
    env,
    process::{Command, ExitCode},
};

use clap::{CommandFactory, FromArgMatches, Parser};
use watershed::{Checks, Duration, Outcome, RunReport, model::Window, prelude::*};

#[expect(dead_code, reason = "only the events themselves are needed here")]
#[path = "../events.rs"]
mod events;
mod latencies;
mod memory;
mod paced;
use latencies::Latencies;
use paced::{Paced, Start, is_whole, may_pass};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Measures how soon panes come at a steady rate.")]
struct Arguments {
    /// How many events come in a second [default: half of what peer_bench gets through].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,

    /// How long they come.
    #[arg(long = "for", value_name = "SPAN", default_value = "60s")]
    span: Duration,

    /// In how many splits they come [default: one for each worker].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    splits: Option<u64>,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

/// Puts out how many microseconds a pane took, if its window was whole.
#[derive(Clone)]
struct Arrive {
    start: Start,
    span: Duration,
}

impl DoFn<(u64, (u64, u64))> for Arrive {
    type Outputs = One<u64>;

    fn process(
        &mut self,
        _: (u64, (u64, u64)),
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, (u64, (u64, u64))>,
    ) -> Result<(), BoxError> {
        if let [Window::Interval { end, .. }] = cx.windows()
            && is_whole(*end, self.span)
        {
            out.emit((self.start.micros() - may_pass(*end)).max(0) as u64);
        }
        Ok(())
    }
}

/// How many events `peer_bench` gets through in a second, on this runner: the median of three.
fn most(options: &PipelineOptions) -> Result<u64, String> {
    const EVENTS: u64 = 10_000_000;
    let beside =
        env::current_exe().map_err(|error| error.to_string())?.with_file_name("peer_bench");
    let checks = if options.checks == Checks::Full { "full" } else { "off" };
    let (runner, workers) = (options.runner.name(), options.workers.to_string());
    let mut rates = Vec::new();
    for _ in 0..3 {
        let mut command = Command::new(&beside);
        command.args(["--quiet", "--work", "W2", "--events", &EVENTS.to_string()]);
        command.args(["--runner", runner, "--parallel", &workers, "--checks", checks]);
        let ran = command.output().map_err(|error| {
            format!("{} cannot be run: {error}; build it, or say --rate", beside.display())
        })?;
        let out = String::from_utf8_lossy(&ran.stdout).into_owned();
        let seconds = out.split_once("\"inner_s\":").and_then(|(_, rest)| rest.split(',').next());
        let seconds: f64 = seconds.and_then(|seconds| seconds.parse().ok()).ok_or_else(|| {
            format!("{} said no time: {}", beside.display(), String::from_utf8_lossy(&ran.stderr))
        })?;
        rates.push((EVENTS as f64 / seconds) as u64);
    }
    rates.sort_unstable();
    Ok(rates[1])
}

fn main() -> ExitCode {
    let command = Arguments::command().mut_arg("runner", |runner| runner.default_value("timely"));
    let arguments = match Arguments::from_arg_matches(&command.get_matches()) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let rate = match arguments.rate.map_or_else(|| Ok(most(&arguments.pipeline)? / 2), Ok) {
        Ok(rate) => rate.max(1),
        Err::<_, String>(told) => {
            eprintln!("error: {told}");
            return ExitCode::FAILURE;
        }
    };
    let (span, workers) = (arguments.span, arguments.pipeline.workers.max(1) as u64);
    let parts = arguments.splits.unwrap_or(workers);
    let (start, latencies) = (Start::default(), Latencies::new());
    let source = Paced { rate, span, parts, start: start.clone() };
    let events = source.events();

    let pipeline = Pipeline::new();
    let counted = latencies.clone();
    pipeline
        .read(source)
        .window(FixedWindows::of(seconds(1)))
        .combine_per_key((Count, Sum))
        .par_do(Arrive { start, span })
        .for_each(move |micros| counted.count(micros));
    let memory = memory::Watch::start();
    let report = pipeline.run(&arguments.pipeline);
    let memory = memory.stop();
    if let Ok(report) = &report
        && report.outcome == Outcome::Done
    {
        if let Err(told) = check(report, events) {
            eprintln!("error: {told}");
            return ExitCode::FAILURE;
        }
        let memory = memory.map_or(String::new(), |(least, most)| {
            format!(",\"least_kib\":{least},\"most_kib\":{most}")
        });
        println!(
            "{{\"rate\":{rate},\"panes\":{},\"p50_ms\":{:.2},\"p99_ms\":{:.2},\"max_ms\":{:.2}{memory}}}",
            latencies.panes(),
            latencies.millis(0.5),
            latencies.millis(0.99),
            latencies.most()
        );
    }
    watershed::exit_code(report)
}

/// Sees that all events were counted in panes.
fn check(report: &RunReport, events: u64) -> Result<(), String> {
    let (read, dropped) = (report.elements_read, report.drops.total());
    if read == events && dropped == 0 {
        return Ok(());
    }
    Err(format!("of {events} events {read} were read, and {dropped} were dropped"))
}
