//! Shows on which behaviours a runner can be relied: prints a line of the conformance matrix, and
//! ends with 1 if a test failed, with 2 if it could not be run.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, builder::PossibleValuesParser};
use model_tests::{
    cases::{self, equivalence::histogram},
    faults::{FAULTS, fault},
    harness::{self, Selection},
    report::{self, Format},
    runners::{self, RUNNERS},
};

/// The conformance suite: what every runner must mean.
#[derive(Parser)]
struct Arguments {
    /// The runner under test.
    #[arg(long, default_value = "direct", value_parser = runner_names())]
    runner: String,

    /// How many workers share each job.
    #[arg(long, default_value_t = 1, value_name = "N")]
    workers: usize,

    /// Only ids that begin so (EW, GP-05), or tests whose names contain this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// The form of the report.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    /// Commit this deliberate fault, and run only what must catch it.
    #[arg(long, value_name = "NAME", conflicts_with = "filter")]
    fault: Option<String>,

    /// List the deliberate faults and what must catch them.
    #[arg(long)]
    list_faults: bool,
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
            format!("{}: {} [{}]\n", fault.name, fault.breaks, fault.caught_by.join(" "))
        });
        return print(&lines.collect::<String>()).map(|()| ExitCode::SUCCESS);
    }
    let bench = runners::bench(&arguments.runner, arguments.workers)?;
    let selection = select(arguments)?;
    let line = harness::run(&bench, &cases::all(), &selection, harness::LIMIT);
    if line.findings.is_empty() {
        return Err("no id begins so, and no test has that in its name".into());
    }
    print(&report::write(&line, arguments.format))?;
    // For people, so not beside JSON.
    let ran = |finding: &harness::Finding| finding.behaviour.id == "EQ-03" && finding.tests > 0;
    if arguments.format != Format::Json && line.findings.iter().any(ran) {
        eprint!("what the random programs of EQ-03 were made of:\n{}", histogram(line.runner));
    }
    let (_, failed) = line.counts();
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn select(arguments: &Arguments) -> Result<Selection, String> {
    let Some(name) = &arguments.fault else {
        return Ok(match &arguments.filter {
            Some(text) => Selection::Matching(text.clone()),
            None => Selection::All,
        });
    };
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
    Ok(Selection::Ids(known.caught_by))
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
