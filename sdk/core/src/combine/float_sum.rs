//! A sum of floats that loses nothing: any order, any cut, rounded once at the end.
//!
//! ```text
//!                    window: 128 bits, at an exponent that follows the values
//!                 |------------------------|
//!   2^1102  ...  |·|·|·|·|·|·|·|·|·|·|·|·|·|·|·|·|·|·|·|  ...  2^-1074
//!              fixed: allocated once the values span more than the window holds
//! ```
//!
//! Most sums stay in the window, where adding is a shift and a checked 128-bit addition. When a
//! value does not fit, the window first moves down (or sheds zeros below); when that does not
//! help, it is emptied into the long number and starts anew at the value. The sum is always
//! window + fixed, so where the window happens to stand can't show.
//!
//! TODO: values that alternate between very different magnitudes empty the window at each step;
//! two windows would mend that.

use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{
    fixed_point::{FixedPoint, UNIT, has_place, reduced},
    rounding::{FloatFormat, round, round_quotient},
};

/// The exact sum of any floats, `f32` or `f64`: the accumulator of their sums and means.
///
/// Its encoding is canonical: equal sums have equal bytes, whatever led to them; that of one value
/// takes 19.
#[derive(Clone, Debug, Default)]
pub struct FloatSum {
    window: i128,
    exponent: i16,
    rest: Option<Box<Rest>>,
}

/// What has no place in the window.
#[derive(Clone, Debug)]
struct Rest {
    fixed: FixedPoint,
    specials: Specials,
}

/// How many values were not finite. Counts, so that they can be taken back, and so signed, since
/// another accumulator may hold the value that is taken back here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Specials {
    nans: i64,
    infinities: i64,
    negative_infinities: i64,
}

impl Specials {
    const NONE: Specials = Specials { nans: 0, infinities: 0, negative_infinities: 0 };

    fn plus(self, other: Specials) -> Specials {
        Specials {
            nans: self.nans.wrapping_add(other.nans),
            infinities: self.infinities.wrapping_add(other.infinities),
            negative_infinities: self.negative_infinities.wrapping_add(other.negative_infinities),
        }
    }

    /// The sum, if it is decided by these.
    fn sum(self) -> Option<f64> {
        let Specials { nans, infinities, negative_infinities } = self;
        match (nans, infinities, negative_infinities) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(f64::INFINITY),
            (0, 0, _) => Some(f64::NEG_INFINITY),
            _ => Some(f64::NAN),
        }
    }
}

