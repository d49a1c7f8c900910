//! Combiners made of closures.

use watershed_model::{BoxError, Element};

use super::{CombineContext, CombineFn};

/// A combiner of an identity and three closures; see [`combine_with`].
#[derive(Clone, Copy, Debug)]
pub struct FoldFn<A, Add, Merge, Extract> {
    identity: A,
    add: Add,
    merge: Merge,
    extract: Extract,
}

/// A combiner out of closures: what nothing gives, how a value is added, how two accumulators are
/// merged, and the result.
///
/// Adding and merging must be associative and commutative: values come in any order and are cut
/// anywhere. State the type of the value, which the compiler can't know yet where it reads the
/// closure:
///
/// ```
/// use std::collections::BTreeSet;
/// use watershed_core::combine::combine_with;
///
/// let distinct_words = combine_with(
///     BTreeSet::new(),
///     |seen, word: String| {
///         seen.insert(word);
///     },
///     |seen, other| seen.extend(other),
///     |seen| seen.len() as u64,
/// );
/// # fn combines_words<C: watershed_core::combine::CombineFn<String, Output = u64>>(_: C) {}
/// # combines_words(distinct_words);
/// ```
///
/// Where a closure is not enough (an error in the result, values that can be taken back) implement
/// [`CombineFn`].
pub fn combine_with<V, A, O, Add, Merge, Extract>(
    identity: A,
    add: Add,
    merge: Merge,
    extract: Extract,
) -> FoldFn<A, Add, Merge, Extract>
where
    Add: Fn(&mut A, V) + Clone + Send + Sync + 'static,
    Merge: Fn(&mut A, A) + Clone + Send + Sync + 'static,
    Extract: Fn(A) -> O + Clone + Send + Sync + 'static,
{
    FoldFn { identity, add, merge, extract }
}

impl<V, A, O, Add, Merge, Extract> CombineFn<V> for FoldFn<A, Add, Merge, Extract>
where
    A: Element,
    O: Element,
    Add: Fn(&mut A, V) + Clone + Send + Sync + 'static,
    Merge: Fn(&mut A, A) + Clone + Send + Sync + 'static,
    Extract: Fn(A) -> O + Clone + Send + Sync + 'static,
{
    type Accumulator = A;
    type Output = O;

    fn create(&self, _: &CombineContext<'_>) -> A {
        self.identity.clone()
    }
    #[inline]
    fn add(&self, accumulator: &mut A, value: V, _: &CombineContext<'_>) {
        (self.add)(accumulator, value);
    }
    fn merge(&self, accumulator: &mut A, other: A, _: &CombineContext<'_>) {
        (self.merge)(accumulator, other);
    }
    fn extract(&self, accumulator: A, _: &CombineContext<'_>) -> Result<O, BoxError> {
        Ok((self.extract)(accumulator))
    }
}

/// A combiner that makes one value of two; see [`reduce`].
#[derive(Clone, Copy, Debug)]
pub struct Reduce<F>(F);

/// A combiner that makes one value of two, until one is left; `None` of nothing. The closure must
/// be associative and commutative.
pub fn reduce<V, F>(combine: F) -> Reduce<F>
where
    F: Fn(V, V) -> V + Clone + Send + Sync + 'static,
{
    Reduce(combine)
}

impl<V, F> CombineFn<V> for Reduce<F>
where
    V: Element,
    F: Fn(V, V) -> V + Clone + Send + Sync + 'static,
{
    type Accumulator = Option<V>;
    type Output = Option<V>;

    fn create(&self, _: &CombineContext<'_>) -> Option<V> {
        None
    }
    #[inline]
    fn add(&self, accumulator: &mut Option<V>, value: V, _: &CombineContext<'_>) {
        *accumulator = Some(match accumulator.take() {
            Some(before) => (self.0)(before, value),
            None => value,
        });
    }
    fn merge(&self, accumulator: &mut Option<V>, other: Option<V>, cx: &CombineContext<'_>) {
        if let Some(value) = other {
            self.add(accumulator, value, cx);
        }
    }
    fn extract(
        &self,
        accumulator: Option<V>,
        _: &CombineContext<'_>,
    ) -> Result<Option<V>, BoxError> {
        Ok(accumulator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::{in_order, scattered};
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn nothing_reduces_to_nothing_and_folds_to_the_identity() {
        assert_eq!(in_order(&reduce(|a: u8, b: u8| a | b), &[]).unwrap(), None);
        let all = combine_with(true, |all, b: bool| *all &= b, |all, b| *all &= b, |all| all);
        assert!(in_order(&all, &[]).unwrap());
        assert!(!in_order(&all, &[true, false]).unwrap());
    }

    proptest! {
        #[test]
        fn closures_are_asked_once_for_each_value(values in vec(any::<u64>(), 0..20), seed: u64) {
            let xor = values.iter().copied().reduce(|a, b| a ^ b);
            let reduced = scattered(&reduce(|a: u64, b: u64| a ^ b), &values, seed).unwrap();
            prop_assert_eq!(reduced, xor);
            let product_and_count = combine_with(
                (1u64, 0u32),
                |(product, count), value: u64| {
                    *product = product.wrapping_mul(value);
                    *count += 1;
                },
                |(product, count), other| {
                    *product = product.wrapping_mul(other.0);
                    *count += other.1;
                },
                |(product, count)| format!("{product} of {count}"),
            );
            let product = values.iter().fold(1, |a: u64, b| a.wrapping_mul(*b));
            let expected = format!("{product} of {}", values.len());
            prop_assert_eq!(scattered(&product_and_count, &values, seed).unwrap(), expected);
        }
    }
}
