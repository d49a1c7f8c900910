//! Who comes first: an order of values in which no two different ones tie.

use std::cmp::Ordering;

/// An order of values from the first to the last, total down to the bytes: values are equal only if
/// their bytes are. So which one wins can't depend on which came first.
///
/// The rule for all rankings here ([`Min`], [`Max`], [`MinBy`], [`MaxBy`], and [`Top`] through
/// them): of two values that the comparison calls equal, the one with the lesser encoded bytes
/// comes first, for the greatest as for the least. Only ties are encoded.
///
/// [`Min`]: super::Min
/// [`Max`]: super::Max
/// [`MinBy`]: super::MinBy
/// [`MaxBy`]: super::MaxBy
/// [`Top`]: super::Top
pub trait Ranking<V>: Clone + Send + Sync + 'static {
    /// `Less` if `a` comes before `b`.
    fn rank(&self, a: &V, b: &V) -> Ordering;
}
