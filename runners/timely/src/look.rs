//! What one worker says of itself when it is asked.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use watershed_model::{NodeId, Primitive, Timestamp};
use watershed_runner_core::{FastGrouping, Holder, StepReport, StepStatus, WorkerStatus, together};

use crate::{
    dataflow::Heads,
    head::{Head, sight},
    shared::Shared,
    stage::{Doors, StageNow, WorkerState},
};

/// All that a worker knows of its part of the job. It looks between two steps of timely, when nobody else
/// has hold of it.
pub(crate) struct Look {
    pub(crate) shared: Arc<Shared>,
    pub(crate) heads: Heads,
    /// The folds before the exchanges of each stage.
    pub(crate) doors: Vec<Doors>,
    pub(crate) state: Rc<RefCell<WorkerState>>,
}

impl Look {
    /// Where this worker stands.
    pub(crate) fn status(&self) -> WorkerStatus {
        let state = self.state.borrow();
        let steps = state.reports().iter().map(|report| StepStatus::of(report.clone()));
        let mut steps: Vec<StepStatus> = steps.collect();
        for (place, stage) in self.shared.plan.stages.iter().enumerate() {
            let now = &state.stages[place];
            // What runs in the stage goes by what the head has put out.
            for step in &stage.steps {
                let StageNow { output_watermark, .. } = *now;
                steps[step.0].input_watermark = output_watermark;
                steps[step.0].output_watermark = output_watermark;
            }
            self.look_at_head(&self.heads[place].borrow(), now, &mut steps[stage.head.0]);
        }
        self.look_at_doors(&mut steps);
        self.derive_flattens(&mut steps);
        WorkerStatus { steps }
    }

    fn look_at_head(&self, head: &Head, now: &StageNow, step: &mut StepStatus) {
        let most = self.shared.job.board().most_windows();
        let sight = sight(&self.shared, &now.views);
        step.input_watermark = now.input_watermark;
        step.output_watermark = now.output_watermark;
        step.is_congested = now.is_congested;
        match head {
            Head::Source(reading) => step.holder = reading.holder(),
            Head::Script => step.holder = Holder::Script,
            Head::General(operator) => step.look_at(operator, most),
            Head::Stateful(operator) => step.look_at_stateful(operator, &sight, most),
            Head::Splittable(operator) => step.look_at_splittable(operator, &sight),
            Head::Fast(grouping) => self.look_at_fast(grouping, step),
            Head::Reader(reader) => {
                step.state.elements = reader.waiting() as u64;
                step.holder = reader.holder(&sight).unwrap_or(Holder::Input);
            }
            Head::View | Head::Pass | Head::Step => {}
        }
    }

    /// A door and its grouping are one step.
    fn look_at_doors(&self, steps: &mut [StepStatus]) {
        for doors in &self.doors {
            for (exchange, lift) in &*doors.borrow() {
                self.look_at_fast(lift.table(), &mut steps[self.shared.receiver(*exchange).0]);
            }
        }
    }

    fn look_at_fast(&self, grouping: &FastGrouping, step: &mut StepStatus) {
        let size = grouping.state_size();
        step.state.entries += size.entries;
        step.state.elements += size.elements;
        step.report.ledger.merge(&grouping.ledger());
        let most = self.shared.job.board().most_windows();
        step.windows = together(step.windows.drain(..).chain(grouping.open_windows(most)));
    }

    /// Flattens do not run: what reads one reads all that it reads.
    fn derive_flattens(&self, steps: &mut [StepStatus]) {
        for (place, node) in self.shared.graph.nodes().iter().enumerate() {
            if !matches!(node.primitive, Primitive::Flatten) {
                continue;
            }
            let producers = node.inputs.iter().map(|input| self.shared.graph.collection(*input));
            let least = producers.map(|input| steps[input.producer.0].output_watermark).min();
            let watermark = least.unwrap_or(Timestamp::MAX);
            steps[place].input_watermark = watermark;
            steps[place].output_watermark = watermark;
            steps[place].report = self.flattened(NodeId(place), steps);
        }
    }

    /// What passed a flatten, by what went out of those that it reads.
    fn flattened(&self, id: NodeId, steps: &[StepStatus]) -> StepReport {
        let node = self.shared.graph.node(id);
        let mut report = StepReport::of(&node.name, node.outputs.len());
        for input in &node.inputs {
            let input = self.shared.graph.collection(*input);
            let producer = &steps[input.producer.0].report;
            report.elements_in += producer.elements_out[input.port];
            report.bytes_in += producer.bytes_out[input.port];
        }
        (report.elements_out[0], report.bytes_out[0]) = (report.elements_in, report.bytes_in);
        report
    }
}
