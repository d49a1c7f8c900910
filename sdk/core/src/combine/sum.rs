//! The sum.

use watershed_model::BoxError;

use super::{CombineContext, CombineFn, Retract, Summable};

/// Adds values up. (Beam: `Sum`.)
///
/// - *Integers* are added in a wider type, so that only the total counts: it is an error if the
///   values' type cannot hold it, and no error if a part of them would overflow.
/// - *Floats* are added exactly and rounded once, to the nearest. Infinities and NaN do as in
///   IEEE 754: any NaN, or infinities of both signs, give NaN (always the same one); a total beyond
///   the largest float is infinite, which is no error.
///
/// The sum of nothing is 0. A total of zero is +0.0, even of −0.0 alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum;

impl<V: Summable> CombineFn<V> for Sum {
    type Accumulator = V::Accumulator;
    type Output = V;

    fn create(&self, _: &CombineContext<'_>) -> V::Accumulator {
        V::Accumulator::default()
    }
    #[inline]
    fn add(&self, total: &mut V::Accumulator, value: V, _: &CombineContext<'_>) {
        value.add_to(total);
    }
    fn merge(&self, total: &mut V::Accumulator, other: V::Accumulator, _: &CombineContext<'_>) {
        V::merge(total, other);
    }
    fn extract(&self, total: V::Accumulator, _: &CombineContext<'_>) -> Result<V, BoxError> {
        V::from_total(total)
    }
    fn retract(&self, total: &mut V::Accumulator, value: V, _: &CombineContext<'_>) -> Retract {
        value.take_from(total);
        Retract::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::{
        decimal::Decimal,
        scatter::{bytes_of, in_order, scattered, scattered_with_retractions},
    };
    use proptest::{collection::vec, prelude::*};

    fn sum<V: Summable>(values: &[V]) -> V {
        in_order(&Sum, values).unwrap()
    }
    fn error<V: Summable + std::fmt::Debug>(values: &[V]) -> String {
        in_order(&Sum, values).unwrap_err().to_string()
    }

    #[test]
    fn an_overflow_is_judged_at_the_end() {
        assert_eq!(sum(&[i64::MAX, i64::MAX, -i64::MAX]), i64::MAX);
        assert_eq!(sum(&[i64::MIN, -1, 1]), i64::MIN);
        assert_eq!(sum(&[100i8, 100, -100]), 100);
        assert_eq!(sum(&[u128::MAX, 0]), u128::MAX);
        assert_eq!(sum(&[i128::MAX, i128::MAX, -i128::MAX]), i128::MAX);
        assert_eq!(sum::<usize>(&[]), 0);
    }

    #[test]
    fn an_overflow_says_how_much_it_is_and_what_to_do() {
        assert_eq!(
            error(&[i64::MAX, 1]),
            "the sum overflows i64: it is 9223372036854775808 \
             (widen the values first, .map_values(i128::from) say)"
        );
        assert_eq!(
            error(&[200u8, 200]),
            "the sum overflows u8: it is 400 (widen the values first, .map_values(u64::from) say)"
        );
        assert_eq!(
            error(&[i128::MIN, -1]),
            "the sum overflows i128: it is -170141183460469231731687303715884105729 \
             (no integer is wider: sum floats instead, .map_values(|n| n as f64) say)"
        );
        assert!(
            error(&[u128::MAX, 1]).contains("u128: it is 340282366920938463463374607431768211456")
        );
        assert!(error(&[isize::MIN, -1]).contains("|n| n as i128"));
    }

    #[test]
    fn floats_lose_nothing_on_the_way() {
        assert_eq!(sum(&[1e308, 1e308, -1e308]), 1e308);
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[f64::from_bits(1); 3]), f64::from_bits(3));
        assert_eq!(sum(&[f64::MAX, f64::from_bits(1), -f64::MAX]), f64::from_bits(1));
        assert_eq!(sum(&[f64::MIN_POSITIVE, -f64::from_bits(1)]), f64::from_bits((1 << 52) - 1));
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        // Half a unit in the last place above the largest float is where infinity begins.
        assert_eq!(sum(&[f64::MAX, 2f64.powi(970), -f64::from_bits(1)]), f64::MAX);
        assert_eq!(sum(&[-f64::MAX, -2f64.powi(970)]), f64::NEG_INFINITY);
    }

    #[test]
    fn f32_is_rounded_once() {
        // Through f64 the last value would be lost first, and the tie then go to the even side.
        let values = [1.0f32, 2f32.powi(-24), 2f32.powi(-90)];
        assert_eq!((1.0f64 + 2f64.powi(-24) + 2f64.powi(-90)) as f32, 1.0);
        assert_eq!(sum(&values), 1.0 + f32::EPSILON);
        assert_eq!(sum(&[f32::MAX, f32::MAX, -f32::MAX]), f32::MAX);
        assert_eq!(sum(&[f32::MAX, f32::MAX]), f32::INFINITY);
        assert_eq!(sum(&[f32::from_bits(1), f32::from_bits(1)]), f32::from_bits(2));
    }

    #[test]
    fn what_is_not_finite_follows_the_standard() {
        const INF: f64 = f64::INFINITY;
        assert_eq!(sum(&[INF, -1e308]), INF);
        assert_eq!(sum(&[1.0, -INF, -INF]), -INF);
        assert_eq!(sum(&[f32::NEG_INFINITY, f32::MAX]), f32::NEG_INFINITY);
        for values in
            [&[INF, -INF][..], &[-f64::NAN], &[f64::from_bits(0x7ff0_0000_0000_0001), INF]]
        {
            assert_eq!(sum(values).to_bits(), f64::NAN.to_bits());
        }
        assert_eq!(sum(&[-f32::NAN]).to_bits(), f32::NAN.to_bits());
    }

    #[test]
    fn zero_is_positive() {
        for values in
            [&[][..], &[-0.0], &[-0.0, 0.0], &[1.5, -1.5], &[-1e300, 1e-300, 1e300, -1e-300]]
        {
            assert_eq!(sum::<f64>(values).to_bits(), 0, "{values:?}");
        }
    }

    /// Floats of every magnitude, with many that cancel, overlap or sit at an end.
    fn any_finite() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => any::<f64>().prop_filter("finite", |x| x.is_finite()),
            2 => -1e6..1e6f64,
            2 => (any::<i8>(), -1074..1016i32).prop_map(|(m, e)| f64::from(m) * 2f64.powi(e)),
            1 => Just(f64::MAX),
            1 => Just(-f64::MAX),
            1 => Just(f64::from_bits(1)),
            1 => Just(-0.0),
        ]
    }
    fn any_float() -> impl Strategy<Value = f64> {
        prop_oneof![
            9 => any_finite().prop_map(|x| x / 32.0),
            1 => Just(f64::INFINITY),
            1 => Just(f64::NEG_INFINITY),
            1 => Just(f64::NAN),
        ]
    }
    fn any_finite_f32() -> impl Strategy<Value = f32> {
        prop_oneof![
            any::<f32>().prop_filter("finite", |x| x.is_finite()),
            -100f32..100.0,
            (any::<i8>(), -149..120i32).prop_map(|(m, e)| f32::from(m) * 2f32.powi(e)),
        ]
    }

    proptest! {
        #[test]
        fn integers_sum_to_what_pencil_and_paper_give(
            values in vec(any::<i64>(), 0..30),
            seed: u64,
        ) {
            let expected: i128 = values.iter().map(|v| i128::from(*v)).sum();
            let got = scattered(&Sum, &values, seed).ok();
            prop_assert_eq!(got, i64::try_from(expected).ok());
            let bytes: Vec<u8> = values.iter().map(|v| *v as u8).collect();
            let expected: u64 = bytes.iter().map(|v| u64::from(*v)).sum();
            prop_assert_eq!(scattered(&Sum, &bytes, seed).ok(), u8::try_from(expected).ok());
        }

        #[test]
        fn the_widest_integers_too(values in vec(any::<i128>(), 0..30), seed: u64) {
            let expected = Decimal::sum(values.iter().map(|v| Decimal::parse(&v.to_string())));
            let shown = match scattered(&Sum, &values, seed) {
                Ok(sum) => sum.to_string(),
                Err(error) => {
                    let error = error.to_string();
                    error.split_whitespace().nth(6).unwrap_or("").to_string()
                }
            };
            prop_assert_eq!(shown, expected.to_string());
        }

        #[test]
        fn floats_sum_to_the_nearest_of_the_exact_sum(
            mut values in vec(any_finite(), 0..20),
            mirrored in 0..20usize,
            seed: u64,
        ) {
            let mirror: Vec<f64> = values.iter().take(mirrored).map(|x| -x).collect();
            values.extend(mirror);
            let exact = Decimal::sum(values.iter().map(|x| Decimal::of(*x)));
            let expected: f64 = exact.to_string().parse().unwrap();
            prop_assert_eq!(scattered(&Sum, &values, seed).unwrap().to_bits(), expected.to_bits());
        }

        #[test]
        fn f32_sums_to_the_nearest_of_the_exact_sum(
            values in vec(any_finite_f32(), 0..20),
            seed: u64,
        ) {
            let exact = Decimal::sum(values.iter().map(|x| Decimal::of(f64::from(*x))));
            let expected: f32 = exact.to_string().parse().unwrap();
            prop_assert_eq!(scattered(&Sum, &values, seed).unwrap().to_bits(), expected.to_bits());
        }

        #[test]
        fn any_floats_at_all_sum_alike_in_any_order(
            values in vec(any_float(), 0..6),
            one: u64,
            other: u64,
        ) {
            let sums = [one, other].map(|seed| scattered(&Sum, &values, seed).unwrap().to_bits());
            prop_assert_eq!(sums[0], sums[1]);
            // No overflow: the finite ones are few, and divided by 32.
            let is_finite = values.iter().all(|value| value.is_finite());
            prop_assert_eq!(f64::from_bits(sums[0]).is_finite(), is_finite);
        }

        #[test]
        fn what_is_taken_back_leaves_no_trace(
            floats in (vec(any_float(), 0..8), vec(any_float(), 0..8)),
            integers in (vec(any::<u64>(), 0..8), vec(any::<u64>(), 0..8)),
            widest in (vec(any::<i128>(), 0..8), vec(any::<i128>(), 0..8)),
            seed: u64,
        ) {
            leaves_no_trace(&floats.0, &floats.1, seed);
            leaves_no_trace(&integers.0, &integers.1, seed);
            leaves_no_trace(&widest.0, &widest.1, seed);
        }
    }

    fn leaves_no_trace<V: Summable + std::fmt::Debug>(values: &[V], gone: &[V], seed: u64) {
        let never_there = scattered_with_retractions(&Sum, values, &[], !seed);
        let taken_back = scattered_with_retractions(&Sum, values, gone, seed);
        assert_eq!(bytes_of(&taken_back), bytes_of(&never_there));
    }
}
