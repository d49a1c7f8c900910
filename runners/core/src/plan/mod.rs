//! From a graph to stages: what runs together on one worker, and what crosses between workers.
//!
//! ```text
//!   Read ─ Map ─ Filter ─┐ lift │exchange│ CombinePerKey ─ Map ─ Write
//!   ╰──── stage 0 ───────────╯             ╰──────── stage 1 ───────╯
//! ```
//! A stage begins at a *head*: a source, a grouping, a reshuffle. All element-wise steps and sinks
//! behind it run in it, bundle by bundle, without any queue between (fusion). A flatten is unrolled:
//! what reads it reads all its inputs, in the stage of each. A combine that may be folded before its
//! exchange gets a *lift* at the end of the stages that feed it.

mod build;
mod print;

pub use build::{Exchange, ExchangeId, Plan, Route, Stage, StageId, Target};

/// What a plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// How many workers the job has.
    pub workers: usize,
    /// Whether combiners are folded before the exchange: by default where there is more than one
    /// worker, since otherwise it is work done twice.
    pub lifting: Option<bool>,
    /// Whether element-wise steps run in the stage that feeds them; without it each is a stage.
    pub fusion: bool,
}

impl PlanOptions {
    /// What is best for so many workers.
    pub fn for_workers(workers: usize) -> Self {
        PlanOptions { workers, lifting: None, fusion: true }
    }

    pub(crate) fn lifts(&self) -> bool {
        self.lifting.unwrap_or(self.workers > 1)
    }
}
