//! One value.

use watershed_model::Element;

use super::handle;
use crate::StateContext;

handle!(
    /// A value, or none. (Beam: `ValueState`.)
    ValueState<T>
);

impl<T: Element> ValueState<T> {
    /// The value, if one was set.
    #[inline]
    pub fn get<'s, K>(self, cx: &'s StateContext<'_, K>) -> Option<&'s T> {
        cx.get(self.id)
    }

    /// Sets the value.
    #[inline]
    pub fn set<K>(self, cx: &mut StateContext<'_, K>, value: T) {
        *cx.cell(self.id) = Some(value);
    }

    /// The value, to be changed where it is; `make` gives it if there is none.
    #[inline]
    pub fn get_or_insert_with<'s, K>(
        self,
        cx: &'s mut StateContext<'_, K>,
        make: impl FnOnce() -> T,
    ) -> &'s mut T {
        cx.cell(self.id).get_or_insert_with(make)
    }

    /// The value, to be changed where it is; the type's default if there is none.
    #[inline]
    pub fn get_or_default<'s, K>(self, cx: &'s mut StateContext<'_, K>) -> &'s mut T
    where
        T: Default,
    {
        self.get_or_insert_with(cx, T::default)
    }

    /// Takes the value out.
    pub fn take<K>(self, cx: &mut StateContext<'_, K>) -> Option<T> {
        cx.empty(self.id)
    }

    /// Forgets the value.
    pub fn clear<K>(self, cx: &mut StateContext<'_, K>) {
        cx.empty::<T>(self.id);
    }
}
