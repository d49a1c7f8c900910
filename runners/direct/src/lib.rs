//! The direct runner: the executable specification of the model.
//!
//! One process, one thread, no cleverness: it runs the graph as it was written, unfused and unlifted.
//! For a given seed it does the same every time. With checks on (the default) it does all that the
//! model allows a runner to do and a fast one does rarely: bundles are cut at random, elements are
//! permuted, every element makes a round trip through its coder, DoFn instances are replaced between
//! bundles, running splits are cut, accumulators are folded apart and merged. A pipeline that passes
//! here relies on nothing that the model does not promise.
//!
//! ```text
//!   execution    which step runs next: the one nearest the end that has something to do
//!   step         what a step keeps while it runs
//!   keeping      steps that keep something between bundles: groupings, stateful steps, readers of views
//!   reading      the splits of a source, one after the other
//!   checks       what is disturbed, and what must not change by it
//! ```

mod checks;
mod execution;
mod keeping;
mod look;
mod reading;
mod runner;
mod step;

pub use runner::DirectRunner;
