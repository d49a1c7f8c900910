//! Finds lines in a stream of bytes, in blocks of whole lines.
//!
//! The scanner owns one buffer. It reads a chunk, then hands out *blocks*: runs of whole lines, small
//! enough to lie in a cache, so that whoever decodes them can check a block's UTF-8 at once instead of
//! line by line. The buffer grows only while a single line does not fit, and not beyond the longest
//! line allowed: a line of a gigabyte costs the limit's memory and no more.

use std::io::{self, ErrorKind, Read};

use memchr::{memchr, memrchr};

/// How much is read at a time, and the buffer's usual size.
const CHUNK_BYTES: usize = 128 << 10;
/// About how large a block is. Small, because what a budget leaves of one is checked again.
const BLOCK_BYTES: usize = 16 << 10;

/// A stream of bytes, as lines.
pub(crate) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// The unread bytes are `buffer[start..filled]`.
    start: usize,
    filled: usize,
    /// There is no newline in `buffer[start..searched]`, if `searched` lies behind `start`.
    searched: usize,
    /// Where in the stream `buffer[start]` lies.
    offset: u64,
    longest: usize,
    ended: bool,
}

/// What one step gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The first so many unread bytes are whole lines.
    Block(usize),
    /// So many bytes were read, and the line still goes on.
    Partial(usize),
    /// Nothing is left.
    End,
}

/// Why a step failed.
#[derive(Debug)]
pub(crate) enum LineError {
    TooLong,
    Io(io::Error),
}

impl From<io::Error> for LineError {
    fn from(error: io::Error) -> Self {
        LineError::Io(error)
    }
}

impl<R: Read> Lines<R> {
    /// Lines of at most `longest` bytes, from an input that stands at `offset`.
    pub(crate) fn new(input: R, offset: u64, longest: usize) -> Self {
        Lines {
            input,
            buffer: vec![0; CHUNK_BYTES],
            start: 0,
            filled: 0,
            searched: 0,
            offset,
            longest,
            ended: false,
        }
    }

    /// Where in the stream the first unread byte lies.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// What was read from the input and not consumed.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.filled]
    }

    /// Finds whole lines, reading at most once. A line that is surely too long is an error; the caller
    /// checks those in a block.
    pub(crate) fn step(&mut self) -> Result<Step, LineError> {
        if let Some(length) = self.block() {
            return Ok(Step::Block(length));
        }
        // No newline so far, and even if a `\r\n` comes next the line is too long.
        if self.unread().len() > self.longest.saturating_add(1) {
            return Err(LineError::TooLong);
        }
        let read = self.fill()?;
        Ok(match self.block() {
            Some(length) => Step::Block(length),
            None if self.ended => Step::End,
            None => Step::Partial(read),
        })
    }

    /// How long the run of whole lines at the front is, if there is a line.
    fn block(&mut self) -> Option<usize> {
        let unread = self.unread();
        let near = unread.len().min(BLOCK_BYTES);
        if let Some(last) = memrchr(b'\n', &unread[..near]) {
            return Some(last + 1);
        }
        let from = self.searched.max(self.start + near);
        if let Some(first) = memchr(b'\n', &self.buffer[from..self.filled]) {
            return Some(from + first + 1 - self.start);
        }
        self.searched = self.filled;
        (self.ended && self.start < self.filled).then_some(self.filled - self.start)
    }

    /// Whether a step would find a line, or the end, without reading.
    pub(crate) fn is_ready(&mut self) -> bool {
        self.ended || self.block().is_some()
    }

    /// Consumes the first `length` unread bytes.
    pub(crate) fn consume(&mut self, length: usize) {
        self.start += length;
        self.offset += length as u64;
    }

    /// Reads once behind the unread bytes. 0 at the end.
    pub(crate) fn fill(&mut self) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.searched = self.searched.saturating_sub(self.start);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            let most = self.longest.saturating_add(2).max(self.filled + 1);
            self.buffer.resize(self.filled.saturating_mul(2).min(most), 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(read) => {
                    self.filled += read;
                    self.ended = read == 0;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the input has ended; unread bytes may still be there.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives at most `most` bytes a read, and counts them.
    struct Slow<R> {
        input: R,
        most: usize,
        given: usize,
    }

    impl<R: Read> Read for Slow<R> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let most = to.len().min(self.most);
            let read = self.input.read(&mut to[..most])?;
            self.given += read;
            Ok(read)
        }
    }

    fn blocks(text: &[u8], most: usize) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(Slow { input: text, most, given: 0 }, 0, 1 << 20);
        let mut blocks = Vec::new();
        loop {
            match lines.step().unwrap() {
                Step::Block(length) => {
                    blocks.push(lines.unread()[..length].to_vec());
                    lines.consume(length);
                }
                Step::Partial(_) => {}
                Step::End => return blocks,
            }
        }
    }

    #[test]
    fn blocks_are_whole_lines_and_the_last_may_lack_its_end() {
        assert_eq!(blocks(b"", 3), [] as [&[u8]; 0]);
        assert_eq!(blocks(b"\n", 3), [b"\n"]);
        assert_eq!(blocks(b"a\nbc\n\nd", 100), [&b"a\nbc\n\n"[..], b"d"]);
        assert_eq!(blocks(b"a\nbc\n\nd", 1), [&b"a\n"[..], b"bc\n", b"\n", b"d"]);
        let long = [vec![b'x'; 3 * CHUNK_BYTES], b"\nlast\n".to_vec()].concat();
        assert_eq!(blocks(&long, 1 << 30).concat(), long);
    }

    #[test]
    fn a_line_without_end_is_given_up_at_the_limit() {
        let endless = Slow { input: io::repeat(b'x').take(1 << 30), most: 1 << 30, given: 0 };
        let mut lines = Lines::new(endless, 0, 1_000_000);
        let error = loop {
            match lines.step() {
                Ok(Step::Partial(_)) => {}
                Ok(step) => panic!("{step:?} of a line that never ends"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, LineError::TooLong));
        assert!(lines.input.given <= 1_000_002, "read {} bytes", lines.input.given);
        assert!(lines.buffer.len() <= 1_000_002, "kept {} bytes", lines.buffer.len());
    }

    #[test]
    fn an_interrupted_read_is_tried_again() {
        struct Interrupted(bool);
        impl Read for Interrupted {
            fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
                self.0 = !self.0;
                if self.0 { Err(ErrorKind::Interrupted.into()) } else { (&b"a"[..]).read(to) }
            }
        }
        assert_eq!(Lines::new(Interrupted(false), 0, 10).step().unwrap(), Step::Partial(1));
    }
}
