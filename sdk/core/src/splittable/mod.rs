//! Splittable DoFns: work on one element that can be cut, left and taken up again, as reading a source can.
//!
//! ```text
//!   do_fn          the trait
//!   tracker        what a restriction is, which part of it is claimed, and how it is cut
//!   offset_range   restrictions from one number to another
//!   claims         how the author's code claims: where a piece of work ends, it gets no more
//!   estimator      how far the output has come
//!   context        what the author's code is told beside its element
//!   item           a restriction in hand
//!   kernel         the erased work: restrictions in hand, piece by piece
//!   apply          the method by which an author applies one
//! ```

mod apply;
mod claims;
mod context;
mod do_fn;
mod estimator;
mod item;
mod kernel;
mod offset_range;
mod tracker;

pub use claims::Claims;
pub use context::SplittableContext;
pub use do_fn::{Continuation, SplittableDoFn, SplittableEmitters};
pub use estimator::{ManualEstimator, MonotonicEstimator, WallClockEstimator, WatermarkEstimator};
pub use offset_range::{OffsetRange, OffsetTracker};
pub use tracker::RestrictionTracker;
