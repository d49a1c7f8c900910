//! Values, each once.

use foldhash::fast::RandomState;
use indexmap::IndexSet;
use watershed_model::Key;

use super::handle;
use crate::StateContext;

pub(in crate::stateful) type Set<T> = IndexSet<T, RandomState>;

handle!(
    /// Values, each once, in no promised order. (Beam: `SetState`.)
    SetState<T>
);

impl<T: Key> SetState<T> {
    /// Adds a value; whether it is new.
    pub fn insert<K>(self, cx: &mut StateContext<'_, K>, value: T) -> bool {
        cx.cell::<Set<T>>(self.id).get_or_insert_default().insert(value)
    }

    /// Whether the value is there.
    pub fn contains<K>(self, cx: &StateContext<'_, K>, value: &T) -> bool {
        cx.get::<Set<T>>(self.id).is_some_and(|set| set.contains(value))
    }

    /// Takes a value out; whether it was there.
    pub fn remove<K>(self, cx: &mut StateContext<'_, K>, value: &T) -> bool {
        let set = cx.cell::<Set<T>>(self.id);
        let is_there = set.as_mut().is_some_and(|set| set.swap_remove(value));
        if set.as_ref().is_some_and(Set::is_empty) {
            cx.empty::<Set<T>>(self.id);
        }
        is_there
    }

    /// The values.
    pub fn iter<'s, K>(self, cx: &'s StateContext<'_, K>) -> impl Iterator<Item = &'s T> {
        cx.get::<Set<T>>(self.id).into_iter().flatten()
    }

    /// How many values.
    pub fn len<K>(self, cx: &StateContext<'_, K>) -> usize {
        cx.get::<Set<T>>(self.id).map_or(0, Set::len)
    }

    /// Whether there are none.
    pub fn is_empty<K>(self, cx: &StateContext<'_, K>) -> bool {
        self.len(cx) == 0
    }

    /// Forgets all values.
    pub fn clear<K>(self, cx: &mut StateContext<'_, K>) {
        cx.empty::<Set<T>>(self.id);
    }
}
