//! Combiners: associative, commutative folds that a runner may split, share and merge as it likes.
//!
//! What they give depends on the values alone: not on their order, nor on how the work was cut, nor
//! on how often an accumulator was written and read on the way. Where the plain computation would
//! show it, the accumulator is richer than the result:
//!
//! ```text
//!   combine_fn              the trait that all of them implement
//!   sum, mean, count        exact totals, judged or rounded once, at the end
//!     summable                what can be added up, and in what
//!     halves                  128 bits, for sums of integers
//!     wide_integer            256 bits, for sums of 128-bit integers
//!     float_sum               any sum of floats, exactly; on fixed_point and rounding
//!   min_max, top            the value, or the n values, that rank first
//!     ordered, ranking        one total order for each type; ties go by the bytes
//!     best                    the n best of many, in bounded memory
//!   sample                  a share of the values, chosen by seeded hash
//!   quantiles               near enough, of numbers
//!   distinct_count          how many different ones, near enough
//!   to_list                 all of them
//!   fold                    a combiner made of closures
//!   composed, over          several combiners at once; a combiner of a part of each value
//! ```

mod best;
mod combine_fn;
mod composed;
mod count;
mod distinct_count;
mod fixed_point;
mod float_sum;
mod fold;
mod halves;
mod mean;
mod min_max;
mod ordered;
mod over;
mod quantiles;
mod ranking;
mod rounding;
mod sample;
mod sum;
mod summable;
mod to_list;
mod top;
mod value_bytes;
mod wide_integer;

#[cfg(test)]
mod decimal;
#[cfg(test)]
mod scatter;

pub use combine_fn::{CombineContext, CombineFn, HotKey, HotKeyFanout, Retract};
pub use count::Count;
pub use distinct_count::{ApproximateCountDistinct, Registers};
pub use float_sum::FloatSum;
pub use fold::{FoldFn, Reduce, combine_with, reduce};
pub use halves::Halves;
pub use mean::{Averageable, Mean};
pub use min_max::{Max, MaxBy, Min, MinBy};
pub use ordered::Ordered;
pub use over::{CombineOver, Over};
pub use quantiles::ApproximateQuantiles;
pub use ranking::Ranking;
pub use sample::Sample;
pub use sum::Sum;
pub use summable::Summable;
pub use to_list::ToList;
pub use top::Top;
pub(crate) use value_bytes::{bytes_of, compare_bytes};
pub use wide_integer::WideInteger;
