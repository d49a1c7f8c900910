//! Values in the order of their event times.

use std::{collections::BTreeMap, ops::RangeBounds};

use watershed_model::{Element, Timestamp};

use super::handle;
use crate::StateContext;

pub(in crate::stateful) type List<T> = BTreeMap<Timestamp, Vec<T>>;

handle!(
    /// Values in the order of event times that were given with them; at one time, in the order in which they
    /// were added. (Beam: `OrderedListState`.)
    OrderedListState<T>
);

impl<T: Element> OrderedListState<T> {
    /// Adds a value with its time.
    pub fn add<K>(self, cx: &mut StateContext<'_, K>, at: Timestamp, value: T) {
        cx.cell::<List<T>>(self.id).get_or_insert_default().entry(at).or_default().push(value);
    }

    /// The values of a range of times, each with its time.
    pub fn range<'s, K>(
        self,
        cx: &'s StateContext<'_, K>,
        times: impl RangeBounds<Timestamp>,
    ) -> impl Iterator<Item = (Timestamp, &'s T)> {
        let list = cx.get::<List<T>>(self.id);
        let of_range = list.into_iter().flat_map(move |list| {
            list.range((times.start_bound().cloned(), times.end_bound().cloned()))
        });
        of_range.flat_map(|(at, values)| values.iter().map(move |value| (*at, value)))
    }

    /// All values, each with its time.
    pub fn iter<'s, K>(
        self,
        cx: &'s StateContext<'_, K>,
    ) -> impl Iterator<Item = (Timestamp, &'s T)> {
        self.range(cx, ..)
    }

    /// Takes the values of a range of times out.
    pub fn take_range<K>(
        self,
        cx: &mut StateContext<'_, K>,
        times: impl RangeBounds<Timestamp>,
    ) -> Vec<(Timestamp, T)> {
        let Some(list) = cx.cell::<List<T>>(self.id) else { return Vec::new() };
        let bounds = (times.start_bound().cloned(), times.end_bound().cloned());
        let keys: Vec<Timestamp> = list.range(bounds).map(|(at, _)| *at).collect();
        let taken = keys.into_iter().filter_map(|at| Some((at, list.remove(&at)?)));
        let taken = taken.flat_map(|(at, values)| values.into_iter().map(move |value| (at, value)));
        let taken = taken.collect();
        if list.is_empty() {
            cx.empty::<List<T>>(self.id);
        }
        taken
    }

    /// Whether there are no values.
    pub fn is_empty<K>(self, cx: &StateContext<'_, K>) -> bool {
        cx.get::<List<T>>(self.id).is_none_or(List::is_empty)
    }

    /// Forgets all values.
    pub fn clear<K>(self, cx: &mut StateContext<'_, K>) {
        cx.empty::<List<T>>(self.id);
    }
}
