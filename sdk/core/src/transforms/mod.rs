//! Transforms made of others, or of a primitive and a check.

mod aggregate;
mod distinct;
mod flatten;
mod partition;
mod reshuffle;

pub(crate) use flatten::flatten;
