//! The windows that keys have, each once, and when the watermark's passing is looked at.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use slab::Slab;
use watershed_model::{Timestamp, Window};

use super::state::StateId;
use crate::{
    grouping::rules::{Rules, end},
    trigger::At,
};

/// A window that at least one key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WindowId(u32);

/// What all keys share of a window.
pub(super) struct OpenWindow {
    pub(super) window: Window,
    /// The window's last instant.
    pub(super) max_timestamp: Timestamp,
    /// The watermark at which it is complete.
    pub(super) end: Timestamp,
    /// The watermark at which it is gone.
    pub(super) expiry: Timestamp,
    /// Where late elements hold the output watermark.
    pub(super) late_hold: Timestamp,
    /// When the watermark's passing is looked at next: the end, then the expiry.
    timer: Timestamp,
    /// The states of keys that have it, in the order in which they came.
    pub(super) states: Vec<StateId>,
}

impl OpenWindow {
    /// What its triggers are told.
    pub(super) fn at(&self, watermark: Timestamp, now: Timestamp) -> At {
        At { is_complete: watermark >= self.end, now }
    }
}

/// All of them, and their timers.
#[derive(Default)]
pub(super) struct Windows {
    open: Slab<OpenWindow>,
    ids: HashMap<Window, WindowId, RandomState>,
    /// Windows that wait, in the order of time and then of setting.
    timers: BTreeMap<Timestamp, Vec<WindowId>>,
}

impl Windows {
    /// The window's number, which is given if it has none. Whoever asks puts a state in.
    pub(super) fn open(
        &mut self,
        window: &Window,
        rules: &Rules,
        watermark: Timestamp,
    ) -> WindowId {
        if let Some(id) = self.ids.get(window) {
            return *id;
        }
        let (end, expiry) = (end(window), rules.expiry(window));
        let timer = if watermark >= end { expiry } else { end };
        let id = WindowId(self.open.insert(OpenWindow {
            window: window.clone(),
            max_timestamp: window.max_timestamp(),
            end,
            expiry,
            late_hold: rules.late_hold(window),
            timer,
            states: Vec::new(),
        }) as u32);
        self.ids.insert(window.clone(), id);
        self.timers.entry(timer).or_default().push(id);
        id
    }

    /// The number of a window that a key has.
    pub(super) fn find(&self, window: &Window) -> Option<WindowId> {
        self.ids.get(window).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OpenWindow> {
        self.open.iter().map(|(_, open)| open)
    }

    pub(super) fn get(&self, id: WindowId) -> &OpenWindow {
        &self.open[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: WindowId) -> &mut OpenWindow {
        &mut self.open[id.0 as usize]
    }

    /// The next windows whose timers are due at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Vec<WindowId>> {
        let first = self.timers.first_entry().filter(|entry| *entry.key() <= now)?;
        Some(first.remove())
    }

    /// Whether the timer of a window was that of its end; then it waits for its expiry.
    pub(super) fn passes_end(&mut self, id: WindowId) -> bool {
        let window = &mut self.open[id.0 as usize];
        let passes_end = window.timer == window.end;
        if passes_end && window.expiry > window.end {
            window.timer = window.expiry;
            self.timers.entry(window.expiry).or_default().push(id);
        }
        passes_end
    }

    /// A key has the window no more. With the last one the window goes.
    pub(super) fn leave(&mut self, id: WindowId, state: StateId) {
        let states = &mut self.open[id.0 as usize].states;
        if let Some(place) = states.iter().position(|other| *other == state) {
            states.remove(place);
        }
        if states.is_empty() {
            self.close(id);
        }
    }

    /// Forgets a window.
    pub(super) fn close(&mut self, id: WindowId) {
        let OpenWindow { window, timer, .. } = self.open.remove(id.0 as usize);
        self.ids.remove(&window);
        if let Some(waiting) = self.timers.get_mut(&timer) {
            waiting.retain(|other| *other != id);
            if waiting.is_empty() {
                self.timers.remove(&timer);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.timers.is_empty()
    }

    /// How much is kept: windows and timers.
    pub(super) fn held(&self) -> usize {
        self.open.len() + self.ids.len() + self.timers.values().map(Vec::len).sum::<usize>()
    }
}
