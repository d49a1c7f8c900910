//! The values of each group in order.

use std::cmp::Ordering;

use watershed_model::{Element, Location, Primitive, fault};

use crate::{
    Func, Group, PCollection,
    combine::{Ordered, compare_bytes},
    element_wise::mapping,
};

/// Elements that are groups: `(K, Group<V>)`, as [`group_by_key`](PCollection::group_by_key) gives them.
#[diagnostic::on_unimplemented(
    message = "elements of type `{Self}` are not groups",
    label = "needs elements that are groups: (key, Group<V>)",
    note = "gather the values of each key first, with .group_by_key()"
)]
pub trait Grouped<K, V>: sealed::Group {}
impl<K, V> Grouped<K, V> for (K, Group<V>) {}

mod sealed {
    pub trait Group {}
    impl<K, V> Group for (K, crate::Group<V>) {}
}

impl<T: Element> PCollection<T> {
    /// The values of each group in ascending order, as a vector. (Beam: `SortValues`.)
    ///
    /// Values that the order calls equal stand in the order of their encoded bytes, so that the result is the
    /// same however the group came about. A group must fit into memory. Panes are sorted one by one.
    ///
    /// ```
    /// use watershed_core::Pipeline;
    ///
    /// let pipeline = Pipeline::new();
    /// let scores = pipeline.create([("ada", 3), ("bob", 1), ("ada", 2)].map(|(name, n)| (name.to_string(), n)));
    /// scores.group_by_key().sort_values().for_each(|(name, rising)| println!("{name}: {rising:?}"));
    /// ```
    #[track_caller]
    pub fn sort_values<K: Element, V: Element + Ordered>(&self) -> PCollection<(K, Vec<V>)>
    where
        T: Grouped<K, V>,
    {
        self.sorted(Location::caller(), in_order)
    }

    /// The values of each group in ascending order of what `by` makes of each: a secondary key, such as the
    /// time of a reading. It is called once a value; else as [`sort_values`](Self::sort_values). For the
    /// descending order let it give a [`Reverse`](std::cmp::Reverse).
    #[track_caller]
    pub fn sort_values_by<K: Element, V: Element, O: Ordered>(
        &self,
        by: impl Fn(&V) -> O + Func,
    ) -> PCollection<(K, Vec<V>)>
    where
        T: Grouped<K, V>,
    {
        self.sorted(Location::caller(), move |values| in_order_of(values, &by))
    }

    /// `Grouped` is sealed, so `T` is `(K, Group<V>)`.
    fn sorted<K: Element, V: Element>(
        &self,
        location: Location,
        sort: impl Fn(Vec<V>) -> Vec<V> + Func,
    ) -> PCollection<(K, Vec<V>)>
    where
        T: Grouped<K, V>,
    {
        let sorted = mapping(move |(key, group): (K, Group<V>)| (key, sort(group.into_vec())));
        self.pipeline().add_step("SortValues", location, Primitive::ParDo(sorted), self.id())
    }
}

fn in_order<V: Element + Ordered>(mut values: Vec<V>) -> Vec<V> {
    if !fault!("values-stay-as-they-came") {
        values.sort_unstable_by(|a, b| match a.order(b) {
            Ordering::Equal if !V::EQUAL_IS_SAME => compare_bytes(a, b),
            order => order,
        });
    }
    values
}

fn in_order_of<V: Element, O: Ordered>(values: Vec<V>, by: &impl Fn(&V) -> O) -> Vec<V> {
    let mut ranked: Vec<(O, V)> = values.into_iter().map(|value| (by(&value), value)).collect();
    ranked.sort_unstable_by(|(a, first), (b, second)| {
        let order = if fault!("secondary-keys-are-ignored") { Ordering::Equal } else { a.order(b) };
        order.then_with(|| compare_bytes(first, second))
    });
    ranked.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use std::cmp::Reverse;

    #[test]
    fn floats_are_sorted_down_to_the_sign_of_zero() {
        let sorted = in_order(vec![f64::NAN, 0.0, f64::INFINITY, -0.0, -1.0]);
        let bits = [-1.0, -0.0, 0.0, f64::INFINITY, f64::NAN].map(f64::to_bits);
        assert_eq!(sorted.into_iter().map(f64::to_bits).collect::<Vec<_>>(), bits);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_show(values in vec((0..4u8, 0..600u16), 0..40)) {
            let rise = |value: &(u8, u16)| value.0;
            let fall = |value: &(u8, u16)| Reverse(value.0);
            let backwards: Vec<_> = values.iter().rev().copied().collect();
            let rising = in_order_of(values.clone(), &rise);
            prop_assert!(rising.is_sorted_by_key(|value| value.0));
            prop_assert_eq!(&rising, &in_order_of(backwards.clone(), &rise));
            let falling = in_order_of(values.clone(), &fall);
            prop_assert!(falling.is_sorted_by_key(fall));
            prop_assert_eq!(falling, in_order_of(backwards.clone(), &fall));
            let mut expected = values;
            expected.sort();
            prop_assert_eq!(in_order(backwards), expected);
        }
    }
}
