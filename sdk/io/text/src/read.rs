//! What an author says about reading.

use crate::{Compression, TextSource};

/// Reads text, a `String` a line, without the line's end (`\n` or `\r\n`).
///
/// The pattern is a file; a directory, of which every file is read, at any depth; a glob (`*`, `?`,
/// `[a-z]`, `{one,other}`, and `**` for any directories in between); or `-` for standard input. It is
/// looked up when the pipeline runs. Only an exact name reaches what is not a regular file (a pipe, a
/// device).
///
/// ```
/// use watershed_io_text::{self as text, InvalidUtf8};
///
/// let plays = text::read("plays/**/*.txt.gz")
///     .invalid_utf8(InvalidUtf8::Replace)
///     .max_line_bytes(1 << 20);
/// # let _ = plays;
/// ```
pub fn read(pattern: impl Into<String>) -> TextRead {
    TextRead {
        source: TextSource {
            pattern: pattern.into(),
            compression: Compression::Auto,
            invalid_utf8: InvalidUtf8::Error,
            max_line_bytes: 16 << 20,
            min_split_bytes: 8 << 20,
        },
    }
}

/// How text is read; made by [`read()`].
#[derive(Clone, Debug)]
#[must_use = "reading is only described until it is applied to a pipeline"]
pub struct TextRead {
    source: TextSource,
}

/// What becomes of a line that is not UTF-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvalidUtf8 {
    /// The run fails and names the file and the byte.
    #[default]
    Error,
    /// Each bad sequence becomes U+FFFD, �.
    Replace,
    /// The line is left out and counted as dropped: undecodable.
    Skip,
}

impl TextRead {
    /// How the files are compressed. By default their names say it.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.source.compression = compression;
        self
    }

    /// What becomes of a line that is not UTF-8. By default it is an error.
    pub fn invalid_utf8(mut self, what: InvalidUtf8) -> Self {
        self.source.invalid_utf8 = what;
        self
    }

    /// How long a line may be, without its end; a longer one is an error. By default 16 MiB. A reader
    /// keeps no more than this of a line, so that a file without line ends cannot fill the memory.
    pub fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.source.max_line_bytes = bytes;
        self
    }

    /// How small a part of a plain file may become when it is cut for several workers. By default
    /// 8 MiB.
    pub fn min_split_bytes(mut self, bytes: u64) -> Self {
        self.source.min_split_bytes = bytes;
        self
    }

    /// The source that this describes.
    pub fn into_source(self) -> TextSource {
        self.source
    }
}
