//! Values as bytes: one trait, one implementation on bincode, and the bounds of decoding.
//!
//! Nothing outside this folder names bincode: another library that reads the same bytes, or other
//! bytes, can take its place here.

mod bounded;
mod input;

use bincode::Options;
use serde::{Serialize, de::DeserializeOwned};

use bounded::{Bounded, Guard};
use input::Input;

/// Why a value could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoderError {
    /// The value's `Serialize` refused.
    #[error("a {type_name} could not be encoded: {cause}")]
    Encode {
        /// The value's type.
        type_name: String,
        /// What `Serialize` said.
        cause: String,
    },
    /// The bytes are not those of such a value.
    #[error("{length} bytes could not be decoded as a {type_name}: {cause}")]
    Decode {
        /// The wanted type.
        type_name: String,
        /// How many bytes there were.
        length: usize,
        /// What is wrong with them.
        cause: String,
    },
}

/// A way to write values as bytes and to read them back.
///
/// Encoding must be a function of the value alone: keys are routed, compared and restored by it.
pub trait Coder {
    /// Appends the value's bytes to `out`.
    ///
    /// # Errors
    /// When the value refuses to be serialised; `out` may then hold a part of it.
    fn encode_value<T: Serialize + ?Sized>(
        &self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<(), CoderError>;

    /// Reads one value that takes up all of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not those of such a value, end early or go on behind it, promise more
    /// elements than they can hold, or nest too deeply.
    fn decode_value<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, CoderError>;
}

/// How far decoding follows bytes that may come from anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// How deeply values may nest, counted as serde's containers.
    pub depth: u32,
    /// How many elements of collections may take no bytes at all (as those of a `Vec<()>`).
    pub empty_elements: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        DecodeLimits { depth: 128, empty_elements: 1 << 20 }
    }
}

/// The default coder: serde through bincode 1.3, fixed-width integers, little endian.
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCoder;

fn format() -> impl Options {
    bincode::DefaultOptions::new()
        .with_fixint_encoding()
        .with_little_endian()
        .reject_trailing_bytes()
}

#[cold]
fn not_encoded<T: ?Sized>(error: &bincode::Error) -> CoderError {
    CoderError::Encode { type_name: crate::short_type_name::<T>(), cause: error.to_string() }
}

impl BinaryCoder {
    /// How many bytes a value is written as.
    ///
    /// # Errors
    /// As [`Coder::encode_value`].
    pub fn encoded_size<T: Serialize + ?Sized>(&self, value: &T) -> Result<usize, CoderError> {
        match format().serialized_size(value) {
            Ok(size) => Ok(usize::try_from(size).unwrap_or(usize::MAX)),
            Err(error) => Err(not_encoded::<T>(&error)),
        }
    }

    /// As [`Coder::decode_value`], with other limits.
    ///
    /// # Errors
    /// As [`Coder::decode_value`].
    pub fn decode_within<T: DeserializeOwned>(
        &self,
        bytes: &[u8],
        limits: DecodeLimits,
    ) -> Result<T, CoderError> {
        let options = format().with_limit(bytes.len() as u64);
        let mut input = Input::new(bytes);
        let mut reader = bincode::Deserializer::with_bincode_read(&mut input, options);
        let guard = Guard::new(limits, bytes.len());
        let failed = |cause: String| CoderError::Decode {
            type_name: crate::short_type_name::<T>(),
            length: bytes.len(),
            cause,
        };
        let value = T::deserialize(Bounded::new(&mut reader, &guard))
            .map_err(|error| failed(error.to_string()))?;
        match input.is_at_its_end() {
            true => Ok(value),
            false => Err(failed("bytes are left over behind the value".into())),
        }
    }
}

impl Coder for BinaryCoder {
    fn encode_value<T: Serialize + ?Sized>(
        &self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<(), CoderError> {
        // Not `serialize_into`: that compiles a second pass over every type, which measures first.
        value
            .serialize(&mut bincode::Serializer::new(out, format()))
            .map_err(|error| not_encoded::<T>(&error))
    }

    fn decode_value<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, CoderError> {
        self.decode_within(bytes, DecodeLimits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        BinaryCoder.encode_value(value, &mut bytes).unwrap();
        bytes
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Dot,
        Circle(f64),
        Polygon { corners: Vec<(i32, i32)>, name: Option<String> },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Chain(Option<Box<Chain>>);

    #[test]
    fn values_of_every_form_come_back() {
        let shapes = vec![
            Shape::Dot,
            Shape::Circle(-0.0),
            Shape::Polygon { corners: vec![(1, -2), (3, 4)], name: Some("ü".into()) },
        ];
        assert_eq!(BinaryCoder.decode_value::<Vec<Shape>>(&encode(&shapes)).unwrap(), shapes);
        let map: BTreeMap<String, (u8, char, u128)> =
            [("k".to_string(), (1, 'é', u128::MAX))].into();
        assert_eq!(
            BinaryCoder.decode_value::<BTreeMap<String, (u8, char, u128)>>(&encode(&map)).unwrap(),
            map
        );
    }

    #[test]
    fn integers_are_fixed_width_and_little_endian() {
        assert_eq!(encode(&1u32), [1, 0, 0, 0]);
        assert_eq!(encode("ab"), [2, 0, 0, 0, 0, 0, 0, 0, b'a', b'b']);
    }

    #[test]
    fn a_hostile_length_is_an_error_and_not_an_allocation() {
        let huge = u64::MAX.to_le_bytes();
        assert!(BinaryCoder.decode_value::<Vec<u64>>(&huge).is_err());
        assert!(BinaryCoder.decode_value::<String>(&huge).is_err());
        assert!(BinaryCoder.decode_value::<BTreeMap<u8, u8>>(&huge).is_err());
        let error = BinaryCoder.decode_value::<Vec<()>>(&huge).unwrap_err().to_string();
        assert!(error.contains("elements"), "{error}");
    }

    #[test]
    fn trailing_bytes_and_missing_bytes_are_errors() {
        let mut bytes = encode(&7u32);
        bytes.push(0);
        let error = BinaryCoder.decode_value::<u32>(&bytes).unwrap_err().to_string();
        assert!(error.contains("left over"), "{error}");
        assert!(BinaryCoder.decode_value::<u32>(&bytes[..3]).is_err());
    }

    #[test]
    fn too_deep_nesting_is_an_error_and_not_a_stack_overflow() {
        let bytes = vec![1; 1_000_000];
        let error = BinaryCoder.decode_value::<Chain>(&bytes).unwrap_err().to_string();
        assert!(error.contains("nest"), "{error}");
        let short = Chain(Some(Box::new(Chain(None))));
        assert_eq!(BinaryCoder.decode_value::<Chain>(&encode(&short)).unwrap(), short);
    }

    #[test]
    fn random_bytes_never_panic() {
        let mut state = 1u64;
        for length in 0..2_000usize {
            let bytes: Vec<u8> = (0..length % 64)
                .map(|_| {
                    state =
                        state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (state >> 60) as u8
                })
                .collect();
            if let Ok(shape) = BinaryCoder.decode_value::<Shape>(&bytes) {
                assert_eq!(encode(&shape), bytes);
            }
        }
    }
}
