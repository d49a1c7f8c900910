//! Reads the lines of one split.

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use memchr::{memchr, memchr_iter};
use watershed_model::{Advance, BoxError, Budget, DropReason, Progress, Reader, SourceOutput};

use crate::{
    InvalidUtf8, TextSource, TextSplit,
    compression::Format,
    error::TextError,
    lines::{LineError, Lines, Step},
    split::Part,
};

/// Reads the lines of a split; made by [`TextSource`].
pub struct TextReader {
    part: Part,
    lines: Lines<Box<dyn Read + Send>>,
    skip: Skip,
    format: Format,
    /// Whether reading may wait for somebody who writes, so that what is there should go out first.
    can_wait: bool,
    /// What was read of a whole file, as it lies on the disk.
    count: Arc<AtomicU64>,
    invalid_utf8: InvalidUtf8,
    max_line_bytes: usize,
    min_split_bytes: u64,
    /// Where the split began, for progress.
    began: u64,
}

/// What an opened split is made of.
pub(crate) struct Opened {
    pub(crate) input: Box<dyn Read + Send>,
    pub(crate) format: Format,
    pub(crate) offset: u64,
    pub(crate) skip: Skip,
    pub(crate) can_wait: bool,
    pub(crate) count: Arc<AtomicU64>,
}

/// What must go by before the first line.
#[derive(Clone, Copy)]
pub(crate) enum Skip {
    Nothing,
    /// The rest of a line that began earlier.
    Line,
    /// So many bytes, that were read by an earlier reader.
    Bytes(u64),
}

/// What is left of a budget. There is always enough for one step, so that a reader gets on.
struct Allowance {
    lines: usize,
    bytes: usize,
}

impl Allowance {
    fn spend(&mut self, lines: usize, bytes: usize) {
        self.lines = self.lines.saturating_sub(lines);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn is_spent(&self) -> bool {
        self.lines == 0 || self.bytes == 0
    }
}

impl Reader<String, TextSplit> for TextReader {
    fn advance(
        &mut self,
        out: &mut SourceOutput<String>,
        budget: Budget,
    ) -> Result<Advance, BoxError> {
        Ok(self.read(out, budget)?)
    }

    fn position(&self) -> TextSplit {
        TextSplit(match &self.part {
            Part::Range { path, end, .. } => {
                Part::Range { path: path.clone(), start: self.place().min(*end), end: *end }
            }
            Part::Whole { path, bytes, .. } => {
                let consumed = match self.skip {
                    Skip::Bytes(left) => self.lines.offset() + left,
                    _ => self.lines.offset(),
                };
                // What a pipe gave is gone, even if it was no whole line.
                let consumed = consumed.max(u64::from(self.can_wait && self.was_read()));
                Part::Whole { path: path.clone(), skip: consumed, bytes: *bytes }
            }
            Part::Stdin { .. } => Part::Stdin { was_read: self.was_read() },
        })
    }

    /// Cuts plain files only. Neither part becomes smaller than the least split, except that the
    /// fraction 0 gives away all that is left.
    fn try_split(&mut self, fraction: f64) -> Result<Option<TextSplit>, BoxError> {
        let place = self.place();
        let Part::Range { path, end, .. } = &mut self.part else { return Ok(None) };
        let left = end.saturating_sub(place);
        let kept = ((left as f64 * fraction) as u64).min(left); // NaN and below 0 become 0
        let least = self.min_split_bytes.max(1);
        let is_cut = if fraction == 0.0 { left > 0 } else { kept.min(left - kept) >= least };
        if !is_cut {
            return Ok(None);
        }
        let start = place + kept;
        let given = Part::Range { path: path.clone(), start, end: *end };
        *end = start;
        Ok(Some(TextSplit(given)))
    }

    fn progress(&self) -> Progress {
        Progress {
            done: match &self.part {
                Part::Range { end, .. } => self.place().min(*end).saturating_sub(self.began),
                Part::Whole { .. } | Part::Stdin { .. } => self.count.load(Relaxed),
            },
        }
    }
}

impl TextReader {
    pub(crate) fn new(part: Part, opened: Opened, source: &TextSource) -> Self {
        let began = if let Part::Range { start, .. } = part { start } else { 0 };
        TextReader {
            part,
            lines: Lines::new(opened.input, opened.offset, source.max_line_bytes),
            skip: opened.skip,
            format: opened.format,
            can_wait: opened.can_wait,
            count: opened.count,
            invalid_utf8: source.invalid_utf8,
            max_line_bytes: source.max_line_bytes,
            min_split_bytes: source.min_split_bytes,
            began,
        }
    }

    /// Where the next line begins, or, while the rest of an earlier one goes by, the first place where
    /// it can.
    fn place(&self) -> u64 {
        self.lines.offset().max(self.began)
    }

