//! What waits for a time: window ends and expiries, deadlines of processing time, and holds.

use std::collections::{BTreeMap, BTreeSet};

use watershed_model::{Slot, Timestamp, Window, fault};

/// Keys and windows that wait, in the order of time and then of setting.
#[derive(Default)]
pub(super) struct Timers(BTreeMap<Timestamp, Vec<(Slot, Window)>>);

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, slot: Slot, window: Window) {
        self.0.entry(at).or_default().push((slot, window));
    }

    pub(super) fn remove(&mut self, at: Timestamp, slot: Slot, window: &Window) {
        let Some(waiting) = self.0.get_mut(&at) else { return };
        if let Some(place) = waiting.iter().position(|(s, w)| *s == slot && w == window) {
            waiting.remove(place);
        }
        if waiting.is_empty() {
            self.0.remove(&at);
        }
    }

    /// The next that are due at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Vec<(Slot, Window)>> {
        let first = self.0.first_entry().filter(|entry| *entry.key() <= now)?;
        Some(first.remove())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

/// Deadlines of processing time.
#[derive(Default)]
pub(super) struct Deadlines(BTreeSet<(Timestamp, Slot, Window)>);

impl Deadlines {
    /// Moves the deadline of a key and window.
    pub(super) fn change(
        &mut self,
        slot: Slot,
        window: &Window,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.0.remove(&(from, slot, window.clone()));
        }
        if let Some(to) = to {
            self.0.insert((to, slot, window.clone()));
        }
    }

    /// The next that is due at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Slot, Window)> {
        let first = self.0.first();
        let is_due = first
            .is_some_and(|(at, _, _)| *at < now || *at == now && !fault!("deadlines-come-late"));
        let (_, slot, window) = is_due.then(|| self.0.pop_first()).flatten()?;
        Some((slot, window))
    }

    pub(super) fn first(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _, _)| *at)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Where windows hold the output watermark, counted.
#[derive(Default)]
pub(super) struct Holds(BTreeMap<Timestamp, usize>);

impl Holds {
    pub(super) fn change(&mut self, from: Option<Timestamp>, to: Option<Timestamp>) {
        if from == to {
            return;
        }
        if let Some(to) = to {
            *self.0.entry(to).or_default() += 1;
        }
        if let Some(from) = from
            && let Some(count) = self.0.get_mut(&from)
        {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&from);
            }
        }
    }

    pub(super) fn least(&self) -> Option<Timestamp> {
        self.0.first_key_value().map(|(at, _)| *at)
    }

    /// At how many times windows hold.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
