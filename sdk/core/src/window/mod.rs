//! Windows: which stretches of event time an element belongs to.
//!
//! The crate's own window functions use the public [`WindowFn`] trait only, as an author's would.

mod assign;
mod calendar;
mod kinds;
mod settings;
mod stretches;
mod window_fn;

pub use calendar::CalendarWindows;
pub use kinds::{FixedWindows, GlobalWindows, Sessions, SlidingWindows};
pub use settings::{WindowExt, WindowSettings, Windowing};
pub use window_fn::WindowFn;
