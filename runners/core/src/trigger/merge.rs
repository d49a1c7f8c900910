//! Windows became one: their states do too, node by node.

use super::{At, TriggerMachine, TriggerState, machine::Op};

impl TriggerMachine {
    /// Writes what a node is after a merge into `merged`, where it and all that stands in it is as at
    /// the start; `at` speaks of the merged window.
    pub(super) fn merge_node(
        &self,
        node: usize,
        parts: &[TriggerState],
        merged: &mut TriggerState,
        at: At,
    ) {
        match self.op(node) {
            // Ready whenever the window is complete, and so again not before the new end.
            Op::Default | Op::Never => {}
            // A part that has not fired has something that could not come out yet.
            Op::Watermark => {
                let finished = at.is_complete && parts.iter().all(|part| part.is_finished(node));
                merged.set_finished(node, finished);
            }
            Op::Count { cell, .. } => {
                if parts.iter().any(|part| part.is_finished(node)) {
                    merged.set_finished(node, true);
                } else {
                    let add = |sum: u64, part: &TriggerState| sum.saturating_add(part.count(cell));
                    merged.set_count(cell, parts.iter().fold(0, add));
                }
            }
            // A part that fired has no deadline any more; what comes next is as new to it.
            Op::Delay { cell, .. } => {
                let earliest = parts.iter().filter_map(|part| part.deadline(cell)).min();
                merged.set_deadline(cell, earliest);
            }
            Op::Phases => self.merge_phases(node, parts, merged, at),
            // Its child has finished in no part, and so not in what they become.
            Op::Repeatedly => self.merge_children(node, parts, merged, at),
            // In order while those before are finished; the rest stays as at the start.
            Op::Each => {
                for child in self.children(node) {
                    self.merge_node(child, parts, merged, at);
                    if !merged.is_finished(child) {
                        return;
                    }
                }
                merged.set_finished(node, true);
            }
            Op::All => {
                self.merge_children(node, parts, merged, at);
                let finished = self.children(node).all(|child| merged.is_finished(child));
                merged.set_finished(node, finished);
            }
            Op::OrFinally | Op::First => {
                self.merge_children(node, parts, merged, at);
                let finished = self.children(node).any(|child| merged.is_finished(child));
                merged.set_finished(node, finished);
            }
        }
    }

    fn merge_children(
        &self,
        node: usize,
        parts: &[TriggerState],
        merged: &mut TriggerState,
        at: At,
    ) {
        for child in self.children(node) {
            self.merge_node(child, parts, merged, at);
        }
    }

    /// Back to the early phase, unless the new window is complete and all its parts have had their
    /// on-time firing.
    ///
    /// In a part that has had it the early child counts as finished. If that makes it finished in the
    /// merged window (a count is, when it is in any), it begins anew. What stands in an early child
    /// was reset at the on-time firing and merges as ever: in `early=after_first(after_count(3),…)`
    /// the count goes on from what the other parts have.
    fn merge_phases(&self, node: usize, parts: &[TriggerState], merged: &mut TriggerState, at: At) {
        let early = node + 1;
        if at.is_complete && parts.iter().all(|part| self.is_past_on_time(node, part)) {
            merged.set_finished(early, true);
            match self.late(node) {
                Some(late) => self.merge_node(late, parts, merged, at),
                None => merged.set_finished(node, true),
            }
        } else {
            self.merge_node(early, parts, merged, at);
            if merged.is_finished(early) {
                self.reset(early, merged);
            }
        }
    }
}
