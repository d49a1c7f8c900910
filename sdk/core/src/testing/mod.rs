//! Assertions on collections, checked when the run is about to succeed. (Beam: `PAssert`.)
//!
//! An assertion is a sink: it gathers what all workers saw, and its commit compares. So it holds on
//! every runner and any number of workers, and what does not hold fails the run, by name.
//!
//! ```text
//!   assertion   what can be asserted of a collection
//!   diff        how what was expected and what came differ, for reading
//!   likeness    which of them belong together, since they differ in little
//!   emitted     what a step put out that was run alone
//! ```

mod assertion;
mod diff;
mod emitted;
mod likeness;

pub(crate) use assertion::AssertionLog;
pub use assertion::{Assertion, AssertionState, assert_that};
pub use emitted::Emitted;
#[doc(hidden)]
pub use likeness::marks;
