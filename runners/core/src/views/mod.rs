//! Side inputs.
//!
//! ```text
//!   store       what the views of a job show, once for all workers of a process
//!   reader      a step that reads views: what waits for which, and what has what it needs
//! ```

mod reader;
mod store;

pub use reader::{Ready, ViewReader};
pub use store::ViewStore;
