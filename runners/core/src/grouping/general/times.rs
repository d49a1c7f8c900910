//! What waits for processing time.

use std::collections::BTreeSet;

use watershed_model::{Timestamp, fault};

use super::state::StateId;

/// Deadlines of processing time.
#[derive(Default)]
pub(super) struct Deadlines(BTreeSet<(Timestamp, StateId)>);

impl Deadlines {
    /// Moves the deadline of a key and window.
    pub(super) fn change(
        &mut self,
        state: StateId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.0.remove(&(from, state));
        }
        if let Some(to) = to {
            self.0.insert((to, state));
        }
    }

    /// The next that is due at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<StateId> {
        let first = self.0.first();
        let is_due =
            first.is_some_and(|(at, _)| *at < now || *at == now && !fault!("deadlines-come-late"));
        let (_, state) = is_due.then(|| self.0.pop_first()).flatten()?;
        Some(state)
    }

    pub(super) fn first(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
