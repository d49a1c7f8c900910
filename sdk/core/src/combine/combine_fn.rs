//! The trait that every combiner implements.

use watershed_model::{BoxError, Element};

use crate::{View, ViewList, views::Shown};

/// What a combiner is told beside its values.
#[derive(Clone, Copy, Debug)]
pub struct CombineContext<'a> {
    views: Shown<'a>,
}

impl<'a> CombineContext<'a> {
    /// A context without side inputs.
    pub const fn without_views() -> Self {
        CombineContext { views: Shown::nothing() }
    }

    pub(crate) fn new(views: Shown<'a>) -> Self {
        CombineContext { views }
    }

    /// What a view shows to the window of the group. The combiner must have declared it in
    /// [`side_inputs`](CombineFn::side_inputs).
    pub fn side_input<C: Send + Sync + 'static>(&self, view: &View<C>) -> &'a C {
        self.views.of(view)
    }
}

/// Whether a combiner took a value back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retract {
    /// The accumulator is as if the value had never been added.
    Done,
    /// The combiner cannot; the group is computed anew from what it retains.
    Unsupported,
}

/// A fold of values `V` that must be associative and commutative, with [`create`](Self::create) as
/// its identity: a runner adds values in any order, on any worker, before or after an exchange, and
/// merges accumulators in any order. (Beam: `CombineFn`.)
///
/// What is order-dependent by nature must be made independent in the accumulator: sums of integers
/// go into a wider type and are judged for overflow in [`extract`](Self::extract), ties are broken
/// by the value's bytes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot combine values of type `{V}`",
    label = "does not combine `{V}`",
    note = "implement CombineFn<{V}> for it, or turn the values into a type that it combines with .map_values(..) or .map(..)",
    note = "a closure becomes a combiner by reduce(|a, b| ..) or combine_with(identity, add, merge, extract)"
)]
pub trait CombineFn<V>: Clone + Send + Sync + 'static {
    /// What is kept while values come in; it crosses workers and is part of snapshots.
    type Accumulator: Element;
    /// The result.
    type Output: Element;

    /// The accumulator of no values.
    fn create(&self, cx: &CombineContext<'_>) -> Self::Accumulator;

    /// Adds a value.
    fn add(&self, accumulator: &mut Self::Accumulator, value: V, cx: &CombineContext<'_>);

    /// Adds all that `other` holds.
    fn merge(
        &self,
        accumulator: &mut Self::Accumulator,
        other: Self::Accumulator,
        cx: &CombineContext<'_>,
    );

    /// The result.
    ///
    /// # Errors
    /// When there is no honest result, an overflow say; the run fails, naming the step.
    fn extract(
        &self,
        accumulator: Self::Accumulator,
        cx: &CombineContext<'_>,
    ) -> Result<Self::Output, BoxError>;

    /// Takes a value back that was added before. The default cannot.
    fn retract(
        &self,
        accumulator: &mut Self::Accumulator,
        value: V,
        cx: &CombineContext<'_>,
    ) -> Retract {
        let _ = (accumulator, value, cx);
        Retract::Unsupported
    }

    /// Over how many intermediate keys each key is spread before its partial results are merged;
    /// `None` for not at all. See [`HotKeyFanout`].
    fn hot_key_fanout(&self) -> Option<usize> {
        None
    }

    /// The views that it reads, with [`side_input`](CombineContext::side_input). Each pane then sees what the
    /// views show to its window when it goes out; so until then the values themselves are kept, not an
    /// accumulator. (Beam: `CombineWithContext`.)
    fn side_inputs(&self) -> ViewList {
        ViewList::new()
    }
}

/// A combiner whose keys are spread before they are merged. See [`HotKey::with_hot_key_fanout`].
#[derive(Clone, Debug)]
pub struct HotKeyFanout<C> {
    pub(crate) combiner: C,
    pub(crate) fanout: usize,
}

impl<V, C: CombineFn<V>> CombineFn<V> for HotKeyFanout<C> {
    type Accumulator = C::Accumulator;
    type Output = C::Output;

    fn create(&self, cx: &CombineContext<'_>) -> C::Accumulator {
        self.combiner.create(cx)
    }
    fn add(&self, accumulator: &mut C::Accumulator, value: V, cx: &CombineContext<'_>) {
        self.combiner.add(accumulator, value, cx);
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
        self.combiner.retract(accumulator, value, cx)
    }
    fn hot_key_fanout(&self) -> Option<usize> {
        Some(self.fanout)
    }
    fn side_inputs(&self) -> ViewList {
        self.combiner.side_inputs()
    }
}

/// What any combiner can be turned into, whatever it combines.
pub trait HotKey: Sized {
    /// This combiner, with each key spread over `fanout` intermediate keys first, so that a key
    /// that holds a great share of all elements is not one worker's work. The result is the same, and so
    /// in windows that merge nothing is spread: a part of a session would be over before the whole is.
    /// A fan-out of 0 is an error when the pipeline is built.
    fn with_hot_key_fanout(self, fanout: usize) -> HotKeyFanout<Self> {
        HotKeyFanout { combiner: self, fanout }
    }
}
impl<C: Clone + Send + Sync + 'static> HotKey for C {}
