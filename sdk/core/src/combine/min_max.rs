//! The least and the greatest value.

use std::cmp::Ordering;

use watershed_model::{BoxError, Element};

use super::{CombineContext, CombineFn, Ordered, Ranking, value_bytes::compare_bytes};

/// The least value, by its [`Ordered`]; `None` of nothing. (Beam: `Min`.)
///
/// Of values that the order calls equal, the one with the lesser encoded bytes, here as in [`Max`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Min;

/// The greatest value, by its [`Ordered`]; `None` of nothing. (Beam: `Max`.)
///
/// Of values that the order calls equal, the one with the lesser encoded bytes, here as in [`Min`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Max;

/// The least value by a comparison. See [`Min::by`].
#[derive(Clone, Copy, Debug)]
pub struct MinBy<F>(F);

/// The greatest value by a comparison. See [`Max::by`].
#[derive(Clone, Copy, Debug)]
pub struct MaxBy<F>(F);

impl Min {
    /// The least value by a comparison, which must be a total order but may call different values
    /// equal.
    pub fn by<V, F>(compare: F) -> MinBy<F>
    where
        F: Fn(&V, &V) -> Ordering + Clone + Send + Sync + 'static,
    {
        MinBy(compare)
    }
}

impl Max {
    /// The greatest value by a comparison, which must be a total order but may call different
    /// values equal.
    pub fn by<V, F>(compare: F) -> MaxBy<F>
    where
        F: Fn(&V, &V) -> Ordering + Clone + Send + Sync + 'static,
    {
        MaxBy(compare)
    }
}

/// The combiners that keep the value that ranks first; each with how it ranks.
macro_rules! keep_the_first {
    ($([$($generics:tt)*] $combiner:ty: |$this:ident, $a:ident, $b:ident| $rank:expr;)*) => {$(
        impl<$($generics)*> Ranking<V> for $combiner {
            #[inline]
            fn rank(&self, $a: &V, $b: &V) -> Ordering {
                let $this = self;
                $rank
            }
        }

        impl<$($generics)*> CombineFn<V> for $combiner {
            type Accumulator = Option<V>;
            type Output = Option<V>;

            fn create(&self, _: &CombineContext<'_>) -> Option<V> {
                None
            }
            #[inline]
            fn add(&self, first: &mut Option<V>, value: V, _: &CombineContext<'_>) {
                let is_first = |first: &V| self.rank(&value, first) == Ordering::Less;
                if first.as_ref().is_none_or(is_first) {
                    *first = Some(value);
                }
            }
            fn merge(&self, first: &mut Option<V>, other: Option<V>, cx: &CombineContext<'_>) {
                if let Some(value) = other {
                    self.add(first, value, cx);
                }
            }
            fn extract(
                &self,
                first: Option<V>,
                _: &CombineContext<'_>,
            ) -> Result<Option<V>, BoxError> {
                Ok(first)
            }
        }
    )*};
}
keep_the_first! {
    [V: Element + Ordered] Min: |_this, a, b| unless_same(a.order(b), a, b);
    [V: Element + Ordered] Max: |_this, a, b| unless_same(b.order(a), a, b);
    [V: Element, F: Fn(&V, &V) -> Ordering + Clone + Send + Sync + 'static] MinBy<F>:
        |this, a, b| (this.0)(a, b).then_with(|| compare_bytes(a, b));
    [V: Element, F: Fn(&V, &V) -> Ordering + Clone + Send + Sync + 'static] MaxBy<F>:
        |this, a, b| (this.0)(b, a).then_with(|| compare_bytes(a, b));
}

/// The order, with a tie broken by the bytes if there can be one.
#[inline]
fn unless_same<V: Element + Ordered>(order: Ordering, a: &V, b: &V) -> Ordering {
    match order {
        Ordering::Equal if !V::EQUAL_IS_SAME => compare_bytes(a, b),
        order => order,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::{bytes_of, in_order, scattered};
    use proptest::{collection::vec, prelude::*};
    use serde::{Deserialize, Serialize};

    #[test]
    fn floats_have_a_least_and_a_greatest_too() {
        let values = [0.0, -0.0, f64::NAN, 1.0, f64::INFINITY];
        assert_eq!(in_order(&Min, &values).unwrap().map(f64::to_bits), Some((-0.0f64).to_bits()));
        assert!(in_order(&Max, &values).unwrap().unwrap().is_nan());
        assert_eq!(in_order(&Max, &[-0.0, 0.0]).unwrap().map(f64::to_bits), Some(0));
        assert_eq!(in_order::<f32, _>(&Min, &[]).unwrap(), None);
    }

    #[test]
    fn ties_go_to_the_lesser_bytes_for_both() {
        let by_length = |a: &String, b: &String| a.len().cmp(&b.len());
        let words = ["ccc", "bbb", "a", "z", "aaa"].map(String::from);
        assert_eq!(in_order(&Max::by(by_length), &words).unwrap().as_deref(), Some("aaa"));
        assert_eq!(in_order(&Min::by(by_length), &words).unwrap().as_deref(), Some("a"));
    }

    /// A type whose order looks at a part of it only.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Play {
        team: String,
        points: u8,
    }
    impl Ordered for Play {
        fn order(&self, other: &Self) -> Ordering {
            self.points.cmp(&other.points)
        }
    }

    #[test]
    fn a_loose_order_of_a_type_is_tied_by_bytes_too() {
        let play = |team: &str, points| Play { team: team.into(), points };
        let plays = [play("red", 3), play("blu", 3), play("tan", 1), play("sky", 1)];
        assert_eq!(in_order(&Max, &plays).unwrap(), Some(play("blu", 3)));
        assert_eq!(in_order(&Min, &plays).unwrap(), Some(play("sky", 1)));
    }

    proptest! {
        #[test]
        fn they_are_the_ends_of_the_sorted_values(
            values in vec(any::<(i8, f32)>(), 0..12),
            seed: u64,
        ) {
            let mut sorted = values.clone();
            sorted.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let bits = |value: Option<(i8, f32)>| value.map(|(a, b)| (a, b.to_bits()));
            let ends = (bits(sorted.first().copied()), bits(sorted.last().copied()));
            let least = bits(scattered(&Min, &values, seed).unwrap());
            let greatest = bits(scattered(&Max, &values, seed).unwrap());
            prop_assert_eq!((least, greatest), ends);
        }

        #[test]
        fn ties_do_not_show_the_order(values in vec((0..3u8, any::<u16>()), 1..12), seed: u64) {
            let by_rank = |a: &(u8, u16), b: &(u8, u16)| a.0.cmp(&b.0);
            let best = |rank: u8| {
                let equals = values.iter().filter(|value| value.0 == rank);
                equals.min_by_key(|value| bytes_of(*value)).copied()
            };
            let (low, high) = (values.iter().map(|v| v.0).min(), values.iter().map(|v| v.0).max());
            let least = scattered(&Min::by(by_rank), &values, seed).unwrap();
            prop_assert_eq!(least, best(low.unwrap()));
            let greatest = scattered(&Max::by(by_rank), &values, seed).unwrap();
            prop_assert_eq!(greatest, best(high.unwrap()));
        }
    }
}
