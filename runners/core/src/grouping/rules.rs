//! What a windowing strategy says of one grouping, in the form in which it is asked.

use std::sync::Arc;

use watershed_model::{
    AccumulationMode, AnyWindowFn, Duration, FiringBehavior, Timestamp, TimestampCombiner, Trigger,
    Window, WindowingStrategy, fault, micros,
};

use crate::trigger::TriggerMachine;

/// The rules of one grouping step.
pub(super) struct Rules {
    pub(super) window_fn: Arc<dyn AnyWindowFn>,
    pub(super) machine: TriggerMachine,
    pub(super) accumulates: bool,
    pub(super) timestamp_combiner: TimestampCombiner,
    /// Whether an empty on-time pane goes out.
    pub(super) always_on_time: bool,
    /// Whether an empty last pane goes out.
    pub(super) always_closing: bool,
    allowed_lateness: Duration,
}

/// The watermark at which a window is complete: the first instant behind it, and for the global window
/// the end of all input.
pub(crate) fn end(window: &Window) -> Timestamp {
    match window {
        Window::Global => Timestamp::MAX,
        window if fault!("windows-end-a-microsecond-early") => window.max_timestamp(),
        window => window.max_timestamp() + micros(1),
    }
}

/// The watermark at which a window is gone: what comes later for it is dropped.
pub(crate) fn expiry(window: &Window, allowed_lateness: Duration) -> Timestamp {
    match window {
        Window::Global => Timestamp::MAX,
        window if fault!("lateness-is-forgotten") => end(window),
        window => end(window) + allowed_lateness,
    }
}

impl Rules {
    pub(super) fn new(windowing: &WindowingStrategy) -> Self {
        let merging = windowing.window_fn.is_merging();
        Rules {
            window_fn: windowing.window_fn.clone(),
            machine: TriggerMachine::new(&windowing.trigger, merging),
            accumulates: windowing.accumulation_mode == Some(AccumulationMode::Accumulating),
            timestamp_combiner: windowing.timestamp_combiner,
            always_on_time: windowing.on_time_behavior == FiringBehavior::FireAlways,
            always_closing: windowing.closing_behavior == FiringBehavior::FireAlways,
            allowed_lateness: windowing.allowed_lateness,
        }
    }

    /// Whether a window holds the watermark at its end, whatever the times of its elements.
    pub(super) fn holds_at_end(&self) -> bool {
        self.timestamp_combiner == TimestampCombiner::EndOfWindow
    }

    /// When a window is gone: what comes later for it is dropped.
    pub(super) fn expiry(&self, window: &Window) -> Timestamp {
        expiry(window, self.allowed_lateness)
    }

    /// Where late elements hold the watermark, so that their pane is not dropped further on.
    pub(super) fn late_hold(&self, window: &Window) -> Timestamp {
        window.max_timestamp() + self.allowed_lateness
    }
}

/// Whether a grouping needs nothing but a table for each window, drained when the window is complete:
/// windows do not merge, nothing fires before their end, and nothing comes after it.
pub fn is_simple(windowing: &WindowingStrategy) -> bool {
    let once = match &windowing.trigger {
        Trigger::Default => true,
        Trigger::AfterWatermark { early, late } => early.is_none() && late.is_none(),
        _ => false,
    };
    once && !windowing.window_fn.is_merging()
        && windowing.allowed_lateness == Duration::ZERO
        && windowing.timestamp_combiner == TimestampCombiner::EndOfWindow
}
