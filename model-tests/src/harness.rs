//! Runs cases, one after the other, and says of each behaviour whether it was seen to hold.

use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use serde::Serialize;
use watershed_runner_core::{Failure, guard};

use crate::{
    Bench, Case, LineName, apart,
    behaviours::{BEHAVIOURS, Behaviour},
    compile_time::COMPILE_TIME_CHECKS,
};

/// How long a case may take. One that takes longer hangs, and has failed.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Which behaviours are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those whose id begins so, or that are shown by a case whose name contains this.
    Matching(String),
    /// Those with exactly these ids.
    Ids(&'static [&'static str]),
}

impl Selection {
    fn has(&self, id: &str) -> bool {
        match self {
            Selection::All => true,
            Selection::Matching(text) => id.starts_with(text.as_str()),
            Selection::Ids(ids) => ids.contains(&id),
        }
    }

    fn takes(&self, case: &Case) -> bool {
        let by_name =
            matches!(self, Selection::Matching(text) if case.name.contains(text.as_str()));
        by_name || case.ids.iter().any(|id| self.has(id))
    }
}

/// What became of a case.
#[derive(Clone, Debug)]
pub struct CaseOutcome {
    /// The case.
    pub case: Case,
    /// How long it took.
    pub time: Duration,
    /// How it failed, if it did.
    pub failure: Option<String>,
}

/// Whether a behaviour was seen to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All of its tests passed, and there was at least one.
    Passed,
    /// One of its tests failed.
    Failed,
    /// There is no test.
    Missing,
}

/// What was seen of a behaviour.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The behaviour.
    pub behaviour: &'static Behaviour,
    /// Whether it holds.
    pub status: Status,
    /// How many tests were carried out.
    pub tests: usize,
    /// How the first of them failed, if one did.
    pub message: Option<String>,
}

/// What was seen on one runner with some workers and processes: a line of the matrix.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which line.
    pub name: LineName,
    /// The behaviours that were looked at, in the order of the list.
    pub findings: Vec<Finding>,
    /// The cases that ran, in the order in which they did.
    pub outcomes: Vec<CaseOutcome>,
    /// How many assertions of the compiler belong to what was looked at.
    pub compile_time: usize,
}

impl Line {
    /// How many tests passed, and how many failed.
    pub fn counts(&self) -> (usize, usize) {
        let failed = self.outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
        (self.outcomes.len() - failed + self.compile_time, failed)
    }

    /// How many behaviours have this status.
    pub fn with_status(&self, status: Status) -> usize {
        self.findings.iter().filter(|finding| finding.status == status).count()
    }
}

/// Runs those cases that are selected, each for at most `limit`.
pub fn run(bench: &Bench, cases: &[Case], selection: &Selection, limit: Duration) -> Line {
    let taken = cases.iter().filter(|case| selection.takes(case));
    let outcomes: Vec<CaseOutcome> = taken.map(|case| run_case(*case, bench, limit)).collect();
    let shown = |id: &str| {
        selection.has(id) || by_name_alone(&outcomes, selection).any(|case| case.ids.contains(&id))
    };
    let findings: Vec<Finding> = BEHAVIOURS
        .iter()
        .filter(|behaviour| shown(behaviour.id))
        .map(|behaviour| find(behaviour, &outcomes))
        .collect();
    let compile_time = findings.iter().map(|finding| compile_time_tests(finding.behaviour)).sum();
    Line { name: bench.line(), findings, outcomes, compile_time }
}

/// The cases that were selected for their names, whose ids the selection does not tell.
fn by_name_alone<'a>(
    outcomes: &'a [CaseOutcome],
    selection: &Selection,
) -> impl Iterator<Item = &'a Case> {
    let cases = outcomes.iter().map(|outcome| &outcome.case);
    cases.filter(|case| !case.ids.iter().any(|id| selection.has(id)))
}

fn find(behaviour: &'static Behaviour, outcomes: &[CaseOutcome]) -> Finding {
    let of_this = || outcomes.iter().filter(|outcome| outcome.case.ids.contains(&behaviour.id));
    let failed = of_this().find_map(|outcome| {
        outcome.failure.as_ref().map(|failure| format!("{}: {failure}", outcome.case.name))
    });
    let tests = of_this().count() + compile_time_tests(behaviour);
    let status = match (&failed, tests) {
        (Some(_), _) => Status::Failed,
        (None, 0) => Status::Missing,
        (None, _) => Status::Passed,
    };
    Finding { behaviour, status, tests, message: failed }
}

fn compile_time_tests(behaviour: &Behaviour) -> usize {
    COMPILE_TIME_CHECKS.iter().filter(|check| check.id == behaviour.id).count()
}

