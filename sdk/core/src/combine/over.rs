//! A combiner of a part of each value.

use watershed_model::BoxError;

use super::{CombineContext, CombineFn, Retract};
use crate::ViewList;

/// A combiner that is given a part of each value; see [`CombineOver::over`].
#[derive(Clone, Copy, Debug)]
pub struct Over<C, F> {
    combiner: C,
    part: F,
}

/// Gives every combiner the method [`over`](Self::over).
pub trait CombineOver: Sized {
    /// This combiner over a part of each value. With several of them in a tuple one pass over the
    /// values answers several questions:
    ///
    /// ```
    /// use watershed_core::combine::{CombineOver, Count, Max, Sum};
    /// # use watershed_core::combine::CombineFn;
    ///
    /// #[derive(Clone)]
    /// struct Play {
    ///     team: String,
    ///     points: u32,
    /// }
    ///
    /// let points = Sum.over(|play: &Play| play.points);
    /// let summary = (points, Count, Max.over(|play: &Play| play.team.clone()));
    /// # fn gives<V, O>(_: impl CombineFn<V, Output = O>) {}
    /// # gives::<Play, (u32, u64, Option<String>)>(summary);
    /// ```
    fn over<V, P, F>(self, part: F) -> Over<Self, F>
    where
        Self: CombineFn<P>,
        F: Fn(&V) -> P + Clone + Send + Sync + 'static,
    {
        Over { combiner: self, part }
    }
}

impl<C> CombineOver for C {}

impl<V, P, C, F> CombineFn<V> for Over<C, F>
where
    C: CombineFn<P>,
    F: Fn(&V) -> P + Clone + Send + Sync + 'static,
{
    type Accumulator = C::Accumulator;
    type Output = C::Output;

    fn create(&self, cx: &CombineContext<'_>) -> C::Accumulator {
        self.combiner.create(cx)
    }
    #[inline]
    fn add(&self, accumulator: &mut C::Accumulator, value: V, cx: &CombineContext<'_>) {
        self.combiner.add(accumulator, (self.part)(&value), cx);
    }
    fn merge(
        &self,
        accumulator: &mut C::Accumulator,
        other: C::Accumulator,
        cx: &CombineContext<'_>,
    ) {
        self.combiner.merge(accumulator, other, cx);
    }
    fn extract(
        &self,
        accumulator: C::Accumulator,
        cx: &CombineContext<'_>,
    ) -> Result<C::Output, BoxError> {
        self.combiner.extract(accumulator, cx)
    }
    fn retract(
        &self,
        accumulator: &mut C::Accumulator,
        value: V,
        cx: &CombineContext<'_>,
    ) -> Retract {
        self.combiner.retract(accumulator, (self.part)(&value), cx)
    }
    fn hot_key_fanout(&self) -> Option<usize> {
        self.combiner.hot_key_fanout()
    }
    fn side_inputs(&self) -> ViewList {
        self.combiner.side_inputs()
    }
}
