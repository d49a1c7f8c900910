//! The conformance suite: what every runner must mean, and the harness that shows it.
//!
//! Each behaviour has an id (`GP-05`); a [`Case`] is a registered function that shows one or more of
//! them on the runner it is given. The same cases run under `cargo test` and in the program, which
//! prints the matrix of ids.
//!
//! ```text
//!   behaviours      the ids and titles: the list that must hold
//!   case            a registered test, and the bench it runs on
//!   cases           the cases, by category
//!   naive           random programs, and what they mean, worked out without the engine
//!   oracle          random groupings in event time, and every pane they give, worked out likewise
//!   scripts         such groupings by hand, with every pane
//!   played          both on a runner
//!   compile_time    what the compiler shows
//!   folder          where cases keep files
//!   spread          a combiner with or without a fan-out
//!   stepped         a source whose elements and watermark come as told
//!   ticking         a clock that goes on as it is looked at
//!   runners         the lines of the matrix: which runners, with how many workers and processes
//!   harness         runs the cases of a line
//!   apart           a case in processes of its own
//!   report          writes a line
//!   faults          deliberate faults of the engine, each with the ids that must catch it
//! ```
//!
//! A runner from elsewhere is tested by what it implements anyway, [`watershed::Runner`]:
//!
//! ```
//! use std::sync::Arc;
//! use model_tests::{Bench, cases, harness::{self, Selection}, report::{self, Format}};
//! use watershed::{DirectRunner, RunOptions};
//!
//! let mine = Bench::new(Arc::new(DirectRunner), RunOptions::default());
//! let selection = Selection::Matching("EW-10".into());
//! let line = harness::run(&mine, &cases::all(), &selection, harness::LIMIT);
//! print!("{}", report::write(&line, Format::Text));
//! assert_eq!(line.counts().1, 0);
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "these are tests, and a failing test panics"
)]

pub mod apart;
pub mod behaviours;
pub mod case;
pub mod cases;
pub mod compile_time;
pub mod faults;
mod folder;
pub mod harness;
pub mod naive;
pub mod oracle;
pub mod played;
pub mod report;
pub mod runners;
pub mod scripts;
mod spread;
mod stepped;
mod ticking;

pub use case::{Bench, Case, LineName};
