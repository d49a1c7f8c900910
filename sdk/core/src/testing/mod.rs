//! Assertions on collections, checked when the run is about to succeed. (Beam: `PAssert`.)
//!
//! An assertion is a sink: it gathers what all workers saw, and its commit compares. So it holds on
//! every runner and any number of workers, and what does not hold fails the run, by name.

mod assertion;
mod diff;

pub(crate) use assertion::AssertionLog;
pub use assertion::{Assertion, AssertionState, assert_that};
