//! The trigger machines, without a runner: alone and in merges.

#![allow(clippy::unwrap_used, clippy::expect_used)] // what goes wrong here fails the test, as it should

mod alone;
mod merges;
mod play;
