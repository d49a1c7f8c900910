//! How a run can fail.

use watershed_model::{BoxError, BuildErrors};

use crate::Failure;

/// Why a run did not succeed. Nothing was committed, unless a commit itself failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The pipeline could not be built.
    #[error(transparent)]
    Build(#[from] BuildErrors),

    /// A step failed: its code, its source or sink, or a check of the runner's.
    #[error("step `{step}` {failure}")]
    Step {
        /// The step's full name.
        step: String,
        /// What happened.
        #[source]
        failure: Failure,
    },

    /// The runner could not be started, or was given options that it cannot meet.
    #[error("the {runner} runner {problem}")]
    Runner {
        /// The runner's name.
        runner: String,
        /// What is wrong, and how to mend it.
        problem: String,
    },
}

impl RunError {
    /// A failure of a step.
    pub fn step(step: &str, failure: impl Into<Failure>) -> Self {
        RunError::Step { step: step.to_owned(), failure: failure.into() }
    }

    /// The name of the step that failed, if one did.
    pub fn failed_step(&self) -> Option<&str> {
        match self {
            RunError::Step { step, .. } => Some(step),
            _ => None,
        }
    }
}

impl From<BoxError> for Failure {
    fn from(error: BoxError) -> Self {
        Failure::Error(error)
    }
}
