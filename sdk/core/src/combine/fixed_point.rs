//! A fixed-point number so long that every sum of floats is exact in it.
//!
//! The finite floats are whole multiples of 2⁻¹⁰⁷⁴ below 2¹⁰²⁴. 34 limbs of 64 bits in two's
//! complement, counting in that unit, hold the sum of 2⁶⁴ of them and more (Kulisch's long
//! accumulator). It is wide and rarely touched: [`FloatSum`](super::FloatSum) keeps what fits in a
//! narrow window beside it.

/// The exponent of the unit, 2⁻¹⁰⁷⁴: the last bit of the least subnormal.
pub(super) const UNIT: i32 = -1074;
/// How many limbs there are.
pub(super) const LIMBS: usize = 34;

/// A multiple of 2⁻¹⁰⁷⁴ in two's complement, least limb first.
#[derive(Clone, Debug)]
pub(super) struct FixedPoint([u64; LIMBS]);

impl FixedPoint {
    pub(super) const ZERO: FixedPoint = FixedPoint([0; LIMBS]);

    /// Adds `value · 2^exponent`; the exponent is no less than [`UNIT`].
    pub(super) fn add_scaled(&mut self, value: i128, exponent: i32) {
        let bit = (exponent - UNIT).max(0) as usize;
        let (start, shift) = (bit / 64, bit % 64);
        let fill = (value >> 127) as u64;
        let (low, middle) = (value as u64, (value >> 64) as u64);
        // The value, shifted within three limbs; above them stand copies of its sign.
        let digits =
            [low << shift, shifted_in(middle, low, shift), shifted_in(fill, middle, shift)];
        let mut carry = false;
        for (i, limb) in self.0.iter_mut().skip(start).enumerate() {
            if i >= digits.len() && carry == (fill != 0) {
                break; // 0 + no carry, or −1 + carry: nothing changes from here on
            }
            let (sum, first) = limb.overflowing_add(digits.get(i).copied().unwrap_or(fill));
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first | second;
        }
    }

    /// Adds another number.
    pub(super) fn add(&mut self, other: &FixedPoint) {
        let mut carry = false;
        for (limb, digit) in self.0.iter_mut().zip(other.0) {
            let (sum, first) = limb.overflowing_add(digit);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first | second;
        }
    }

    /// Whether it is below zero, and its absolute value.
    pub(super) fn magnitude(&self) -> (bool, [u64; LIMBS]) {
        let negative = self.0[LIMBS - 1] >> 63 == 1;
        let mut limbs = self.0;
        if negative {
            let mut carry = true;
            for limb in &mut limbs {
                (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
            }
        }
        (negative, limbs)
    }

    /// The canonical form: see [`reduced`].
    pub(super) fn reduced(&self) -> (i32, Vec<u64>) {
        reduced(&self.0, UNIT)
    }

    /// The number with this canonical form, which [`has_place`].
    pub(super) fn from_reduced(exponent: i32, limbs: &[u64]) -> FixedPoint {
        let mut number = FixedPoint::ZERO;
        for (i, limb) in limbs.iter().enumerate() {
            let top = i + 1 == limbs.len();
            let value = if top { i128::from(*limb as i64) } else { i128::from(*limb) };
            number.add_scaled(value, exponent + 64 * i as i32);
        }
        number
    }
}

/// Whether a canonical form, read from bytes, can be that of a number here.
pub(super) fn has_place(exponent: i32, limbs: &[u64]) -> bool {
    (UNIT..UNIT + 64 * LIMBS as i32).contains(&exponent) && limbs.len() <= LIMBS
}

/// What `high` and `low`, one above the other, show in the upper limb after a shift to the left.
fn shifted_in(high: u64, low: u64, shift: usize) -> u64 {
    ((u128::from(high) << 64 | u128::from(low)) << shift >> 64) as u64
}

/// The canonical form of `limbs · 2^exponent` (two's complement, least limb first): an odd number
/// in as few limbs as hold it and its sign, and its exponent; zero is no limb at all, and 0.
pub(super) fn reduced(limbs: &[u64], exponent: i32) -> (i32, Vec<u64>) {
    let Some(first) = limbs.iter().position(|limb| *limb != 0) else {
        return (0, Vec::new());
    };
    let shift = limbs[first].trailing_zeros();
    let fill = |limb: u64| (limb as i64 >> 63) as u64;
    let beyond = limbs.last().map_or(0, |top| fill(*top));
    let mut short: Vec<u64> = (first..limbs.len())
        .map(|i| {
            let next = limbs.get(i + 1).copied().unwrap_or(beyond);
            ((u128::from(next) << 64 | u128::from(limbs[i])) >> shift) as u64
        })
        .collect();
    while let [.., below, top] = short[..]
        && top == fill(below)
    {
        short.pop();
    }
    (exponent + 64 * first as i32 + shift as i32, short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(parts: &[(i128, i32)]) -> FixedPoint {
        let mut number = FixedPoint::ZERO;
        parts.iter().for_each(|(value, exponent)| number.add_scaled(*value, *exponent));
        number
    }

    #[test]
    fn carries_and_borrows_run_through_all_limbs() {
        let mut low = number(&[(-1, UNIT)]);
        assert!(low.0.iter().all(|limb| *limb == u64::MAX));
        assert_eq!(low.magnitude(), (true, number(&[(1, UNIT)]).0));
        low.add(&number(&[(1, UNIT)]));
        assert_eq!(low.0, FixedPoint::ZERO.0);
        let cut = number(&[(1, 1000), (-1, -1000)]);
        assert_eq!(number(&[(i128::MIN, 873), (-1, -1000), (1 << 126, 875)]).0, cut.0);
    }

    #[test]
    fn the_canonical_form_is_odd_short_and_comes_back() {
        assert_eq!(number(&[]).reduced(), (0, vec![]));
        assert_eq!(number(&[(-6, 4)]).reduced(), (5, vec![-3i64 as u64]));
        assert_eq!(number(&[(1, 971), (1 << 63, 908)]).reduced(), (972, vec![1]));
        // 2^63 + 1 needs a second limb for its sign.
        assert_eq!(number(&[(1, -5), (1, 58)]).reduced(), (-5, vec![1 | 1 << 63, 0]));
        for parts in [
            &[(7, 1000), (-1, UNIT)][..],
            &[(-7, 1040), (5, 0)],
            &[(i128::MIN + 1, 33)],
            &[(1, -9)],
        ] {
            let original = number(parts);
            let (exponent, limbs) = original.reduced();
            assert!(has_place(exponent, &limbs));
            assert_eq!(FixedPoint::from_reduced(exponent, &limbs).0, original.0);
        }
    }

    #[test]
    fn forms_without_a_place_are_refused() {
        assert!(!has_place(UNIT - 1, &[1]));
        assert!(!has_place(UNIT + 64 * 34, &[1]));
        assert!(!has_place(0, &[1; LIMBS + 1]));
    }
}
