//! Combiners: associative, commutative folds that a runner may split, share and merge as it likes.

mod combine_fn;

pub use combine_fn::{CombineContext, CombineFn, HotKeyFanout, Retract};
