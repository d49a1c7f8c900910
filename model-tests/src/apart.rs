//! A case in processes of its own, for runners that share a job between processes.
//!
//! Such a runner starts the program again, and all its processes run the whole program in step. So the
//! program that is started runs one case only: a case that fails in one process and not in another
//! cannot put those that follow out of step.
//!
//! ```text
//!   run ──starts──▶ --case NAME ──launches──▶ --case NAME      each leaves its outcome in the folder
//!    ▲                   │                        │            of the case, and all share one stderr:
//!    ╰───────────────────┴─────── stderr ─────────╯            when it closes all have ended
//! ```
//! The case passes if it passed in every process that was started. Each process ends by itself when
//! the case hangs, so none is left behind.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use crate::{
    Bench, Case,
    folder::SHARED_FOLDER,
    harness::{LIMIT, run_here, too_long},
};

/// The program that runs one case: this crate's, wherever it lies.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    fault: Option<&'static str>,
}

impl Program {
    /// The program at this path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Program { path: path.into(), fault: None }
    }

    /// The same, with this deliberate fault.
    #[must_use]
    pub fn committing(self, fault: Option<&'static str>) -> Self {
        Program { fault, ..self }
    }
}

/// The files of outcomes begin so; the number of the process follows.
const OUTCOME: &str = "outcome-";

/// Runs this process's part of a case, and leaves the outcome where the suite finds it. Returns whether
/// the case passed here.
///
/// # Errors
/// When this process was not started by the suite, or cannot write.
pub fn run_part(case: Case, bench: &Bench) -> Result<bool, String> {
    let folder = std::env::var_os(SHARED_FOLDER).ok_or_else(|| {
        format!("a single case is run by the suite alone, which sets {SHARED_FOLDER}")
    })?;
    let file = Path::new(&folder).join(format!("{OUTCOME}{}", std::process::id()));
    let cannot = |error| format!("cannot write {}: {error}", file.display());
    // Empty until the outcome is known: so a process that dies is missed.
    fs::write(&file, "").map_err(cannot)?;
    let outcome = match run_here(case, bench, LIMIT) {
        None => Outcome::Passed,
        Some(failure) => Outcome::Failed(failure),
    };
    fs::write(&file, outcome.to_text()).map_err(cannot)?;
    Ok(outcome == Outcome::Passed)
}

/// Runs a case in processes of its own. Tells how it failed, if it did.
pub(crate) fn run(case: Case, bench: &Bench, program: &Program, limit: Duration) -> Option<String> {
    attempt(case, bench, program, limit).err()
}

fn attempt(case: Case, bench: &Bench, program: &Program, limit: Duration) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let mut first = command(case, bench, program)
        .env(SHARED_FOLDER, folder.path())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.path.display()))?;
    let told = listen(&mut first)?;
    let Ok(told) = told.recv_timeout(limit) else {
        // Those that it has launched lose it, and end.
        let _ = first.kill().and_then(|()| first.wait());
        return Err(too_long(limit));
    };
    let status = first.wait().map_err(|error| format!("cannot be waited for: {error}"))?;
    let outcomes =
        read_outcomes(folder.path()).map_err(|error| format!("left nothing: {error}"))?;
    verdict(first.id(), status, &outcomes).map_err(|failure| match told.trim() {
        "" => failure,
        told => format!("{failure}\non standard error:\n{told}"),
    })
}

