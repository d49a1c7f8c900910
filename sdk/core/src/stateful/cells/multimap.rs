//! Values for each key of a map.

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use watershed_model::{Element, Key};

use super::handle;
use crate::StateContext;

pub(in crate::stateful) type Multimap<K, V> = IndexMap<K, Vec<V>, RandomState>;

handle!(
    /// Values for each key of a map, equal ones too, in no promised order. (Beam: `MultimapState`.)
    MultimapState<M, V>
);

impl<M: Key, V: Element> MultimapState<M, V> {
    /// Adds a value to a key.
    pub fn insert<K>(self, cx: &mut StateContext<'_, K>, key: M, value: V) {
        let map = cx.cell::<Multimap<M, V>>(self.id).get_or_insert_default();
        map.entry(key).or_default().push(value);
    }

    /// The values of a key.
    pub fn get<'s, K>(self, cx: &'s StateContext<'_, K>, key: &M) -> &'s [V] {
        let values = cx.get::<Multimap<M, V>>(self.id).and_then(|map| map.get(key));
        values.map_or(&[], Vec::as_slice)
    }

    /// Takes a key and its values out.
    pub fn remove<K>(self, cx: &mut StateContext<'_, K>, key: &M) -> Vec<V> {
        let Some(map) = cx.cell::<Multimap<M, V>>(self.id) else { return Vec::new() };
        let values = map.swap_remove(key);
        if map.is_empty() {
            cx.empty::<Multimap<M, V>>(self.id);
        }
        values.unwrap_or_default()
    }

    /// The keys and their values.
    pub fn iter<'s, K>(
        self,
        cx: &'s StateContext<'_, K>,
    ) -> impl Iterator<Item = (&'s M, &'s [V])> {
        let map = cx.get::<Multimap<M, V>>(self.id).into_iter().flatten();
        map.map(|(key, values)| (key, values.as_slice()))
    }

    /// How many keys.
    pub fn len<K>(self, cx: &StateContext<'_, K>) -> usize {
        cx.get::<Multimap<M, V>>(self.id).map_or(0, Multimap::len)
    }

    /// Whether there are none.
    pub fn is_empty<K>(self, cx: &StateContext<'_, K>) -> bool {
        self.len(cx) == 0
    }

    /// Forgets all.
    pub fn clear<K>(self, cx: &mut StateContext<'_, K>) {
        cx.empty::<Multimap<M, V>>(self.id);
    }
}
