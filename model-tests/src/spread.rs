//! A combiner with or without a hot-key fan-out.

use watershed::{
    BoxError,
    combine::{CombineContext, CombineFn},
};

/// A combiner whose keys are spread over so many others, or over none. What is tested both ways is of
/// one type, since all that stands behind a combiner is compiled for each.
#[derive(Clone)]
pub(crate) struct Spread<C>(pub(crate) C, pub(crate) Option<usize>);

impl<V, C: CombineFn<V>> CombineFn<V> for Spread<C> {
    type Accumulator = C::Accumulator;
    type Output = C::Output;

    fn create(&self, cx: &CombineContext<'_>) -> C::Accumulator {
        self.0.create(cx)
    }
    fn add(&self, all: &mut C::Accumulator, value: V, cx: &CombineContext<'_>) {
        self.0.add(all, value, cx);
    }
    fn merge(&self, all: &mut C::Accumulator, other: C::Accumulator, cx: &CombineContext<'_>) {
        self.0.merge(all, other, cx);
    }
    fn extract(&self, all: C::Accumulator, cx: &CombineContext<'_>) -> Result<C::Output, BoxError> {
        self.0.extract(all, cx)
    }
    fn hot_key_fanout(&self) -> Option<usize> {
        self.1
    }
}
