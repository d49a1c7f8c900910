//! Values, equal ones too.

use watershed_model::Element;

use super::handle;
use crate::StateContext;

handle!(
    /// Values in no promised order, equal ones too. (Beam: `BagState`.)
    BagState<T>
);

impl<T: Element> BagState<T> {
    /// Adds a value.
    #[inline]
    pub fn add<K>(self, cx: &mut StateContext<'_, K>, value: T) {
        cx.cell::<Vec<T>>(self.id).get_or_insert_default().push(value);
    }

    /// The values.
    pub fn iter<'s, K>(self, cx: &'s StateContext<'_, K>) -> impl Iterator<Item = &'s T> {
        cx.get::<Vec<T>>(self.id).into_iter().flatten()
    }

    /// How many values.
    pub fn len<K>(self, cx: &StateContext<'_, K>) -> usize {
        cx.get::<Vec<T>>(self.id).map_or(0, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty<K>(self, cx: &StateContext<'_, K>) -> bool {
        self.len(cx) == 0
    }

    /// Takes all values out.
    pub fn take<K>(self, cx: &mut StateContext<'_, K>) -> Vec<T> {
        cx.empty(self.id).unwrap_or_default()
    }

    /// Forgets all values.
    pub fn clear<K>(self, cx: &mut StateContext<'_, K>) {
        cx.empty::<Vec<T>>(self.id);
    }
}
