//! A part of the text that is still to be read.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::path_bytes;

/// What is still to be read: the lines of a byte range, the rest of a file that cannot be cut, or
/// standard input.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextSplit(pub(crate) Part);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// The lines that begin in `start..end` of a plain file, to their ends, wherever these are.
    /// Whether a line begins at `start` is told by the byte before it. So ranges that cover a file
    /// cover each of its lines once, wherever they are cut.
    Range {
        #[serde(with = "path_bytes")]
        path: PathBuf,
        start: u64,
        end: u64,
    },
    /// A file that is read from its beginning, without the first `skip` bytes of its text.
    Whole {
        #[serde(with = "path_bytes")]
        path: PathBuf,
        skip: u64,
        bytes: Option<u64>,
    },
    /// Standard input, which nobody can read twice.
    Stdin { was_read: bool },
}

impl TextSplit {
    /// The file, unless it is standard input.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Part::Range { path, .. } | Part::Whole { path, .. } => Some(path),
            Part::Stdin { .. } => None,
        }
    }
}

impl fmt::Debug for TextSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Part::Range { path, start, end } => write!(f, "{}[{start}..{end}]", path.display()),
            Part::Whole { path, skip: 0, .. } => write!(f, "{}", path.display()),
            Part::Whole { path, skip, .. } => {
                write!(f, "{} after {skip} bytes of text", path.display())
            }
            Part::Stdin { was_read: false } => f.write_str("standard input"),
            Part::Stdin { was_read: true } => f.write_str("the rest of standard input"),
        }
    }
}
