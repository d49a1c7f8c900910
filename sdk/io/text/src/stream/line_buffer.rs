//! Lines out of pieces of text, as they come.

use memchr::memchr;
use watershed_model::Timestamp;

/// Text that was taken in and not read as lines yet. Half a line waits for its end.
#[derive(Debug, Default)]
pub(super) struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// There is no newline in `bytes[start..searched]`, if `searched` lies behind `start`.
    searched: usize,
    /// When the last piece was taken in, and with it the ends of all lines that are here.
    ingested: Option<Timestamp>,
}

impl LineBuffer {
    /// Half a line.
    pub(super) fn of(half: Vec<u8>) -> Self {
        LineBuffer { bytes: half, ..LineBuffer::default() }
    }

    /// Takes in a piece of text at this time. Whoever does so has read all lines that were here.
    pub(super) fn take_in(&mut self, piece: &[u8], now: Timestamp) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.searched = self.searched.saturating_sub(self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(piece);
        self.ingested = Some(now);
    }

    /// How long the next line is, with its end, if it has one.
    fn next_end(&self) -> Option<usize> {
        let from = self.searched.max(self.start);
        memchr(b'\n', &self.bytes[from..]).map(|newline| from + newline + 1)
    }

    /// The next whole line, without its end, and when that was taken in.
    pub(super) fn next_line(&mut self) -> Option<(&[u8], Timestamp)> {
        let Some(end) = self.next_end() else {
            self.searched = self.bytes.len();
            return None;
        };
        let begin = std::mem::replace(&mut self.start, end);
        let line = &self.bytes[begin..end - 1];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some((line, self.ingested.unwrap_or(Timestamp::MIN)))
    }

    /// When the oldest line that waits here was taken in, if one does.
    pub(super) fn waiting(&self) -> Option<Timestamp> {
        self.next_end()?;
        self.ingested
    }

    /// What was taken in and is not read yet.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The half line at the end, which will have no end any more.
    pub(super) fn take_half(&mut self) -> Option<Vec<u8>> {
        let half = self.unread().to_vec();
        *self = LineBuffer::default();
        (!half.is_empty()).then_some(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(buffer: &mut LineBuffer) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some((line, _)) = buffer.next_line() {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
        }
        lines
    }

    #[test]
    fn lines_come_whole_however_the_text_is_cut() {
        let text = b"one\ntwo\r\n\nthree\rfour\nhalf";
        for cut in 0..=text.len() {
            let mut buffer = LineBuffer::default();
            let mut all = Vec::new();
            for piece in [&text[..cut], &text[cut..]] {
                buffer.take_in(piece, Timestamp::MIN);
                all.extend(lines(&mut buffer));
            }
            assert_eq!(all, ["one", "two", "", "three\rfour"], "cut at {cut}");
            assert_eq!(buffer.unread(), b"half");
            assert_eq!(buffer.take_half().as_deref(), Some(&b"half"[..]));
            assert_eq!(buffer.take_half(), None);
        }
    }

    #[test]
    fn a_line_is_taken_in_when_its_end_is() {
        let (one, two) = (Timestamp::from_seconds(1), Timestamp::from_seconds(2));
        let mut buffer = LineBuffer::of(b"ha".to_vec());
        assert_eq!(buffer.waiting(), None);
        buffer.take_in(b"l", one);
        assert_eq!(buffer.waiting(), None);
        buffer.take_in(b"f\nnext\n", two);
        assert_eq!(buffer.waiting(), Some(two));
        assert_eq!(buffer.next_line(), Some((&b"half"[..], two)));
        assert_eq!(buffer.next_line(), Some((&b"next"[..], two)));
        assert_eq!(buffer.next_line(), None);
    }
}
