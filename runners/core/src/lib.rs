//! What every runner shares.
//!
//! ```text
//!   runner      the trait by which a runner is started, and the options all of them know
//!   job         the handle on a running job; progress; draining, cancelling
//!   status      what a job says of itself while it runs, and why nothing comes out of it
//!   report      what a run says of itself when it has ended
//!   ledger      whether all that came to a step is accounted for
//!   sizes       how many bytes elements take, by a sample
//!   clock       the time of day, or a test's
//!   open_reader a split being read: when its reader is asked, and whether it is idle
//!   parts       splits and restrictions that the workers of a process share
//!   source_watermark  what the watermarks of its splits make of a source's
//!   drained     the mark of panes that a drain made
//!   guard       an author's code, fenced: an error or a panic becomes a failure of the step
//!   instance    a kernel with its life cycle
//!   plan        from a graph to stages: fusion, lifting, exchanges
//!   script      the test streams of a graph, as one
//!   trigger     when a key and window goes out: pure machines
//!   grouping    keys × windows: which cells there are, how they merge, what comes out
//!   stateful    keys × windows of stateful DoFns: timers, expiry
//!   views       side inputs: what views show, and who waits for them
//!   holds       where what is kept holds the output watermark
//! ```

mod acknowledging;
mod alive;
mod clock;
mod drained;
mod error;
mod grouping;
mod guard;
mod holds;
mod instance;
mod job;
mod ledger;
mod logging;
mod open_reader;
mod parts;
mod plan;
mod report;
mod runner;
mod script;
mod sizes;
mod source_watermark;
mod splittable;
mod stateful;
mod status;
mod trigger;
mod views;

pub use acknowledging::{Acknowledged, acknowledge};
pub use clock::{Clock, time_of_day};
pub use drained::{has_drained, marked};
pub use error::RunError;
pub use grouping::{Emit, FastGrouping, GroupingOperator, Located, is_simple};
pub use guard::{Failure, guard};
pub use instance::Instance;
pub use job::{JobHandle, JobProgress, JobState};
pub use ledger::{Account, Ledger, audit};
pub use logging::at_work;
pub use open_reader::{Given, OpenReader, std_duration};
pub use parts::Parts;
pub use plan::{Exchange, ExchangeId, Plan, PlanOptions, Route, Stage, StageId, Target};
pub use report::{Outcome, RunReport, StepReport};
pub use runner::{Checks, RunOptions, Runner};
pub use script::{Script, ScriptEvent};
pub use sizes::Sizes;
pub use source_watermark::Standing;
pub use splittable::{Piece, SharedRestrictions, SplittableOperator};
pub use stateful::StatefulOperator;
pub use status::{
    Board, Explanation, HeldBy, Holder, JobStatus, OpenWindow, Outline, Seen, StateSize, StepNow,
    StepOutline, StepStatus, UnknownStep, WorkerStatus, is_under_way, together,
};
pub use trigger::{At, TriggerMachine, TriggerState};
pub use views::{Ready, Sight, ViewReader, ViewStore};
