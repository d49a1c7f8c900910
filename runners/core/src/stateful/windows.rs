//! The windows that keys of a stateful step have, each once, in the order in which they expire.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use slab::Slab;
use watershed_model::{KeyWindow, Timestamp, Window};

/// A window that at least one key has.
pub(super) struct OpenWindow {
    pub(super) window: Window,
    /// The watermark at which it is gone.
    pub(super) expiry: Timestamp,
    /// Who has it.
    pub(super) keys: Vec<KeyWindow>,
    /// The input has ended, and timers of processing time were called for the last time.
    pub(super) is_ending: bool,
}

#[derive(Default)]
pub(super) struct Windows {
    open: Slab<OpenWindow>,
    ids: HashMap<Window, usize, RandomState>,
    expiries: BTreeMap<Timestamp, Vec<usize>>,
}

impl Windows {
    /// A key has the window from now on. Returns the window's number and the key's place there.
    pub(super) fn enter(
        &mut self,
        at: KeyWindow,
        window: &Window,
        expiry: impl Fn(&Window) -> Timestamp,
    ) -> (usize, usize) {
        let id = match self.ids.get(window) {
            Some(id) => *id,
            None => {
                let expiry = expiry(window);
                let open = OpenWindow {
                    window: window.clone(),
                    expiry,
                    keys: Vec::new(),
                    is_ending: false,
                };
                let id = self.open.insert(open);
                self.ids.insert(window.clone(), id);
                self.expiries.entry(expiry).or_default().push(id);
                id
            }
        };
        let keys = &mut self.open[id].keys;
        keys.push(at);
        (id, keys.len() - 1)
    }

    /// The key at this place has the window no more; returns who has its place now. With the last one the
    /// window goes.
    pub(super) fn leave(&mut self, id: usize, place: usize) -> Option<KeyWindow> {
        let OpenWindow { keys, expiry, .. } = &mut self.open[id];
        keys.swap_remove(place);
        let moved = keys.get(place).copied();
        if keys.is_empty() {
            if let Some(waiting) = self.expiries.get_mut(expiry) {
                waiting.retain(|other| *other != id);
                if waiting.is_empty() {
                    self.expiries.remove(expiry);
                }
            }
            let OpenWindow { window, .. } = self.open.remove(id);
            self.ids.remove(&window);
        }
        moved
    }

    pub(super) fn get(&self, id: usize) -> &OpenWindow {
        &self.open[id]
    }

    pub(super) fn get_mut(&mut self, id: usize) -> &mut OpenWindow {
        &mut self.open[id]
    }

    /// The window that expires first.
    pub(super) fn first(&self) -> Option<(Timestamp, usize)> {
        let (expiry, ids) = self.expiries.first_key_value()?;
        ids.first().map(|id| (*expiry, *id))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OpenWindow> {
        self.open.iter().map(|(_, open)| open)
    }

    /// How much is kept.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}
