//! The cases, by category of behaviour.

mod as_text;
pub mod assertions;
mod by_hand;
pub mod combining;
pub mod custom_windows;
pub mod element_wise;
pub mod equivalence;
pub mod event_times;
pub mod everywhere;
pub mod exactness;
pub mod failures;
pub mod grouping;
pub mod grouping_limits;
pub mod keys;
pub mod lifecycle;
pub mod output_times;
mod outputs;
pub mod pane_assertions;
pub mod panes;
pub mod reshaping;
pub mod sources;
pub mod test_streams;
mod timed;
pub mod together;
pub mod toolbox;
pub mod transcripts;
pub mod windows;

use crate::{Case, scripts};

/// All cases.
pub fn all() -> Vec<Case> {
    let by_hand = scripts::cases();
    [
        assertions::CASES,
        combining::CASES,
        custom_windows::CASES,
        element_wise::CASES,
        equivalence::CASES,
        event_times::CASES,
        everywhere::CASES,
        exactness::CASES,
        failures::CASES,
        grouping::CASES,
        grouping_limits::CASES,
        keys::CASES,
        lifecycle::CASES,
        output_times::CASES,
        pane_assertions::CASES,
        panes::CASES,
        reshaping::CASES,
        sources::CASES,
        test_streams::CASES,
        together::CASES,
        toolbox::CASES,
        transcripts::CASES,
        windows::CASES,
        &by_hand,
    ]
    .concat()
}
