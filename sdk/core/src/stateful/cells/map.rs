//! A value for each key of a map.

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use watershed_model::{Element, Key};

use super::handle;
use crate::StateContext;

pub(in crate::stateful) type Map<K, V> = IndexMap<K, V, RandomState>;

handle!(
    /// A value for each key of a map, in no promised order. (Beam: `MapState`.)
    MapState<M, V>
);

impl<M: Key, V: Element> MapState<M, V> {
    /// The value of a key.
    pub fn get<'s, K>(self, cx: &'s StateContext<'_, K>, key: &M) -> Option<&'s V> {
        cx.get::<Map<M, V>>(self.id)?.get(key)
    }

    /// The value of a key, to be changed where it is.
    pub fn get_mut<'s, K>(self, cx: &'s mut StateContext<'_, K>, key: &M) -> Option<&'s mut V> {
        cx.cell::<Map<M, V>>(self.id).as_mut()?.get_mut(key)
    }

    /// The value of a key, to be changed where it is; `make` gives it if there is none.
    pub fn get_or_insert_with<'s, K>(
        self,
        cx: &'s mut StateContext<'_, K>,
        key: M,
        make: impl FnOnce() -> V,
    ) -> &'s mut V {
        cx.cell::<Map<M, V>>(self.id).get_or_insert_default().entry(key).or_insert_with(make)
    }

    /// Sets the value of a key; returns the one that it had.
    pub fn insert<K>(self, cx: &mut StateContext<'_, K>, key: M, value: V) -> Option<V> {
        cx.cell::<Map<M, V>>(self.id).get_or_insert_default().insert(key, value)
    }

    /// Takes a key and its value out.
    pub fn remove<K>(self, cx: &mut StateContext<'_, K>, key: &M) -> Option<V> {
        let map = cx.cell::<Map<M, V>>(self.id).as_mut()?;
        let value = map.swap_remove(key);
        if map.is_empty() {
            cx.empty::<Map<M, V>>(self.id);
        }
        value
    }

    /// The keys and their values.
    pub fn iter<'s, K>(self, cx: &'s StateContext<'_, K>) -> impl Iterator<Item = (&'s M, &'s V)> {
        cx.get::<Map<M, V>>(self.id).into_iter().flatten()
    }

    /// How many keys.
    pub fn len<K>(self, cx: &StateContext<'_, K>) -> usize {
        cx.get::<Map<M, V>>(self.id).map_or(0, Map::len)
    }

    /// Whether there are none.
    pub fn is_empty<K>(self, cx: &StateContext<'_, K>) -> bool {
        self.len(cx) == 0
    }

    /// Forgets all.
    pub fn clear<K>(self, cx: &mut StateContext<'_, K>) {
        cx.empty::<Map<M, V>>(self.id);
    }
}
