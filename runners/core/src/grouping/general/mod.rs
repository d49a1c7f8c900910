//! The general path of a grouping: any windows, triggers, modes and lateness, key by key.
//!
//! ```text
//!   operator    what is kept, and the times: window ends and expiries, then deadlines of processing time
//!   bundle      a bundle: drop what is late → merge windows → fold → ask the triggers it touched
//!   merging     windows that become one, with cells, trigger states, counters and holds
//!   firing      what a trigger's firing, a window's end and its expiry put out
//!   state       what is kept for one key and window
//!   windows     what all keys share of a window; its timer
//!   times       deadlines
//!   batch       panes on their way out
//!   look        what it says of itself: sizes, accounts, holds, open windows
//! ```
//! A cell stands for one key and window; the table knows its content, this folder all else.

mod batch;
mod bundle;
mod firing;
mod look;
mod merging;
mod operator;
mod state;
mod times;
mod windows;

pub use operator::{Emit, GroupingOperator, Located};
