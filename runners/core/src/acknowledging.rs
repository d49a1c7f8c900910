//! The end of what was durable only then.

use watershed_model::{Acknowledgement, fault};

use crate::{Failure, guard};

/// What became of acknowledgements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// How many were called and did not fail.
    pub done: u64,
    /// How many failed.
    pub failed: u64,
    /// How the first of them did.
    pub failure: Option<String>,
}

/// Calls acknowledgements, now that all output is durable. None of them can fail the run.
pub fn acknowledge(told: Vec<Acknowledgement>) -> Acknowledged {
    let mut became = Acknowledged::default();
    for acknowledgement in told {
        match guard(|| acknowledgement.call()) {
            Ok(()) => became.done += 1,
            Err(failure) => {
                tracing::warn!("an acknowledgement {failure}");
                became.failed += 1;
                became.failure.get_or_insert_with(|| match failure {
                    Failure::Error(error) => error.to_string(),
                    Failure::Panic { message, .. } => message,
                });
            }
        }
        if fault!("one-acknowledgement-is-enough") {
            break;
        }
    }
    became
}
