//! Compression, of what is read and of what is written.
//!
//! All three formats are sequences: files put behind each other are one file whose text is theirs put
//! behind each other (gzip's members, zstd's frames, bzip2's streams). Reading honours that, and the
//! sink relies on it to put a shard together from the parts of several workers.

use std::{
    io::{self, BufReader, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

/// How a text file is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Compression {
    /// As the end of its name says: `.gz`, `.zst` and `.bz2` are compressed, anything else is plain.
    #[default]
    Auto,
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
}

impl Compression {
    /// The format of a file of this name.
    pub(crate) fn of(self, path: &Path) -> Format {
        match self {
            Compression::Plain => Format::Plain,
            Compression::Gzip => Format::Gzip,
            Compression::Zstd => Format::Zstd,
            Compression::Bzip2 => Format::Bzip2,
            Compression::Auto => {
                let is = |known| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(known));
                [("gz", Format::Gzip), ("zst", Format::Zstd), ("bz2", Format::Bzip2)]
                    .into_iter()
                    .find_map(|(extension, format)| is(extension).then_some(format))
                    .unwrap_or(Format::Plain)
            }
        }
    }
}

/// A compression that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Plain => "plain text",
            Format::Gzip => "gzip",
            Format::Zstd => "zstd",
            Format::Bzip2 => "bzip2",
        }
    }

    /// The text in `input`. Boxed, because the reader asks for 128 KiB at a time.
    pub(crate) fn decode(
        self,
        input: impl Read + Send + 'static,
    ) -> io::Result<Box<dyn Read + Send>> {
        const INPUT_BYTES: usize = 64 << 10;
        let buffered = |input| BufReader::with_capacity(INPUT_BYTES, input);
        Ok(match self {
            Format::Plain => Box::new(input),
            Format::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(input))),
            Format::Zstd => Box::new(zstd::Decoder::with_buffer(buffered(input))?),
            Format::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(input))),
        })
    }
}

/// Compresses what is written to it into `W`.
pub(crate) enum Encoder<W: Write> {
    Plain(W),
    Gzip(flate2::write::GzEncoder<W>),
    Zstd(zstd::Encoder<'static, W>),
    Bzip2(bzip2::write::BzEncoder<W>),
}

impl<W: Write> Encoder<W> {
    pub(crate) fn new(format: Format, to: W) -> io::Result<Self> {
        Ok(match format {
            Format::Plain => Encoder::Plain(to),
            Format::Gzip => {
                Encoder::Gzip(flate2::write::GzEncoder::new(to, flate2::Compression::default()))
            }
            Format::Zstd => {
                let mut encoder = zstd::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(encoder)
            }
            Format::Bzip2 => {
                Encoder::Bzip2(bzip2::write::BzEncoder::new(to, bzip2::Compression::default()))
            }
        })
    }

    /// Writes the end of the compressed stream; a stream of no text is a valid one too.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Encoder::Plain(to) => Ok(to),
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
            Encoder::Bzip2(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Encoder::Plain(to) => to.write(bytes),
            Encoder::Gzip(encoder) => encoder.write(bytes),
            Encoder::Zstd(encoder) => encoder.write(bytes),
            Encoder::Bzip2(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Encoder::Plain(to) => to.flush(),
            Encoder::Gzip(encoder) => encoder.flush(),
            Encoder::Zstd(encoder) => encoder.flush(),
            Encoder::Bzip2(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Format; 4] = [Format::Plain, Format::Gzip, Format::Zstd, Format::Bzip2];

    fn encode(format: Format, text: &[u8]) -> Vec<u8> {
        let mut encoder = Encoder::new(format, Vec::new()).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(format: Format, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        format.decode(io::Cursor::new(bytes))?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn the_end_of_the_name_tells_the_format() {
        let auto = |name| Compression::Auto.of(Path::new(name));
        assert_eq!(auto("a.txt.gz"), Format::Gzip);
        assert_eq!(auto("A.ZST"), Format::Zstd);
        assert_eq!(auto("dir.gz/a.bz2"), Format::Bzip2);
        assert_eq!(auto("dir.gz/a"), Format::Plain);
        assert_eq!(auto(".gz"), Format::Plain);
        assert_eq!(Compression::Plain.of(Path::new("a.gz")), Format::Plain);
    }

    #[test]
    fn streams_behind_each_other_are_one_text_and_empty_ones_are_none() {
        for format in ALL {
            let bytes = [encode(format, b"one\n"), encode(format, b""), encode(format, b"two\n")];
            assert_eq!(decode(format, bytes.concat()).unwrap(), b"one\ntwo\n", "{format:?}");
            assert_eq!(decode(format, encode(format, b"")).unwrap(), b"", "{format:?}");
        }
    }

    #[test]
    fn a_stream_cut_anywhere_is_an_error() {
        let text: Vec<u8> =
            (0..2000u32).flat_map(|i| format!("{}\n", i * i).into_bytes()).collect();
        for format in &ALL[1..] {
            let whole = encode(*format, &text);
            for cut in (1..whole.len()).step_by(7).chain([whole.len() - 1]) {
                let error = decode(*format, whole[..cut].to_vec()).unwrap_err();
                assert!(error.raw_os_error().is_none(), "{format:?} cut at {cut}: {error}");
            }
        }
    }
}
