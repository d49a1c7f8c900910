//! The bytes of a value being read, as bincode's reader.
//!
//! bincode's own reader of slices does not tell what it has left, and asking for a byte more costs an
//! allocated error at the end of every value.

use std::io::{self, Read};

use bincode::BincodeRead;
use serde::de::Visitor;

/// What is still to be read.
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Input { rest: bytes }
    }

    pub(super) fn is_at_its_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn slice(&mut self, length: usize) -> bincode::Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        };
        self.rest = rest;
        Ok(taken)
    }
}

impl Read for Input<'_> {
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.rest.read(out)
    }
    #[inline]
    fn read_exact(&mut self, out: &mut [u8]) -> io::Result<()> {
        self.rest.read_exact(out)
    }
}

impl<'a> BincodeRead<'a> for &mut Input<'a> {
    fn forward_read_str<V: Visitor<'a>>(
        &mut self,
        length: usize,
        visitor: V,
    ) -> bincode::Result<V::Value> {
        let text = std::str::from_utf8(self.slice(length)?);
        visitor.visit_borrowed_str(text.map_err(bincode::ErrorKind::InvalidUtf8Encoding)?)
    }

    fn get_byte_buffer(&mut self, length: usize) -> bincode::Result<Vec<u8>> {
        self.slice(length).map(<[u8]>::to_vec)
    }

    fn forward_read_bytes<V: Visitor<'a>>(
        &mut self,
        length: usize,
        visitor: V,
    ) -> bincode::Result<V::Value> {
        visitor.visit_borrowed_bytes(self.slice(length)?)
    }
}
