//! Errors of construction: everything that is wrong with a pipeline, said at once.

use std::{fmt, panic};

/// What an author's code may return as an error: anything that can be shown.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The place in an author's program where a transform was applied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location(&'static panic::Location<'static>);

impl Location {
    /// The caller of the innermost function without `#[track_caller]`.
    #[track_caller]
    pub fn caller() -> Self {
        Location(panic::Location::caller())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One thing that is wrong with a pipeline, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{transform} ({location}): {problem}\n    to mend it: {mend}")]
pub struct BuildError {
    /// The transform's full name.
    pub transform: String,
    /// The file and line where it was applied.
    pub location: Location,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub mend: String,
}

/// All that is wrong with a pipeline. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BuildErrors(pub Vec<BuildError>);

impl fmt::Display for BuildErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pipeline cannot be built")?;
        if let [error] = self.0.as_slice() {
            return write!(f, ": {error}");
        }
        write!(f, ", for {} reasons:", self.0.len())?;
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "\n  {}. {error}", i + 1)?;
        }
        Ok(())
    }
}
