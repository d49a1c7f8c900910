//! Finding files, cutting them for the workers, and opening them.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use watershed_model::{BoxError, Source, fault};

use crate::{
    Compression, InvalidUtf8, TextReader, TextSplit,
    compression::Format,
    error::TextError,
    pattern::{self, Found},
    reader::{Opened, Skip},
    split::Part,
};

/// Text files as a source of lines; made by [`TextRead::into_source`](crate::TextRead::into_source).
///
/// Plain files can be cut and resumed at any line. A compressed file is one split; a reader that
/// resumes it decompresses what was read before once more. Standard input and pipes are one split that
/// cannot be resumed: opening it again after something was read is an error.
#[derive(Clone, Debug)]
pub struct TextSource {
    pub(crate) pattern: String,
    pub(crate) compression: Compression,
    pub(crate) invalid_utf8: InvalidUtf8,
    pub(crate) max_line_bytes: usize,
    pub(crate) min_split_bytes: u64,
}

/// The pattern that means standard input.
const STDIN: &str = "-";

impl Source for TextSource {
    type Element = String;
    type Split = TextSplit;
    type Reader = TextReader;

    fn describe(&self) -> String {
        format!("text::read({:?})", self.pattern)
    }

    fn has_event_times(&self) -> bool {
        false
    }

    fn is_resumable(&self) -> bool {
        let is_stream = |at: fs::Metadata| !at.is_file() && !at.is_dir();
        self.pattern != STDIN && !fs::metadata(&self.pattern).is_ok_and(is_stream)
    }

    fn splits(&self, desired: usize) -> Result<Vec<TextSplit>, BoxError> {
        if self.pattern == STDIN {
            return Ok(vec![TextSplit(Part::Stdin { was_read: false })]);
        }
        let found = pattern::find(&self.pattern)?;
        let total: u64 = found.iter().filter_map(|file| self.divisible(file)).sum();
        let wanted = total.div_ceil(desired.max(1) as u64).max(1);
        Ok(found.into_iter().flat_map(|file| self.cut(file, wanted)).map(TextSplit).collect())
    }

    fn size(&self, split: &TextSplit) -> Option<u64> {
        match &split.0 {
            Part::Range { start, end, .. } => Some(end.saturating_sub(*start)),
            Part::Whole { bytes, .. } => *bytes,
            Part::Stdin { .. } => None,
        }
    }

    fn open(&self, split: TextSplit) -> Result<TextReader, BoxError> {
        Ok(self.open_part(split.0)?)
    }
}

impl TextSource {
    /// How much of the file can be cut: all of a plain one. An empty one is not a range, because the
    /// system's own files (`/proc/cpuinfo`) say that they are empty and are not.
    fn divisible(&self, file: &Found) -> Option<u64> {
        let is_plain = self.compression.of(&file.path) == Format::Plain;
        file.bytes.filter(|bytes| is_plain && *bytes > 0)
    }

    /// Cuts a file into equal parts of about `wanted` bytes, none smaller than the limit.
    fn cut(&self, file: Found, wanted: u64) -> Vec<Part> {
        let Some(bytes) = self.divisible(&file) else {
            return vec![Part::Whole { path: file.path, skip: 0, bytes: file.bytes }];
        };
        let most = (bytes / self.min_split_bytes.max(1)).max(1);
        let parts = bytes.div_ceil(wanted).clamp(1, most);
        let cut = |i: u64| (u128::from(bytes) * u128::from(i) / u128::from(parts)) as u64;
        (0..parts)
            .map(|i| Part::Range { path: file.path.clone(), start: cut(i), end: cut(i + 1) })
            .collect()
    }

    fn open_part(&self, part: Part) -> Result<TextReader, TextError> {
        let count = Arc::new(AtomicU64::new(0));
        let cannot_read = |path: &Path, source| TextError::CannotRead {
            path: path.display().to_string(),
            source,
        };
        let opened = match &part {
            Part::Range { path, start, .. } => {
                let open = || {
                    let mut file = File::open(path)?;
                    // The byte before tells whether a line begins at `start`.
                    file.seek(SeekFrom::Start(start.saturating_sub(1)))?;
                    Ok(file)
                };
                let file = open().map_err(|error| cannot_read(path, error))?;
                Opened {
                    input: Box::new(file),
                    format: Format::Plain,
                    offset: start.saturating_sub(1),
                    skip: match *start == 0 || fault!("text-ranges-repeat-a-line") {
                        true => Skip::Nothing,
                        false => Skip::Line,
                    },
                    can_wait: false,
                    count,
                }
            }
            Part::Whole { path, skip, .. } => {
                let format = self.compression.of(path);
                let open = || {
                    let file = File::open(path)?;
                    let is_regular = file.metadata()?.is_file();
                    let counted = Counted { input: file, count: count.clone() };
                    Ok((format.decode(counted)?, is_regular))
                };
                let (input, is_regular) = open().map_err(|error| cannot_read(path, error))?;
                if *skip > 0 && !is_regular {
                    return Err(TextError::NotResumable { path: path.display().to_string() });
                }
                let skip = if *skip == 0 { Skip::Nothing } else { Skip::Bytes(*skip) };
                Opened { input, format, offset: 0, skip, can_wait: !is_regular, count }
            }
            Part::Stdin { was_read: true } => {
                return Err(TextError::NotResumable { path: "standard input".into() });
            }
            Part::Stdin { was_read: false } => {
                let format = self.compression.of(Path::new(STDIN));
                let counted = Counted { input: io::stdin(), count: count.clone() };
                let input = format.decode(counted).map_err(|e| cannot_read(Path::new(STDIN), e))?;
                Opened { input, format, offset: 0, skip: Skip::Nothing, can_wait: true, count }
            }
        };
        Ok(TextReader::new(part, opened, self))
    }
}

/// Counts what is read, so that progress is told in compressed bytes.
struct Counted<R> {
    input: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(to)?;
        self.count.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(bytes: u64, min_split_bytes: u64, wanted: u64) -> Vec<u64> {
        let source = crate::read("").min_split_bytes(min_split_bytes).into_source();
        let file = Found { path: "a.txt".into(), bytes: Some(bytes) };
        let mut at = 0;
        let lengths = source.cut(file, wanted).into_iter().map(|part| match part {
            Part::Range { start, end, .. } => {
                assert_eq!(start, std::mem::replace(&mut at, end), "a gap or an overlap");
                end - start
            }
            _ => 0,
        });
        lengths.collect()
    }

    #[test]
    fn a_file_is_cut_evenly_and_not_too_small() {
        assert_eq!(lengths(100, 10, 30), [25, 25, 25, 25]);
        assert_eq!(lengths(100, 30, 10), [33, 33, 34]);
        assert_eq!(lengths(100, 101, 10), [100]);
        assert_eq!(lengths(3, 0, 1), [1, 1, 1]);
        assert_eq!(lengths(u64::MAX, 1, u64::MAX / 2).len(), 3);
        assert_eq!(lengths(0, 1, 1), [0], "a file without length is read as a whole");
    }
}
