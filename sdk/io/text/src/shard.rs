//! A part of a shard: the file that one worker fills, and what it hands over for the commit.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, TempPath};

use crate::{
    compression::{Encoder, Format},
    error::TextError,
    path_bytes,
    target::Target,
};

/// A worker's finished part of a shard, in a hidden file. What [`TextSink`](crate::TextSink) commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPart {
    pub(crate) shard: usize,
    /// How many shards the output has.
    pub(crate) of: usize,
    pub(crate) worker: usize,
    #[serde(with = "path_bytes")]
    pub(crate) path: PathBuf,
    /// The file's length, by which a shard that was made of it is known again.
    pub(crate) bytes: u64,
}

impl TextPart {
    /// Removes the file, if it is still there. Best effort.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes lines, compressed, into `W`.
pub(crate) struct PartWriter<W: Write> {
    target: Arc<Target>,
    text: BufWriter<Encoder<W>>,
}

impl<W: Write> PartWriter<W> {
    pub(crate) fn new(target: Arc<Target>, format: Format, to: W) -> Result<Self, TextError> {
        const BUFFER_BYTES: usize = 128 << 10;
        let encoder = Encoder::new(format, to).map_err(|error| target.cannot_write_part(error))?;
        Ok(PartWriter { target, text: BufWriter::with_capacity(BUFFER_BYTES, encoder) })
    }

    pub(crate) fn write(&mut self, lines: &[String]) -> Result<(), TextError> {
        let mut write = || -> io::Result<()> {
            for line in lines {
                self.text.write_all(line.as_bytes())?;
                self.text.write_all(b"\n")?;
            }
            Ok(())
        };
        write().map_err(|error| self.target.cannot_write_part(error))
    }

    fn finish(self) -> Result<W, TextError> {
        let encoder = self.text.into_inner().map_err(|error| error.into_error());
        encoder.and_then(Encoder::finish).map_err(|error| self.target.cannot_write_part(error))
    }
}

impl PartWriter<NamedTempFile> {
    /// Ends the part and makes it durable. It still vanishes if the path is dropped.
    pub(crate) fn end(self) -> Result<(TempPath, u64), TextError> {
        let target = self.target.clone();
        let part = self.finish()?;
        let sync = || {
            part.as_file().sync_all()?;
            Ok(part.as_file().metadata()?.len())
        };
        let bytes = sync().map_err(|error| target.cannot_write_part(error))?;
        Ok((part.into_temp_path(), bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that is full after so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let written = bytes.len().min(self.0);
            self.0 -= written;
            Ok(written)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn write_to_full_disk(format: Format, room: usize) -> Result<(), TextError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("counts.txt");
        let target = Arc::new(Target::of(path.to_str().unwrap(), None).unwrap());
        let mut part = PartWriter::new(target, format, Full(room))?;
        for bundle in 0..100 {
            let lines: Vec<_> =
                (0..100).map(|i| format!("{:x}", (i + bundle * 100) * 0x9e37_79b9_u64)).collect();
            part.write(&lines)?;
        }
        part.finish().map(|_| ())
    }

    #[test]
    fn a_full_disk_is_one_error_wherever_it_comes() {
        for format in [Format::Plain, Format::Gzip, Format::Zstd, Format::Bzip2] {
            write_to_full_disk(format, usize::MAX).unwrap();
            for room in [0, 1, 100, 10_000, 20_000] {
                let error = write_to_full_disk(format, room).unwrap_err().to_string();
                assert!(error.contains("counts.txt`: no storage space"), "{format:?}: {error}");
                assert!(error.contains("free some space"), "{format:?}: {error}");
            }
        }
    }
}
