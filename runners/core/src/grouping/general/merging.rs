//! Windows that become one.

use watershed_model::{BoxError, Slot, TimestampCombiner, Window, fault};

use super::{
    bundle::Place,
    operator::GroupingOperator,
    state::{WindowState, combine},
};
use crate::trigger::TriggerState;

impl GroupingOperator {
    /// Merges the windows of a bundle's elements with those that are there, key by key, and puts the
    /// window that each element's became in its place.
    pub(super) fn merge_for(&mut self, places: &mut [Place]) -> Result<(), BoxError> {
        let slot = |this: &Self, place: usize| this.slots[places[place].element];
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by_key(|place| slot(self, *place));
        let of_keys = order.chunk_by(|a, b| slot(self, *a) == slot(self, *b));
        let of_keys: Vec<(Slot, Vec<usize>)> =
            of_keys.map(|of_key| (slot(self, of_key[0]), of_key.to_vec())).collect();
        of_keys.into_iter().try_for_each(|(slot, of_key)| self.merge_key(slot, &of_key, places))
    }

    fn merge_key(
        &mut self,
        slot: Slot,
        of_key: &[usize],
        places: &mut [Place],
    ) -> Result<(), BoxError> {
        let (mut windows, mut closed) = (Vec::new(), Vec::new());
        for had in &self.keys[slot.0 as usize] {
            let window = self.windows.get(had.window).window.clone();
            match self.states[had.state.0 as usize].is_closed {
                true => closed.push(window),
                false => windows.push(window),
            }
        }
        let there = windows.len();
        for place in of_key {
            // What was put into a window whose trigger has finished takes no part: it is dropped.
            let window = &places[*place].assigned;
            if !windows.contains(window) && !closed.contains(window) {
                windows.push(window.clone());
            }
        }
        for merge in self.rules.window_fn.merge(&windows)? {
            // Likewise what would become such a window; the parts then stay as they are.
            let is_dropped = closed.contains(&merge.into);
            let (parts_there, new): (Vec<usize>, Vec<usize>) =
                merge.parts.iter().partition(|part| **part < there);
            let named = |parts: Vec<usize>| -> Vec<Window> {
                parts.into_iter().map(|part| windows[part].clone()).collect()
            };
            let (parts_there, new) = (named(parts_there), named(new));
            if !is_dropped && !parts_there.is_empty() && parts_there != [merge.into.clone()] {
                self.merge_states(slot, &parts_there, &merge.into)?;
            }
            for place in of_key {
                let assigned = &places[*place].assigned;
                let is_there = !is_dropped && parts_there.contains(assigned);
                if new.contains(assigned) || is_there {
                    places[*place].window = merge.into.clone();
                }
            }
        }
        Ok(())
    }

    /// Makes one window of several that a key has.
    fn merge_states(
        &mut self,
        slot: Slot,
        parts: &[Window],
        into: &Window,
    ) -> Result<(), BoxError> {
        let mut merged: Vec<(Window, WindowState)> = Vec::new();
        for part in parts {
            let had = self.windows.find(part).and_then(|window| self.find(slot, window));
            let Some(id) = had.map(|had| had.state) else {
                continue;
            };
            let state = self.remove(id);
            if fault!("merged-windows-leave-their-hold") {
                self.holds.change(None, state.held(self.windows.get(state.window)));
            }
            self.windows.leave(state.window, id);
            merged.push((part.clone(), state));
        }
        let window = self.windows.open(into, &self.rules, self.watermark);
        let at = self.at(window);
        let triggers: Vec<TriggerState> =
            merged.iter().map(|(_, state)| state.trigger.clone()).collect();
        let trigger = self.rules.machine.merge(&triggers, at);
        let mut state = WindowState::new(slot, window, trigger);
        for (of, part) in merged {
            if of == *into || fault!("merged-windows-count-on") {
                state.panes = part.panes;
            }
            state.is_fresh |= part.is_fresh;
            state.pending += part.pending;
            state.holds_late |= part.holds_late;
            state.hold = combine(self.rules.timestamp_combiner, state.hold, part.hold);
            match (state.cell, part.cell) {
                (Some(cell), Some(from)) => self.table.merge(from, cell)?,
                (None, from) => state.cell = from,
                (Some(_), None) => {}
            }
        }
        let kept = self.windows.get(window);
        if self.rules.timestamp_combiner == TimestampCombiner::EndOfWindow {
            state.hold = (!at.is_complete).then_some(kept.max_timestamp);
        }
        state.deadline = self.rules.machine.next_deadline(&state.trigger, self.now);
        self.holds.change(None, state.held(kept));
        let deadline = state.deadline;
        let id = self.keep(state);
        self.deadlines.change(id, None, deadline);
        Ok(())
    }
}
