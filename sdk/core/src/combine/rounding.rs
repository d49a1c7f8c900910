//! From big integers to floats, rounded once: to the nearest, and to the even one of two.

use std::num::NonZeroU64;

/// A binary floating-point format: how many bits of a value it keeps, and where the bits end.
#[derive(Clone, Copy, Debug)]
pub(super) struct FloatFormat {
    precision: i32,
    least_exponent: i32,
}

impl FloatFormat {
    /// `f64`: 53 bits, none below 2⁻¹⁰⁷⁴.
    pub(super) const F64: FloatFormat = FloatFormat { precision: 53, least_exponent: -1074 };
    /// `f32`: 24 bits, none below 2⁻¹⁴⁹. What is rounded to it casts to `f32` without a change
    /// (or to infinity, where `f32` ends).
    pub(super) const F32: FloatFormat = FloatFormat { precision: 24, least_exponent: -149 };
}

/// `magnitude · 2^exponent`, least limb first, rounded to `format`; infinity where that ends.
pub(super) fn round(magnitude: &[u64], exponent: i32, format: FloatFormat) -> f64 {
    let length = bit_length(magnitude);
    if length == 0 {
        return 0.0;
    }
    // The lowest bit that stays: by the precision, for subnormal results by the format's last bit.
    let lowest = (length - format.precision).max(format.least_exponent - exponent).max(0);
    let kept = bits_from(magnitude, lowest);
    let up = lowest > 0 && {
        let half = bits_from(magnitude, lowest - 1) & 1 == 1;
        half && (kept & 1 == 1 || any_below(magnitude, lowest - 1))
    };
    scaled(kept + u64::from(up), exponent + lowest)
}

/// `magnitude · 2^exponent / divisor`, rounded to `format`.
pub(super) fn round_quotient(
    magnitude: &[u64],
    exponent: i32,
    divisor: NonZeroU64,
    format: FloatFormat,
) -> f64 {
    // With 128 more bits below, the quotient has at least 65 of them, more than any format keeps;
    // a remainder then only matters as "a little more than", which the last bit can say.
    let mut quotient = vec![0, 0];
    quotient.extend_from_slice(magnitude);
    let divisor = u128::from(divisor.get());
    let mut remainder = 0u128;
    for limb in quotient.iter_mut().rev() {
        let part = remainder << 64 | u128::from(*limb);
        *limb = (part / divisor) as u64;
        remainder = part % divisor;
    }
    quotient[0] |= u64::from(remainder != 0);
    round(&quotient, exponent - 128, format)
}

fn limb(limbs: &[u64], index: usize) -> u64 {
    limbs.get(index).copied().unwrap_or(0)
}

fn bit_length(limbs: &[u64]) -> i32 {
    match limbs.iter().rposition(|limb| *limb != 0) {
        Some(top) => (64 * (top + 1)) as i32 - limbs[top].leading_zeros() as i32,
        None => 0,
    }
}

/// The 64 bits that start at bit `from`.
fn bits_from(limbs: &[u64], from: i32) -> u64 {
    let (index, shift) = ((from / 64) as usize, from % 64);
    let pair = u128::from(limb(limbs, index + 1)) << 64 | u128::from(limb(limbs, index));
    (pair >> shift) as u64
}

/// Whether any bit below `end` is set.
fn any_below(limbs: &[u64], end: i32) -> bool {
    let (whole, rest) = ((end / 64) as usize, end % 64);
    limbs.iter().take(whole).any(|limb| *limb != 0) || limb(limbs, whole) & ((1 << rest) - 1) != 0
}

/// `mantissa · 2^exponent`, which is exact as long as it is finite: the mantissa has at most 53
/// bits (or is 2⁵³), and the exponent is no less than that of the least subnormal.
fn scaled(mantissa: u64, exponent: i32) -> f64 {
    let power = match exponent {
        1024.. => f64::INFINITY,
        -1022..1024 => f64::from_bits(((exponent + 1023) as u64) << 52),
        _ => f64::from_bits(1 << (exponent + 1074).max(0)),
    };
    if mantissa == 0 { 0.0 } else { mantissa as f64 * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_even_neighbour() {
        let even = 1u64 << 53;
        assert_eq!(round(&[even + 1], 0, FloatFormat::F64), even as f64);
        assert_eq!(round(&[even + 3], 0, FloatFormat::F64), (even + 4) as f64);
        assert_eq!(round(&[1, even + 1], 0, FloatFormat::F64), (even + 2) as f64 * 2f64.powi(64));
        assert_eq!(round(&[u64::MAX], 0, FloatFormat::F64), 2f64.powi(64));
    }

    #[test]
    fn subnormals_keep_fewer_bits_and_the_largest_values_overflow() {
        assert_eq!(round(&[1], -1074, FloatFormat::F64), f64::from_bits(1));
        assert_eq!(round(&[1], -1075, FloatFormat::F64), 0.0);
        assert_eq!(round(&[3], -1075, FloatFormat::F64), f64::from_bits(2));
        assert_eq!(round(&[3], -150, FloatFormat::F32) as f32, f32::from_bits(2));
        assert_eq!(round(&[(1 << 53) - 1], 971, FloatFormat::F64), f64::MAX);
        assert_eq!(round(&[(1 << 54) - 1], 970, FloatFormat::F64), f64::INFINITY);
        assert_eq!(round(&[1], 1023, FloatFormat::F64), 2f64.powi(1023));
        assert_eq!(round(&[1], 1024, FloatFormat::F64), f64::INFINITY);
        assert_eq!(round(&[(1 << 25) - 1], 103, FloatFormat::F32) as f32, f32::INFINITY);
    }

    #[test]
    fn a_remainder_decides_what_would_be_a_tie() {
        let three = NonZeroU64::new(3).unwrap();
        assert_eq!(round_quotient(&[1], 0, three, FloatFormat::F64), 1.0 / 3.0);
        assert_eq!(round_quotient(&[2], 0, three, FloatFormat::F64), 2.0 / 3.0);
        // (2^54 + 2) + 1/3 lies a third above the middle between 2^54 and 2^54 + 4.
        let above = 3 * ((1u64 << 54) + 2) + 1;
        assert_eq!(round_quotient(&[above], 0, three, FloatFormat::F64), 2f64.powi(54) + 4.0);
        assert_eq!(round_quotient(&[above - 1], 0, three, FloatFormat::F64), 2f64.powi(54));
        // 1/(2^64 − 2^11) is (2^53 + 1) · 2^-117, a tie, and a little that begins below 2^-128.
        let divisor = NonZeroU64::new(u64::MAX - 2047).unwrap();
        let expected = (2f64.powi(52) + 1.0) * 2f64.powi(-116);
        assert_eq!(round_quotient(&[1], 0, divisor, FloatFormat::F64), expected);
    }
}
