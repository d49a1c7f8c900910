//! An integer of 256 bits: where sums of 128-bit integers have room.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A 256-bit integer in two's complement: the accumulator of sums of `i128` and `u128`. It wraps
/// around, after 2¹²⁷ of the largest values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WideInteger {
    low: u128,
    high: i128,
}

impl WideInteger {
    /// The sum.
    #[must_use]
    pub fn plus(self, other: WideInteger) -> WideInteger {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.wrapping_add(other.high).wrapping_add(i128::from(carry));
        WideInteger { low, high }
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(self) -> WideInteger {
        WideInteger { low: !self.low, high: !self.high }.plus(WideInteger::from(1u128))
    }

    /// Whether it is below zero, and its absolute value, least limb first.
    pub(super) fn magnitude(self) -> (bool, [u64; 4]) {
        let negative = self.high < 0;
        let WideInteger { low, high } = if negative { self.negated() } else { self };
        (negative, [low as u64, (low >> 64) as u64, high as u64, (high as u128 >> 64) as u64])
    }
}

impl From<i128> for WideInteger {
    fn from(value: i128) -> Self {
        WideInteger { low: value as u128, high: value >> 127 }
    }
}

impl From<u128> for WideInteger {
    fn from(value: u128) -> Self {
        WideInteger { low: value, high: 0 }
    }
}

impl TryFrom<WideInteger> for i128 {
    type Error = WideInteger;
    fn try_from(wide: WideInteger) -> Result<i128, WideInteger> {
        let narrow = wide.low as i128;
        if WideInteger::from(narrow) == wide { Ok(narrow) } else { Err(wide) }
    }
}

impl TryFrom<WideInteger> for u128 {
    type Error = WideInteger;
    fn try_from(wide: WideInteger) -> Result<u128, WideInteger> {
        if wide.high == 0 { Ok(wide.low) } else { Err(wide) }
    }
}

impl fmt::Display for WideInteger {
    /// In decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CHUNK: u128 = 10_000_000_000_000_000_000;
        let (negative, mut limbs) = self.magnitude();
        let mut chunks = Vec::new();
        while limbs != [0; 4] {
            let mut remainder = 0u128;
            for limb in limbs.iter_mut().rev() {
                let part = remainder << 64 | u128::from(*limb);
                *limb = (part / CHUNK) as u64;
                remainder = part % CHUNK;
            }
            chunks.push(remainder);
        }
        let mut digits = chunks.pop().unwrap_or(0).to_string();
        chunks.iter().rev().for_each(|chunk| digits.push_str(&format!("{chunk:019}")));
        f.pad_integral(!negative, "", &digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(value: i128) -> WideInteger {
        WideInteger::from(value)
    }

    #[test]
    fn it_prints_in_decimal() {
        assert_eq!(wide(0).to_string(), "0");
        assert_eq!(wide(i128::MIN).to_string(), i128::MIN.to_string());
        assert_eq!(WideInteger::from(u128::MAX).to_string(), u128::MAX.to_string());
        let beyond = WideInteger::from(u128::MAX).plus(wide(1));
        assert_eq!(beyond.to_string(), "340282366920938463463374607431768211456");
        assert_eq!(beyond.negated().to_string(), "-340282366920938463463374607431768211456");
        // 10^19, where one chunk of digits ends and the next one begins.
        assert_eq!(wide(10_000_000_000_000_000_000).to_string(), "10000000000000000000");
    }

    #[test]
    fn it_narrows_only_what_fits() {
        assert_eq!(i128::try_from(wide(i128::MIN)), Ok(i128::MIN));
        assert_eq!(u128::try_from(WideInteger::from(u128::MAX)), Ok(u128::MAX));
        let above = wide(i128::MAX).plus(wide(1));
        assert_eq!(i128::try_from(above), Err(above));
        assert_eq!(u128::try_from(above), Ok(1 << 127));
        assert_eq!(u128::try_from(wide(-1)), Err(wide(-1)));
        let below = wide(i128::MIN).plus(wide(-1));
        assert_eq!(i128::try_from(below), Err(below));
        assert_eq!(i128::try_from(below.plus(wide(1))), Ok(i128::MIN));
    }
}
