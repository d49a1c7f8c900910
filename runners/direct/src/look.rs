//! What a run says of itself when it is asked.

use watershed_model::Timestamp;
use watershed_runner_core::{Holder, Sight, StepReport, StepStatus, WorkerStatus};

use crate::{
    execution::Execution,
    step::{Step, Work},
};

impl Execution<'_> {
    /// Answers, if somebody has asked since this was last called.
    pub(crate) fn answer(&mut self) {
        let board = self.job.board();
        let question = board.question();
        if question > self.answered {
            self.answered = question;
            board.answer(0, question, self.status());
        }
    }

    /// Where the run stands.
    pub(crate) fn status(&self) -> WorkerStatus {
        let most = self.job.board().most_windows();
        let mut status =
            WorkerStatus { steps: self.steps.iter().map(|step| step.status(most)).collect() };
        for (step, status) in std::iter::zip(&self.steps, &mut status.steps) {
            let watermarks = self.view_watermarks(step.node);
            let options = &self.options.user_options;
            let sight = Sight { store: &self.views, watermarks: &watermarks, options };
            match &step.work {
                Work::Reader(_, reader) => {
                    status.holder = reader.holder(&sight).unwrap_or(Holder::Input);
                }
                Work::Stateful(operator) => status.look_at_stateful(operator, &sight, most),
                Work::Splittable(operator) => status.look_at_splittable(operator, &sight),
                _ => {}
            }
        }
        status
    }
}

impl Step<'_> {
    /// What has passed, with the books counted to the end.
    pub(crate) fn report(&self) -> StepReport {
        let mut report = self.report.clone();
        if let Work::Group { operator, .. } = &self.work {
            report.ledger.elements = operator.account();
        }
        if let Work::Stateful(operator) = &self.work {
            report.ledger.elements = operator.account();
        }
        report
    }

    fn status(&self, most_windows: usize) -> StepStatus {
        let mut status = StepStatus {
            input_watermark: self.input_watermark,
            output_watermark: self.output_watermark,
            ..StepStatus::of(self.report.clone())
        };
        match &self.work {
            Work::Read(reading) => {
                status.input_watermark = self.output_watermark;
                status.holder = reading.holder();
            }
            Work::Script => {
                status.input_watermark = self.output_watermark;
                status.holder = Holder::Script;
            }
            Work::Group { operator, .. } => {
                status.look_at(operator, most_windows);
            }
            Work::Ended => {
                status.input_watermark = Timestamp::MAX;
                status.output_watermark = Timestamp::MAX;
            }
            Work::Reader(_, reader) => {
                status.state.elements = reader.waiting() as u64;
            }
            Work::Kernel(_)
            | Work::Stateful(_)
            | Work::Splittable(_)
            | Work::View
            | Work::Pass
            | Work::Write(_) => {}
        }
        status
    }
}
