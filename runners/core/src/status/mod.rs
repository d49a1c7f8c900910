//! What a job says of itself while it runs.
//!
//! ```text
//!   who asks ─ look() ─▶ Board ◀─ answer() ─ each worker, between two pieces of its work
//!                          │
//!                          ▼
//!   WorkerStatus × workers ─▶ JobStatus ─▶ explain, the page, Prometheus
//! ```
//! Workers count as they always do and say nothing until somebody asks; then each writes down where it
//! stands. So a job that nobody looks at pays nothing for it, and what is told is exact and of one moment
//! on each worker. One that is kept by an author's code answers late; the board tells which do.

mod board;
mod explain;
mod job;
mod outline;
mod worker;

pub use board::{Board, Seen};
pub use explain::{Explanation, UnknownStep};
pub use job::{HeldBy, JobStatus, StepNow, is_under_way, together};
pub use outline::{Outline, StepOutline};
pub use worker::{Holder, OpenWindow, StateSize, StepStatus, WorkerStatus};
