//! Integers of 128 bits that are aligned as those of 64 are.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

/// An `i128` or `u128` in two halves: the accumulator of sums of integers up to 64 bits. It is
/// aligned to 8 bytes instead of 16, so that an entry of a keyed table is not padded: one of a key, a
/// count and a sum takes 32 bytes, half a cache line, instead of 48.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halves<T> {
    low: u64,
    high: u64,
    whole: PhantomData<T>,
}

macro_rules! halves {
    ($($type:ty)*) => {
        $(impl Halves<$type> {
            /// The number.
            #[inline]
            pub fn whole(self) -> $type {
                ((u128::from(self.high) << 64) | u128::from(self.low)) as $type
            }
        }

        impl From<$type> for Halves<$type> {
            #[inline]
            fn from(whole: $type) -> Self {
                let bits = whole as u128;
                Halves { low: bits as u64, high: (bits >> 64) as u64, whole: PhantomData }
            }
        })*
    };
}
halves!(i128 u128);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::bytes_of;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn halves_are_the_number_and_are_written_as_it(signed: i128, unsigned: u128) {
            prop_assert_eq!(Halves::from(signed).whole(), signed);
            prop_assert_eq!(Halves::from(unsigned).whole(), unsigned);
            prop_assert_eq!(bytes_of(&Halves::from(signed)), bytes_of(&signed));
            prop_assert_eq!(align_of::<Halves<i128>>(), 8);
        }
    }
}