    /// Where lines stop to be this reader's.
    fn end(&self) -> u64 {
        if let Part::Range { end, .. } = self.part { end } else { u64::MAX }
    }

    fn was_read(&self) -> bool {
        self.count.load(Relaxed) > 0
    }

    fn read(
        &mut self,
        out: &mut SourceOutput<String>,
        budget: Budget,
    ) -> Result<Advance, TextError> {
        let mut left = Allowance { lines: budget.elements.max(1), bytes: budget.bytes.max(1) };
        loop {
            if self.place() >= self.end() {
                return Ok(Advance::End);
            }
            if left.is_spent() || (self.can_wait && !out.is_empty() && !self.lines.is_ready()) {
                return Ok(Advance::More);
            }
            let has_more = match self.skip {
                Skip::Nothing => self.read_lines(out, &mut left)?,
                skip => self.read_skipped(skip, &mut left)?,
            };
            if !has_more {
                return self.check_end().map(|()| Advance::End);
            }
        }
    }

    /// Reads a block of lines. Whether there may be more.
    fn read_lines(
        &mut self,
        out: &mut SourceOutput<String>,
        left: &mut Allowance,
    ) -> Result<bool, TextError> {
        match self.lines.step() {
            Ok(Step::Block(length)) => {
                let consumed = self.put_out(length, out, left)?;
                self.lines.consume(consumed);
            }
            Ok(Step::Partial(read)) => left.spend(0, read),
            Ok(Step::End) => return Ok(false),
            Err(LineError::TooLong) => return Err(self.too_long(self.lines.offset())),
            Err(LineError::Io(error)) => return Err(self.cannot_read(error)),
        }
        Ok(true)
    }

    /// Puts out lines of a block, as many as the budget and the split allow, and returns their length.
    fn put_out(
        &self,
        length: usize,
        out: &mut SourceOutput<String>,
        left: &mut Allowance,
    ) -> Result<usize, TextError> {
        let block = &self.lines.unread()[..length];
        let mine = self.end() - self.lines.offset();
        // Checking a block at once is several times as fast as line by line, and nearly always enough.
        let text = str::from_utf8(block).ok();
        let mut at = 0;
        // Only the input's last line can lack its newline.
        let unended = (block.last() != Some(&b'\n')).then_some(length);
        for newline in memchr_iter(b'\n', block).chain(unended) {
            if at as u64 >= mine || left.is_spent() {
                break;
            }
            let has_return = newline < length && block[at..newline].ends_with(b"\r");
            let end = newline - usize::from(has_return);
            if end - at > self.max_line_bytes {
                return Err(self.too_long(self.lines.offset() + at as u64));
            }
            match text {
                Some(text) => out.emit(text[at..end].to_owned()),
                None => self.put_out_checked(&block[at..end], at, out)?,
            }
            let next = (newline + 1).min(length);
            left.spend(1, next - at);
            at = next;
        }
        Ok(at)
    }

    /// Puts out a line that may not be UTF-8.
    fn put_out_checked(
        &self,
        line: &[u8],
        at: usize,
        out: &mut SourceOutput<String>,
    ) -> Result<(), TextError> {
        match (str::from_utf8(line), self.invalid_utf8) {
            (Ok(line), _) => out.emit(line.to_owned()),
            (Err(_), InvalidUtf8::Replace) => out.emit(String::from_utf8_lossy(line).into_owned()),
            (Err(_), InvalidUtf8::Skip) => out.dropped(DropReason::Undecodable, 1),
            (Err(error), InvalidUtf8::Error) => {
                let offset = self.lines.offset() + (at + error.valid_up_to()) as u64;
                return Err(TextError::NotUtf8 { path: self.path(), offset });
            }
        }
        Ok(())
    }

    /// Lets bytes go by that are not this reader's. Whether there may be more.
    fn read_skipped(&mut self, skip: Skip, left: &mut Allowance) -> Result<bool, TextError> {
        if self.lines.unread().is_empty() {
            self.lines.fill().map_err(|error| self.cannot_read(error))?;
        }
        let unread = self.lines.unread();
        let length = match skip {
            Skip::Nothing => 0,
            Skip::Line => memchr(b'\n', unread).map_or(unread.len(), |newline| newline + 1),
            Skip::Bytes(bytes) => unread.len().min(usize::try_from(bytes).unwrap_or(usize::MAX)),
        };
        self.skip = match skip {
            Skip::Nothing => Skip::Nothing,
            Skip::Line if unread[..length].ends_with(b"\n") => Skip::Nothing,
            Skip::Line => Skip::Line,
            Skip::Bytes(bytes) if bytes == length as u64 => Skip::Nothing,
            Skip::Bytes(bytes) => Skip::Bytes(bytes - length as u64),
        };
        self.lines.consume(length);
        left.spend(0, length);
        // The line is an earlier split's, whose reader gives it up too; going on would only be waste.
        let skipped = self.lines.offset() - self.began.min(self.lines.offset());
        if matches!(self.skip, Skip::Line) && skipped > self.max_line_bytes as u64 + 1 {
            return Err(self.too_long(self.began));
        }
        Ok(length > 0 || !self.lines.has_ended())
    }

