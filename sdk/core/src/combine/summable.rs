//! What can be added up, and in what it is added up so that order can't show.

use watershed_model::{BoxError, Element, fault};

use super::{float_sum::FloatSum, halves::Halves, wide_integer::WideInteger};

/// A type whose values [`Sum`](super::Sum) adds up: all integers and floats.
///
/// Values go into an accumulator in which adding is exact, and so associative and commutative;
/// only at the end is the total turned back into the type. Implement it for a type of your own
/// (an amount of money, say) by naming such an accumulator, most often that of its number:
///
/// ```
/// use watershed_core::combine::Summable;
/// # use serde::{Deserialize, Serialize};
/// # type BoxError = Box<dyn std::error::Error + Send + Sync>;
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Cents(i64);
///
/// impl Summable for Cents {
///     type Accumulator = <i64 as Summable>::Accumulator;
///     fn add_to(self, total: &mut Self::Accumulator) {
///         self.0.add_to(total);
///     }
///     fn take_from(self, total: &mut Self::Accumulator) {
///         self.0.take_from(total);
///     }
///     fn merge(total: &mut Self::Accumulator, other: Self::Accumulator) {
///         i64::merge(total, other);
///     }
///     fn from_total(total: Self::Accumulator) -> Result<Self, BoxError> {
///         i64::from_total(total).map(Cents)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` cannot be added up",
    label = "not a number",
    note = "take the number out first, with .map_values(..) or with Sum.over(|value| ..), or implement Summable for `{Self}`"
)]
pub trait Summable: Element {
    /// What holds a total; its default is the total of nothing.
    type Accumulator: Element + Default;

    /// Adds this value.
    fn add_to(self, total: &mut Self::Accumulator);

    /// Takes this value back, which was added before, perhaps to a total that is yet to be merged.
    fn take_from(self, total: &mut Self::Accumulator);

    /// Adds all of another total.
    fn merge(total: &mut Self::Accumulator, other: Self::Accumulator);

    /// The total as a value.
    ///
    /// # Errors
    /// When the type cannot hold it.
    fn from_total(total: Self::Accumulator) -> Result<Self, BoxError>;
}

#[cold]
fn overflow(type_name: &str, total: impl std::fmt::Display, mend: &str) -> BoxError {
    format!("the sum overflows {type_name}: it is {total} ({mend})").into()
}

// Wrapping, since a value may be taken back before the total that holds it is merged in; an honest
// total is far from the ends: 2⁶⁴ values of 64 bits just fit.
macro_rules! sum_in_128_bits {
    ($wide:ty: $($type:ty, $widen:literal;)*) => {
        $(impl Summable for $type {
            type Accumulator = Halves<$wide>;

            #[inline]
            fn add_to(self, total: &mut Halves<$wide>) {
                *total = total.whole().wrapping_add(self as $wide).into();
            }
            #[inline]
            fn take_from(self, total: &mut Halves<$wide>) {
                *total = total.whole().wrapping_sub(self as $wide).into();
            }
            #[inline]
            fn merge(total: &mut Halves<$wide>, other: Halves<$wide>) {
                *total = total.whole().wrapping_add(other.whole()).into();
            }
            fn from_total(total: Halves<$wide>) -> Result<Self, BoxError> {
                let total = total.whole();
                const MEND: &str = concat!("widen the values first, .map_values(", $widen, ") say");
                if fault!("sums-wrap") {
                    return Ok(total as $type);
                }
                Self::try_from(total).map_err(|_| overflow(stringify!($type), total, MEND))
            }
        })*
    };
}

sum_in_128_bits! { i128:
    i8, "i64::from";
    i16, "i64::from";
    i32, "i64::from";
    i64, "i128::from";
    isize, "|n| n as i128";
}
sum_in_128_bits! { u128:
    u8, "u64::from";
    u16, "u64::from";
    u32, "u64::from";
    u64, "u128::from";
    usize, "|n| n as u128";
}

macro_rules! sum_in_256_bits {
    ($($type:ty)*) => {
        $(impl Summable for $type {
            type Accumulator = WideInteger;

            fn add_to(self, total: &mut WideInteger) {
                *total = total.plus(self.into());
            }
            fn take_from(self, total: &mut WideInteger) {
                *total = total.plus(WideInteger::from(self).negated());
            }
            fn merge(total: &mut WideInteger, other: WideInteger) {
                *total = total.plus(other);
            }
            fn from_total(total: WideInteger) -> Result<Self, BoxError> {
                const MEND: &str =
                    "no integer is wider: sum floats instead, .map_values(|n| n as f64) say";
                Self::try_from(total).map_err(|_| overflow(stringify!($type), total, MEND))
            }
        })*
    };
}
sum_in_256_bits!(i128 u128);

macro_rules! sum_floats {
    ($($type:ty, $round:ident;)*) => {
        $(impl Summable for $type {
            type Accumulator = FloatSum;

            #[inline]
            fn add_to(self, total: &mut FloatSum) {
                total.add(self.into());
            }
            #[inline]
            fn take_from(self, total: &mut FloatSum) {
                total.retract(self.into());
            }
            fn merge(total: &mut FloatSum, other: FloatSum) {
                total.merge(other);
            }
            fn from_total(total: FloatSum) -> Result<Self, BoxError> {
                Ok(total.$round())
            }
        })*
    };
}
sum_floats! {
    f32, to_f32;
    f64, to_f64;
}
