//! Shows on which behaviours a runner can be relied: prints a line of the conformance matrix, and
//! ends with 1 if a test failed, with 2 if it could not be run.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, builder::PossibleValuesParser};
use model_tests::{
    Bench,
    apart::{self, Program},
    cases::{self, equivalence, ruled},
    faults::{FAULTS, Fault, fault},
    harness::{self, Selection},
    report::{self, Format},
    runners::{self, RUNNERS},
};

/// The conformance suite: what every runner must mean.
#[derive(Parser)]
struct Arguments {
    /// The runner under test [default: direct].
    #[arg(long, value_parser = runner_names())]
    runner: Option<String>,

    /// How many workers share each job, in each process [default: 1].
    #[arg(long, value_name = "N")]
    workers: Option<usize>,

    /// How many processes share each job; each case then runs in processes of its own [default: 1].
    #[arg(long, value_name = "N")]
    processes: Option<usize>,

    /// Only ids that begin so (EW, GP-05), or tests whose names contain this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// The form of the report.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    /// Commit this deliberate fault, and run only what must catch it; by default on the line on which it
    /// must.
    #[arg(long, value_name = "NAME", conflicts_with = "filter")]
    fault: Option<String>,

    /// List the deliberate faults and what must catch them.
    #[arg(long)]
    list_faults: bool,

    /// Run one process's part of this case; what starts the processes of a case says so.
    #[arg(long, value_name = "NAME", hide = true)]
    case: Option<String>,
}

fn runner_names() -> PossibleValuesParser {
    PossibleValuesParser::new(RUNNERS.iter().map(|known| known.name))
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    if arguments.list_faults {
        let faults = FAULTS.iter();
        let lines = faults.map(|fault| {
            let ids = fault.caught_by.join(" ");
            format!("{}: {} [{ids} on {}]\n", fault.name, fault.breaks, fault.on)
        });
        return print(&lines.collect::<String>()).map(|()| ExitCode::SUCCESS);
    }
    let fault = choose_fault(arguments)?;
    let bench = chosen_bench(arguments, fault)?;
    if let Some(name) = &arguments.case {
        return run_part(name, &bench);
    }
    let path = env::current_exe().map_err(|error| format!("do not find myself: {error}"))?;
    let bench = bench.with_program(Program::at(path).committing(fault.map(|fault| fault.name)));
    let selection = match (fault, &arguments.filter) {
        (Some(fault), _) => Selection::Ids(fault.caught_by),
        (None, Some(text)) => Selection::Matching(text.clone()),
        (None, None) => Selection::All,
    };
    let line = harness::run(&bench, &cases::all(), &selection, harness::LIMIT);
    if line.findings.is_empty() {
        return Err("no id begins so, and no test has that in its name".into());
    }
    print(&report::write(&line, arguments.format))?;
    // For people, so not beside JSON.
    let ran = |finding: &harness::Finding| finding.behaviour.id == "EQ-03" && finding.tests > 0;
    if arguments.format != Format::Json && line.findings.iter().any(ran) {
        let (batches, streams) = (equivalence::histogram(line.name), ruled::histogram(line.name));
        eprint!("what the random programs of EQ-03 were made of:\n{batches}as streams:\n{streams}");
    }
    let (_, failed) = line.counts();
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen_bench(arguments: &Arguments, fault: Option<&Fault>) -> Result<Bench, String> {
    let Arguments { runner, workers, processes, .. } = arguments;
    match (fault, runner, workers, processes) {
        (Some(Fault { on, .. }), None, None, None) => {
            runners::bench(on.runner, on.workers, on.processes)
        }
        _ => {
            let runner = runner.as_deref().unwrap_or("direct");
            runners::bench(runner, workers.unwrap_or(1), processes.unwrap_or(1))
        }
    }
}

fn run_part(name: &str, bench: &Bench) -> Result<ExitCode, String> {
    let case = cases::all().into_iter().find(|case| case.name == name);
    let case = case.ok_or_else(|| format!("there is no case `{name}`"))?;
    let passed = apart::run_part(case, bench)?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The fault that was asked for; from here on it is committed.
fn choose_fault(arguments: &Arguments) -> Result<Option<&'static Fault>, String> {
    let Some(name) = &arguments.fault else { return Ok(None) };
    let Some(known) = fault(name) else {
        return Err(format!(
            "there is no fault `{name}`; --list-faults names those that there are"
        ));
    };
    if !watershed::model::choose_fault(name) {
        return Err(format!(
            "this program was built without faults: \
             cargo run -p model-tests --features faults -- --fault {name}"
        ));
    }
    Ok(Some(known))
}

/// Prints to standard output. Whoever closes it early has seen enough.
fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write the report: {error}"))
        }
        _ => Ok(()),
    }
}
