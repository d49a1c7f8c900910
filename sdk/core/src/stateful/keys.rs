//! Which place belongs to which key and window.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable, hash_table::Entry};
use watershed_model::{Key, KeyWindow, Window};

/// A place, taken.
pub(super) struct Taken<K> {
    hash: u64,
    pub(super) key: K,
    window: u32,
}

/// The places of keys and windows. A window is looked up once a bundle, a key once an element.
pub(super) struct Keys<K> {
    hasher: RandomState,
    index: HashTable<u32>,
    taken: Vec<Option<Taken<K>>>,
    free: Vec<u32>,
    windows: Vec<Option<(Window, u32)>>,
    free_windows: Vec<u32>,
    window_ids: HashMap<Window, u32, RandomState>,
}

impl<K: Key> Keys<K> {
    pub(super) fn new() -> Self {
        Keys {
            hasher: RandomState::default(),
            index: HashTable::new(),
            taken: Vec::new(),
            free: Vec::new(),
            windows: Vec::new(),
            free_windows: Vec::new(),
            window_ids: HashMap::default(),
        }
    }

    /// The number of a window, which holds until its last key has gone.
    pub(super) fn window(&mut self, window: &Window) -> u32 {
        if let Some(id) = self.window_ids.get(window) {
            return *id;
        }
        let id = self.free_windows.pop().unwrap_or(self.windows.len() as u32);
        if id as usize == self.windows.len() {
            self.windows.push(None);
        }
        self.windows[id as usize] = Some((window.clone(), 0));
        self.window_ids.insert(window.clone(), id);
        id
    }

    /// The place of a key and window, and whether it is new.
    #[inline]
    pub(super) fn find(&mut self, key: K, window: u32) -> (KeyWindow, bool) {
        let hash =
            self.hasher.hash_one(&key) ^ u64::from(window).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let taken = &mut self.taken;
        let is_it = |place: &u32| {
            taken[*place as usize].as_ref().is_some_and(|other| {
                other.hash == hash && other.window == window && other.key == key
            })
        };
        let hash_of = |place: &u32| taken[*place as usize].as_ref().map_or(0, |other| other.hash);
        match self.index.entry(hash, is_it, hash_of) {
            Entry::Occupied(found) => (KeyWindow(*found.get()), false),
            Entry::Vacant(vacant) => {
                let place = self.free.pop().unwrap_or(taken.len() as u32);
                vacant.insert(place);
                if place as usize == taken.len() {
                    taken.push(None);
                }
                taken[place as usize] = Some(Taken { hash, key, window });
                if let Some((_, keys)) = &mut self.windows[window as usize] {
                    *keys += 1;
                }
                (KeyWindow(place), true)
            }
        }
    }

    /// The key and window at a place.
    #[inline]
    pub(super) fn get(&self, at: KeyWindow) -> (&K, &Window) {
        let taken = self.taken[at.0 as usize].as_ref();
        let found = taken.and_then(|taken| {
            let (window, _) = self.windows[taken.window as usize].as_ref()?;
            Some((&taken.key, window))
        });
        match found {
            Some(found) => found,
            None => unreachable!("only places that are taken are asked for"),
        }
    }

    /// All places that are taken.
    pub(super) fn places(&self) -> impl Iterator<Item = KeyWindow> {
        let taken = self.taken.iter().enumerate().filter(|(_, taken)| taken.is_some());
        taken.map(|(place, _)| KeyWindow(place as u32))
    }

    /// Forgets a key and window. With its last key the window goes.
    pub(super) fn release(&mut self, at: KeyWindow) {
        let Some(taken) = self.taken[at.0 as usize].take() else { return };
        if let Ok(entry) = self.index.find_entry(taken.hash, |place| *place == at.0) {
            entry.remove();
        }
        self.free.push(at.0);
        let id = taken.window as usize;
        if let Some((window, keys)) = &mut self.windows[id] {
            *keys -= 1;
            if *keys == 0 {
                self.window_ids.remove(window);
                self.windows[id] = None;
                self.free_windows.push(taken.window);
            }
        }
    }
}
