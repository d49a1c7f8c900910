//! How an author writes a trigger.
//!
//! Most of these names only lead to a [`Trigger`]; [`AfterWatermark`] and [`AfterProcessingTime`]
//! have options, and become one where one is asked for.

use super::Trigger;
use crate::Duration;

/// When the window is complete, with firings before and after if you like.
///
/// ```
/// use watershed_model::{AfterCount, AfterProcessingTime, AfterWatermark, Trigger, seconds};
///
/// let trigger: Trigger = AfterWatermark::new()
///     .early(AfterProcessingTime::after_first(seconds(30)))
///     .late(AfterCount::of(1))
///     .into();
/// assert_eq!(
///     trigger.to_string(),
///     "after_watermark(early=after_processing_time(30s),late=after_count(1))"
/// );
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AfterWatermark {
    early: Option<Box<Trigger>>,
    late: Option<Box<Trigger>>,
}

impl AfterWatermark {
    /// One pane when the window is complete.
    pub fn new() -> Self {
        AfterWatermark::default()
    }

    /// Also panes before that, whenever this fires. It begins anew by itself.
    pub fn early(mut self, early: impl Into<Trigger>) -> Self {
        self.early = Some(Box::new(early.into()));
        self
    }

    /// Also panes after that, whenever this fires. It begins anew by itself.
    pub fn late(mut self, late: impl Into<Trigger>) -> Self {
        self.late = Some(Box::new(late.into()));
        self
    }

    /// This one, until the other fires.
    pub fn or_finally(self, until: impl Into<Trigger>) -> Trigger {
        Trigger::from(self).or_finally(until)
    }
}

impl From<AfterWatermark> for Trigger {
    fn from(AfterWatermark { early, late }: AfterWatermark) -> Self {
        Trigger::AfterWatermark { early, late }
    }
}

/// When so much processing time has passed since the pane's first element.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct AfterProcessingTime {
    delay: Duration,
    align: Option<Duration>,
}

impl AfterProcessingTime {
    /// So long after the pane's first element.
    pub fn after_first(delay: Duration) -> Self {
        AfterProcessingTime { delay, align: None }
    }

    /// At the next multiple of `period` since the epoch, so that keys fire together.
    pub fn aligned_to(mut self, period: Duration) -> Self {
        self.align = Some(period);
        self
    }

    /// This one, until the other fires.
    pub fn or_finally(self, until: impl Into<Trigger>) -> Trigger {
        Trigger::from(self).or_finally(until)
    }
}

impl From<AfterProcessingTime> for Trigger {
    fn from(AfterProcessingTime { delay, align }: AfterProcessingTime) -> Self {
        Trigger::AfterProcessingTime { delay, align }
    }
}

/// Never: contents come out when the window expires.
#[derive(Clone, Copy, Debug)]
pub struct Never;

impl From<Never> for Trigger {
    fn from(_: Never) -> Self {
        Trigger::Never
    }
}

/// When the pane has so many elements.
#[derive(Clone, Copy, Debug)]
pub struct AfterCount;

impl AfterCount {
    /// At least so many: a trigger is asked once a bundle.
    pub fn of(count: u64) -> Trigger {
        Trigger::AfterCount(count)
    }
}

/// Again and again.
#[derive(Clone, Copy, Debug)]
pub struct Repeatedly;

impl Repeatedly {
    /// As this one, which begins anew whenever it finishes.
    pub fn of(trigger: impl Into<Trigger>) -> Trigger {
        Trigger::Repeatedly(Box::new(trigger.into()))
    }
}

/// One after the other.
///
/// ```
/// use watershed_model::{AfterCount, AfterEach, AfterWatermark, Repeatedly};
///
/// let trigger = AfterEach::of([AfterCount::of(2), Repeatedly::of(AfterWatermark::new())]);
/// assert_eq!(trigger.to_string(), "after_each(after_count(2),repeatedly(after_watermark))");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AfterEach;

impl AfterEach {
    /// Each until it finishes, in this order.
    pub fn of<T: Into<Trigger>>(parts: impl IntoIterator<Item = T>) -> Trigger {
        Trigger::AfterEach(parts.into_iter().map(Into::into).collect())
    }
}

/// All together.
#[derive(Clone, Copy, Debug)]
pub struct AfterAll;

impl AfterAll {
    /// When all are ready.
    pub fn of<T: Into<Trigger>>(parts: impl IntoIterator<Item = T>) -> Trigger {
        Trigger::AfterAll(parts.into_iter().map(Into::into).collect())
    }
}

/// Whichever comes first.
///
/// ```
/// use watershed_model::{AfterCount, AfterFirst, AfterProcessingTime, Repeatedly, minutes};
///
/// let trigger = Repeatedly::of(AfterFirst::of([
///     AfterCount::of(100),
///     AfterProcessingTime::after_first(minutes(1)).aligned_to(minutes(1)).into(),
/// ]));
/// assert_eq!(
///     trigger.to_string(),
///     "repeatedly(after_first(after_count(100),after_processing_time(1m,align=1m)))"
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AfterFirst;

impl AfterFirst {
    /// When any is ready.
    pub fn of<T: Into<Trigger>>(parts: impl IntoIterator<Item = T>) -> Trigger {
        Trigger::AfterFirst(parts.into_iter().map(Into::into).collect())
    }
}

impl Trigger {
    /// This one, until the other fires.
    ///
    /// ```
    /// use watershed_model::{AfterCount, AfterWatermark, Repeatedly};
    ///
    /// let trigger = Repeatedly::of(AfterCount::of(2)).or_finally(AfterWatermark::new());
    /// assert_eq!(trigger.to_string(), "or_finally(repeatedly(after_count(2)),after_watermark)");
    /// ```
    #[must_use]
    pub fn or_finally(self, until: impl Into<Trigger>) -> Trigger {
        Trigger::OrFinally(Box::new(self), Box::new(until.into()))
    }
}
