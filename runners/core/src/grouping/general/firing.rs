//! When a key and window puts out a pane, and what becomes of it then.

use watershed_model::{BoxError, PaneCell, PaneTiming, fault};

use super::{
    operator::{Emit, GroupingOperator},
    state::{StateId, WindowState},
    windows::WindowId,
};

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

    /// The watermark has passed the end or the expiry of a window.
    pub(super) fn pass(&mut self, id: WindowId, emit: Emit<'_>) -> Result<(), BoxError> {
        let passes_end = self.windows.passes_end(id);
        let window = self.windows.get_mut(id);
        let states = std::mem::take(&mut window.states);
        let waits = passes_end && window.expiry > window.end;
        let is_gone = self.watermark >= window.expiry && !(waits && fault!("a-jump-fires-twice"));
        if !is_gone {
            states.iter().try_for_each(|state| self.ask_for(Cause::End, *state, emit))?;
            self.windows.get_mut(id).states = states;
            return Ok(());
        }
        let cause = if passes_end { Cause::End } else { Cause::Expiry };
        states.iter().try_for_each(|state| self.expire(cause, *state, emit))?;
        if fault!("expired-windows-stay") {
            self.windows.get_mut(id).states = states;
            return Ok(());
        }
        states.into_iter().for_each(|state| self.forget(state));
        self.windows.close(id);
        Ok(())
    }

    fn ask_for(&mut self, cause: Cause, id: StateId, emit: Emit<'_>) -> Result<(), BoxError> {
        self.settle(id);
        let Self { states, windows, rules, deadlines, watermark, now, .. } = self;
        let (machine, now) = (&rules.machine, *now);
        let state = &mut states[id.0 as usize];
        if state.is_closed {
            return Ok(());
        }
        let at = windows.get(state.window).at(*watermark, now);
        let fires = machine.should_fire(&state.trigger, at);
        let mut finishes = false;
        if fires {
            machine.on_fire(&mut state.trigger, at);
            finishes = machine.is_finished(&state.trigger);
        }
        let deadline = if finishes { None } else { machine.next_deadline(&state.trigger, now) };
        let before = std::mem::replace(&mut state.deadline, deadline);
        deadlines.change(id, before, deadline);
        if !fires {
            self.lend(id);
            return Ok(());
        }
        self.put_out(cause, id, finishes, true, emit)?;
        if finishes {
            self.bury(id);
        }
        Ok(())
    }

    /// Shows the trigger of a key and window all that came there.
    fn settle(&mut self, id: StateId) {
        let Self { keys, states, windows, rules, watermark, now, .. } = self;
        let state = &mut states[id.0 as usize];
        let mut came = std::mem::take(&mut state.came);
        if state.lent > 0
            && let Some(had) = keys[state.slot.0 as usize].iter_mut().find(|had| had.state == id)
        {
            came += std::mem::take(&mut state.lent) - std::mem::take(&mut had.left);
        }
        let at = windows.get(state.window).at(*watermark, *now);
        state.pending += u64::from(came);
        rules.machine.on_elements(&mut state.trigger, came, at);
    }

    /// Lets as many elements come without a look at the state as change nothing in it but counts: the
    /// trigger stays silent, the hold and the cell are there.
    fn lend(&mut self, id: StateId) {
        let Self { keys, states, windows, rules, watermark, .. } = self;
        let state = &mut states[id.0 as usize];
        let (Some(cell), true) = (state.cell, state.is_fresh && rules.holds_at_end()) else {
            return;
        };
        if *watermark >= windows.get(state.window).end {
            return;
        }
        let patience = rules.machine.patience(&state.trigger);
        if patience > 0
            && let Some(had) = keys[state.slot.0 as usize].iter_mut().find(|had| had.state == id)
        {
            (state.lent, had.left, had.cell) = (patience, patience, cell);
        }
    }

    /// The window is over: what is left goes out.
    fn expire(&mut self, cause: Cause, id: StateId, emit: Emit<'_>) -> Result<(), BoxError> {
        self.settle(id);
        let state = &self.states[id.0 as usize];
        let (at, machine) = (self.at(state.window), &self.rules.machine);
        let is_lost = cause == Cause::Expiry && fault!("what-is-left-at-expiry-is-lost");
        if !state.is_closed && !is_lost {
            let fires = cause == Cause::End
                && (machine.should_fire(&state.trigger, at) || machine.watches_watermark());
            self.put_out(cause, id, true, fires, emit)?;
        }
        Ok(())
    }

    /// Frees all that is kept of a key and window, and of the key with its last one.
    fn forget(&mut self, id: StateId) {
        let state = self.remove(id);
        self.unused.extend(state.cell);
        if self.keys[state.slot.0 as usize].is_empty() {
            self.left.push(state.slot);
        }
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
        let Self { states, windows, rules, holds, table, batch, watermark, .. } = self;
        let state = &mut states[id.0 as usize];
        let window = windows.get(state.window);
        let timing = timing(state, *watermark >= window.end, cause);
        let is_wanted = state.is_fresh
            || (timing == PaneTiming::OnTime
                && cause == Cause::End
                && fires
                && rules.always_on_time)
            || (is_last && rules.always_closing)
            || fault!("empty-panes-always-leave");
        let held = state.held(window);
        let combined = state.hold.take().filter(|_| !fault!("panes-always-lie-at-the-end"));
        let timestamp = combined.unwrap_or(window.max_timestamp);
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
        let elements = std::mem::take(&mut state.pending);
        let cell = PaneCell { slot: state.slot, cell, stays };
        batch.push(cell, elements, &window.window, timestamp, pane);
        match self.batch.len() >= self.most_panes {
            true => self.flush(emit),
            false => Ok(()),
        }
    }

    /// The trigger has finished: contents and cells go, and a tombstone stays until the window expires.
    fn bury(&mut self, id: StateId) {
        let state = &mut self.states[id.0 as usize];
        state.is_closed = !fault!("no-tombstone-stays");
        let cell = state.cell.take();
        self.unused.extend(cell);
    }

    /// Takes the state of a key and window out, with its deadline and hold. The window still lists it.
    pub(super) fn remove(&mut self, id: StateId) -> WindowState {
        let state = self.states.remove(id.0 as usize);
        self.keys[state.slot.0 as usize].retain(|had| had.state != id);
        self.deadlines.change(id, state.deadline, None);
        self.holds.change(state.held(self.windows.get(state.window)), None);
        state
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
