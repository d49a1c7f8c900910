//! Which step holds a watermark in the end.

use watershed_model::Timestamp;
use watershed_runner_core::{Holder, JobStatus, StepNow};

/// For each step the one that holds its output watermark: itself, or one before it, back to where the
/// holding begins. None where nothing is held, and where it is on the way.
pub(super) fn holders(status: &JobStatus) -> Vec<Option<usize>> {
    let mut holders: Vec<Option<usize>> = Vec::with_capacity(status.steps.len());
    for (place, step) in status.steps.iter().enumerate() {
        let holder = match step.status.holder {
            _ if step.status.output_watermark >= Timestamp::END_OF_GLOBAL_WINDOW => None,
            Holder::Input => least_input(status, step).and_then(|input| {
                let news = status.steps[input].status.output_watermark;
                // Each step stands behind its inputs, whose holders are known by now.
                if news > step.status.output_watermark {
                    None
                } else {
                    holders.get(input).copied()?
                }
            }),
            _ => Some(place),
        };
        holders.push(holder);
    }
    holders
}

/// The input that is furthest behind.
fn least_input(status: &JobStatus, step: &StepNow) -> Option<usize> {
    let inputs = step.outline.inputs.iter().copied();
    let known = inputs.filter(|input| *input < status.steps.len());
    known.min_by_key(|input| status.steps[*input].status.output_watermark)
}

/// Those by which the ends of the graph are held: where to look first.
pub(super) fn last_holders(status: &JobStatus, holders: &[Option<usize>]) -> Vec<usize> {
    let mut is_read = vec![false; status.steps.len()];
    for input in status.steps.iter().flat_map(|step| &step.outline.inputs) {
        if let Some(read) = is_read.get_mut(*input) {
            *read = true;
        }
    }
    let ends = holders.iter().zip(is_read).filter(|(_, is_read)| !is_read);
    let mut last: Vec<usize> = ends.filter_map(|(holder, _)| *holder).collect();
    last.sort_unstable();
    last.dedup();
    last
}
