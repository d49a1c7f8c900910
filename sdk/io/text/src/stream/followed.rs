//! One file that is followed.

use std::{
    fs::{File, Metadata},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use watershed_model::{SourceOutput, Timestamp};

use super::{line_buffer::LineBuffer, line_rules::LineRules};
use crate::{TextError, path_bytes};

/// How much is read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        FileId { device: metadata.dev(), number: metadata.ino() }
    }

    /// Elsewhere a file is known by when it was made.
    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        let made = metadata.created().ok();
        let since = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
        FileId { device: 0, number: since.map_or(0, |since| since.as_nanos() as u64) }
    }
}

/// A file, and how far it was read: to half a line, or to a line's end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    #[serde(with = "path_bytes")]
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) offset: u64,
    /// The half line before the offset.
    half: Vec<u8>,
    newest: Timestamp,
}

/// A file that is followed.
pub(super) struct Followed {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    /// There is none any more if it went away while nobody read it.
    file: Option<File>,
    /// How much of it was taken in.
    pub(super) offset: u64,
    buffer: LineBuffer,
    /// Whether there was nothing more when it was last looked at.
    pub(super) is_at_end: bool,
    /// The time of its newest line.
    pub(super) newest: Timestamp,
    /// Since when it has not grown and no name leads to it.
    pub(super) gone_since: Option<Timestamp>,
}

impl Followed {
    /// A file from its beginning.
    pub(super) fn new(path: PathBuf, id: FileId, file: File) -> Self {
        Followed {
            path,
            id,
            file: Some(file),
            offset: 0,
            buffer: LineBuffer::default(),
            is_at_end: false,
            newest: Timestamp::MIN,
            gone_since: None,
        }
    }

    /// A file from where it was read to.
    pub(super) fn resume(place: Place, path: PathBuf, mut file: Option<File>) -> io::Result<Self> {
        if let Some(file) = &mut file {
            file.seek(SeekFrom::Start(place.offset))?;
        }
        let Place { id, offset, half, newest, .. } = place;
        let buffer = LineBuffer::of(half);
        Ok(Followed { path, id, file, offset, buffer, is_at_end: false, newest, gone_since: None })
    }

    pub(super) fn place(&self) -> Place {
        let has_lines = self.buffer.waiting().is_some();
        let unread = self.buffer.unread();
        let (offset, half) = match has_lines {
            true => (self.offset - unread.len() as u64, Vec::new()),
            false => (self.offset, unread.to_vec()),
        };
        Place { path: self.path.clone(), id: self.id, offset, half, newest: self.newest }
    }

    /// When the oldest line that waits here was taken in, if one does.
    pub(super) fn waiting(&self) -> Option<Timestamp> {
        self.buffer.waiting()
    }

    /// Reads on, to the end or for at most `elements` lines. Whether anything came.
    pub(super) fn read(
        &mut self,
        rules: &LineRules,
        elements: &mut usize,
        out: &mut SourceOutput<String>,
    ) -> Result<bool, TextError> {
        let path = self.path.clone();
        let from = || path.display().to_string();
        let mut piece = Vec::new();
        let mut has_come = false;
        while *elements > 0 {
            if let Some((line, ingested)) = self.buffer.next_line() {
                rules.put_out(line, ingested, &mut self.newest, &from, out)?;
                *elements -= 1;
                has_come = true;
                continue;
            }
            rules.check_length(self.buffer.unread().len(), &from)?;
            if has_come {
                // The next file's turn.
                break;
            }
            piece.resize(PIECE_BYTES, 0);
            let length = self.read_piece(&mut piece)?;
            self.is_at_end = length == 0;
            if length == 0 {
                break;
            }
            self.gone_since = None;
            self.offset += length as u64;
            self.buffer.take_in(&piece[..length], out.now());
        }
        Ok(has_come)
    }

    fn read_piece(&mut self, piece: &mut [u8]) -> Result<usize, TextError> {
        let Some(file) = &mut self.file else { return Ok(0) };
        loop {
            match file.read(piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map_err(|source| cannot_read(&self.path, source)),
            }
        }
    }

    /// Begins anew if the file is shorter than what was read of it. Whether it was.
    pub(super) fn look_whether_cut(
        &mut self,
        rules: &LineRules,
        out: &mut SourceOutput<String>,
    ) -> Result<bool, TextError> {
        let Some(file) = &mut self.file else { return Ok(false) };
        let failed = |source| cannot_read(&self.path, source);
        let is_cut = file.metadata().map_err(failed)?.len() < self.offset;
        if is_cut {
            file.rewind().map_err(failed)?;
            self.end_line(rules, out)?;
            (self.offset, self.is_at_end) = (0, false);
        }
        Ok(is_cut)
    }

    /// Half a line that will have no end any more is an element.
    pub(super) fn end_line(
        &mut self,
        rules: &LineRules,
        out: &mut SourceOutput<String>,
    ) -> Result<(), TextError> {
        let Some(half) = self.buffer.take_half() else { return Ok(()) };
        let from = || self.path.display().to_string();
        let mut newest = self.newest;
        rules.put_out(&half, out.now(), &mut newest, &from, out)?;
        self.newest = newest;
        Ok(())
    }

    /// Whether its content is gone, so that nobody can write to it either.
    pub(super) fn is_lost(&self) -> bool {
        self.file.is_none()
    }
}

pub(super) fn cannot_read(path: &Path, source: io::Error) -> TextError {
    TextError::CannotRead { path: path.display().to_string(), source }
}
