//! Splittable steps: restrictions in hand, worked on in rounds.
//!
//! ```text
//!   operator    a step on one worker: whose turn it is, what rests, what holds the watermark
//! ```

mod operator;

pub use operator::{Piece, SplittableOperator};
