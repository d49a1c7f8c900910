//! The end of a job: votes, and then all output or none.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use watershed_model::{Acknowledgement, Epoch, NodeId, Primitive, fault};
use watershed_runner_core::{Outcome, RunError, RunReport, StepReport, acknowledge, audit, guard};

use crate::{
    processes::{Ballot, Control, Counts, Message},
    runner::problem,
    shared::Shared,
    stage::Prepared,
    worker::WorkerEnd,
};

/// What all sinks of some workers have prepared, and what passed their steps.
#[derive(Default)]
struct Votes {
    prepared: BTreeMap<NodeId, Vec<Vec<u8>>>,
    reports: Vec<StepReport>,
    /// Whether a source was stopped before its end.
    drained: bool,
    /// What is to be called in this process when all is durable.
    acknowledgements: Vec<Acknowledgement>,
}

impl Votes {
    fn of(shared: &Shared, ends: Vec<WorkerEnd>) -> Self {
        let mut votes = Votes { drained: shared.is_drained(), ..Votes::default() };
        for end in ends {
            votes.add(end.prepared, end.reports);
            votes.acknowledgements.extend(end.acknowledgements);
        }
        votes
    }

    fn add(&mut self, prepared: Prepared, reports: Vec<StepReport>) {
        for (node, committables) in prepared {
            self.prepared.entry(node).or_default().extend(committables);
        }
        if self.reports.is_empty() {
            self.reports = reports;
            return;
        }
        for (mine, theirs) in std::iter::zip(&mut self.reports, reports) {
            mine.merge(&theirs);
        }
    }

    /// Takes in what another process says of its workers, unless it cannot be of this graph.
    fn add_ballot(&mut self, shared: &Shared, ballot: Ballot) -> Result<(), RunError> {
        let nodes = shared.graph.nodes();
        let fits = ballot.prepared.iter().all(|(node, _)| node.0 < nodes.len())
            && ballot.reports.len() == nodes.len()
            && std::iter::zip(nodes, &ballot.reports).all(|(node, report)| {
                let outputs = node.outputs.len();
                report.elements_out.len() == outputs && report.bytes_out.len() == outputs
            });
        if !fits {
            return Err(nonsense());
        }
        self.add(ballot.prepared, ballot.reports);
        self.drained |= ballot.drained;
        Ok(())
    }

    /// Sees whether the books of the whole job balance, before anything is committed.
    fn audit(&self, shared: &Shared) {
        if !shared.is_over()
            && let Err(error) = audit(&shared.graph, &self.reports)
        {
            shared.fail(error);
        }
    }

    fn discard(&self, shared: &Shared) {
        for (node, committables) in &self.prepared {
            if let Primitive::Write(write) = &shared.graph.node(*node).primitive {
                write.sink.discard(committables);
            }
        }
    }

    /// Makes the output of the sinks that `chosen` picks visible. When one cannot, what is left of all
    /// is discarded.
    fn commit(&mut self, shared: &Shared, everywhere_only: bool) -> Result<(), RunError> {
        let mut left = std::mem::take(&mut self.prepared);
        while let Some((node, committables)) = left.pop_first() {
            let name = &shared.graph.node(node).name;
            let Primitive::Write(write) = &shared.graph.node(node).primitive else { continue };
            if everywhere_only && !write.sink.commits_everywhere() {
                continue;
            }
            if let Err(failure) = guard(|| write.sink.commit(Epoch(0), &committables)) {
                write.sink.discard(&committables);
                self.prepared = left;
                self.discard(shared);
                return Err(RunError::step(name, failure));
            }
        }
        Ok(())
    }

    fn report(self, shared: &Shared, read: u64, started: Instant) -> RunReport {
        let outcome = if self.drained { Outcome::Drained } else { Outcome::Done };
        let acknowledged = acknowledge(self.acknowledgements);
        let elapsed = started.elapsed();
        let report = RunReport::of_steps(outcome, &shared.graph, self.reports, read, elapsed);
        RunReport { acknowledged, ..report }
    }
}

fn nonsense() -> RunError {
    problem("was told nonsense by another process")
}

/// The end of a run that is over before its time.
fn ended_early(shared: &Shared, started: Instant) -> Result<RunReport, RunError> {
    match shared.take_failure() {
        Some(error) => Err(error),
        None => {
            let elements_read = shared.job.progress().elements_read;
            let elapsed = started.elapsed();
            Ok(RunReport { elapsed, elements_read, ..RunReport::of(Outcome::Cancelled) })
        }
    }
}

/// The end of a job in one process.
pub(crate) fn alone(
    shared: &Shared,
    ends: Vec<WorkerEnd>,
    started: Instant,
) -> Result<RunReport, RunError> {
    let mut votes = Votes::of(shared, ends);
    votes.audit(shared);
    if shared.is_over() {
        votes.discard(shared);
        return ended_early(shared, started);
    }
    votes.commit(shared, false)?;
    Ok(votes.report(shared, shared.job.progress().elements_read, started))
}

