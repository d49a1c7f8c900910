//! The end of a job: votes, and then all output or none.

use std::{collections::BTreeMap, time::Instant};

use watershed_model::{Drops, Epoch, NodeId, Primitive};
use watershed_runner_core::{Outcome, RunError, RunReport, StepReport, guard};

use crate::{
    processes::{Control, Message, Told},
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
}

impl Votes {
    fn of(ends: Vec<WorkerEnd>) -> Self {
        let mut votes = Votes::default();
        ends.into_iter().for_each(|end| votes.add(end.prepared, end.reports));
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
            mine.elements_in += theirs.elements_in;
            mine.drops.merge(&theirs.drops);
            for (out, more) in std::iter::zip(&mut mine.elements_out, theirs.elements_out) {
                *out += more;
            }
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
}

/// The end of a job in one process.
pub(crate) fn alone(
    shared: &Shared,
    ends: Vec<WorkerEnd>,
    started: Instant,
) -> Result<RunReport, RunError> {
    let mut votes = Votes::of(ends);
    if let Some(error) = shared.take_failure() {
        votes.discard(shared);
        return Err(error);
    }
    if shared.job.is_cancelled() {
        votes.discard(shared);
        return Ok(cancelled(started));
    }
    votes.commit(shared, false)?;
    Ok(report(shared, votes.reports, shared.job.progress().elements_read, started))
}

/// The end of a job in several processes, as this one sees it.
pub(crate) fn together(
    shared: &Shared,
    control: &Control,
    ends: Vec<WorkerEnd>,
    started: Instant,
) -> Result<RunReport, RunError> {
    let votes = Votes::of(ends);
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
    let mut awaited = control.peers();
    while awaited > 0 && !shared.is_over() {
        match control.next(shared) {
            Some((_, Message::Ended(prepared, reports))) => {
                votes.add(prepared, reports);
                awaited -= 1;
            }
            Some((_, Message::Cancelled)) => shared.job.cancel(),
            Some(_) => shared.fail(problem("was told nonsense by another process")),
            None => break,
        }
    }
    let failed = |error: RunError, votes: &Votes| {
        votes.discard(shared);
        control.tell_all(&Message::Failed(Told::of(&error)), shared);
        Err(error)
    };
    if let Some(error) = shared.take_failure() {
        return failed(error, &votes);
    }
    if shared.job.is_cancelled() {
        votes.discard(shared);
        control.tell_all(&Message::Cancelled, shared);
        return Ok(cancelled(started));
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
        return failed(error, &Votes::default());
    }
    let read = read_by(shared, &votes.reports);
    control.tell_all(&Message::Committed(everywhere, votes.reports.clone(), read), shared);
    Ok(report(shared, votes.reports, read, started))
}

/// Another process gives its vote and is told the outcome.
fn vote(
    shared: &Shared,
    control: &Control,
    votes: Votes,
    started: Instant,
) -> Result<RunReport, RunError> {
    if let Some(error) = shared.take_failure() {
        votes.discard(shared);
        control.tell(0, &Message::Failed(Told::of(&error)), shared);
        return Err(error);
    }
    if shared.job.is_cancelled() {
        votes.discard(shared);
        control.tell(0, &Message::Cancelled, shared);
        return Ok(cancelled(started));
    }
    let prepared = votes.prepared.clone().into_iter().collect();
    control.tell(0, &Message::Ended(prepared, votes.reports.clone()), shared);
    match control.next(shared) {
        Some((_, Message::Committed(everywhere, reports, read))) => {
            let mut all = Votes::default();
            all.add(everywhere, reports);
            all.commit(shared, true)?;
            Ok(report(shared, all.reports, read, started))
        }
        Some((_, Message::Cancelled)) => Ok(cancelled(started)),
        Some(_) => Err(problem("was told nonsense by process 0")),
        None if shared.job.is_cancelled() => {
            control.tell(0, &Message::Cancelled, shared);
            Ok(cancelled(started))
        }
        None => Err(shared.take_failure().unwrap_or_else(|| problem("lost process 0 at the end"))),
    }
}

fn read_by(shared: &Shared, reports: &[StepReport]) -> u64 {
    std::iter::zip(shared.graph.nodes(), reports)
        .filter(|(node, _)| matches!(node.primitive, Primitive::Read(_)))
        .map(|(_, report)| report.elements_in)
        .sum()
}

fn cancelled(started: Instant) -> RunReport {
    RunReport { elapsed: started.elapsed(), ..RunReport::of(Outcome::Cancelled) }
}

fn report(shared: &Shared, steps: Vec<StepReport>, read: u64, started: Instant) -> RunReport {
    let mut drops = Drops::default();
    let mut failed = 0;
    for (node, step) in std::iter::zip(shared.graph.nodes(), &steps) {
        drops.merge(&step.drops);
        if let Primitive::ParDo(par_do) = &node.primitive {
            failed += par_do.dead_letters.map_or(0, |port| step.elements_out[port]);
        }
    }
    RunReport {
        outcome: Outcome::Done,
        elapsed: started.elapsed(),
        elements_read: read,
        failed,
        drops,
        steps,
    }
}
