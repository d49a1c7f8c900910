//! The machines that run triggers: pure, without a clock of their own and without input or output.
//!
//! ```text
//!   machine   a trigger compiled to nodes, and what may be asked of it
//!   state     what a key and window remembers for its machine
//!   step      an element, the question, a firing
//!   merge     what becomes of states when their windows become one
//! ```
//! A machine is made once for a grouping and serves all its keys and windows. It follows the table of
//! the model, row by row; where the table leaves a choice, the comment at the place says what was
//! chosen.

mod machine;
mod merge;
mod state;
mod step;

pub use machine::{At, TriggerMachine};
pub use state::TriggerState;