impl FloatSum {
    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.change(value, false);
    }

    /// Takes a value back.
    #[inline]
    pub fn retract(&mut self, value: f64) {
        self.change(value, true);
    }

    /// Adds all of another sum.
    pub fn merge(&mut self, other: FloatSum) {
        self.add_scaled(other.window, i32::from(other.exponent));
        match (&mut self.rest, other.rest) {
            (_, None) => {}
            (None, rest) => self.rest = rest,
            (Some(mine), Some(rest)) => {
                mine.fixed.add(&rest.fixed);
                mine.specials = mine.specials.plus(rest.specials);
            }
        }
    }

    /// The sum, rounded once. NaN (always the same one) if a NaN was added or infinities of both
    /// signs; infinite if the sum lies beyond `f64::MAX`; +0.0 if it is zero, also the sum of
    /// nothing and of −0.0.
    pub fn to_f64(&self) -> f64 {
        self.rounded(|magnitude, exponent| round(magnitude, exponent, FloatFormat::F64))
    }

    /// The sum, rounded once, to `f32`; see [`to_f64`](Self::to_f64).
    pub fn to_f32(&self) -> f32 {
        self.rounded(|magnitude, exponent| round(magnitude, exponent, FloatFormat::F32)) as f32
    }

    /// The sum divided by `count`, rounded once.
    pub fn divided_by(&self, count: NonZeroU64) -> f64 {
        self.rounded(|magnitude, exponent| {
            round_quotient(magnitude, exponent, count, FloatFormat::F64)
        })
    }

    #[inline]
    fn change(&mut self, value: f64, take_back: bool) {
        let bits = value.to_bits();
        let biased = (bits >> 52 & 0x7ff) as i32;
        let fraction = (bits & ((1 << 52) - 1)) as i128;
        if biased == 0x7ff {
            return self.change_special(value, if take_back { -1 } else { 1 });
        }
        let magnitude = if biased == 0 { fraction } else { fraction | 1 << 52 };
        let exponent = biased.max(1) - 1075;
        let mantissa = if value.is_sign_negative() != take_back { -magnitude } else { magnitude };

        let shift = exponent - i32::from(self.exponent);
        if (0..=73).contains(&shift)
            && let Some(sum) = self.window.checked_add(mantissa << shift)
        {
            self.window = sum;
        } else {
            self.add_scaled(mantissa, exponent);
        }
    }

    #[cold]
    fn change_special(&mut self, value: f64, by: i64) {
        let one = if value.is_nan() {
            Specials { nans: by, ..Specials::NONE }
        } else if value > 0.0 {
            Specials { infinities: by, ..Specials::NONE }
        } else {
            Specials { negative_infinities: by, ..Specials::NONE }
        };
        let rest = self.rest_mut();
        rest.specials = rest.specials.plus(one);
    }

    fn rest_mut(&mut self) -> &mut Rest {
        self.rest.get_or_insert_with(|| {
            Box::new(Rest { fixed: FixedPoint::ZERO, specials: Specials::NONE })
        })
    }

    /// Adds `value · 2^exponent`, by the first way that fits.
    fn add_scaled(&mut self, value: i128, exponent: i32) {
        if value == 0 {
            return;
        }
        let window = (self.window, i32::from(self.exponent));
        let added = (value, exponent);
        let (window, exponent) = if self.window == 0 {
            added
        } else if let Some(sum) = aligned_sum(window, added) {
            sum
        } else if let Some(sum) = aligned_sum(without_zeros(window), without_zeros(added)) {
            sum
        } else {
            self.rest_mut().fixed.add_scaled(window.0, window.1);
            added
        };
        self.window = window;
        self.exponent = exponent as i16; // within −1074..=1102, as all that came in
    }

    fn rounded(&self, round: impl Fn(&[u64], i32) -> f64) -> f64 {
        let (negative, magnitude) = match &self.rest {
            None => {
                let magnitude = self.window.unsigned_abs();
                let limbs = [magnitude as u64, (magnitude >> 64) as u64];
                (self.window < 0, round(&limbs, i32::from(self.exponent)))
            }
            Some(rest) => {
                if let Some(sum) = rest.specials.sum() {
                    return sum;
                }
                let (negative, limbs) = self.total(rest).magnitude();
                (negative, round(&limbs, UNIT))
            }
        };
        if negative { -magnitude } else { magnitude }
    }

    /// All of the finite part.
    fn total(&self, rest: &Rest) -> FixedPoint {
        let mut total = rest.fixed.clone();
        total.add_scaled(self.window, i32::from(self.exponent));
        total
    }
}

/// The sum of two scaled numbers, at the lower exponent of the two, if 128 bits hold it.
fn aligned_sum(a: (i128, i32), b: (i128, i32)) -> Option<(i128, i32)> {
    let exponent = a.1.min(b.1);
    let sum = shifted_up(a.0, a.1 - exponent)?.checked_add(shifted_up(b.0, b.1 - exponent)?)?;
    Some((sum, exponent))
}

fn shifted_up(value: i128, by: i32) -> Option<i128> {
    (by < 127 && value << by >> by == value).then(|| value << by)
}

fn without_zeros((value, exponent): (i128, i32)) -> (i128, i32) {
    let zeros = value.trailing_zeros() % 128;
    (value >> zeros, exponent + zeros as i32)
}

/// On the wire: the finite part reduced (see [`reduced`]), and the specials if there are any.
#[derive(Serialize, Deserialize)]
struct Written {
    exponent: i16,
    limbs: Vec<u64>,
    specials: Option<Specials>,
}

