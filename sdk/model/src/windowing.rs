//! How a collection is windowed, as runners see it.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{BoxError, Duration, Timestamp, Trigger, Window, fault};

/// Windows that became one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowMerge {
    /// Places of the merged windows in the list that was asked about: at least one.
    pub parts: Vec<usize>,
    /// What they became.
    pub into: Window,
}

/// The part of a window function that a grouping needs; assigning windows is a kernel's work.
pub trait AnyWindowFn: Send + Sync {
    /// Name and parameters, `FixedWindows(size=10s)`. Two functions with the same text are the same:
    /// they can be flattened and co-grouped.
    fn identity(&self) -> String;

    /// Whether windows of one key can merge.
    fn is_merging(&self) -> bool;

    /// Which of one key's windows become one. Windows that stay alone need not be listed.
    ///
    /// # Errors
    /// When a window is not of this function's type, or the author's code failed.
    fn merge(&self, windows: &[Window]) -> Result<Vec<WindowMerge>, BoxError>;

    /// Whether this is the global windowing.
    fn is_global(&self) -> bool {
        false
    }

    /// The window in which this instant lies, for a side input: of several the first to end. `None` if the
    /// function cannot tell by the instant alone.
    ///
    /// # Errors
    /// When the window cannot be written.
    fn window_at(&self, at: Timestamp) -> Result<Option<Window>, BoxError> {
        let _ = at;
        Ok(None)
    }
}

/// What becomes of a pane's contents once it has fired. (Beam: `AccumulationMode`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AccumulationMode {
    /// They are gone: each pane has what came since the one before.
    Discarding,
    /// They stay: each pane has all that came so far.
    Accumulating,
}

/// At which event time a pane leaves. (Beam: `TimestampCombiner`.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimestampCombiner {
    /// The window's max timestamp.
    #[default]
    EndOfWindow,
    /// The least time of those elements of the pane that came in time.
    Earliest,
    /// The greatest time of those.
    Latest,
}

/// Whether a pane that has to say nothing new goes out all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FiringBehavior {
    /// Also when it is empty.
    FireAlways,
    /// Only when something came since the last pane.
    FireIfNonEmpty,
}

/// How a collection is windowed, and when and how its groups go out. It goes from a collection to
/// those made from it. (Beam: `WindowingStrategy`.)
#[derive(Clone)]
#[non_exhaustive]
pub struct WindowingStrategy {
    /// Which windows there are and how they merge.
    pub window_fn: Arc<dyn AnyWindowFn>,
    /// When panes go out.
    pub trigger: Trigger,
    /// What becomes of a pane's contents; `None` if nobody has said.
    pub accumulation_mode: Option<AccumulationMode>,
    /// How long after a window's end late elements are still taken in.
    pub allowed_lateness: Duration,
    /// The event times of panes.
    pub timestamp_combiner: TimestampCombiner,
    /// Whether an empty on-time pane goes out.
    pub on_time_behavior: FiringBehavior,
    /// Whether an empty last pane goes out.
    pub closing_behavior: FiringBehavior,
    /// Whether the trigger may finish and so drop what comes later: the author has said so.
    pub allows_closed_window_drops: bool,
}

impl WindowingStrategy {
    /// Windows by this function, and all else as it is by default: the default trigger, no lateness,
    /// panes at the end of their window.
    pub fn new(window_fn: Arc<dyn AnyWindowFn>) -> Self {
        WindowingStrategy {
            window_fn,
            trigger: Trigger::Default,
            accumulation_mode: None,
            allowed_lateness: Duration::ZERO,
            timestamp_combiner: TimestampCombiner::EndOfWindow,
            on_time_behavior: FiringBehavior::FireAlways,
            closing_behavior: FiringBehavior::FireIfNonEmpty,
            allows_closed_window_drops: false,
        }
    }

    /// What a collection has that nobody windowed.
    pub fn global() -> Self {
        WindowingStrategy::new(Arc::new(Global))
    }

    /// Whether collections windowed so can be flattened or grouped together: they have the same
    /// windows, mode and trigger. The greater lateness is then the one that counts.
    pub fn is_compatible_with(&self, other: &WindowingStrategy) -> bool {
        self.window_fn.identity() == other.window_fn.identity()
            && self.accumulation_mode == other.accumulation_mode
            && (self.trigger == other.trigger || fault!("unlike-triggers-are-flattened"))
    }

    /// What a grouping hands on: merged windows are not merged again unless windowed anew, and the
    /// trigger is followed by its heir.
    pub fn after_grouping(&self) -> Self {
        let mut after = self.clone();
        if !fault!("heirs-wait-again") {
            after.trigger = self.trigger.heir();
        }
        if fault!("lateness-ends-at-a-grouping") {
            after.allowed_lateness = Duration::ZERO;
        }
        if after.window_fn.is_merging() && !fault!("merged-sessions-merge-again") {
            after.window_fn = Arc::new(AlreadyMerged(self.window_fn.identity()));
        }
        after
    }
}

impl fmt::Debug for WindowingStrategy {
    /// The windows, and of the rest what is not as it is by default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.window_fn.identity())?;
        if self.trigger != Trigger::Default {
            write!(f, ", {}", self.trigger)?;
        }
        match self.accumulation_mode {
            None => {}
            Some(AccumulationMode::Discarding) => f.write_str(", discarding")?,
            Some(AccumulationMode::Accumulating) => f.write_str(", accumulating")?,
        }
        if self.allowed_lateness > Duration::ZERO {
            write!(f, ", {} late", self.allowed_lateness)?;
        }
        Ok(())
    }
}

struct Global;

impl AnyWindowFn for Global {
    fn identity(&self) -> String {
        "GlobalWindows".into()
    }
    fn is_merging(&self) -> bool {
        false
    }
    fn merge(&self, _: &[Window]) -> Result<Vec<WindowMerge>, BoxError> {
        Ok(Vec::new())
    }
    fn is_global(&self) -> bool {
        true
    }
    fn window_at(&self, _: Timestamp) -> Result<Option<Window>, BoxError> {
        Ok(Some(Window::Global))
    }
}

/// Windows that a grouping has merged already.
struct AlreadyMerged(String);

impl AnyWindowFn for AlreadyMerged {
    fn identity(&self) -> String {
        format!("Merged({})", self.0)
    }
    fn is_merging(&self) -> bool {
        false
    }
    fn merge(&self, _: &[Window]) -> Result<Vec<WindowMerge>, BoxError> {
        Ok(Vec::new())
    }
}
