//! Sets Watershed beside a plain loop and hand-written timely, and prints the table of ratios.
//!
//! `cargo run --release --bin bench_table -- --input TEXT` (build all programs first:
//! `cargo build --release -p watershed-examples`)
//!
//! The programs of one work run in turn, five rounds of it, so that all meet the same machine; the
//! table shows the median seconds of each, and the plain loop's time divided by it.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    process::{Command, ExitCode},
};

use clap::Parser;

#[derive(Parser)]
#[command(about = "Prints how fast Watershed is beside a plain loop and hand-written timely.")]
struct Arguments {
    /// The text that W1 reads: 200 MB of it, to be comparable.
    #[arg(long)]
    input: String,
    /// How many events the others make.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// What those group by: integer, string or struct.
    #[arg(long, default_value = "integer")]
    keys: String,
    /// How many rounds.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only works whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

/// A program with its arguments, by the name in the table.
struct Entry {
    name: &'static str,
    program: &'static str,
    arguments: &'static str,
}

const fn entry(name: &'static str, program: &'static str, arguments: &'static str) -> Entry {
    Entry { name, program, arguments }
}

const PROGRAMS: &[Entry] = &[
    entry("plain loop", "bench_plain", ""),
    entry("typed timely, default, 1 worker", "bench_timely", "--form default --parallel 1"),
    entry("typed timely, default, 2 workers", "bench_timely", "--form default --parallel 2"),
    entry("typed timely, tuned, 1 worker", "bench_timely", "--form tuned --parallel 1"),
    entry("typed timely, tuned, 2 workers", "bench_timely", "--form tuned --parallel 2"),
    entry("Watershed, direct, checks off", "peer_bench", "--quiet --runner direct --checks off"),
    entry("Watershed, timely, 1 worker", "peer_bench", "--quiet --runner timely --parallel 1"),
    entry("Watershed, timely, 2 workers", "peer_bench", "--quiet --runner timely --parallel 2"),
    entry("Watershed, timely, 2 processes", "peer_bench", "--quiet --runner timely --processes 2"),
];

/// The works, with what they need besides the input or the number of events.
const WORKS: &[&str] = &["W1", "W2", "W3", "W3G"];

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    rest.split([',', '}']).next().map(|value| value.trim_matches('"'))
}

fn main() -> ExitCode {
    match table(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn table(arguments: &Arguments) -> Result<(), String> {
    let folder = env::current_exe().ok().and_then(|path| path.parent().map(PathBuf::from));
    let folder = folder.ok_or("this program's own folder cannot be found")?;
    let output = env::temp_dir().join(format!("watershed-bench-{}", std::process::id()));
    for work in WORKS.iter().filter(|work| work.contains(&arguments.only)) {
        let mut seconds: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        let mut answers = Vec::new();
        for _ in 0..arguments.rounds {
            for (place, entry) in PROGRAMS.iter().enumerate() {
                let run = Command::new(folder.join(entry.program))
                    .args(["--work", work, "--input", &arguments.input])
                    .args(["--events", &arguments.events.to_string(), "--keys", &arguments.keys])
                    .arg("--output")
                    .arg(&output)
                    .args(entry.arguments.split_whitespace())
                    .output()
                    .map_err(|error| format!("cannot run {}: {error}", entry.program))?;
                let line = String::from_utf8_lossy(&run.stdout);
                let Some(time) = field(&line, "inner_s").and_then(|time| time.parse().ok()) else {
                    let said = String::from_utf8_lossy(&run.stderr);
                    return Err(format!("{} ({}) on {work}: {said}", entry.name, entry.program));
                };
                seconds.entry(place).or_default().push(time);
                answers.push((
                    field(&line, "results").map(str::to_owned),
                    field(&line, "sum").map(str::to_owned),
                ));
            }
        }
        answers.dedup();
        if answers.len() > 1 {
            return Err(format!("the programs give different answers on {work}: {answers:?}"));
        }
        let median = |place: &usize| {
            let mut all = seconds[place].clone();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        println!("\n| {work} | median s | × plain loop |\n|---|---|---|");
        for (place, entry) in PROGRAMS.iter().enumerate() {
            println!(
                "| {} | {:.3} | {:.2} |",
                entry.name,
                median(&place),
                median(&0) / median(&place)
            );
        }
    }
    // What the works wrote is of no further use.
    let _ = std::fs::remove_dir_all(output);
    Ok(())
}
