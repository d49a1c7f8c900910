//! What an author says about writing.

use crate::{
    Compression, TextSink,
    target::{self, Mistake},
};

/// Writes text, a line a `String`.
///
/// The path names the output's shards: `counts.txt-00000-of-00004` and so on, by default one for each
/// worker. With `.shards(1)` it is the one file's name. `-` is standard output; it, and a path that
/// exists and is no regular file (`/dev/null`, a pipe), get all lines when the run has ended well.
///
/// The output appears when the whole run has ended well, and replaces what had these names. A run that
/// fails leaves nothing, and a process that dies at worst hidden files, `.counts.txt.watershed-….tmp`,
/// which may be removed. Shards of an earlier run with another number of shards stay: write into a
/// fresh directory, or fix the number, if readers take all there is.
///
/// All processes of a run must see the directory. The order of lines is not kept. A `String` that holds
/// line ends becomes several lines.
///
/// ```
/// use watershed_io_text as text;
///
/// let counts = text::write("counts.txt.gz").shards(1);
/// assert_eq!(counts.validate(), Ok(()));
/// assert!(text::write("counts.txt").shards(0).validate().is_err());
/// ```
pub fn write(path: impl Into<String>) -> TextWrite {
    let sink = TextSink { path: path.into(), shards: None, compression: Compression::Auto };
    TextWrite { sink }
}

/// How text is written; made by [`write()`].
#[derive(Clone, Debug)]
#[must_use = "writing is only described until it is applied to a collection"]
pub struct TextWrite {
    sink: TextSink,
}

impl TextWrite {
    /// How many files. By default each worker writes one. A fixed number below the number of workers
    /// costs a copy of the output when it is put together.
    pub fn shards(mut self, shards: usize) -> Self {
        self.sink.shards = Some(shards);
        self
    }

    /// How the files are compressed. By default the end of the path says it; the shard's number stands
    /// behind that and does not count.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.sink.compression = compression;
        self
    }

    /// Whether this can be written at all, as far as that shows without looking.
    ///
    /// # Errors
    /// What is wrong and how to mend it.
    pub fn validate(&self) -> Result<(), String> {
        self.check().map_err(|Mistake { problem, mend }| format!("{problem}; {mend}"))
    }

    pub(crate) fn check(&self) -> Result<(), Mistake> {
        target::validate(&self.sink.path, self.sink.shards)
    }

    /// The sink that this describes.
    pub fn into_sink(self) -> TextSink {
        self.sink
    }
}
