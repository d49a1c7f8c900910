//! The books of a run: whether all that came to a step is accounted for.
//!
//! ```text
//!   of a grouping:   came = dropped + folded                (of a stateful step: handled)
//!                    folded = left + held                 (in panes, or in partials)
//!                    partials came = partials folded = partials left + held
//!   between steps:   sent = received
//!   of a collection: what went out of its producer = what came in to each reader
//! ```
//! The two sides of each are counted in different places: what came, from the windows that a bundle says
//! its elements are in; what was folded, where the tables fold; what left, from the panes that went out.

use serde::{Deserialize, Serialize};
use watershed_model::{DropReason, Graph, Primitive};

use crate::{RunError, StepReport};

/// What a grouping has done with what came to it. An element counts once for each of its windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Elements.
    pub elements: Account,
    /// Partials: what was folded on one worker, for another to go on with.
    pub partials: Account,
    /// Partials that have left the workers where they were folded.
    pub partials_sent: u64,
}

/// Both sides of a book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What came, and was dropped or folded.
    pub came: u64,
    /// What was folded.
    pub folded: u64,
    /// What has left, in panes that went out or in partials.
    pub left: u64,
    /// What is kept.
    pub held: u64,
}

impl Account {
    /// Adds another's.
    pub fn merge(&mut self, other: &Account) {
        self.came += other.came;
        self.folded += other.folded;
        self.left += other.left;
        self.held += other.held;
    }
}

impl Ledger {
    /// Adds another's.
    pub fn merge(&mut self, other: &Ledger) {
        self.elements.merge(&other.elements);
        self.partials.merge(&other.partials);
        self.partials_sent += other.partials_sent;
    }
}

/// Sees whether the books of a whole run balance, over all workers. `reports` stand in the order of the
/// graph's steps.
///
/// # Errors
/// At the first step whose books do not balance: the engine has lost or doubled something.
pub fn audit(graph: &Graph, reports: &[StepReport]) -> Result<(), RunError> {
    for (node, report) in std::iter::zip(graph.nodes(), reports) {
        let find = |problem: Option<String>| match problem {
            Some(problem) => Err(unbalanced(&node.name, &problem)),
            None => Ok(()),
        };
        find(differ("sent to it", report.sent, "received", report.received))?;
        let came: u64 = node
            .inputs
            .iter()
            .map(|input| {
                let input = graph.collection(*input);
                reports[input.producer.0].elements_out[input.port]
            })
            .sum();
        if !node.inputs.is_empty() {
            find(differ("put out for it", came, "taken in", report.elements_in))?;
        }
        match &node.primitive {
            Primitive::AssignWindows(_) => {
                let out = report.elements_out[0] + report.drops.total();
                let is_read = !graph.readers(node.outputs[0]).is_empty();
                if is_read {
                    find(differ("taken in", report.elements_in, "put into windows", out))?;
                }
            }
            Primitive::Flatten | Primitive::Reshuffle => {
                find(differ("taken in", report.elements_in, "passed on", report.elements_out[0]))?;
            }
            primitive if primitive.key().is_some() => find(of_grouping(report))?,
            _ => {}
        }
    }
    Ok(())
}

fn of_grouping(report: &StepReport) -> Option<String> {
    let Ledger { elements, partials, partials_sent } = &report.ledger;
    let dropped = report.drops.count(DropReason::Late) + report.drops.count(DropReason::Closed);
    differ(
        "elements and windows that came",
        elements.came,
        "dropped or folded",
        dropped + elements.folded,
    )
    .or_else(|| differ("folded", elements.folded, "put out or kept", elements.left + elements.held))
    .or_else(|| differ("partials sent", *partials_sent, "arrived", partials.came))
    .or_else(|| differ("partials that came", partials.came, "folded", partials.folded))
    .or_else(|| {
        differ("partials folded", partials.folded, "put out or kept", partials.left + partials.held)
    })
}

fn differ(what: &str, one: u64, other_what: &str, other: u64) -> Option<String> {
    (one != other).then(|| format!("{one} {what}, {other} {other_what}"))
}

fn unbalanced(step: &str, problem: &str) -> RunError {
    let told = format!(
        "does not balance: {problem}; the engine has lost or doubled something, so nothing was committed; \
         please report it"
    );
    RunError::step(step, watershed_model::BoxError::from(told))
}

#[cfg(test)]
mod tests {
    use watershed_core::{Pipeline, combine::Sum};
    use watershed_model::Collection;

    use super::*;

    /// A pipeline whose books balance: of ten elements one came too late, and one is held.
    fn balanced() -> (Graph, Vec<StepReport>) {
        let pipeline = Pipeline::new();
        let numbers = pipeline.create([(0u8, 1i64)]).named("Numbers");
        numbers.combine_per_key(Sum).named("Sums").for_each(|_| {});
        let graph = pipeline.build().unwrap();
        let mut reports: Vec<StepReport> = Vec::new();
        for node in graph.nodes() {
            let mut report = StepReport::of(&node.name, node.outputs.len());
            let inputs = node.inputs.iter().map(|input| graph.collection(*input));
            let out = |input: &Collection| reports[input.producer.0].elements_out[input.port];
            report.elements_in = inputs.map(out).sum();
            match &node.primitive {
                Primitive::Read(_) => report.elements_out[0] = 10,
                primitive if primitive.grouping().is_some() => {
                    report.elements_out[0] = 2;
                    report.drops.add(DropReason::Late, 1);
                    report.ledger = Ledger {
                        elements: Account { came: 10, folded: 9, left: 8, held: 1 },
                        partials: Account { came: 3, folded: 3, left: 2, held: 1 },
                        partials_sent: 3,
                    };
                }
                _ => report.elements_out.fill(report.elements_in),
            }
            reports.push(report);
        }
        (graph, reports)
    }

    #[test]
    fn whatever_does_not_balance_is_found_and_named() {
        let (graph, reports) = balanced();
        audit(&graph, &reports).unwrap();
        let nodes = graph.nodes();
        let sums = nodes.iter().position(|node| node.primitive.grouping().is_some()).unwrap();
        let tamper: [fn(&mut StepReport); 9] = [
            |sums| sums.sent += 1,
            |sums| sums.elements_in += 1,
            |sums| sums.drops.add(DropReason::Closed, 1),
            |sums| sums.ledger.elements.came += 1,
            |sums| sums.ledger.elements.left += 1,
            |sums| sums.ledger.elements.held -= 1,
            |sums| sums.ledger.partials_sent -= 1,
            |sums| sums.ledger.partials.folded += 1,
            |sums| sums.ledger.partials.left -= 1,
        ];
        for (place, tamper) in tamper.into_iter().enumerate() {
            let mut reports = reports.clone();
            tamper(&mut reports[sums]);
            let error = audit(&graph, &reports).unwrap_err();
            assert_eq!(error.failed_step(), Some(&*nodes[sums].name), "{place}");
            assert!(error.to_string().contains("does not balance"), "{error}");
        }
    }
}
