//! A few of many values, chosen by chance that can be repeated.

use std::cmp::Ordering;

use watershed_model::{BoxError, Element};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{
    CombineContext, CombineFn, best,
    value_bytes::{compare_bytes, with_bytes},
};

/// A uniform sample of `n` values, without replacement; all of them if there are fewer. (Beam:
/// `Sample.fixedSizeGlobally` and `fixedSizePerKey`.)
///
/// It takes those whose bytes have the least hashes under a seed, so which ones it takes depends on
/// the values and the seed alone. The result is in the order of the hashes, which is a random one.
///
/// **Equal values stand and fall together**: their hash is one. Each is an element of its own, so a
/// sample of 10 of the throws of a die is most likely ten times one number. Where values repeat,
/// sample what does not (the records, with their ids or times), and take the value out afterwards.
/// For the same reason the same value is as likely taken for one key as it is taken for another.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    n: usize,
    seed: u64,
}

impl Sample {
    /// A sample of `n` values, with the seed 0.
    pub fn of(n: usize) -> Sample {
        Sample { n, seed: 0 }
    }

    /// With another seed, which gives another sample.
    #[must_use]
    pub fn seed(self, seed: u64) -> Sample {
        Sample { seed, ..self }
    }
}

fn by_hash<V: Element>(a: &(u64, V), b: &(u64, V)) -> Ordering {
    a.0.cmp(&b.0).then_with(|| compare_bytes(&a.1, &b.1))
}

impl<V: Element> CombineFn<V> for Sample {
    /// The values that are kept, each with its hash: at most `n`.
    type Accumulator = Vec<(u64, V)>;
    type Output = Vec<V>;

    fn create(&self, _: &CombineContext<'_>) -> Self::Accumulator {
        Vec::new()
    }
    fn add(&self, kept: &mut Self::Accumulator, value: V, _: &CombineContext<'_>) {
        let hash = with_bytes(&value, |bytes| xxh3_64_with_seed(bytes, self.seed));
        best::keep(kept, self.n, (hash, value), by_hash);
    }
    fn merge(
        &self,
        kept: &mut Self::Accumulator,
        other: Self::Accumulator,
        _: &CombineContext<'_>,
    ) {
        other.into_iter().for_each(|hashed| best::keep(kept, self.n, hashed, by_hash));
    }
    fn extract(&self, kept: Self::Accumulator, _: &CombineContext<'_>) -> Result<Vec<V>, BoxError> {
        Ok(best::sorted(kept, by_hash).into_iter().map(|(_, value)| value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::{bytes_of, in_order, scattered, scattered_with_retractions};
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn a_seed_chooses_the_sample() {
        let values: Vec<u32> = (0..1000).collect();
        let one = in_order(&Sample::of(10), &values).unwrap();
        assert_eq!(one, in_order(&Sample::of(10).seed(0), &values).unwrap());
        assert_ne!(one, in_order(&Sample::of(10).seed(1), &values).unwrap());
    }

    #[test]
    fn every_value_is_as_likely_as_every_other() {
        let values: Vec<u16> = (0..100).collect();
        let mut taken = [0u32; 100];
        for seed in 0..5000 {
            for value in in_order(&Sample::of(10).seed(seed), &values).unwrap() {
                taken[usize::from(value)] += 1;
            }
        }
        // 500 each are expected; 5 standard deviations are 106.
        assert!(taken.iter().all(|times| (394..=606).contains(times)), "{taken:?}");
    }

    #[test]
    fn the_hash_is_fixed_so_that_a_later_build_takes_the_same() {
        let values: Vec<u32> = (0..1000).collect();
        assert_eq!(in_order(&Sample::of(3).seed(7), &values).unwrap(), [98, 6, 739]);
    }

    #[test]
    fn values_that_share_a_hash_are_ordered_by_their_bytes() {
        assert_eq!(by_hash(&(7, 256u16), &(7, 1)), Ordering::Less);
        assert_eq!(by_hash(&(7, 256u16), &(6, 1)), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn it_takes_the_least_hashes(
            mut values in vec(any::<u8>(), 0..40),
            n in 0..8usize,
            seed: u64,
        ) {
            let sample = scattered(&Sample::of(n).seed(seed), &values, seed).unwrap();
            let kept = scattered_with_retractions(&Sample::of(n).seed(seed), &values, &[], !seed);
            prop_assert!(kept.len() <= n);
            values.sort_by_key(|value| (xxh3_64_with_seed(&bytes_of(value), seed), *value));
            values.truncate(n);
            prop_assert_eq!(sample, values);
        }
    }
}
