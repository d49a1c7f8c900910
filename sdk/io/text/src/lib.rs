//! Text files, line by line: read a file, a glob, a directory or standard input; follow what grows; write
//! sharded files or standard output.
//!
//! Reading cuts large plain files into byte ranges, so that one file keeps every worker busy; what is
//! compressed is read from its beginning, one file a reader. Writing goes in two phases: each worker
//! fills hidden temporary files beside the target, and only when all have ended well do these get
//! their names, so that a run that fails leaves no half-written output.
//!
//! ```text
//!   read("plays/*.txt")    pattern → splits → lines of a range → String
//!   write("counts.txt")    String → hidden part files, one a worker and shard → commit → final names
//! ```
//!
//! Modules of the reading side: `read` (options), `pattern` (which files), `source` (cutting and
//! opening), `split`, `reader`, and `lines` (the scanner). Of the writing side: `write` (options),
//! `target` (where the output goes), `sink` (a worker's writer), `shard` (a part file and what becomes
//! of it) and `commit`. Both share `compression` and `error`.
//!
//! Text that goes on is read by [`follow`], [`read_socket`] and [`read_stdin`]; see `stream`.
//!
//! Text is UTF-8. A byte order mark is not taken away: it is part of the first line.

mod apply;
mod commit;
mod compression;
mod error;
mod lines;
mod path_bytes;
mod pattern;
mod read;
mod reader;
mod shard;
mod sink;
mod source;
mod split;
mod stream;
mod target;
mod write;

pub use compression::Compression;
pub use error::TextError;
pub use read::{InvalidUtf8, TextRead, read};
pub use reader::TextReader;
pub use shard::TextPart;
pub use sink::{TextSink, TextSinkWriter};
pub use source::TextSource;
pub use split::TextSplit;
pub use stream::{TextStream, follow, read_socket, read_stdin};
pub use write::{TextWrite, write};
