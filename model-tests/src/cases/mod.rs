//! The cases, by category of behaviour.

use crate::Case;

/// All cases.
pub fn all() -> Vec<Case> {
    Vec::new()
}
