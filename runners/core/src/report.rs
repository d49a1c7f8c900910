//! What a run says of itself when it has ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use watershed_model::{Drops, Graph, Primitive, StepMetrics};

use crate::{Acknowledged, Ledger};

/// How a run ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All input was read and all output committed.
    Done,
    /// Sources without end were stopped as asked; what had been read was finished, and all output
    /// committed.
    Drained,
    /// It was asked to stop; nothing was committed.
    Cancelled,
    /// The pipeline was only looked at.
    NotRun,
}

/// What passed one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step's full name.
    pub step: String,
    /// Elements that came in.
    pub elements_in: u64,
    /// Elements that went out, by port.
    pub elements_out: Vec<u64>,
    /// Bytes of what came in, as the coder would write it, metadata apart. Exact where all elements take
    /// the same; otherwise estimated, by a sample of the elements.
    pub bytes_in: u64,
    /// Bytes of what went out, by port, likewise.
    pub bytes_out: Vec<u64>,
    /// Elements that left here, by reason.
    pub drops: Drops,
    /// How often a source's watermark went back and was held where it had been.
    pub watermark_setbacks: u64,
    /// Elements (or partials) that other stages have sent to this step, or that were put into its queue.
    pub sent: u64,
    /// Those of them that have arrived.
    pub received: u64,
    /// What a grouping has done with what came; of other steps, nothing.
    pub ledger: Ledger,
    /// How often a bundle that had failed was tried again.
    pub retries: u64,
    /// What the author has counted.
    pub metrics: StepMetrics,
}

impl StepReport {
    /// A step that nothing has passed yet.
    pub fn of(step: &str, outputs: usize) -> Self {
        let (elements_out, bytes_out) = (vec![0; outputs], vec![0; outputs]);
        StepReport { step: step.to_owned(), elements_out, bytes_out, ..StepReport::default() }
    }

    /// Adds what passed the same step elsewhere.
    pub fn merge(&mut self, other: &StepReport) {
        let add = |mine: &mut u64, theirs: u64| *mine = mine.saturating_add(theirs);
        add(&mut self.elements_in, other.elements_in);
        add(&mut self.bytes_in, other.bytes_in);
        let elements = std::iter::zip(&mut self.elements_out, &other.elements_out);
        let bytes = std::iter::zip(&mut self.bytes_out, &other.bytes_out);
        elements.chain(bytes).for_each(|(mine, theirs)| add(mine, *theirs));
        self.drops.merge(&other.drops);
        add(&mut self.watermark_setbacks, other.watermark_setbacks);
        add(&mut self.sent, other.sent);
        add(&mut self.received, other.received);
        self.ledger.merge(&other.ledger);
        add(&mut self.retries, other.retries);
        self.metrics.merge(&other.metrics);
    }
}

/// What a run says of itself.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
    /// How many elements the sources gave.
    pub elements_read: u64,
    /// How many elements went to dead letters.
    pub failed: u64,
    /// How many elements were dropped, by reason.
    pub drops: Drops,
    /// What passed each step, in the order of the graph.
    pub steps: Vec<StepReport>,
    /// What became of the acknowledgements that were due when the output was durable; in this process.
    pub acknowledged: Acknowledged,
}

impl RunReport {
    /// A run in which nothing has passed any step.
    pub fn of(outcome: Outcome) -> Self {
        RunReport {
            outcome,
            elapsed: Duration::ZERO,
            elements_read: 0,
            failed: 0,
            drops: Drops::default(),
            steps: Vec::new(),
            acknowledged: Acknowledged::default(),
        }
    }

    /// A run of a graph, of which `steps` tells what passed each step.
    pub fn of_steps(
        outcome: Outcome,
        graph: &Graph,
        steps: Vec<StepReport>,
        elements_read: u64,
        elapsed: Duration,
    ) -> Self {
        let mut drops = Drops::default();
        let mut failed = 0;
        for (node, step) in std::iter::zip(graph.nodes(), &steps) {
            drops.merge(&step.drops);
            if let Primitive::ParDo(par_do) = &node.primitive {
                failed += par_do.dead_letters.map_or(0, |port| step.elements_out[port]);
            }
        }
        let acknowledged = Acknowledged::default();
        RunReport { outcome, elapsed, elements_read, failed, drops, steps, acknowledged }
    }

    /// What the author has counted under a name, over all steps.
    pub fn counter(&self, name: &str) -> u64 {
        self.steps.iter().map(|step| step.metrics.counter(name)).sum()
    }

    /// What passed the step with this full name.
    pub fn step(&self, name: &str) -> Option<&StepReport> {
        self.steps.iter().find(|step| step.step == name)
    }
}
