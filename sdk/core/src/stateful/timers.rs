//! Handles on timers.

use watershed_model::{BoxError, Duration, TimeDomain, TimerName, Timestamp};

use super::{FiredTimer, StateContext, context::When};

/// A timer that a DoFn declared, so that [`FiredTimer::is`] can tell which has fired.
pub trait DeclaredTimer: sealed::Sealed {
    /// Whether it is the one that has fired.
    #[doc(hidden)]
    fn has_fired(&self, fired: &FiredTimer<'_>) -> bool;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! timers {
    ($(#[$doc:meta])* $name:ident, $(#[$family_doc:meta])* $family:ident, $domain:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            id: u32,
            output: Option<Timestamp>,
        }

        impl $name {
            pub(super) fn new(id: u32) -> Self {
                $name { id, output: None }
            }

            fn name(self) -> TimerName {
                TimerName { id: self.id, tag: None }
            }

            /// What is put out when the timer fires will have this event time, unless told otherwise, and the
            /// output watermark is held there until then.
            #[must_use]
            pub fn with_output_timestamp(self, at: Timestamp) -> Self {
                $name { output: Some(at), ..self }
            }

            /// Sets the timer, in the place of where it was set before. One in the past fires at once.
            ///
            /// # Errors
            /// When the time lies behind the window's expiry; when the output's time is earlier than that of
            /// the element or timer at hand, or later than it may be; and while the window expires.
            pub fn set<K>(self, cx: &mut StateContext<'_, K>, at: Timestamp) -> Result<(), BoxError> {
                cx.set_timer($domain, self.name(), When::At(at), self.output)
            }

            /// Sets the timer for so much later than the element at hand, or than the time for which the
            /// timer at hand was set; but no later than the window's expiry, where one that sets itself
            /// stops. For one of processing time: for so much later than now.
            ///
            /// # Errors
            /// As [`set`](Self::set).
            pub fn set_after<K>(
                self,
                cx: &mut StateContext<'_, K>,
                span: Duration,
            ) -> Result<(), BoxError> {
                cx.set_timer($domain, self.name(), When::After(span), self.output)
            }

            /// Clears the timer, if it is set.
            pub fn clear<K>(self, cx: &mut StateContext<'_, K>) {
                cx.clear_timer(&self.name());
            }
        }

        impl sealed::Sealed for $name {}
        impl DeclaredTimer for $name {
            fn has_fired(&self, fired: &FiredTimer<'_>) -> bool {
                fired.id() == Some(self.id)
            }
        }

        $(#[$family_doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $family {
            id: u32,
            output: Option<Timestamp>,
        }

        impl $family {
            pub(super) fn new(id: u32) -> Self {
                $family { id, output: None }
            }

            fn name(self, tag: &str) -> TimerName {
                TimerName { id: self.id, tag: Some(tag.into()) }
            }

            #[doc = concat!("As [`", stringify!($name), "::with_output_timestamp`].")]
            #[must_use]
            pub fn with_output_timestamp(self, at: Timestamp) -> Self {
                $family { output: Some(at), ..self }
            }

            #[doc = concat!("As [`", stringify!($name), "::set`], for the timer with this tag.")]
            ///
            /// # Errors
            /// As there.
            pub fn set<K>(
                self,
                cx: &mut StateContext<'_, K>,
                tag: &str,
                at: Timestamp,
            ) -> Result<(), BoxError> {
                cx.set_timer($domain, self.name(tag), When::At(at), self.output)
            }

            #[doc = concat!("As [`", stringify!($name), "::set_after`], for the timer with this tag.")]
            ///
            /// # Errors
            /// As there.
            pub fn set_after<K>(
                self,
                cx: &mut StateContext<'_, K>,
                tag: &str,
                span: Duration,
            ) -> Result<(), BoxError> {
                cx.set_timer($domain, self.name(tag), When::After(span), self.output)
            }

            /// Clears the timer with this tag, if it is set.
            pub fn clear<K>(self, cx: &mut StateContext<'_, K>, tag: &str) {
                cx.clear_timer(&self.name(tag));
            }
        }

        impl sealed::Sealed for $family {}
        impl DeclaredTimer for $family {
            fn has_fired(&self, fired: &FiredTimer<'_>) -> bool {
                fired.id() == Some(self.id)
            }
        }
    };
}

timers!(
    /// A timer that fires when the watermark passes its time. When the input ends, all that are set fire. In
    /// the global window, which has no end, what a timer sets after that fires only up to the time of the
    /// key's last element: a timer that sets itself again stops there.
    EventTimer,
    /// Timers of event time, told apart by tags.
    EventTimerFamily,
    TimeDomain::EventTime
);

timers!(
    /// A timer that fires when the clock shows its time. Those of a window that has expired do not fire. Where
    /// the input has ended before, each that is set fires once, before its window expires
    /// ([`FiredTimer::is_at_end`]).
    ProcessingTimer,
    /// Timers of processing time, told apart by tags.
    ProcessingTimerFamily,
    TimeDomain::ProcessingTime
);

/// That a key and window is about to be forgotten.
#[derive(Clone, Copy, Debug)]
pub struct WindowExpiration(pub(super) ());

impl sealed::Sealed for WindowExpiration {}
impl DeclaredTimer for WindowExpiration {
    fn has_fired(&self, fired: &FiredTimer<'_>) -> bool {
        fired.id().is_none()
    }
}
