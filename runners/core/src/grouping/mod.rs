//! Grouping, in two paths that agree.
//!
//! ```text
//!   rules       what a windowing strategy says of one grouping
//!   admission   what is dropped as too late
//!   general     a cell for each key and window: all that the model knows
//!   fast        a hash table for each window, where contents go out once, at the window's end
//!   fast_look   what that says of itself
//! ```

mod admission;
mod fast;
mod fast_look;
mod general;
mod rules;

pub(crate) use admission::{Admission, Dropped, in_windows};
pub use fast::FastGrouping;
pub use general::{Emit, GroupingOperator, Located};
pub use rules::is_simple;
pub(crate) use rules::{end, expiry};
