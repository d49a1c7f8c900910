//! The change sign: whether an element is added or taken back.

use serde::{Deserialize, Serialize};

/// Whether an element is an insertion, or the retraction of one that went out before.
///
/// A collection that nobody retracts from carries the uniform sign [`Sign::Insertion`] and pays nothing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Sign {
    /// The element is added.
    #[default]
    Insertion,
    /// The element takes back an equal one.
    Retraction,
}
