//! The trigger machines, without a runner: alone, against a reference, in merges, at random.

#![allow(clippy::unwrap_used, clippy::expect_used)] // what goes wrong here fails the test, as it should

mod alone;
mod exhaustive;
mod merges;
mod play;
mod random;
mod reference;