    /// Looks whether the input ended where it may.
    fn check_end(&self) -> Result<(), TextError> {
        let found = self.lines.offset();
        let expected = match (&self.part, self.skip) {
            (Part::Range { end, .. }, _) => *end,
            (_, Skip::Bytes(left)) => found + left,
            _ => found,
        };
        if found < expected {
            return Err(TextError::Shrunk { path: self.path(), expected, found });
        }
        if self.format != Format::Plain && !self.was_read() {
            // Even a compressed text of no line has a header.
            return Err(self.cannot_read(std::io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }

    fn path(&self) -> String {
        match &self.part {
            Part::Range { path, .. } | Part::Whole { path, .. } => path.display().to_string(),
            Part::Stdin { .. } => "standard input".into(),
        }
    }

    fn too_long(&self, offset: u64) -> TextError {
        TextError::LineTooLong { path: self.path(), offset, limit: self.max_line_bytes }
    }

    /// What the system did not say, a decompressor said.
    fn cannot_read(&self, source: std::io::Error) -> TextError {
        let path = self.path();
        if self.format == Format::Plain || source.raw_os_error().is_some() {
            return TextError::CannotRead { path, source };
        }
        let (compression, at) = (self.format.name(), self.count.load(Relaxed));
        TextError::Corrupt { path, compression, at, source }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use watershed_model::{Source, Timestamp, erase_source};

    use super::*;

    fn lines_of(source: &TextSource, start: u64, end: u64) -> Vec<String> {
        let split = TextSplit(Part::Range { path: source.pattern.clone().into(), start, end });
        let mut bytes = Vec::new();
        watershed_model::Coder::encode_value(&watershed_model::BinaryCoder, &split, &mut bytes)
            .unwrap();
        let erased = erase_source(source.clone());
        let any = watershed_model::AnySplit { bytes, description: String::new(), size: None };
        let mut reader = erased.open(&any).unwrap();
        let mut lines = Vec::new();
        loop {
            let (bundle, _, advance) = reader.advance(Budget::default(), Timestamp::MIN).unwrap();
            lines.extend(bundle.downcast::<String>().values);
            if advance == Advance::End {
                return lines;
            }
        }
    }

    #[test]
    fn each_line_belongs_to_the_range_it_begins_in_for_every_cut() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.txt");
        for text in ["a\n\nbcd\r\n\r\n\u{e9}\u{1d11e}\nlast", "a\n\n\n", "\n", "alone", "\r\n\r"] {
            fs::write(&path, text).unwrap();
            let source = crate::read(path.to_str().unwrap()).into_source();
            let all: Vec<_> = text.lines().map(str::to_owned).collect();
            let length = text.len() as u64;
            for first in 0..=length {
                for second in first..=length {
                    let cut = [(0, first), (first, second), (second, length)];
                    let parts = cut.map(|(start, end)| lines_of(&source, start, end));
                    assert_eq!(parts.concat(), all, "{text:?} cut at {first} and {second}");
                }
            }
        }
    }

    #[test]
    fn a_file_that_shrank_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.txt");
        fs::write(&path, "one\ntwo\n").unwrap();
        let source = erase_source(crate::read(path.to_str().unwrap()).into_source());
        let splits = source.splits(1).unwrap();
        fs::write(&path, "one\n").unwrap();
        let error = source
            .open(&splits[0])
            .unwrap()
            .advance(Budget::default(), Timestamp::MIN)
            .unwrap_err();
        assert!(error.to_string().contains("a.txt` ended at byte 4, but had 8 bytes"), "{error}");
    }

    #[test]
    fn a_split_says_what_is_left() {
        let shown = |part| format!("{:?}", TextSplit(part));
        let path = std::path::PathBuf::from("plays/a.txt");
        assert_eq!(shown(Part::Range { path, start: 3, end: 9 }), "plays/a.txt[3..9]");
        let whole = |skip| Part::Whole { path: "a.gz".into(), skip, bytes: Some(5) };
        assert_eq!(shown(whole(0)), "a.gz");
        assert_eq!(shown(whole(7)), "a.gz after 7 bytes of text");
        assert_eq!(crate::read("").into_source().size(&TextSplit(whole(7))), Some(5));
    }
}
