//! Side inputs.
//!
//! ```text
//!   store       what the views of a job show, once for all workers of a process
//!   sight       what a step sees beside its elements
//!   reader      a step that reads views: what waits for which, and what has what it needs
//! ```

mod reader;
mod sight;
mod store;

pub use reader::{Ready, ViewReader};
pub use sight::Sight;
pub use store::ViewStore;

pub(crate) use sight::Alike;
