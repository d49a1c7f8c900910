//! A serde deserialiser around another that counts depth and elements.
//!
//! bincode checks that strings and byte runs fit the input, but follows nesting as deep as the
//! bytes say and loops over as many empty elements as a length prefix claims. This stops both.

use std::{cell::Cell, fmt};

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::DecodeLimits;

/// What may still be spent on one value.
pub(super) struct Guard {
    depth: Cell<u32>,
    elements: Cell<u64>,
}

impl Guard {
    pub(super) fn new(limits: DecodeLimits, input: usize) -> Self {
        Guard {
            depth: Cell::new(limits.depth),
            elements: Cell::new(limits.empty_elements.saturating_add(input as u64)),
        }
    }

    fn nested<T, E: Error>(&self, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let left = self.depth.get();
        if left == 0 {
            return Err(E::custom("the value nests too deeply"));
        }
        self.depth.set(left - 1);
        let value = read();
        self.depth.set(left);
        value
    }

    fn element<E: Error>(&self) -> Result<(), E> {
        match self.elements.get().checked_sub(1) {
            Some(left) => {
                self.elements.set(left);
                Ok(())
            }
            None => Err(E::custom("a length promises more elements than the input can hold")),
        }
    }
}

/// Wraps a deserialiser, visitor, seed or access; `counted` for collections of a length read from
/// the input (the fields of structs and tuples are bounded by their types).
pub(super) struct Bounded<'g, D> {
    inner: D,
    guard: &'g Guard,
    counted: bool,
}

impl<'g, D> Bounded<'g, D> {
    pub(super) fn new(inner: D, guard: &'g Guard) -> Self {
        Bounded { inner, guard, counted: false }
    }

    fn counted(inner: D, guard: &'g Guard) -> Self {
        Bounded { inner, guard, counted: true }
    }
}

macro_rules! forward_plain {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = D::Error;

    forward_plain! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard.nested(|| self.inner.deserialize_any(Bounded::counted(visitor, guard)))
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard.nested(|| self.inner.deserialize_option(Bounded::new(visitor, guard)))
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit_struct(name, visitor)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard.nested(|| self.inner.deserialize_newtype_struct(name, Bounded::new(visitor, guard)))
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard.nested(|| self.inner.deserialize_seq(Bounded::counted(visitor, guard)))
    }
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard.nested(|| self.inner.deserialize_tuple(len, Bounded::new(visitor, guard)))
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard
            .nested(|| self.inner.deserialize_tuple_struct(name, len, Bounded::new(visitor, guard)))
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard.nested(|| self.inner.deserialize_map(Bounded::counted(visitor, guard)))
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard.nested(|| self.inner.deserialize_struct(name, fields, Bounded::new(visitor, guard)))
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let guard = self.guard;
        guard.nested(|| self.inner.deserialize_enum(name, variants, Bounded::new(visitor, guard)))
    }
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! forward_visits {
    ($($method:ident($type:ty))*) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Bounded<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    forward_visits! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128) visit_f32(f32)
        visit_f64(f64) visit_char(char) visit_str(&str) visit_borrowed_str(&'de str)
        visit_string(String) visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8])
        visit_byte_buf(Vec<u8>)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Bounded::new(inner, self.guard))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Bounded::new(inner, self.guard))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Bounded { inner: access, guard: self.guard, counted: self.counted })
    }
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Bounded { inner: access, guard: self.guard, counted: self.counted })
    }
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Bounded::new(access, self.guard))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<'_, S> {
    type Value = S::Value;
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Bounded::new(inner, self.guard))
    }
}

/// No collection is given more room than this before its elements have been seen.
const MOST_EXPECTED: usize = 4096;

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        if self.counted {
            self.guard.element()?;
        }
        self.inner.next_element_seed(Bounded::new(seed, self.guard))
    }
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint().map(|hint| hint.min(MOST_EXPECTED))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        if self.counted {
            self.guard.element()?;
        }
        self.inner.next_key_seed(Bounded::new(seed, self.guard))
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Bounded::new(seed, self.guard))
    }
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint().map(|hint| hint.min(MOST_EXPECTED))
    }
}

impl<'de, 'g, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<'g, A> {
    type Error = A::Error;
    type Variant = Bounded<'g, A::Variant>;
    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(Bounded::new(seed, self.guard))?;
        Ok((value, Bounded::new(variant, self.guard)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;
    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Bounded::new(seed, self.guard))
    }
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, Bounded::new(visitor, self.guard))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, Bounded::new(visitor, self.guard))
    }
}
