//! What the general path says of itself.

use watershed_model::{Timestamp, Window};

use super::{operator::GroupingOperator, state::WindowState};
use crate::{Account, Holder, OpenWindow, StateSize};

impl GroupingOperator {
    /// What came, was folded, has left and is held. What is held is counted state by state: for the audit at
    /// the end, when there should be none any more.
    pub fn account(&self) -> Account {
        let held = self.states.iter().map(|(_, state)| self.pending(state)).sum();
        Account { held, ..self.account }
    }

    /// The same while states may be many: held is what was folded and has not left.
    pub fn running_account(&self) -> Account {
        let Account { folded, left, .. } = self.account;
        Account { held: folded.saturating_sub(left), ..self.account }
    }

    /// How much is kept.
    pub fn state_size(&self) -> StateSize {
        let entries = self.states.len() as u64;
        StateSize { entries, elements: self.running_account().held }
    }

    /// How many elements of a key and window are in no pane yet.
    fn pending(&self, state: &WindowState) -> u64 {
        let mut pending = state.pending + u64::from(state.came);
        if state.lent > 0 {
            let mut of_key = self.keys[state.slot.0 as usize].iter();
            let left = of_key.find(|had| had.window == state.window).map_or(0, |had| had.left);
            pending += u64::from(state.lent - left);
        }
        pending
    }

    /// The window that holds the output watermark where it is, if one does.
    pub fn holder(&self) -> Option<Holder> {
        let at = self.hold()?;
        let holds = |state: &&WindowState| state.held(self.windows.get(state.window)) == Some(at);
        let state = self.states.iter().map(|(_, state)| state).find(holds)?;
        let window = self.windows.get(state.window).window.clone();
        Some(Holder::Window { window, at })
    }

    /// The open windows that end first, up to `most`.
    pub fn open_windows(&self, most: usize) -> Vec<OpenWindow> {
        let mut first: Vec<(Timestamp, &Window)> =
            self.windows.iter().map(|open| (open.end, &open.window)).collect();
        if most < first.len() {
            first.select_nth_unstable(most);
            first.truncate(most);
        }
        first.sort_unstable();
        let ids = first.into_iter().filter_map(|(_, window)| self.windows.find(window));
        let open = ids.map(|id| {
            let open = self.windows.get(id);
            let states = || open.states.iter().map(|id| &self.states[id.0 as usize]);
            OpenWindow {
                window: open.window.clone(),
                end: open.end,
                expiry: open.expiry,
                keys: open.states.len() as u64,
                closed: states().filter(|state| state.is_closed).count() as u64,
                elements: states().map(|state| self.pending(state)).sum(),
                deadline: states().filter_map(|state| state.deadline).min(),
            }
        });
        open.collect()
    }
}
