//! What can go wrong with text files, each error with its path and the mend.
//!
//! The runner puts the transform's name in front, so the texts here begin with what is wrong.

use std::{
    env, io,
    path::{Path, PathBuf},
};

/// An error of reading or writing text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The pattern has no wildcard, and nothing has this name.
    #[error("there is no file or directory `{path}`{}; check the path", start(path))]
    Missing {
        /// What was looked for.
        path: String,
    },
    /// The pattern matches no file.
    #[error(
        "no file matches `{pattern}`, looking in the directory `{}`{}{}; check the pattern (`*` \
         stays within a directory, `**` does not; files whose names begin with a dot are skipped)",
        looked_in.display(), start(looked_in), if *exists { "" } else { ", which does not exist" }
    )]
    NothingMatches {
        /// The pattern.
        pattern: String,
        /// Where the search began.
        looked_in: PathBuf,
        /// Whether that directory exists.
        exists: bool,
    },
    /// The pattern is a directory in which there is nothing to read.
    #[error(
        "the directory `{path}`{} holds no file to read; check the path (files whose names begin \
         with a dot are skipped)",
        start(path)
    )]
    EmptyDirectory {
        /// The directory.
        path: String,
    },
    /// The pattern cannot be understood.
    #[error(
        "the pattern `{pattern}` cannot be understood: {reason}; put a backslash before a `*`, `?`, \
         `[` or `{{` that stands for itself"
    )]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A directory could not be searched.
    #[error("cannot list `{path}`: {source}; {}", advice(source))]
    CannotList {
        /// The directory, or what was found in it.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be opened or read.
    #[error("cannot read `{path}`: {source}; {}", advice(source))]
    CannotRead {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A compressed file could not be decompressed.
    #[error(
        "`{path}` is truncated or corrupt: {source} (after {at} compressed bytes, read as \
         {compression}); make the file anew, or name its compression if it is another"
    )]
    Corrupt {
        /// The file.
        path: String,
        /// As what it was read.
        compression: &'static str,
        /// About where.
        at: u64,
        /// What the decompressor said.
        source: io::Error,
    },
    /// A line is not UTF-8.
    #[error(
        "`{path}` is not UTF-8 at byte {offset}; convert the file, or say what to do with \
         `.invalid_utf8(InvalidUtf8::Replace)` or `.invalid_utf8(InvalidUtf8::Skip)`"
    )]
    NotUtf8 {
        /// The file.
        path: String,
        /// The first bad byte, counted in the decompressed text.
        offset: u64,
    },
    /// A line is longer than the limit.
    #[error(
        "the line of `{path}` that holds byte {offset} is longer than {limit} bytes; if it is meant \
         to be, raise the limit with `.max_line_bytes(..)`"
    )]
    LineTooLong {
        /// The file.
        path: String,
        /// A byte of the line, counted in the decompressed text: its first, if the reader saw that.
        offset: u64,
        /// The limit.
        limit: usize,
    },
    /// A line of text that goes on is not UTF-8.
    #[error(
        "{path} has a line that is not UTF-8: {line:?}; mend what writes it, or say what to do with \
         `.invalid_utf8(InvalidUtf8::Replace)` or `.invalid_utf8(InvalidUtf8::Skip)`"
    )]
    LineNotUtf8 {
        /// The file, connection or standard input.
        path: String,
        /// How the line begins.
        line: String,
    },
    /// A line of text that goes on is longer than the limit.
    #[error(
        "{path} has a line that is longer than {limit} bytes; if it is meant to be, raise the limit with \
         `.max_line_bytes(..)`"
    )]
    StreamLineTooLong {
        /// The file, connection or standard input.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// A file cannot be followed.
    #[error(
        "cannot follow `{path}`: it {problem}; follow a plain file, or read it with `text::read`"
    )]
    CannotFollow {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Nobody listens.
    #[error(
        "cannot connect to `{address}`: {source}; check the `host:port`, and start what listens there \
         first"
    )]
    CannotConnect {
        /// The address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// A connection broke, or standard input cannot be read.
    #[error(
        "{path} broke after {bytes} bytes: {source}; what was on its way is lost: see why the other end \
         broke off, and run again"
    )]
    Broken {
        /// The connection or standard input.
        path: String,
        /// How much had come.
        bytes: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A file ended before the place up to which it was to be read.
    #[error(
        "`{path}` ended at byte {found}, but had {expected} bytes when its reading was planned; \
         leave files alone while they are read"
    )]
    Shrunk {
        /// The file.
        path: String,
        /// Where it should have gone on to at least.
        expected: u64,
        /// Where it ended.
        found: u64,
    },
    /// Reading standard input or a pipe cannot go on where another reader stood.
    #[error(
        "`{path}` was already read from and cannot be read again; write its content to a file first \
         and read that"
    )]
    NotResumable {
        /// The file.
        path: String,
    },
    /// The options of a write contradict each other.
    #[error("{problem}; {mend}")]
    BadOptions {
        /// What is wrong.
        problem: String,
        /// What to do.
        mend: &'static str,
    },
    /// The directory of an output does not exist.
    #[error("cannot write `{path}`: there is no directory `{}`{}; create it first",
        directory.display(), start(directory))]
    NoDirectory {
        /// The output.
        path: String,
        /// Its directory.
        directory: PathBuf,
    },
    /// An output's name is taken by a directory.
    #[error("cannot write `{path}`: it is a directory; name a file in it")]
    IsDirectory {
        /// The output.
        path: String,
    },
    /// Several shards were asked for of something that is one stream.
    #[error("cannot write `{path}` in shards: it is not a regular file; leave out `.shards(..)`")]
    ShardedStream {
        /// The output.
        path: String,
    },
    /// An output that goes into a stream could not be kept until the run has ended.
    #[error(
        "cannot keep what is for `{path}` in `{}` until the run has ended: {source}; {} (the \
         environment variable TMPDIR chooses the place)",
        directory.display(), advice(source)
    )]
    CannotKeep {
        /// The output.
        path: String,
        /// The directory of temporary files.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An output could not be written.
    #[error("cannot write `{path}`: {source}; {}", advice(source))]
    CannotWrite {
        /// The output.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A part that was written is not there when the output is put together.
    #[error(
        "cannot complete `{path}`: the part `{}` is gone or was changed; every process of a run must \
         see the same files, and nothing else may touch the hidden ones until it has ended",
        part.display()
    )]
    MissingPart {
        /// The output.
        path: String,
        /// The part.
        part: PathBuf,
    },
    /// A job tried to write a text file in several steps.
    #[error(
        "cannot write `{path}` more than once: text files are written by jobs that end, without \
         checkpoints in between"
    )]
    SeveralEpochs {
        /// The output.
        path: String,
    },
}

/// Where a relative path starts from: half of all missing files are a wrong working directory.
fn start(path: impl AsRef<Path>) -> String {
    match env::current_dir() {
        Ok(here) if path.as_ref().is_relative() => format!(" (from `{}`)", here.display()),
        _ => String::new(),
    }
}

fn advice(error: &io::Error) -> &'static str {
    use io::ErrorKind::*;
    match error.kind() {
        NotFound => "check the path",
        PermissionDenied => "give the user who runs this the permission, or choose another path",
        IsADirectory => "name a file instead",
        StorageFull | QuotaExceeded | FileTooLarge => "free some space, or choose another path",
        ReadOnlyFilesystem => "choose a path on another file system",
        BrokenPipe => "keep the other end of the pipe open",
        _ => "check the path and the disk it is on",
    }
}
