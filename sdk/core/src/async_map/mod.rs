//! Calls to the outside, many at once.
//!
//! ```text
//!   options     how many at once, how long, how often
//!   calls       the calls of one bundle, from the first to the last
//!   runtime     where their sockets and timers are looked after
//!   apply       the method by which an author applies them, and the step
//! ```

mod apply;
mod calls;
mod options;
mod runtime;

pub use options::AsyncOptions;
