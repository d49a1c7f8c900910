//! When a key and window puts out a pane, and what becomes of it then.

use watershed_model::{BoxError, PaneCell, PaneTiming, Slot, Window, fault};

use super::{
    operator::{Emit, GroupingOperator},
    state::WindowState,
};
use crate::grouping::rules::end;

/// What a pane may be put out for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The trigger fired, for an element or a deadline.
    Asked,
    /// The watermark passed the window's end.
    End,
    /// The watermark passed the window's expiry.
    Expiry,
}

impl GroupingOperator {
    /// Asks the trigger of a key and window, which an element touched or whose deadline is due.
    pub(super) fn ask(
        &mut self,
        slot: Slot,
        window: &Window,
        emit: Emit<'_>,
    ) -> Result<(), BoxError> {
        self.ask_for(Cause::Asked, slot, window, emit)
    }

    /// The watermark has passed the end or the expiry of a key's window.
    pub(super) fn pass(
        &mut self,
        slot: Slot,
        window: &Window,
        emit: Emit<'_>,
    ) -> Result<(), BoxError> {
        let expiry = self.rules.expiry(window);
        let watermark = self.watermark;
        let Some(state) = self.find(slot, window) else { return Ok(()) };
        let passes_end = state.timer < expiry || state.timer == end(window);
        if watermark >= expiry {
            let cause = if passes_end { Cause::End } else { Cause::Expiry };
            return self.expire(cause, slot, window, emit);
        }
        state.timer = expiry;
        let is_closed = state.is_closed;
        self.timers.set(expiry, slot, window.clone());
        match is_closed {
            true => Ok(()),
            false => self.ask_for(Cause::End, slot, window, emit),
        }
    }

    fn ask_for(
        &mut self,
        cause: Cause,
        slot: Slot,
        window: &Window,
        emit: Emit<'_>,
    ) -> Result<(), BoxError> {
        let (at, now) = (self.at(window), self.now);
        let (machine, states) = (&self.rules.machine, &mut self.keys[slot.0 as usize]);
        let Some(state) = states.iter_mut().rev().find(|state| state.window == *window) else {
            return Ok(());
        };
        if state.is_closed {
            return Ok(());
        }
        let fires = machine.should_fire(&state.trigger, at);
        let mut finishes = false;
        if fires {
            machine.on_fire(&mut state.trigger, at);
            finishes = machine.is_finished(&state.trigger);
        }
        let deadline = if finishes { None } else { machine.next_deadline(&state.trigger, now) };
        let before = std::mem::replace(&mut state.deadline, deadline);
        self.deadlines.change(slot, window, before, deadline);
        if fires {
            self.put_out(cause, slot, window, finishes, fires, emit)?;
            if finishes {
                self.bury(slot, window, emit)?;
            }
        }
        Ok(())
    }

    /// The window is over: what is left goes out, and everything of it is freed.
    fn expire(
        &mut self,
        cause: Cause,
        slot: Slot,
        window: &Window,
        emit: Emit<'_>,
    ) -> Result<(), BoxError> {
        let at = self.at(window);
        let (machine, states) = (&self.rules.machine, &self.keys[slot.0 as usize]);
        let Some(state) = states.iter().rev().find(|state| state.window == *window) else {
            return Ok(());
        };
        let is_lost = cause == Cause::Expiry && fault!("what-is-left-at-expiry-is-lost");
        if !state.is_closed && !is_lost {
            let fires = cause == Cause::End
                && (machine.should_fire(&state.trigger, at) || machine.watches_watermark());
            self.put_out(cause, slot, window, true, fires, emit)?;
        }
        if fault!("expired-windows-stay") {
            return Ok(());
        }
        self.remove(slot, window, emit)
    }

    /// Puts a pane out, unless it is empty and nobody wants it so. What `fires` says is whether an
    /// empty on-time pane is due.
    fn put_out(
        &mut self,
        cause: Cause,
        slot: Slot,
        window: &Window,
        is_last: bool,
        fires: bool,
        emit: Emit<'_>,
    ) -> Result<(), BoxError> {
        let is_complete = self.at(window).is_complete;
        let accumulates = self.rules.accumulates && !fault!("panes-never-accumulate");
        let (on_time, closing) = (self.rules.always_on_time, self.rules.always_closing);
        let Some(state) = self.find(slot, window) else { return Ok(()) };
        let timing = timing(state, is_complete, cause);
        let wanted = state.is_fresh
            || (timing == PaneTiming::OnTime && cause == Cause::End && fires && on_time)
            || (is_last && closing);
        let before = (state.hold.take(), std::mem::take(&mut state.holds_late));
        state.is_fresh = false;
        let timestamp = before.0.unwrap_or(window.max_timestamp());
        let pane = wanted.then(|| state.panes.next(timing, is_last));
        let cell = state.cell;
        let stays = accumulates && !is_last;
        if wanted && !stays {
            state.cell = None;
        }
        self.move_hold(window, before, (None, false));
        if let Some(pane) = pane {
            // An empty pane has an empty cell.
            let (cell, stays) = match cell {
                Some(cell) => (cell, stays),
                None => (self.table.open(), false),
            };
            self.batch.push(PaneCell { slot, cell, stays }, window, timestamp, pane);
            if self.batch.len() >= self.most_panes {
                self.flush(emit)?;
            }
        }
        Ok(())
    }

    /// The trigger has finished: contents and cells go, and a tombstone stays until the window expires.
    fn bury(&mut self, slot: Slot, window: &Window, emit: Emit<'_>) -> Result<(), BoxError> {
        let Some(state) = self.find(slot, window) else { return Ok(()) };
        state.is_closed = !fault!("no-tombstone-stays");
        match state.cell.take() {
            Some(cell) => self.discard(cell, emit),
            None => Ok(()),
        }
    }

    /// Frees all that is kept of a key and window.
    fn remove(&mut self, slot: Slot, window: &Window, emit: Emit<'_>) -> Result<(), BoxError> {
        let states = &mut self.keys[slot.0 as usize];
        let Some(place) = states.iter().rposition(|state| state.window == *window) else {
            return Ok(());
        };
        let state = states.remove(place);
        if states.is_empty() {
            self.left.push(slot);
        }
        self.deadlines.change(slot, window, state.deadline, None);
        self.move_hold(window, (state.hold, state.holds_late), (None, false));
        match state.cell {
            Some(cell) => self.discard(cell, emit),
            None => Ok(()),
        }
    }

    /// Frees a cell; a pane that waits in the batch may still show it.
    fn discard(&mut self, cell: watershed_model::Cell, emit: Emit<'_>) -> Result<(), BoxError> {
        self.flush(emit)?;
        self.table.discard(cell);
        Ok(())
    }
}

/// Early until the end; then on time once, if the end's passing fires it or something that came in
/// time is still there; then late.
fn timing(state: &WindowState, is_complete: bool, cause: Cause) -> PaneTiming {
    if !is_complete {
        PaneTiming::Early
    } else if !state.panes.has_non_early() && (cause == Cause::End || state.hold.is_some()) {
        PaneTiming::OnTime
    } else {
        PaneTiming::Late
    }
}
