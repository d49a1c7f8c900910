//! Values by number: each keeps its place until it is released, and then the place is used again.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::{HashTable, hash_table::Entry};

/// Different values, each with a place of its own. Places are given in the order in which values first come.
pub(crate) struct Places<T> {
    hasher: RandomState,
    index: HashTable<u32>,
    taken: Vec<Option<Taken<T>>>,
    free: Vec<u32>,
}

struct Taken<T> {
    hash: u64,
    value: T,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Places {
            hasher: RandomState::default(),
            index: HashTable::new(),
            taken: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T: Eq + Hash> Places<T> {
    /// The place of a value, and whether it was given only now.
    #[inline]
    pub(crate) fn find(&mut self, value: T) -> (u32, bool) {
        let hash = self.hasher.hash_one(&value);
        let taken = &mut self.taken;
        let is_it = |place: &u32| {
            taken[*place as usize]
                .as_ref()
                .is_some_and(|other| other.hash == hash && other.value == value)
        };
        let hash_of = |place: &u32| taken[*place as usize].as_ref().map_or(0, |other| other.hash);
        match self.index.entry(hash, is_it, hash_of) {
            Entry::Occupied(found) => (*found.get(), false),
            Entry::Vacant(vacant) => {
                let place = self.free.pop().unwrap_or(taken.len() as u32);
                vacant.insert(place);
                if place as usize == taken.len() {
                    taken.push(None);
                }
                taken[place as usize] = Some(Taken { hash, value });
                (place, true)
            }
        }
    }

    /// The value at a place.
    #[inline]
    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        self.taken[place as usize].as_ref().map(|taken| &taken.value)
    }

    /// All places that are taken.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let taken = self.taken.iter().enumerate().filter(|(_, taken)| taken.is_some());
        taken.map(|(place, _)| place as u32)
    }

    /// Gives a place free; returns what had it.
    pub(crate) fn release(&mut self, place: u32) -> Option<T> {
        let Taken { hash, value } = self.taken[place as usize].take()?;
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == place) {
            entry.remove();
        }
        self.free.push(place);
        Some(value)
    }
}
