//! A file of events and of the panes that they must give.
//!
//! ```text
//!   file      the check: play the events, compare the panes, or write them down
//!   event     a line of the file that says what happens
//!   pane      a line of the file that says what must come out
//!   results   all such lines, and how two of them differ
//! ```

mod event;
mod file;
mod pane;
mod results;

pub use file::{GoldenError, GoldenFile};
