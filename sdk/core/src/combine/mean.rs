//! The arithmetic mean.

use std::num::NonZeroU64;

use watershed_model::{BoxError, fault};

use super::{
    CombineContext, CombineFn, Retract, Summable,
    count::checked_count,
    float_sum::FloatSum,
    halves::Halves,
    rounding::{FloatFormat, round_quotient},
    wide_integer::WideInteger,
};

/// A type whose values have a [`Mean`]: all integers and floats.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` have no mean",
    label = "not a number",
    note = "take the number out first, with .map_values(..) or with Mean.over(|value| ..)"
)]
pub trait Averageable: Summable {
    /// The total divided by the number of values, rounded once.
    fn mean(total: &Self::Accumulator, count: NonZeroU64) -> f64;
}

fn quotient((negative, magnitude): (bool, &[u64]), count: NonZeroU64) -> f64 {
    let mean = round_quotient(magnitude, 0, count, FloatFormat::F64);
    if negative { -mean } else { mean }
}

fn limbs(magnitude: u128) -> [u64; 2] {
    [magnitude as u64, (magnitude >> 64) as u64]
}

macro_rules! averageable {
    ($($type:ty)*: |$total:ident: &$accumulator:ty, $count:ident| $mean:expr) => {
        $(impl Averageable for $type {
            fn mean($total: &$accumulator, $count: NonZeroU64) -> f64 {
                $mean
            }
        })*
    };
}
averageable!(i8 i16 i32 i64 isize: |total: &Halves<i128>, count| {
    let total = total.whole();
    quotient((total < 0, &limbs(total.unsigned_abs())), count)
});
averageable!(u8 u16 u32 u64 usize: |total: &Halves<u128>, count| {
    quotient((false, &limbs(total.whole())), count)
});
averageable!(i128 u128: |total: &WideInteger, count| {
    let (negative, magnitude) = total.magnitude();
    quotient((negative, &magnitude), count)
});
averageable!(f32 f64: |total: &FloatSum, count| total.divided_by(count));

/// The mean of numbers, as `f64`: their exact sum divided by their number, rounded once. (Beam:
/// `Mean`.)
///
/// The mean of nothing is NaN, as in Beam. No total overflows on the way: the mean of any number of
/// `i64::MAX` or of `f64::MAX` is that.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean;

impl<V: Averageable> CombineFn<V> for Mean {
    /// The total and how many values it has.
    type Accumulator = (V::Accumulator, i64);
    type Output = f64;

    fn create(&self, _: &CombineContext<'_>) -> Self::Accumulator {
        (V::Accumulator::default(), 0)
    }
    #[inline]
    fn add(&self, (total, count): &mut Self::Accumulator, value: V, _: &CombineContext<'_>) {
        value.add_to(total);
        *count = count.saturating_add(1);
    }
    fn merge(
        &self,
        (total, count): &mut Self::Accumulator,
        other: Self::Accumulator,
        _: &CombineContext<'_>,
    ) {
        V::merge(total, other.0);
        *count = count.saturating_add(other.1 + i64::from(fault!("merged-means-count-one-more")));
    }
    fn extract(
        &self,
        (total, count): Self::Accumulator,
        _: &CombineContext<'_>,
    ) -> Result<f64, BoxError> {
        Ok(NonZeroU64::new(checked_count(count)?).map_or(f64::NAN, |count| V::mean(&total, count)))
    }
    fn retract(
        &self,
        (total, count): &mut Self::Accumulator,
        value: V,
        _: &CombineContext<'_>,
    ) -> Retract {
        value.take_from(total);
        *count = count.saturating_sub(1);
        Retract::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::{
        decimal::Decimal,
        scatter::{in_order, scattered, scattered_with_retractions},
    };
    use proptest::{collection::vec, prelude::*};

    fn mean<V: Averageable>(values: &[V]) -> f64 {
        in_order(&Mean, values).unwrap()
    }

    #[test]
    fn the_mean_of_large_numbers_is_right() {
        assert_eq!(mean(&[i64::MAX; 1000]), i64::MAX as f64);
        assert_eq!(mean(&[i64::MIN, i64::MIN, i64::MIN]), i64::MIN as f64);
        assert_eq!(mean(&[u64::MAX, u64::MAX]), u64::MAX as f64);
        assert_eq!(mean(&[i128::MIN; 5]), i128::MIN as f64);
        assert_eq!(mean(&[u128::MAX; 7]), u128::MAX as f64);
        assert_eq!(mean(&[f64::MAX; 100]), f64::MAX);
        assert_eq!(mean(&[f32::MAX; 3]), f64::from(f32::MAX));
        // 2^53 + 1 is no float, but the exact sum is judged, not the values.
        assert_eq!(mean(&[(1i64 << 53) + 1, (1 << 53) + 2, (1 << 53) + 3]), 2f64.powi(53) + 2.0);
    }

    #[test]
    fn the_mean_of_nothing_is_not_a_number() {
        assert!(mean::<i32>(&[]).is_nan());
        assert!(mean::<f64>(&[]).is_nan());
    }

    #[test]
    fn subnormal_and_special_means() {
        let least = f64::from_bits(1);
        assert_eq!(mean(&[least, least, 0.0]), least);
        assert_eq!(mean(&[least, 0.0]), 0.0);
        assert_eq!(mean(&[least, least, least, 0.0]), least);
        assert_eq!(mean(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(mean(&[f64::INFINITY, -f64::INFINITY]).to_bits(), f64::NAN.to_bits());
    }

    fn expected(values: impl Iterator<Item = Decimal> + Clone) -> f64 {
        let count = values.clone().count() as u64;
        Decimal::sum(values).divided_by(count).parse().unwrap()
    }

    proptest! {
        #[test]
        fn floats_have_the_nearest_of_the_exact_mean(
            values in vec(any::<f64>().prop_filter("finite", |x| x.is_finite()), 1..20),
            small in vec(-1f64..1.0, 1..20),
            seed: u64,
        ) {
            for values in [values, small] {
                let expected = expected(values.iter().map(|x| Decimal::of(*x)));
                let mean = scattered(&Mean, &values, seed).unwrap();
                prop_assert_eq!(mean.to_bits(), expected.to_bits());
            }
        }

        #[test]
        fn integers_have_the_nearest_of_the_exact_mean(
            values in vec(any::<i64>(), 1..20),
            wide in vec(any::<u128>(), 1..20),
            seed: u64,
        ) {
            let near = expected(values.iter().map(|v| Decimal::parse(&v.to_string())));
            prop_assert_eq!(scattered(&Mean, &values, seed).unwrap(), near);
            let near = expected(wide.iter().map(|v| Decimal::parse(&v.to_string())));
            prop_assert_eq!(scattered(&Mean, &wide, seed).unwrap(), near);
        }

        #[test]
        fn what_is_taken_back_leaves_no_trace(
            values in vec(any::<i32>(), 1..8),
            gone in vec(any::<i32>(), 0..8),
            seed: u64,
        ) {
            let left = scattered_with_retractions(&Mean, &values, &gone, seed);
            let total: i128 = values.iter().map(|v| i128::from(*v)).sum();
            prop_assert_eq!((left.0.whole(), left.1), (total, values.len() as i64));
        }
    }
}
