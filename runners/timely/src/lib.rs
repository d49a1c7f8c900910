//! The timely runner: a graph on many workers, by timely-dataflow.
//!
//! A plan's stages become timely operators, one instance a worker; what crosses between stages are
//! whole bundles, split by key group. Inside a stage a bundle goes through all kernels without a
//! queue. No type is known here: this is plain code that compiles once.
//!
//! ```text
//!   runner      starts workers, one job from its start to its report
//!   commit      votes, and then all output or none
//!   crew        the workers of this process: started, awaited, or left behind
//!   worker      one worker's loop: steps the dataflow until it ends or the run is aborted
//!   dataflow    stages as timely operators
//!   stage       what happens to a bundle inside a stage
//!   splits      the splits of a job: found once, dealt out, shared by workers
//!   reading     a source on one worker
//!   wakers      how an operator is activated again
//!   exchange    bundles on timely's channels
//!   moment      timely's time: epoch and watermark
//!   processes   how the processes of a job find, trust and lose each other
//!   shared      what all workers of a run know: failure, abort, data in flight
//! ```

mod commit;
mod container;
mod crew;
mod dataflow;
mod exchange;
mod head;
mod input;
mod lift;
mod look;
mod moment;
mod operator;
mod player;
mod ports;
mod processes;
mod reading;
mod runner;
mod shared;
mod splits;
mod stage;
mod wakers;
mod worker;

pub use processes::is_launched_child;
pub use runner::TimelyRunner;
