//! Which place belongs to which key and window.

use watershed_model::{Key, KeyWindow, Window};

use crate::places::Places;

/// The places of keys and windows. A window is looked up once a bundle, a key once an element.
pub(super) struct Keys<K> {
    /// Keys, each with the number of its window.
    keys: Places<(K, u32)>,
    windows: Places<Window>,
    /// How many keys each window has.
    counts: Vec<u32>,
}

impl<K: Key> Keys<K> {
    pub(super) fn new() -> Self {
        Keys { keys: Places::default(), windows: Places::default(), counts: Vec::new() }
    }

    /// The number of a window, which holds until its last key has gone.
    pub(super) fn window(&mut self, window: &Window) -> u32 {
        let (id, _) = self.windows.find(window.clone());
        if id as usize == self.counts.len() {
            self.counts.push(0);
        }
        id
    }

    /// The place of a key and window, and whether it is new.
    #[inline]
    pub(super) fn find(&mut self, key: K, window: u32) -> (KeyWindow, bool) {
        let (place, is_new) = self.keys.find((key, window));
        self.counts[window as usize] += u32::from(is_new);
        (KeyWindow(place), is_new)
    }

    /// The key and window at a place.
    #[inline]
    pub(super) fn get(&self, at: KeyWindow) -> (&K, &Window) {
        let taken = self.keys.get(at.0);
        match taken.and_then(|(key, window)| Some((key, self.windows.get(*window)?))) {
            Some(found) => found,
            None => unreachable!("only places that are taken are asked for"),
        }
    }

    /// All places that are taken.
    pub(super) fn places(&self) -> impl Iterator<Item = KeyWindow> {
        self.keys.iter().map(KeyWindow)
    }

    /// Forgets a key and window. With its last key the window goes.
    pub(super) fn release(&mut self, at: KeyWindow) {
        let Some((_, window)) = self.keys.release(at.0) else { return };
        let count = &mut self.counts[window as usize];
        *count -= 1;
        if *count == 0 {
            self.windows.release(window);
        }
    }
}
