//! Elements, and the erased face of a collection's element type.

use std::{marker::PhantomData, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{AnyBundle, BoxError, Bundle, Coder, CoderError, Metadata, coder::BinaryCoder};

/// What a `PCollection` can hold. Implemented for every type that meets the bounds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an element of a PCollection",
    label = "not an element type",
    note = "an element needs Clone + Send + Sync + 'static and serde's Serialize + Deserialize: add #[derive(Clone, Serialize, Deserialize)] to the type, and own its data (String instead of &str)"
)]
pub trait Element: Clone + Send + Sync + 'static + Serialize + for<'de> Owned<'de> {}
impl<T: Clone + Send + Sync + 'static + Serialize + for<'de> Owned<'de>> Element for T {}

/// Data that owns all its parts, so that it can be read from bytes which go away: serde's
/// [`DeserializeOwned`](serde::de::DeserializeOwned), under a name that explains itself.
///
/// A `&str` can be read from bytes that live long enough, but not from any. The compiler then says
/// that "`&str` must implement `Owned<'0>`, for any lifetime `'0`": make it a `String`.
pub trait Owned<'de>: Deserialize<'de> {}
impl<'de, T: Deserialize<'de>> Owned<'de> for T {}

/// The name of a type without the paths of its parts: `(String, Vec<u64>)`. A closure has no name and
/// is called `closure`.
pub fn short_type_name<T: ?Sized>() -> String {
    let full = std::any::type_name::<T>();
    let mut short = String::with_capacity(full.len());
    // Where the path at hand begins in `short`; one for each bracket around it.
    let mut starts = vec![0];
    let mut chars = full.chars().peekable();
    while let Some(c) = chars.next() {
        let start = starts.last().copied().unwrap_or(0);
        match c {
            ':' if chars.next_if_eq(&':').is_some() => {
                short.truncate(start);
                continue;
            }
            '>' if short.ends_with('-') => {}
            '>' | ')' | ']' => {
                starts.pop();
            }
            _ => {}
        }
        short.push(c);
        match c {
            '<' | '(' | '[' => starts.push(short.len()),
            ' ' | ',' | '&' | '*' => {
                starts.pop();
                starts.push(short.len());
            }
            _ => {}
        }
    }
    short.replace("{{closure}}", "closure")
}

/// What a runner can do with the elements of a collection without knowing their type.
#[derive(Clone)]
pub struct ElementType(Arc<dyn ErasedElementType>);

impl ElementType {
    /// The element type `T`, by the binary coder.
    pub fn of<T: Element>() -> Self {
        ElementType(Arc::new(Typed::<T>(PhantomData)))
    }

    /// The type as an author writes it.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Appends the bytes of a bundle, metadata and values, to `out`.
    ///
    /// # Errors
    /// When a value cannot be encoded.
    pub fn encode(&self, bundle: &AnyBundle, out: &mut Vec<u8>) -> Result<(), CoderError> {
        self.0.encode(bundle, out)
    }

    /// Reads a bundle that takes up all of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not those of such a bundle, or its columns do not fit its values.
    pub fn decode(&self, bytes: &[u8]) -> Result<AnyBundle, BoxError> {
        self.0.decode(bytes)
    }

    /// Writes a bundle as bytes and reads it back, and sees whether what came back is written alike.
    ///
    /// # Errors
    /// When an element cannot be written or read, or its bytes change on the way.
    pub fn round_trip(&self, bundle: &AnyBundle) -> Result<AnyBundle, BoxError> {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        self.encode(bundle, &mut first)?;
        let back = self.decode(&first)?;
        self.encode(&back, &mut second)?;
        if first == second || crate::fault!("a-changed-encoding-passes") {
            return Ok(back);
        }
        let name = self.name();
        Err(format!(
            "the encoding of {name} changes on a round trip: what was read back is written differently; \
             its Serialize must be a function of the value, and Deserialize must restore it"
        )
        .into())
    }

    /// The place and size in bytes of the first element that takes more than `limit`.
    ///
    /// # Errors
    /// When a value cannot be encoded.
    pub fn find_larger(
        &self,
        bundle: &AnyBundle,
        limit: usize,
    ) -> Result<Option<(usize, usize)>, CoderError> {
        self.0.find_larger(bundle, limit)
    }

    /// How many bytes the values of some elements take, encoded: every `nth` of a bundle from the first on.
    /// Returns how many elements that were, and their bytes. What cannot be encoded is passed over.
    pub fn sample_sizes(&self, bundle: &AnyBundle, nth: usize) -> (u64, u64) {
        self.0.sample_sizes(bundle, nth.max(1))
    }
}

trait ErasedElementType: Send + Sync {
    fn name(&self) -> String;
    fn encode(&self, bundle: &AnyBundle, out: &mut Vec<u8>) -> Result<(), CoderError>;
    fn decode(&self, bytes: &[u8]) -> Result<AnyBundle, BoxError>;
    fn find_larger(
        &self,
        bundle: &AnyBundle,
        limit: usize,
    ) -> Result<Option<(usize, usize)>, CoderError>;
    fn sample_sizes(&self, bundle: &AnyBundle, nth: usize) -> (u64, u64);
}

