//! The oracle of event time: transcripts whose panes were written by hand from the definitions, plays
//! whose panes Apache Beam's Java runner gave, and laws that hold for any transcript.

#![allow(clippy::unwrap_used, clippy::expect_used)] // what goes wrong here fails the test, as it should

mod beam;
mod laws;
mod scripts;
