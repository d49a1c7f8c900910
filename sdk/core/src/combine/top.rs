//! The n values that rank first.

use std::cmp::Ordering;

use watershed_model::{BoxError, Element};

use super::{CombineContext, CombineFn, Max, MaxBy, Min, Ranking, best};

/// The first `n` values by a ranking, the first one first; all of them if there are fewer. (Beam:
/// `Top`.)
///
/// An accumulator holds at most `n` values. Ties are broken as in [`Ranking`]; equal values each
/// take a place.
#[derive(Clone, Copy, Debug)]
pub struct Top<R> {
    n: usize,
    ranking: R,
}

impl Top<Max> {
    /// The `n` largest, the largest first.
    pub fn largest(n: usize) -> Top<Max> {
        Top { n, ranking: Max }
    }
}

impl Top<Min> {
    /// The `n` smallest, the smallest first.
    pub fn smallest(n: usize) -> Top<Min> {
        Top { n, ranking: Min }
    }
}

impl<F> Top<MaxBy<F>> {
    /// The `n` greatest by a comparison, the greatest first. It must be a total order but may call
    /// different values equal.
    pub fn by<V>(n: usize, compare: F) -> Top<MaxBy<F>>
    where
        F: Fn(&V, &V) -> Ordering + Clone + Send + Sync + 'static,
    {
        Top { n, ranking: Max::by(compare) }
    }
}

impl<V: Element, R: Ranking<V>> CombineFn<V> for Top<R> {
    type Accumulator = Vec<V>;
    type Output = Vec<V>;

    fn create(&self, _: &CombineContext<'_>) -> Vec<V> {
        Vec::new()
    }
    fn add(&self, kept: &mut Vec<V>, value: V, _: &CombineContext<'_>) {
        best::keep(kept, self.n, value, |a, b| self.ranking.rank(a, b));
    }
    fn merge(&self, kept: &mut Vec<V>, other: Vec<V>, cx: &CombineContext<'_>) {
        other.into_iter().for_each(|value| self.add(kept, value, cx));
    }
    fn extract(&self, kept: Vec<V>, _: &CombineContext<'_>) -> Result<Vec<V>, BoxError> {
        Ok(best::sorted(kept, |a, b| self.ranking.rank(a, b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::{bytes_of, in_order, scattered, scattered_with_retractions};
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn the_best_come_first_and_equals_each_take_a_place() {
        let values = [3, 9, 1, 9, 4];
        assert_eq!(in_order(&Top::largest(3), &values).unwrap(), [9, 9, 4]);
        assert_eq!(in_order(&Top::smallest(2), &values).unwrap(), [1, 3]);
        assert_eq!(in_order(&Top::largest(10), &values).unwrap(), [9, 9, 4, 3, 1]);
        assert!(in_order(&Top::largest(0), &values).unwrap().is_empty());
        assert!(in_order::<u8, _>(&Top::largest(3), &[]).unwrap().is_empty());
    }

    #[test]
    fn nan_and_zero_have_their_places() {
        let values = [0.0, f64::NAN, -0.0, 1.0];
        let bits: Vec<u64> =
            in_order(&Top::smallest(4), &values).unwrap().into_iter().map(f64::to_bits).collect();
        assert_eq!(bits, [-0.0, 0.0, 1.0, f64::NAN].map(f64::to_bits));
    }

    proptest! {
        #[test]
        fn the_largest_and_smallest_are_the_ends_of_the_sorted(
            mut values in vec(any::<i8>(), 0..40),
            n in 0..8usize,
            seed: u64,
        ) {
            let largest = scattered(&Top::largest(n), &values, seed).unwrap();
            let smallest = scattered(&Top::smallest(n), &values, seed).unwrap();
            let kept = scattered_with_retractions(&Top::largest(n), &values, &[], seed);
            prop_assert!(kept.len() <= n);
            values.sort();
            prop_assert_eq!(smallest, &values[..n.min(values.len())]);
            values.reverse();
            prop_assert_eq!(largest, &values[..n.min(values.len())]);
        }

        #[test]
        fn ties_are_broken_by_bytes(
            mut values in vec((0..3u8, any::<u16>()), 0..30),
            n in 0..8usize,
            seed: u64,
        ) {
            let by_rank = |a: &(u8, u16), b: &(u8, u16)| a.0.cmp(&b.0);
            let top = scattered(&Top::by(n, by_rank), &values, seed).unwrap();
            values.sort_by_key(|value| (std::cmp::Reverse(value.0), bytes_of(value)));
            values.truncate(n);
            prop_assert_eq!(top, values);
        }
    }
}