impl Serialize for FloatSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (exponent, limbs) = match &self.rest {
            None => {
                let limbs = [self.window as u64, (self.window >> 64) as u64];
                reduced(&limbs, i32::from(self.exponent))
            }
            Some(rest) => self.total(rest).reduced(),
        };
        let specials = self.rest.as_ref().map(|rest| rest.specials);
        let specials = specials.filter(|specials| *specials != Specials::NONE);
        Written { exponent: exponent as i16, limbs, specials }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FloatSum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { exponent, limbs, specials } = Written::deserialize(deserializer)?;
        if !has_place(i32::from(exponent), &limbs) {
            return Err(D::Error::custom("a sum of floats reaches where no float does"));
        }
        let mut sum = FloatSum::default();
        match limbs[..] {
            [] => {}
            [low] => (sum.window, sum.exponent) = (i128::from(low as i64), exponent),
            [low, high] => {
                let window = i128::from(high as i64) << 64 | i128::from(low);
                (sum.window, sum.exponent) = (window, exponent);
            }
            _ => sum.rest_mut().fixed = FixedPoint::from_reduced(i32::from(exponent), &limbs),
        }
        if let Some(specials) = specials {
            sum.rest_mut().specials = specials;
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watershed_model::{BinaryCoder, Coder};

    fn sum(values: &[f64]) -> FloatSum {
        let mut sum = FloatSum::default();
        values.iter().for_each(|value| sum.add(*value));
        sum
    }
    fn bytes(sum: &FloatSum) -> Vec<u8> {
        let mut bytes = Vec::new();
        BinaryCoder.encode_value(sum, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn ordinary_values_stay_in_the_window() {
        let values: Vec<f64> = (0..10_000).map(|i| f64::from(i) * 0.01 - 17.0).collect();
        let sum = sum(&values);
        assert!(sum.rest.is_none());
        assert!(bytes(&sum).len() <= 27);
    }

    #[test]
    fn one_value_takes_nineteen_bytes() {
        for value in [0.1, -f64::MAX, f64::from_bits(1), 1e-300] {
            assert_eq!(bytes(&sum(&[value])).len(), 19);
        }
        assert_eq!(bytes(&sum(&[])).len(), 11);
    }

    #[test]
    fn what_does_not_fit_goes_to_the_long_number() {
        assert!(sum(&[1e300, 1e-300]).rest.is_some());
        assert_eq!(sum(&[1e300, 1e-300, -1e300]).to_f64(), 1e-300);
        assert_eq!(sum(&[1.0, 2f64.powi(120), -1.0]).to_f64(), 2f64.powi(120));
        assert!(sum(&[1.0, 2f64.powi(120), -1.0]).rest.is_none());
    }

    #[test]
    fn equal_sums_have_equal_bytes_whatever_led_to_them() {
        let cancelled = sum(&[1e300, 1e-300, 0.75, -1e300, -1e-300]);
        assert!(cancelled.rest.is_some());
        assert_eq!(bytes(&cancelled), bytes(&sum(&[0.5, 0.25])));
        let mut back_to_nothing = sum(&[f64::NAN, 1e300, 3.0]);
        [3.0, f64::NAN, 1e300].iter().for_each(|value| back_to_nothing.retract(*value));
        assert_eq!(bytes(&back_to_nothing), bytes(&FloatSum::default()));
        let (a, b) = (sum(&[1e300, 1.0, 1e-300]), sum(&[1e-300, 1e300, 1.0]));
        assert_eq!(bytes(&a), bytes(&b));
    }

    #[test]
    fn bytes_that_promise_too_much_are_refused() {
        for (exponent, limbs) in [(-1075, vec![1]), (1102, vec![1]), (0, vec![1; 40])] {
            let mut forged = Vec::new();
            let written = Written { exponent, limbs, specials: None };
            BinaryCoder.encode_value(&written, &mut forged).unwrap();
            let error = BinaryCoder.decode_value::<FloatSum>(&forged).unwrap_err().to_string();
            assert!(error.contains("where no float does"), "{error}");
        }
    }

    #[test]
    fn sums_far_beyond_the_largest_float_come_back() {
        let mut total = sum(&[f64::MAX]);
        for _ in 0..60 {
            let again = total.clone();
            total.merge(again);
        }
        let mut back: FloatSum = BinaryCoder.decode_value(&bytes(&total)).unwrap();
        assert_eq!(bytes(&back), bytes(&total));
        assert_eq!(back.to_f64(), f64::INFINITY);
        assert_eq!(back.divided_by(NonZeroU64::new(1 << 60).unwrap()), f64::MAX);
        back.retract(1.0);
        assert_eq!(back.divided_by(NonZeroU64::new(1 << 60).unwrap()), f64::MAX);
    }
}
