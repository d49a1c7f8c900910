//! Splittable steps: restrictions in hand, worked on in rounds.
//!
//! ```text
//!   operator    a step on one worker: whose turn it is, what rests, what holds the watermark
//!   sharing     what goes to workers that have nothing
//! ```

mod operator;
mod sharing;

pub use operator::{Piece, SplittableOperator};
pub use sharing::SharedRestrictions;
