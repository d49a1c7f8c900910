//! The cases, by category of behaviour.

mod agreeing;
mod as_text;
pub mod assertions;
pub mod batching;
mod by_hand;
pub mod calling;
pub mod combining;
pub mod custom_windows;
pub mod deduplicating;
pub mod drifting;
pub mod element_wise;
pub mod ending;
pub mod equivalence;
pub mod event_times;
pub mod everywhere;
pub mod exactness;
pub mod explained;
pub mod failures;
pub mod grouping;
pub mod grouping_limits;
pub mod idleness;
pub mod inheritance;
pub mod joining;
pub mod joining_times;
pub mod json;
pub mod keys;
pub mod lateness;
pub mod law;
pub mod lifecycle;
pub mod looking;
pub mod metrics;
pub mod nets;
pub mod output_times;
mod outputs;
pub mod pane_assertions;
pub mod panes;
pub mod policies;
pub mod regexes;
mod remembering;
pub mod reshaping;
pub mod resuming;
pub mod ruled;
pub mod sharing;
pub mod side_inputs;
pub mod sketches;
pub mod sorted_input;
pub mod sorting;
pub mod source_times;
pub mod sources;
pub mod splitting;
pub mod state;
pub mod streams;
pub mod test_streams;
mod timed;
pub mod timers;
pub mod together;
mod told;
pub mod toolbox;
pub mod transcripts;
pub mod triggering;
pub mod waiting;
pub mod watermarks;
pub mod windows;
pub mod woken;

use crate::{Case, scripts};

/// All cases.
pub fn all() -> Vec<Case> {
    let by_hand = scripts::cases();
    [
        assertions::CASES,
        batching::CASES,
        calling::CASES,
        combining::CASES,
        custom_windows::CASES,
        deduplicating::CASES,
        drifting::CASES,
        element_wise::CASES,
        ending::CASES,
        equivalence::CASES,
        event_times::CASES,
        everywhere::CASES,
        exactness::CASES,
        explained::CASES,
        failures::CASES,
        grouping::CASES,
        grouping_limits::CASES,
        idleness::CASES,
        inheritance::CASES,
        joining::CASES,
        joining_times::CASES,
        json::CASES,
        keys::CASES,
        lateness::CASES,
        law::CASES,
        lifecycle::CASES,
        looking::CASES,
        metrics::CASES,
        nets::CASES,
        output_times::CASES,
        pane_assertions::CASES,
        panes::CASES,
        policies::CASES,
        regexes::CASES,
        reshaping::CASES,
        resuming::CASES,
        ruled::CASES,
        sketches::CASES,
        sorting::CASES,
        source_times::CASES,
        sharing::CASES,
        side_inputs::CASES,
        sorted_input::CASES,
        sources::CASES,
        splitting::CASES,
        state::CASES,
        test_streams::CASES,
        timers::CASES,
        together::CASES,
        toolbox::CASES,
        transcripts::CASES,
        waiting::CASES,
        windows::CASES,
        woken::CASES,
        &by_hand,
        streams::CASES,
        triggering::CASES,
        watermarks::CASES,
    ]
    .concat()
}