fn run_case(case: Case, bench: &Bench, limit: Duration) -> CaseOutcome {
    let started = Instant::now();
    let failure = match bench.program() {
        Some(program) => apart::run(case, bench, program, limit),
        None => run_here(case, bench, limit),
    };
    CaseOutcome { case, time: started.elapsed(), failure }
}

/// Runs a case on a thread of its own, so that one that hangs is a failure and not the end. Tells how
/// it failed, if it did.
pub(crate) fn run_here(case: Case, bench: &Bench, limit: Duration) -> Option<String> {
    let (tell, told) = channel();
    let bench = bench.clone();
    let thread = std::thread::Builder::new().name(case.name.to_owned()).spawn(move || {
        let outcome = guard(|| {
            (case.run)(&bench);
            Ok(())
        });
        // Nobody listens any more if it took too long.
        let _ = tell.send(outcome.err());
    });
    match thread {
        Err(error) => Some(format!("could not start a thread: {error}")),
        Ok(_) => match told.recv_timeout(limit) {
            Ok(failure) => failure.map(|failure| describe(&failure)),
            Err(RecvTimeoutError::Timeout) => Some(too_long(limit)),
            Err(RecvTimeoutError::Disconnected) => Some("ended without a word".to_owned()),
        },
    }
}

pub(crate) fn too_long(limit: Duration) -> String {
    format!("did not end within {limit:?}")
}

fn describe(failure: &Failure) -> String {
    match failure {
        Failure::Panic { message, location: Some(at) } => format!("{message} (at {at})"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runners;

    fn passes(_: &Bench) {}
    fn fails(_: &Bench) {
        panic!("the sum is {}", 7);
    }
    fn hangs(_: &Bench) {
        loop {
            std::thread::park();
        }
    }

    const PASSES: Case = Case { name: "one_that_passes", ids: &["EW-01", "EW-02"], run: passes };
    const FAILS: Case = Case { name: "one_that_fails", ids: &["EW-02", "SR-01"], run: fails };

    fn line(cases: &[Case], selection: &Selection) -> Line {
        run(&runners::bench("direct", 1, 1).unwrap(), cases, selection, LIMIT)
    }
    fn statuses(line: &Line) -> Vec<(&str, Status, usize)> {
        let some = line.findings.iter().filter(|finding| finding.tests > 0);
        some.map(|found| (found.behaviour.id, found.status, found.tests)).collect()
    }

    #[test]
    fn one_failing_case_fails_the_behaviour_and_none_leaves_it_missing() {
        let line = line(&[PASSES, FAILS], &Selection::All);
        let compiled = COMPILE_TIME_CHECKS.len();
        assert_eq!(
            statuses(&line),
            [
                ("EW-01", Status::Passed, 1),
                ("EW-02", Status::Failed, 2),
                ("GP-09", Status::Passed, compiled),
                ("SR-01", Status::Failed, 1)
            ]
        );
        assert_eq!(line.findings.len(), BEHAVIOURS.len());
        assert_eq!(line.with_status(Status::Missing), BEHAVIOURS.len() - 4);
        assert_eq!(line.counts(), (1 + compiled, 1));
        let message = line.findings[1].message.as_deref().unwrap();
        assert!(message.starts_with("one_that_fails: the sum is 7 (at "), "{message}");
    }

    #[test]
    fn a_selection_takes_ids_by_their_beginning_and_cases_by_their_name() {
        let by_id = line(&[PASSES, FAILS], &Selection::Matching("SR".into()));
        assert_eq!(statuses(&by_id), [("SR-01", Status::Failed, 1)]);
        let of_sources = BEHAVIOURS.iter().filter(|behaviour| behaviour.id.starts_with("SR"));
        assert_eq!(by_id.findings.len(), of_sources.count());
        let by_name = line(&[PASSES, FAILS], &Selection::Matching("that_passes".into()));
        assert_eq!(
            statuses(&by_name),
            [("EW-01", Status::Passed, 1), ("EW-02", Status::Passed, 1)]
        );
        assert_eq!(by_name.findings.len(), 2);
        let exact = line(&[PASSES, FAILS], &Selection::Ids(&["EW-01", "EW-03"]));
        assert_eq!(statuses(&exact), [("EW-01", Status::Passed, 1)]);
        assert_eq!(exact.findings.len(), 2);
    }

    #[test]
    fn a_case_that_hangs_has_failed() {
        let case = Case { name: "one_that_hangs", ids: &["EW-06"], run: hangs };
        let bench = runners::bench("direct", 1, 1).unwrap();
        let line = run(&bench, &[case, PASSES], &Selection::All, Duration::from_millis(50));
        let failure = line.outcomes[0].failure.as_deref().unwrap();
        assert_eq!(failure, "did not end within 50ms");
        assert_eq!(line.outcomes[1].failure, None);
    }
}
