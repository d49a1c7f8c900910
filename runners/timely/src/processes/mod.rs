//! The processes of a job: how they find each other, trust each other, and lose each other.
//!
//! Every process runs the same program and builds the same graph. Process 0 coordinates: it finds the
//! splits, collects the votes and commits. Each other process has a *control link* to it; and each
//! pair of processes has a *data link*, over which timely sends bundles.
//!
//! ```text
//!   place       who this process is, and how it finds the others
//!   launch      starts the other processes on this machine, by itself
//!   join        all links of a job
//!   door        where links come in, and strangers too
//!   handshake   both ends of a new link prove the secret and compare fingerprints of their graphs
//!   control     the control links: who is alive, who has failed
//!   message     what is said on them
//!   agreement   what processes agree on while their workers run: a drain, idle sources
//!   data_link   a data link as timely's stream: bounded frames, and no panic when it is lost
//!   socket      time limits and keepalive
//! ```

mod agreement;
mod control;
mod data_link;
mod door;
mod handshake;
mod inquiry;
mod join;
mod launch;
mod message;
mod place;
mod socket;

pub(crate) use control::Control;
pub(crate) use data_link::DataLink;
pub(crate) use join::join;
pub use launch::is_launched_child;
pub(crate) use message::{Ballot, Counts, Message};
pub(crate) use place::{Place, check};
