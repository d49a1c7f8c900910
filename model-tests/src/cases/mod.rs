//! The cases, by category of behaviour.

pub mod assertions;
mod by_hand;
pub mod element_wise;
pub mod equivalence;
pub mod failures;
pub mod lifecycle;
pub mod output_times;
pub mod sources;

use crate::Case;

/// All cases.
pub fn all() -> Vec<Case> {
    [
        assertions::CASES,
        element_wise::CASES,
        equivalence::CASES,
        failures::CASES,
        lifecycle::CASES,
        output_times::CASES,
        sources::CASES,
    ]
    .concat()
}
