//! Transforms made of others, or of a primitive and a check.

mod aggregate;
mod co_group;
mod distinct;
mod flatten;
mod join;
mod partition;
mod reshuffle;

pub use co_group::CoGroupByKey;

pub(crate) use flatten::flatten;
