//! What the work with state puts out.

/// Of so many events of a key one.
pub(crate) const STEP: u64 = 1000;
