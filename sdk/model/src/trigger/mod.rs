//! When a grouping puts out what it has: triggers as data. The machines that run them belong to
//! runners.
//!
//! ```text
//!   definition   the triggers there are
//!   builders     how an author writes one
//!   text         how one prints: after_watermark(early=after_count(2),late=after_count(1))
//!   parse        the same text read again, with errors that point at the place
//!   check        which triggers make sense where, and which can lose data
//!   heir         what the next grouping inherits
//! ```

mod builders;
mod check;
mod definition;
mod heir;
mod parse;
mod text;

pub use builders::{
    AfterAll, AfterCount, AfterEach, AfterFirst, AfterProcessingTime, AfterWatermark, Never,
    Repeatedly,
};
pub use check::TriggerProblem;
pub use definition::Trigger;
pub use parse::TriggerParseError;
