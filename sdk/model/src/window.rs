//! Windows as values: what an element is in, compared by content.
//!
//! A runner sees three forms ([`Window`]); an author sees a type of their own that implements
//! [`BoundedWindow`]. The two are converted at the edge, so that a custom window with fields of its
//! own crosses groupings and coders with them intact.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{BinaryCoder, BoxError, Coder, Element, Timestamp, fault};

/// A window as runners see it: half open in event time, compared by its bounds and content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Window {
    /// The window that holds all of time.
    Global,
    /// The half-open interval `[start, end)`.
    Interval {
        /// The first instant inside.
        start: Timestamp,
        /// The first instant after it.
        end: Timestamp,
    },
    /// A window of an author's own type.
    Custom(Arc<CustomWindow>),
}

/// The erased form of an author's window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CustomWindow {
    /// The last instant that belongs to the window.
    pub max_timestamp: Timestamp,
    /// The author's value, by the binary coder.
    pub bytes: Box<[u8]>,
}

impl Window {
    /// The last instant that belongs to the window: one microsecond before its end, and no later than
    /// the last legal time.
    pub fn max_timestamp(&self) -> Timestamp {
        match self {
            Window::Global => Timestamp::END_OF_GLOBAL_WINDOW,
            Window::Interval { end, .. } => last_instant(*end),
            Window::Custom(window) => window.max_timestamp,
        }
    }
}

impl fmt::Display for Window {
    /// `global`, `[start, end)`, or the last instant of a window of another kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::Global => f.write_str("global"),
            Window::Interval { start, end } => write!(f, "[{start}, {end})"),
            Window::Custom(window) => write!(f, "custom up to {}", window.max_timestamp),
        }
    }
}

/// The last instant before an end at which an element may lie.
fn last_instant(end: Timestamp) -> Timestamp {
    (end - crate::micros(1)).min(Timestamp::END_OF_GLOBAL_WINDOW)
}

/// A window type of an author. The crate's own kinds implement it as anyone's would.
pub trait BoundedWindow: Element + Eq {
    /// The last instant that belongs to the window.
    fn max_timestamp(&self) -> Timestamp;

    /// The form that runners see. The default keeps the value's bytes.
    ///
    /// # Errors
    /// When the value cannot be encoded.
    fn to_window(&self) -> Result<Window, BoxError> {
        let mut bytes = Vec::new();
        if !fault!("custom-windows-lose-their-fields") {
            BinaryCoder.encode_value(self, &mut bytes)?;
        }
        let max_timestamp = self.max_timestamp();
        Ok(Window::Custom(Arc::new(CustomWindow { max_timestamp, bytes: bytes.into() })))
    }

    /// The author's value again.
    ///
    /// # Errors
    /// When the window is of another type.
    fn from_window(window: &Window) -> Result<Self, BoxError> {
        match window {
            Window::Custom(custom) => Ok(BinaryCoder.decode_value(&custom.bytes)?),
            other => Err(format!("{other:?} is not a window of this type").into()),
        }
    }
}

/// The one window of the global windowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GlobalWindow;

impl BoundedWindow for GlobalWindow {
    fn max_timestamp(&self) -> Timestamp {
        Timestamp::END_OF_GLOBAL_WINDOW
    }
    fn to_window(&self) -> Result<Window, BoxError> {
        Ok(Window::Global)
    }
    fn from_window(window: &Window) -> Result<Self, BoxError> {
        match window {
            Window::Global => Ok(GlobalWindow),
            other => Err(format!("{other:?} is not the global window").into()),
        }
    }
}

/// The half-open interval `[start, end)` of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IntervalWindow {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl IntervalWindow {
    /// The interval `[start, end)`.
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        IntervalWindow { start, end }
    }
}

impl BoundedWindow for IntervalWindow {
    fn max_timestamp(&self) -> Timestamp {
        last_instant(self.end)
    }
    fn to_window(&self) -> Result<Window, BoxError> {
        Ok((*self).into())
    }
    fn from_window(window: &Window) -> Result<Self, BoxError> {
        match *window {
            Window::Interval { start, end } => Ok(IntervalWindow { start, end }),
            ref other => Err(format!("{other:?} is not an interval").into()),
        }
    }
}

impl From<IntervalWindow> for Window {
    fn from(window: IntervalWindow) -> Self {
        Window::Interval { start: window.start, end: window.end }
    }
}

/// The windows that one element is in: mostly one, sometimes several, none for a moment at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WindowSet {
    /// Exactly one window.
    One(Window),
    /// Any other number of windows.
    Many(Arc<[Window]>),
}

impl WindowSet {
    /// The global window alone.
    pub const GLOBAL: WindowSet = WindowSet::One(Window::Global);

    /// The windows, in the order in which they were assigned.
    #[inline]
    pub fn as_slice(&self) -> &[Window] {
        match self {
            WindowSet::One(window) => std::slice::from_ref(window),
            WindowSet::Many(windows) => windows,
        }
    }
}

impl From<Window> for WindowSet {
    fn from(window: Window) -> Self {
        WindowSet::One(window)
    }
}

impl From<&[Window]> for WindowSet {
    fn from(windows: &[Window]) -> Self {
        match windows {
            [window] => WindowSet::One(window.clone()),
            many => WindowSet::Many(many.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    struct Shift {
        team: String,
        until: Timestamp,
    }
    impl BoundedWindow for Shift {
        fn max_timestamp(&self) -> Timestamp {
            self.until
        }
    }

    #[test]
    fn an_authors_window_keeps_its_fields() {
        let shift = Shift { team: "night".into(), until: Timestamp::from_seconds(9) };
        let window = shift.to_window().unwrap();
        assert_eq!(window.max_timestamp(), Timestamp::from_seconds(9));
        assert_eq!(Shift::from_window(&window).unwrap(), shift);
        assert!(Shift::from_window(&Window::Global).is_err());
        assert!(IntervalWindow::from_window(&window).is_err());
    }

    #[test]
    fn an_intervals_last_instant_is_one_microsecond_before_its_end() {
        let window = IntervalWindow::new(Timestamp::from_seconds(0), Timestamp::from_seconds(1));
        assert_eq!(Window::from(window).max_timestamp(), Timestamp::from_micros(999_999));
    }
}
