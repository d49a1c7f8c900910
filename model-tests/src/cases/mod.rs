//! The cases, by category of behaviour.

pub mod assertions;
mod by_hand;
pub mod combining;
pub mod element_wise;
pub mod equivalence;
pub mod everywhere;
pub mod exactness;
pub mod failures;
pub mod grouping;
pub mod grouping_limits;
pub mod keys;
pub mod lifecycle;
pub mod output_times;
mod outputs;
pub mod reshaping;
pub mod sources;
mod timed;
pub mod toolbox;
pub mod transcripts;

use crate::{Case, scripts};

/// All cases.
pub fn all() -> Vec<Case> {
    let by_hand = scripts::cases();
    [
        assertions::CASES,
        combining::CASES,
        element_wise::CASES,
        equivalence::CASES,
        everywhere::CASES,
        exactness::CASES,
        failures::CASES,
        grouping::CASES,
        grouping_limits::CASES,
        keys::CASES,
        lifecycle::CASES,
        output_times::CASES,
        reshaping::CASES,
        sources::CASES,
        toolbox::CASES,
        transcripts::CASES,
        &by_hand,
    ]
    .concat()
}
