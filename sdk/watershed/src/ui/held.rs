//! Which step holds a watermark in the end.

use watershed_runner_core::{HeldBy, JobStatus};

/// For each step the one that holds its output watermark: itself, or one before it, back to where the
/// holding begins. None where nothing is held, and where it is on the way.
pub(super) fn holders(status: &JobStatus) -> Vec<Option<usize>> {
    let mut holders: Vec<Option<usize>> = Vec::with_capacity(status.steps.len());
    for place in 0..status.steps.len() {
        holders.push(match status.held_by(place) {
            HeldBy::Nothing | HeldBy::NewsOf(_) => None,
            HeldBy::Itself => Some(place),
            // Each step stands behind its inputs, whose holders are known by now.
            HeldBy::Input(input) => holders.get(input).copied().flatten(),
        });
    }
    holders
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
