//! The cases, by category of behaviour.

pub mod assertions;
mod by_hand;
pub mod combining;
pub mod drifting;
pub mod element_wise;
pub mod equivalence;
pub mod everywhere;
pub mod exactness;
pub mod failures;
pub mod grouping;
pub mod grouping_limits;
pub mod inheritance;
pub mod keys;
pub mod lateness;
pub mod lifecycle;
pub mod output_times;
mod outputs;
pub mod reshaping;
pub mod sources;
pub mod streams;
mod timed;
mod told;
pub mod toolbox;
pub mod transcripts;
pub mod triggering;
pub mod watermarks;

use crate::Case;

/// All cases.
pub fn all() -> Vec<Case> {
    [
        assertions::CASES,
        combining::CASES,
        drifting::CASES,
        element_wise::CASES,
        equivalence::CASES,
        everywhere::CASES,
        exactness::CASES,
        failures::CASES,
        grouping::CASES,
        grouping_limits::CASES,
        inheritance::CASES,
        keys::CASES,
        lateness::CASES,
        lifecycle::CASES,
        output_times::CASES,
        reshaping::CASES,
        sources::CASES,
        streams::CASES,
        toolbox::CASES,
        transcripts::CASES,
        triggering::CASES,
        watermarks::CASES,
    ]
    .concat()
}