fn command(case: Case, bench: &Bench, program: &Program) -> Command {
    let line = bench.line();
    let (workers, processes) = (line.workers.to_string(), line.processes.to_string());
    let mut command = Command::new(&program.path);
    command.args(["--runner", line.runner, "--workers", &workers, "--processes", &processes]);
    command.args(["--case", case.name]);
    if let Some(fault) = program.fault {
        command.args(["--fault", fault]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// What a process and those that it launches say on standard error, once all have ended.
fn listen(first: &mut Child) -> Result<Receiver<String>, String> {
    let mut stderr = first.stderr.take().ok_or("has no standard error")?;
    let (tell, told) = channel();
    let read = move || {
        let mut bytes = Vec::new();
        let _ = stderr.read_to_end(&mut bytes);
        let _ = tell.send(String::from_utf8_lossy(&bytes).into_owned());
    };
    let thread = std::thread::Builder::new().name("stderr".into()).spawn(read);
    thread.map(|_| told).map_err(|error| format!("could not start a thread: {error}"))
}

/// What became of a process's part of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It never said.
    Begun,
    Passed,
    Failed(String),
}

impl Outcome {
    fn to_text(&self) -> String {
        match self {
            Outcome::Begun => String::new(),
            Outcome::Passed => "passed".into(),
            Outcome::Failed(failure) => format!("failed: {failure}"),
        }
    }

    fn from_text(text: &str) -> Self {
        match text.strip_prefix("failed: ") {
            Some(failure) => Outcome::Failed(failure.to_owned()),
            None if text == "passed" => Outcome::Passed,
            None => Outcome::Begun,
        }
    }
}

/// The outcome of each process that was started, by its number.
fn read_outcomes(folder: &Path) -> std::io::Result<Vec<(u32, Outcome)>> {
    let mut outcomes = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(OUTCOME)?.parse().ok());
        if let Some(number) = number {
            outcomes.push((number, Outcome::from_text(&fs::read_to_string(entry.path())?)));
        }
    }
    Ok(outcomes)
}

/// Whether a case has passed in all its processes; if not, what to tell of it.
fn verdict(first: u32, status: ExitStatus, outcomes: &[(u32, Outcome)]) -> Result<(), String> {
    let of_first = outcomes.iter().find(|(process, _)| *process == first);
    let mut failures = match of_first.map(|(_, outcome)| outcome) {
        Some(Outcome::Failed(failure)) => vec![failure.clone()],
        Some(Outcome::Passed) if status.success() => Vec::new(),
        _ => vec![format!("ended without a word, with {status}")],
    };
    for (_, outcome) in outcomes.iter().filter(|(process, _)| *process != first) {
        match outcome {
            Outcome::Passed => {}
            Outcome::Begun => failures.push("another process ended without a word".into()),
            // Mostly all fail alike.
            Outcome::Failed(failure) if failures.contains(failure) => {}
            Outcome::Failed(failure) => failures.push(format!("in another process: {failure}")),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: u8) -> ExitStatus {
        Command::new("sh").args(["-c", &format!("exit {code}")]).status().unwrap()
    }

    #[test]
    fn a_case_passes_only_if_it_did_in_every_process() {
        let failed = || Outcome::Failed("the sum is 7".into());
        let told = |code, outcomes: &[(u32, Outcome)]| verdict(5, ended(code), outcomes);
        assert_eq!(told(0, &[(5, Outcome::Passed)]), Ok(()));
        assert_eq!(told(0, &[(7, Outcome::Passed), (5, Outcome::Passed)]), Ok(()));
        for (code, outcomes, words) in [
            (1, vec![(5, failed()), (7, failed())], "the sum is 7"),
            (0, vec![(5, Outcome::Passed), (7, failed())], "in another process: the sum is 7"),
            (
                0,
                vec![(5, Outcome::Passed), (7, Outcome::Begun)],
                "another process ended without a word",
            ),
            (1, vec![(5, failed()), (7, Outcome::Passed)], "the sum is 7"),
            (3, vec![(5, Outcome::Passed)], "ended without a word, with exit status: 3"),
            (0, vec![(5, Outcome::Begun)], "ended without a word, with exit status: 0"),
            (0, vec![], "ended without a word, with exit status: 0"),
        ] {
            assert_eq!(told(code, &outcomes), Err(words.to_owned()));
        }
    }

    #[test]
    fn outcomes_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let outcomes =
            [(1, Outcome::Passed), (23, Outcome::Failed("a\nb".into())), (4, Outcome::Begun)];
        for (process, outcome) in &outcomes {
            let file = folder.path().join(format!("{OUTCOME}{process}"));
            fs::write(file, outcome.to_text()).unwrap();
        }
        fs::write(folder.path().join("something else"), "failed: x").unwrap();
        let mut found = read_outcomes(folder.path()).unwrap();
        found.sort_by_key(|(process, _)| *process);
        let [one, many, four] = outcomes;
        assert_eq!(found, [one, four, many]);
    }
}