/// The end of a job in several processes, as this one sees it.
pub(crate) fn together(
    shared: &Shared,
    control: &Control,
    ends: Vec<WorkerEnd>,
    started: Instant,
) -> Result<RunReport, RunError> {
    let votes = Votes::of(shared, ends);
    if control.is_coordinator() {
        decide(shared, control, votes, started)
    } else {
        vote(shared, control, votes, started)
    }
}

/// The coordinator waits for all votes and then commits for all.
fn decide(
    shared: &Shared,
    control: &Control,
    mut votes: Votes,
    started: Instant,
) -> Result<RunReport, RunError> {
    let mut awaited: BTreeSet<usize> = (1..control.count).collect();
    while !awaited.is_empty() && !shared.is_over() {
        let tend = || {
            control.tend_without_workers();
            shared.is_over()
        };
        match control.next(tend) {
            Some((peer, Message::Ended(ballot))) if awaited.remove(&peer) => {
                if let Err(error) = votes.add_ballot(shared, ballot) {
                    shared.fail(error);
                }
            }
            // Known already, and the run is over.
            Some((_, Message::Failed(_) | Message::Cancelled)) | None => {}
            Some(_) => shared.fail(nonsense()),
        }
    }
    votes.audit(shared);
    if shared.is_over() {
        control.tell_end();
        // A process that has died after its vote cannot take back what it prepared.
        while let Some((_, said)) = control.next(|| true) {
            if let Message::Ended(ballot) = said {
                let _ = votes.add_ballot(shared, ballot);
            }
        }
        votes.discard(shared);
        return ended_early(shared, started);
    }
    let everywhere: Prepared = votes
        .prepared
        .iter()
        .filter(|(node, _)| match &shared.graph.node(**node).primitive {
            Primitive::Write(write) => write.sink.commits_everywhere(),
            _ => false,
        })
        .map(|(node, committables)| (*node, committables.clone()))
        .collect();
    if let Err(error) = votes.commit(shared, false) {
        // A failure of the commit is told even if the run was cancelled meanwhile.
        control.tell_all(&Message::failed(&error));
        return Err(error);
    }
    let (reports, counts) = (votes.reports.clone(), Counts::of(&shared.job));
    let drained = votes.drained;
    control.tell_all(&Message::Committed(Ballot {
        prepared: everywhere,
        reports,
        counts,
        drained,
    }));
    let read = read_by(shared, &votes.reports);
    Ok(votes.report(shared, read, started))
}

/// Another process gives its vote and is told the outcome.
fn vote(
    shared: &Shared,
    control: &Control,
    votes: Votes,
    started: Instant,
) -> Result<RunReport, RunError> {
    if shared.is_over() {
        votes.discard(shared);
        control.tell_end();
        return ended_early(shared, started);
    }
    // How its workers stood at their end is told before the vote.
    control.tell_inquiry();
    let prepared = votes.prepared.clone().into_iter().collect();
    let (reports, counts) = (votes.reports.clone(), Counts::of(&shared.job));
    let drained = votes.drained;
    control.tell(0, &Message::Ended(Ballot { prepared, reports, counts, drained }));
    // From here on the coordinator decides: who is cancelled here asks it, and still waits.
    let verdict = control.next(|| {
        control.tend_without_workers();
        shared.is_aborted()
    });
    match verdict {
        Some((_, Message::Committed(ballot))) => {
            ballot.counts.raise(&shared.job);
            let acknowledgements = votes.acknowledgements;
            let mut all = Votes { acknowledgements, ..Votes::default() };
            all.add_ballot(shared, ballot)?;
            let read = read_by(shared, &all.reports);
            if !fault!("only-the-first-process-observes") {
                all.commit(shared, true)?;
            }
            Ok(all.report(shared, read, started))
        }
        Some((_, Message::Failed(_) | Message::Cancelled)) => {
            votes.discard(shared);
            ended_early(shared, started)
        }
        Some(_) => {
            votes.discard(shared);
            Err(nonsense())
        }
        None if control.has_heard_the_end() => {
            votes.discard(shared);
            ended_early(shared, started)
        }
        None => {
            // A coordinator that is only silent may be committing what was prepared here.
            if control.knows_its_dead() {
                votes.discard(shared);
            }
            shared.take_failure();
            Err(problem(
                "lost process 0 after its own part was done; whether the output was written can be seen \
                 only there",
            ))
        }
    }
}

fn read_by(shared: &Shared, reports: &[StepReport]) -> u64 {
    std::iter::zip(shared.graph.nodes(), reports)
        .filter(|(node, _)| matches!(node.primitive, Primitive::Read(_) | Primitive::TestStream(_)))
        .map(|(_, report)| report.elements_in)
        .sum()
}
