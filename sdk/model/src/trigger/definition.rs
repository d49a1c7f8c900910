//! The triggers there are.

use serde::{Deserialize, Serialize};

use crate::Duration;

/// When the contents of a key and window go out as a pane. (Beam: `Trigger`.)
///
/// A trigger is asked once per key and window after a bundle that touched it, when the watermark
/// passes the window's end, and when a deadline of processing time falls due. It may *finish*: what
/// comes later for that window is dropped and counted, unless it is inside one that begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trigger {
    /// When the window is complete, and then for each bundle of late elements. Never finishes.
    Default,
    /// When the window is complete. With `early`, also before, whenever that fires; with `late`,
    /// also after. Both repeat by themselves. Without `late` it finishes at the on-time firing.
    AfterWatermark {
        /// Fires before the window's end, again and again.
        early: Option<Box<Trigger>>,
        /// Fires after the on-time pane, again and again.
        late: Option<Box<Trigger>>,
    },
    /// When the pane has at least so many elements; finishes.
    AfterCount(u64),
    /// When so much processing time has passed since the pane's first element; finishes.
    AfterProcessingTime {
        /// How long after the first element.
        delay: Duration,
        /// The due time is rounded up to a multiple of this.
        align: Option<Duration>,
    },
    /// When anything has arrived: what a grouping inherits from one that waited for processing time,
    /// so that delays do not add up; finishes. (Beam: `AfterSynchronizedProcessingTime`.)
    AfterSynchronizedProcessingTime,
    /// Never: contents come out when the window expires.
    Never,
    /// As the inner one, which begins anew whenever it finishes.
    Repeatedly(Box<Trigger>),
    /// As the first, until the second fires.
    OrFinally(Box<Trigger>, Box<Trigger>),
    /// One after the other, each until it finishes.
    AfterEach(Vec<Trigger>),
    /// When all are ready; finishes.
    AfterAll(Vec<Trigger>),
    /// When any is ready; finishes.
    AfterFirst(Vec<Trigger>),
}

impl Trigger {
    /// How deep triggers may stand in one another. Text beyond it is an error when it is read, and
    /// [`check`](Trigger::check) refuses the rest, so that whoever walks a trigger may recurse.
    pub const MAX_DEPTH: usize = 32;

    /// The trigger's name without what stands in it: `after_watermark`.
    pub fn name(&self) -> &'static str {
        match self {
            Trigger::Default => "default",
            Trigger::AfterWatermark { .. } => "after_watermark",
            Trigger::AfterCount(_) => "after_count",
            Trigger::AfterProcessingTime { .. } => "after_processing_time",
            Trigger::AfterSynchronizedProcessingTime => "after_synchronized_processing_time",
            Trigger::Never => "never",
            Trigger::Repeatedly(_) => "repeatedly",
            Trigger::OrFinally(..) => "or_finally",
            Trigger::AfterEach(_) => "after_each",
            Trigger::AfterAll(_) => "after_all",
            Trigger::AfterFirst(_) => "after_first",
        }
    }
}
