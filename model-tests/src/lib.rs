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
//!   harness         runs cases and reports
//! ```

pub mod case;
pub mod cases;

pub use case::{Bench, Case};
