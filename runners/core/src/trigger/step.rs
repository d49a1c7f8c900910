//! An element, the question, a firing: node by node.

use watershed_model::{Duration, Timestamp};

use super::{At, TriggerMachine, TriggerState, machine::Op};

impl TriggerMachine {
    /// Shows one or more elements to a node. One that has finished sees nothing.
    pub(super) fn elements(&self, node: usize, state: &mut TriggerState, more: u64, at: At) {
        if state.is_finished(node) {
            return;
        }
        match self.op(node) {
            Op::Default | Op::Watermark | Op::Never => {}
            Op::Count { cell, .. } => {
                let count = state.count(cell).saturating_add(more);
                state.set_count(cell, count);
            }
            Op::Delay { delay, align, cell } => {
                if state.deadline(cell).is_none() {
                    state.set_deadline(cell, Some(due(at.now + delay, align)));
                }
            }
            // A merge can make an earlier child current again: then it must know of this element.
            Op::Phases | Op::Each if self.merging => self.all_see(node, state, more, at),
            Op::Phases | Op::Each => {
                if let Some(current) = self.current(node, state) {
                    self.elements(current, state, more, at);
                }
            }
            Op::Repeatedly | Op::OrFinally | Op::All | Op::First => {
                self.all_see(node, state, more, at);
            }
        }
    }

    fn all_see(&self, node: usize, state: &mut TriggerState, more: u64, at: At) {
        for child in self.children(node) {
            self.elements(child, state, more, at);
        }
    }

    /// How many elements a node lets pass in silence while its window is not complete.
    pub(super) fn node_patience(&self, node: usize, state: &TriggerState) -> u64 {
        if state.is_finished(node) {
            return u64::MAX;
        }
        let patience = |child: usize| self.node_patience(child, state);
        match self.op(node) {
            Op::Default | Op::Watermark | Op::Never => u64::MAX,
            Op::Count { at_least, cell } => {
                at_least.saturating_sub(1).saturating_sub(state.count(cell))
            }
            // The first sets the deadline; what follows changes nothing.
            Op::Delay { cell, .. } if state.deadline(cell).is_some() => u64::MAX,
            Op::Delay { .. } => 0,
            Op::Phases | Op::Each => self.current(node, state).map_or(0, patience),
            Op::Repeatedly | Op::OrFinally | Op::All | Op::First => {
                self.children(node).map(patience).min().unwrap_or(0)
            }
        }
    }

    /// Whether a node that has not finished would fire.
    pub(super) fn is_ready(&self, node: usize, state: &TriggerState, at: At) -> bool {
        let is_ready = |child: usize| self.is_ready(child, state, at);
        let is_done_or_ready = |child: usize| state.is_finished(child) || is_ready(child);
        let mut children = self.children(node);
        match self.op(node) {
            Op::Default | Op::Watermark => at.is_complete,
            Op::Count { at_least, cell } => state.count(cell) >= at_least,
            Op::Delay { cell, .. } => {
                state.deadline(cell).is_some_and(|deadline| at.now >= deadline)
            }
            Op::Never => false,
            Op::Phases if !self.is_past_on_time(node, state) => {
                at.is_complete || children.next().is_some_and(is_ready)
            }
            Op::Phases => self.late(node).is_some_and(is_ready),
            Op::Each => self.current(node, state).is_some_and(is_ready),
            Op::Repeatedly | Op::OrFinally => children.any(is_ready),
            Op::All => children.all(is_done_or_ready),
            Op::First => children.any(is_done_or_ready),
        }
    }

    /// Fires a node that is ready and has not finished.
    pub(super) fn fire(&self, node: usize, state: &mut TriggerState, at: At) {
        match self.op(node) {
            Op::Default | Op::Never => {}
            Op::Watermark => state.set_finished(node, true),
            Op::Count { cell, .. } | Op::Delay { cell, .. } => {
                state.empty(cell);
                state.set_finished(node, true);
            }
            Op::Phases => self.fire_phase(node, state, at),
            Op::Repeatedly => {
                for child in self.children(node) {
                    self.fire(child, state, at);
                    if state.is_finished(child) {
                        self.reset(child, state);
                    }
                }
            }
            Op::OrFinally => self.fire_or_finally(node, state, at),
            Op::Each => {
                if let Some(current) = self.current(node, state) {
                    self.fire(current, state, at);
                }
                // All have seen the pane's elements, and the pane is gone. This empties also the
                // count of an `until` in here, which elsewhere goes on over panes.
                if self.merging {
                    self.clear(node, state);
                }
                state.set_finished(node, self.current(node, state).is_none());
            }
            Op::All => {
                for child in self.children(node) {
                    if !state.is_finished(child) {
                        self.fire(child, state, at);
                    }
                }
                state.set_finished(node, true);
            }
            Op::First => {
                for child in self.children(node) {
                    if self.is_ready(child, state, at) {
                        self.fire(child, state, at);
                    } else {
                        self.reset(child, state);
                    }
                }
                state.set_finished(node, true);
            }
        }
    }

    /// Before the end an early pane, at the end the one on time, then late ones. Early and late
    /// children begin anew at each firing, with all that stands in them, so that nothing of a firing
    /// is left but the phase.
    fn fire_phase(&self, node: usize, state: &mut TriggerState, at: At) {
        let late = self.late(node);
        if self.is_past_on_time(node, state) {
            late.iter().for_each(|late| self.reset(*late, state));
            return;
        }
        let early = node + 1;
        self.reset(early, state);
        if at.is_complete {
            state.set_finished(early, true);
            match late {
                Some(late) => self.reset(late, state),
                None => state.set_finished(node, true),
            }
        }
    }

    /// If `until` is ready it fires and the first does not; else the first does, and `until` counts
    /// on: it keeps its cells also when the first finishes by that.
    fn fire_or_finally(&self, node: usize, state: &mut TriggerState, at: At) {
        let mut children = self.children(node);
        let (Some(first), Some(until)) = (children.next(), children.next()) else { return };
        if self.is_ready(until, state, at) {
            self.fire(until, state, at);
            self.clear(first, state);
        } else {
            self.fire(first, state, at);
        }
        let finished = state.is_finished(first) || state.is_finished(until);
        state.set_finished(node, finished);
    }

    /// Whether an `after_watermark` with phases has had its on-time firing.
    pub(super) fn is_past_on_time(&self, node: usize, state: &TriggerState) -> bool {
        state.is_finished(node + 1)
    }
}

/// The time itself if it lies on the grid, else the next one that does.
fn due(time: Timestamp, align: Option<Duration>) -> Timestamp {
    match align {
        Some(period) if period.is_positive() => {
            let past = time.as_micros().rem_euclid(period.as_micros());
            match past {
                0 => time,
                past => time + Duration::from_micros(period.as_micros() - past),
            }
        }
        _ => time,
    }
}

#[cfg(test)]
mod tests {
    use watershed_model::seconds;

    use super::*;

    #[test]
    fn deadlines_are_rounded_up_and_stay_on_the_grid() {
        let at = |second| due(Timestamp::from_seconds(second), Some(seconds(7)));
        assert_eq!(
            [-8, -7, -1, 0, 1, 7].map(at),
            [-7, -7, 0, 0, 7, 7].map(Timestamp::from_seconds)
        );
        assert_eq!(due(Timestamp::from_seconds(3), None), Timestamp::from_seconds(3));
        assert_eq!(due(Timestamp::MAX, Some(seconds(7))), Timestamp::MAX);
        assert_eq!(due(Timestamp::MIN, Some(Duration::ZERO)), Timestamp::MIN);
    }
}