struct Typed<T>(PhantomData<fn() -> T>);

/// A bundle on the wire, borrowed for writing.
#[derive(Serialize)]
struct Written<'a, T> {
    metadata: &'a Metadata,
    values: &'a [T],
}

/// A bundle on the wire, owned after reading.
#[derive(Deserialize)]
struct ReadBack<T> {
    metadata: Metadata,
    values: Vec<T>,
}

impl<T: Element> ErasedElementType for Typed<T> {
    fn name(&self) -> String {
        short_type_name::<T>()
    }

    fn encode(&self, bundle: &AnyBundle, out: &mut Vec<u8>) -> Result<(), CoderError> {
        let Bundle { values, metadata } = bundle.as_typed::<T>();
        BinaryCoder.encode_value(&Written { metadata, values }, out)
    }

    fn decode(&self, bytes: &[u8]) -> Result<AnyBundle, BoxError> {
        let ReadBack { metadata, values } = BinaryCoder.decode_value::<ReadBack<T>>(bytes)?;
        if !metadata.is_sound(values.len()) {
            let name = self.name();
            return Err(format!("the columns of an encoded bundle of {name} do not fit").into());
        }
        Ok(AnyBundle::new(Bundle { values, metadata }))
    }

    fn find_larger(
        &self,
        bundle: &AnyBundle,
        limit: usize,
    ) -> Result<Option<(usize, usize)>, CoderError> {
        // Without anything to drop a value owns no memory elsewhere, so its type bounds its bytes;
        // the encoding of such plain data is at most four times its size (enum tags, options).
        if !std::mem::needs_drop::<T>() && 4 * std::mem::size_of::<T>() + 16 <= limit {
            return Ok(None);
        }
        for (i, value) in bundle.as_typed::<T>().values.iter().enumerate() {
            let size = BinaryCoder.encoded_size(value)?;
            if size > limit && !crate::fault!("large-elements-pass") {
                return Ok(Some((i, size)));
            }
        }
        Ok(None)
    }

    fn sample_sizes(&self, bundle: &AnyBundle, nth: usize) -> (u64, u64) {
        let (mut elements, mut bytes) = (0, 0);
        for value in bundle.as_typed::<T>().values.iter().step_by(nth) {
            if let Ok(size) = BinaryCoder.encoded_size(value) {
                elements += 1;
                bytes += size as u64;
            }
        }
        (elements, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Dictionary, Timestamp};

    #[test]
    fn type_names_lose_their_paths() {
        assert_eq!(short_type_name::<(String, Vec<Option<u64>>)>(), "(String, Vec<Option<u64>>)");
        assert_eq!(short_type_name::<crate::Window>(), "Window");
        assert_eq!(short_type_name::<[std::sync::Arc<str>; 2]>(), "[Arc<str>; 2]");
        assert_eq!(
            short_type_name::<&dyn Fn(crate::Window) -> Option<String>>(),
            "&dyn Fn(Window) -> Option<String>"
        );
    }

    #[test]
    fn closures_and_what_stands_in_methods_lose_what_is_around_them() {
        trait Naming {
            fn name_of_a_closure(&self) -> String;
        }
        impl<T> Naming for Vec<T> {
            fn name_of_a_closure(&self) -> String {
                fn name_of<F>(_: F) -> String {
                    short_type_name::<Option<(F, u8)>>()
                }
                name_of(|| self.len())
            }
        }
        assert_eq!(vec![1u16].name_of_a_closure(), "Option<(closure, u8)>");
    }

    #[test]
    fn a_bundle_comes_back_with_its_metadata() {
        let mut bundle = Bundle::of(vec!["a".to_string(), "b".to_string()]);
        bundle.metadata.timestamps = Column::Each(vec![Timestamp::MIN, Timestamp::MAX]);
        let erased = AnyBundle::new(bundle.clone());
        let back = ElementType::of::<String>().round_trip(&erased).unwrap();
        assert_eq!(back.downcast::<String>(), bundle);
    }

    #[test]
    fn columns_that_do_not_fit_are_refused() {
        let mut bundle = Bundle::of(vec![1u8, 2]);
        bundle.metadata.windows = Dictionary::new(Vec::new(), Column::Uniform(0));
        let mut bytes = Vec::new();
        ElementType::of::<u8>().encode(&AnyBundle::new(bundle), &mut bytes).unwrap();
        let error = ElementType::of::<u8>().decode(&bytes).unwrap_err().to_string();
        assert!(error.contains("do not fit"), "{error}");
    }

    #[test]
    fn the_first_element_above_a_limit_is_found() {
        let bundle = AnyBundle::new(Bundle::of(vec![String::new(), "x".repeat(100)]));
        let string = ElementType::of::<String>();
        assert_eq!(string.find_larger(&bundle, 107).unwrap(), Some((1, 108)));
        assert_eq!(string.find_larger(&bundle, 108).unwrap(), None);
    }
}
