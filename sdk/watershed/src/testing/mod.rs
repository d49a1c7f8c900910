//! Testing: whole pipelines, single DoFns, streams that a test makes up.
//!
//! ```
//! use watershed::{prelude::*, testing::{TestPipeline, assert_that}};
//!
//! let pipeline = TestPipeline::new();
//! let lengths = pipeline.create(["a", "bc"].map(String::from)).map(|word| word.len());
//! assert_that(&lengths).contains_in_any_order([1, 2]);
//! pipeline.run();
//! ```
//!
//! ```text
//!   pipeline   a pipeline that must be run
//!   clock      processing time as a test says
//!   element    elements as a test hands them to a step
//!   do_fn      a DoFn alone
//!   stateful   a stateful DoFn alone
//!   step       how both get at their step and the engine that runs it
//!   panes      what the panes of a grouping came to in the end
//!   arrivals   random orders in which elements may arrive (the feature `proptest`)
//!   golden     a file of events, and the panes that they must give
//! ```
//!
//! Assertions on collections ([`assert_that`]) come from `watershed-core`, as does
//! [`TestStream`](crate::TestStream).

#[cfg(feature = "proptest")]
mod arrivals;
mod clock;
mod do_fn;
mod element;
mod golden;
mod panes;
mod pipeline;
mod stateful;
mod step;

#[cfg(feature = "proptest")]
pub use arrivals::Arrivals;
pub use clock::TestClock;
pub use do_fn::DoFnTester;
pub use element::TestElement;
pub use golden::{GoldenError, GoldenFile};
pub use panes::last_panes;
pub use pipeline::TestPipeline;
pub use stateful::StatefulTester;
pub use watershed_core::testing::{Assertion, AssertionState, Emitted, assert_that};
pub use watershed_runner_core::Failure;
