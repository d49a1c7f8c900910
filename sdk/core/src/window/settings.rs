//! What else is said of windows: when panes go out, and what becomes of what they held.

use std::fmt;

use watershed_model::{
    AccumulationMode, Duration, FiringBehavior, Timestamp, TimestampCombiner, Trigger,
    WindowingStrategy, fault,
};

use super::WindowFn;

/// What of a windowing was said; what was not stays as it was in the collection before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowSettings {
    trigger: Option<Trigger>,
    accumulation_mode: Option<AccumulationMode>,
    allowed_lateness: Option<Duration>,
    timestamp_combiner: Option<TimestampCombiner>,
    on_time_behavior: Option<FiringBehavior>,
    closing_behavior: Option<FiringBehavior>,
    allows_closed_window_drops: Option<bool>,
}

impl WindowSettings {
    /// Nothing said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a trigger was said.
    pub(super) fn says_trigger(&self) -> bool {
        self.trigger.is_some()
    }

    /// Writes what was said over a strategy.
    pub(super) fn apply_to(&self, strategy: &mut WindowingStrategy) {
        fn set<T: Clone>(said: &Option<T>, value: &mut T) {
            if let Some(said) = said {
                value.clone_from(said);
            }
        }
        if strategy.trigger == Trigger::Default || !fault!("the-first-trigger-stays") {
            set(&self.trigger, &mut strategy.trigger);
        }
        set(&self.accumulation_mode.map(Some), &mut strategy.accumulation_mode);
        set(&self.allowed_lateness, &mut strategy.allowed_lateness);
        set(&self.timestamp_combiner, &mut strategy.timestamp_combiner);
        set(&self.on_time_behavior, &mut strategy.on_time_behavior);
        set(&self.closing_behavior, &mut strategy.closing_behavior);
        set(&self.allows_closed_window_drops, &mut strategy.allows_closed_window_drops);
    }
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty)?) $field:ident = $value:expr;)*) => {
        impl WindowSettings {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(mut self $(, $argument: $type)?) -> Self {
                self.$field = Some($value);
                self
            })*
        }

        impl<F> Windowing<F> {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(mut self $(, $argument: $type)?) -> Self {
                self.settings.$field = Some($value);
                self
            })*
        }

        /// What can be said of any window function's windows, besides which there are:
        /// `FixedWindows::of(minutes(1)).triggering(..).allowed_lateness(hours(1)).accumulating()`.
        pub trait WindowExt: Sized {
            $($(#[$doc])*
            fn $name(self $(, $argument: $type)?) -> Windowing<Self> {
                Windowing { window_fn: self, settings: WindowSettings::new() }.$name($($argument)?)
            })*
        }
    };
}

settings! {
    /// When panes go out. (Beam: `Window.triggering`.)
    triggering(trigger: impl Into<Trigger>) trigger = trigger.into();
    /// Each pane has what came since the one before.
    discarding() accumulation_mode = AccumulationMode::Discarding;
    /// Each pane has all that came so far.
    accumulating() accumulation_mode = AccumulationMode::Accumulating;
    /// How long after a window's end late elements are still taken in. What comes later is dropped,
    /// counted, and can be had as a collection of its own.
    allowed_lateness(lateness: impl Into<Duration>) allowed_lateness = lateness.into();
    /// At which event time panes leave.
    timestamp_combiner(combiner: TimestampCombiner) timestamp_combiner = combiner;
    /// Whether an empty on-time pane goes out; it does by default.
    on_time_behavior(behavior: FiringBehavior) on_time_behavior = behavior;
    /// Whether an empty last pane goes out; it does not by default.
    closing_behavior(behavior: FiringBehavior) closing_behavior = behavior;
    /// Allows a trigger that can finish: what comes for the window later is dropped and counted.
    allow_closed_window_drops() allows_closed_window_drops = true;
}

impl<F: Clone + fmt::Debug + Send + Sync + 'static> WindowExt for F {}

/// A window function with what else was said of its windows.
#[derive(Clone)]
pub struct Windowing<F> {
    window_fn: F,
    settings: WindowSettings,
}

/// The window function's own text: it alone tells which windows there are.
impl<F: fmt::Debug> fmt::Debug for Windowing<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.window_fn.fmt(f)
    }
}

impl<T, F: WindowFn<T>> WindowFn<T> for Windowing<F> {
    type Window = F::Window;
    fn assign(&self, element: &T, timestamp: Timestamp, windows: &mut Vec<F::Window>) {
        self.window_fn.assign(element, timestamp, windows);
    }
    fn assigns_alike(&self, timestamp: Timestamp) -> Option<(Timestamp, Timestamp)> {
        self.window_fn.assigns_alike(timestamp)
    }
    fn window_at(&self, at: Timestamp) -> Option<F::Window> {
        self.window_fn.window_at(at)
    }
    fn is_merging(&self) -> bool {
        self.window_fn.is_merging()
    }
    fn merge(&self, windows: &[F::Window]) -> Vec<(Vec<usize>, F::Window)> {
        self.window_fn.merge(windows)
    }
    fn check(&self) -> Result<(), (String, String)> {
        self.window_fn.check()
    }
    fn is_global(&self) -> bool {
        self.window_fn.is_global()
    }
    fn settings(&self) -> WindowSettings {
        self.settings.clone()
    }
}
