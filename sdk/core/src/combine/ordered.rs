//! One total order for each type.

use std::{
    cmp::{Ordering, Reverse},
    sync::Arc,
};

use watershed_model::{Duration, Timestamp};

/// A type with a total order, by which [`Min`](super::Min), [`Max`](super::Max) and
/// [`Top`](super::Top) judge.
///
/// For most types that is `Ord`, but floats have it too, by [`f64::total_cmp`]: −0 comes before +0,
/// and NaN behind infinity (a NaN with a sign bit before minus infinity).
///
/// ```
/// use std::cmp::Ordering;
/// use watershed_core::combine::Ordered;
///
/// #[derive(PartialEq, Eq, PartialOrd, Ord)]
/// struct Version(u32, u32);
///
/// impl Ordered for Version {
///     fn order(&self, other: &Self) -> Ordering {
///         self.cmp(other)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no total order that is known here",
    label = "cannot be ordered",
    note = "derive Ord for it and write `impl Ordered for {Self} {{ fn order(&self, other: &Self) -> Ordering {{ self.cmp(other) }} }}`",
    note = "or give the order in place: Max::by(|a, b| ..), Min::by(|a, b| ..), Top::by(n, |a, b| ..)"
)]
pub trait Ordered {
    /// Whether values that the order calls equal are the same in every respect. If not (the default
    /// makes no promise), such ties are broken by the values' bytes.
    const EQUAL_IS_SAME: bool = false;

    /// How this value stands to another.
    fn order(&self, other: &Self) -> Ordering;
}

macro_rules! ordered_by {
    ($compare:ident: $($type:ty)*) => {
        $(impl Ordered for $type {
            const EQUAL_IS_SAME: bool = true;
            #[inline]
            fn order(&self, other: &Self) -> Ordering {
                self.$compare(other)
            }
        })*
    };
}
ordered_by!(cmp: () bool char i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize str String);
ordered_by!(cmp: Timestamp Duration);
ordered_by!(total_cmp: f32 f64);

macro_rules! ordered_as_its_content {
    ($($pointer:ident)*) => {
        $(impl<T: Ordered + ?Sized> Ordered for $pointer<T> {
            const EQUAL_IS_SAME: bool = T::EQUAL_IS_SAME;
            #[inline]
            fn order(&self, other: &Self) -> Ordering {
                (**self).order(other)
            }
        })*
    };
}
ordered_as_its_content!(Box Arc);

impl<T: Ordered> Ordered for Reverse<T> {
    const EQUAL_IS_SAME: bool = T::EQUAL_IS_SAME;
    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        other.0.order(&self.0)
    }
}

/// `None` comes first.
impl<T: Ordered> Ordered for Option<T> {
    const EQUAL_IS_SAME: bool = T::EQUAL_IS_SAME;
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Some(a), Some(b)) => a.order(b),
            _ => self.is_some().cmp(&other.is_some()),
        }
    }
}

/// By the first elements that differ; a beginning comes before the whole.
impl<T: Ordered> Ordered for [T] {
    const EQUAL_IS_SAME: bool = T::EQUAL_IS_SAME;
    fn order(&self, other: &Self) -> Ordering {
        let mut pairs = self.iter().zip(other).map(|(a, b)| a.order(b));
        pairs.find(|order| order.is_ne()).unwrap_or_else(|| self.len().cmp(&other.len()))
    }
}

impl<T: Ordered> Ordered for Vec<T> {
    const EQUAL_IS_SAME: bool = T::EQUAL_IS_SAME;
    fn order(&self, other: &Self) -> Ordering {
        self.as_slice().order(other)
    }
}

impl<T: Ordered, const N: usize> Ordered for [T; N] {
    const EQUAL_IS_SAME: bool = T::EQUAL_IS_SAME;
    fn order(&self, other: &Self) -> Ordering {
        self.as_slice().order(other)
    }
}

macro_rules! ordered_tuple {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Ordered),*> Ordered for ($($name,)*) {
            const EQUAL_IS_SAME: bool = $($name::EQUAL_IS_SAME)&&*;
            #[inline]
            fn order(&self, other: &Self) -> Ordering {
                Ordering::Equal$(.then_with(|| self.$index.order(&other.$index)))*
            }
        }
    };
}
ordered_tuple!(A 0);
ordered_tuple!(A 0, B 1);
ordered_tuple!(A 0, B 1, C 2);
ordered_tuple!(A 0, B 1, C 2, D 3);
ordered_tuple!(A 0, B 1, C 2, D 3, E 4);
ordered_tuple!(A 0, B 1, C 2, D 3, E 4, F 5);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn floats_have_one_fixed_order() {
        let rising = [
            -f64::NAN,
            f64::NEG_INFINITY,
            -1.0,
            -0.0,
            0.0,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NAN,
        ];
        for pair in rising.windows(2) {
            assert_eq!(pair[0].order(&pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(f32::NAN.order(&f32::NAN), Ordering::Equal);
    }

    #[test]
    fn a_type_is_exact_if_its_parts_are() {
        struct Loose;
        impl Ordered for Loose {
            fn order(&self, _: &Self) -> Ordering {
                Ordering::Equal
            }
        }
        const { assert!(<(u8, Vec<Option<Arc<str>>>)>::EQUAL_IS_SAME) };
        const { assert!(!<(u8, [Reverse<Box<Loose>>; 2])>::EQUAL_IS_SAME) };
    }

    type Parts = (Vec<i8>, Option<String>, bool, (char, [u8; 2]), i64, String);
    type Nested = (Vec<i8>, Option<String>, bool, (char, [u8; 2]), Reverse<i64>, Box<str>);

    fn parts() -> impl Strategy<Value = Parts> {
        (
            any::<Vec<i8>>(),
            any::<Option<String>>(),
            any::<bool>(),
            any::<(char, [u8; 2])>(),
            any::<i64>(),
            ".{0,2}",
        )
    }
    fn nested((a, b, c, d, e, f): Parts) -> Nested {
        (a, b, c, d, Reverse(e), f.into())
    }

    proptest! {
        #[test]
        fn composed_types_are_ordered_as_ord_would(
            a in parts(),
            mut b in parts(),
            shared in 0..6u8,
        ) {
            if shared > 0 { b.0.clone_from(&a.0); }
            if shared > 1 { b.1.clone_from(&a.1); }
            if shared > 2 { b.2 = a.2; }
            if shared > 3 { b.3 = a.3; }
            if shared > 4 { b.4 = a.4; }
            let (a, b) = (nested(a), nested(b));
            prop_assert_eq!(a.order(&b), a.cmp(&b));
            prop_assert_eq!(b.order(&a), b.cmp(&a));
            prop_assert_eq!(a.order(&a.clone()), Ordering::Equal);
        }

        #[test]
        fn lists_are_ordered_as_ord_would(a: Vec<bool>, b: Vec<bool>) {
            prop_assert_eq!(a.order(&b), a.cmp(&b));
        }
    }
}
