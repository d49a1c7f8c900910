//! Grouping, in two paths that agree.
//!
//! The *general* path keeps a cell for each key and window and can do all that the model knows. The
//! *fast* path keeps one hash table a window; it stands where windows do not merge and nothing fires
//! before a window closes, and folds before an exchange there, too.

mod fast;
mod general;

pub use fast::FastGrouping;
pub use general::GroupingOperator;
