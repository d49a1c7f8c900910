//! What the works with state, with a join and with a side input are made of.

use crate::events::{GOLDEN, mix};

/// Of so many events of a key the work with state puts out one.
pub(crate) const STEP: u64 = 1000;

/// In the work with a join: so many elements of the left side for each of the right, and as many keys.
pub(crate) const LEFTS: u64 = 5;

/// How many keys the table has that is looked up as a side input.
pub(crate) const TABLE: u64 = 10_000;

/// Element number `i` of the left side, whose key is that of one of `rights` elements.
pub(crate) fn left(i: u64, rights: u64) -> (u64, u64) {
    let (key, value) = right(mix((i + 1).wrapping_mul(GOLDEN)) % rights);
    (key, value ^ i)
}

/// Element number `i` of the right side, the only one with its key.
pub(crate) fn right(i: u64) -> (u64, u64) {
    ((i + 1).wrapping_mul(GOLDEN), i)
}
