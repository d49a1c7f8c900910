//! When a key and window puts out a pane, and what becomes of it then.

use watershed_model::{BoxError, PaneCell, PaneTiming, Slot, Window, fault};

use super::{
    operator::{Emit, GroupingOperator, StateId},
    state::WindowState,
};
use crate::{grouping::rules::end, trigger::At};

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
    pub(super) fn ask(&mut self, id: StateId, emit: Emit<'_>) -> Result<(), BoxError> {
        self.ask_for(Cause::Asked, id, emit)
    }

    /// The watermark has passed the end or the expiry of a key's window.
    pub(super) fn pass(
        &mut self,
        slot: Slot,
        window: &Window,
        emit: Emit<'_>,
    ) -> Result<(), BoxError> {
        let (expiry, watermark) = (self.rules.expiry(window), self.watermark);
        let Some(id) = self.find(slot, window) else { return Ok(()) };
        let state = self.state(id);
        let passes_end = state.timer == end(window);
        if watermark >= expiry && !(fault!("a-jump-fires-twice") && state.timer < expiry) {
            let cause = if passes_end { Cause::End } else { Cause::Expiry };
            return self.expire(cause, id, emit);
        }
        state.timer = expiry;
        let is_closed = state.is_closed;
        self.timers.set(expiry, slot, window.clone());
        match is_closed {
            true => Ok(()),
            false => self.ask_for(Cause::End, id, emit),
        }
    }

    fn ask_for(&mut self, cause: Cause, id: StateId, emit: Emit<'_>) -> Result<(), BoxError> {
        let Self { keys, rules, deadlines, watermark, now, .. } = self;
        let (machine, now) = (&rules.machine, *now);
        let state = &mut keys[id.slot.0 as usize][id.place];
        if state.is_closed {
            return Ok(());
        }
        let at = At { is_complete: *watermark >= end(&state.window), now };
        let fires = machine.should_fire(&state.trigger, at);
        let mut finishes = false;
        if fires {
            machine.on_fire(&mut state.trigger, at);
            finishes = machine.is_finished(&state.trigger);
        }
        let deadline = if finishes { None } else { machine.next_deadline(&state.trigger, now) };
        let before = std::mem::replace(&mut state.deadline, deadline);
        deadlines.change(id.slot, &state.window, before, deadline);
        if fires {
            self.put_out(cause, id, finishes, true, emit)?;
        }
        if finishes {
            self.bury(id);
        }
        Ok(())
    }

    /// The window is over: what is left goes out, and everything of it is freed.
    fn expire(&mut self, cause: Cause, id: StateId, emit: Emit<'_>) -> Result<(), BoxError> {
        let state = &self.keys[id.slot.0 as usize][id.place];
        let (at, machine) = (self.at(&state.window), &self.rules.machine);
        let is_lost = cause == Cause::Expiry && fault!("what-is-left-at-expiry-is-lost");
        if !state.is_closed && !is_lost {
            let fires = cause == Cause::End
                && (machine.should_fire(&state.trigger, at) || machine.watches_watermark());
            self.put_out(cause, id, true, fires, emit)?;
        }
        if fault!("expired-windows-stay") {
            return Ok(());
        }
        self.remove(id);
        Ok(())
    }

    /// Puts a pane out, unless it is empty and nobody wants it so. What `fires` says is whether an
    /// empty on-time pane is due.
    fn put_out(
        &mut self,
        cause: Cause,
        id: StateId,
        is_last: bool,
        fires: bool,
        emit: Emit<'_>,
    ) -> Result<(), BoxError> {
        let Self { keys, rules, holds, table, batch, watermark, .. } = self;
        let state = &mut keys[id.slot.0 as usize][id.place];
        let timing = timing(state, *watermark >= end(&state.window), cause);
        let is_wanted = state.is_fresh
            || (timing == PaneTiming::OnTime
                && cause == Cause::End
                && fires
                && rules.always_on_time)
            || (is_last && rules.always_closing)
            || fault!("empty-panes-always-leave");
        let held = state.held(rules);
        let combined = state.hold.take().filter(|_| !fault!("panes-always-lie-at-the-end"));
        let timestamp = combined.unwrap_or(state.window.max_timestamp());
        (state.holds_late, state.is_fresh) = (false, false);
        holds.change(held, None);
        if !is_wanted {
            return Ok(());
        }
        let stays = rules.accumulates && !is_last && !fault!("panes-never-accumulate");
        let content = match stays {
            true => state.cell,
            false => state.cell.take(),
        };
        // An empty pane has an empty cell, which nothing is left of.
        let (cell, stays) = content.map_or_else(|| (table.open(), false), |cell| (cell, stays));
        let pane = state.panes.next(timing, is_last);
        batch.push(PaneCell { slot: id.slot, cell, stays }, &state.window, timestamp, pane);
        match self.batch.len() >= self.most_panes {
            true => self.flush(emit),
            false => Ok(()),
        }
    }

    /// The trigger has finished: contents and cells go, and a tombstone stays until the window expires.
    fn bury(&mut self, id: StateId) {
        let state = self.state(id);
        state.is_closed = !fault!("no-tombstone-stays");
        let cell = state.cell.take();
        self.unused.extend(cell);
    }

    /// Frees all that is kept of a key and window.
    fn remove(&mut self, id: StateId) {
        let states = &mut self.keys[id.slot.0 as usize];
        let state = states.remove(id.place);
        if states.is_empty() {
            self.left.push(id.slot);
        }
        self.deadlines.change(id.slot, &state.window, state.deadline, None);
        self.holds.change(state.held(&self.rules), None);
        self.unused.extend(state.cell);
    }
}

/// Early until the end; then on time once, if the end's passing fires it or something that came in
/// time is still there; then late.
fn timing(state: &WindowState, is_complete: bool, cause: Cause) -> PaneTiming {
    if !is_complete {
        PaneTiming::Early
    } else if !state.panes.has_non_early()
        && (cause == Cause::End || state.hold.is_some() || fault!("late-windows-begin-on-time"))
    {
        PaneTiming::OnTime
    } else {
        PaneTiming::Late
    }
}
