//! Asks a running job what its page would show.

mod ask;
mod table;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

/// Asks a job that runs with --ui where it stands.
#[derive(Parser)]
#[command(name = "watershed", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says why a step's output is no further than it is, or why one of its windows is not out.
    Explain {
        #[command(flatten)]
        job: Job,
        /// The step's name, or a part of it that no other step's name has.
        #[arg(long, value_name = "STEP")]
        step: String,
        /// A window as it is printed, or an instant in it.
        #[arg(long, value_name = "WINDOW")]
        window: Option<String>,
    },
    /// Prints a table of all steps.
    Status {
        #[command(flatten)]
        job: Job,
    },
}

#[derive(Args)]
struct Job {
    /// Where the job's page is: what --ui said, or the line that the job printed.
    #[arg(long, value_name = "HOST:PORT", value_parser = ask::parse_job)]
    job: watershed::ui::UiAddress,
}

fn main() -> ExitCode {
    let answer = match Arguments::parse().command {
        Command::Explain { job, step, window } => ask::explain(&job.job, &step, window.as_deref()),
        Command::Status { job } => ask::status(&job.job).map(|job| table::of(&job)),
    };
    match answer {
        Ok(text) => print(&text),
        Err(problem) => {
            eprintln!("error: {}", problem.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// If the reader goes away (`| head`), it had enough.
fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("error: standard output cannot be written: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
