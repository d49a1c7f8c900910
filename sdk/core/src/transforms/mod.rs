//! Transforms made of others, or of a primitive and a check.

mod aggregate;
mod as_of_join;
mod co_group;
mod deduplicate;
mod distinct;
mod flatten;
mod group_into_batches;
mod interval_join;
mod join;
mod json;
mod latest;
mod partition;
mod policies;
mod policy_windows;
#[cfg(feature = "regex")]
mod regex;
mod reshuffle;
mod sort_values;

pub use co_group::CoGroupByKey;
pub use deduplicate::Deduplicate;
pub use group_into_batches::GroupIntoBatches;
pub use policy_windows::PolicyWindows;
#[cfg(feature = "regex")]
pub use regex::{Capture, Regex, RegexFind, RegexKeyValue, RegexReplace, RegexSplit};
pub use sort_values::Grouped;

pub(crate) use flatten::flatten;
