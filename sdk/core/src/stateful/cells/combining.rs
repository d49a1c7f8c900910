//! What a combiner makes of values.

use std::marker::PhantomData;

use watershed_model::BoxError;

use crate::{
    StateContext,
    combine::{CombineContext, CombineFn},
};

/// Values, folded as they are added: only the accumulator is kept. Views that the combiner reads must be
/// declared by the DoFn. (Beam: `CombiningState`.)
#[derive(Clone)]
pub struct CombiningState<V, C> {
    id: u32,
    combiner: C,
    values: PhantomData<fn(V)>,
}

impl<V, C: CombineFn<V>> CombiningState<V, C> {
    pub(in crate::stateful) fn new(id: u32, combiner: C) -> Self {
        CombiningState { id, combiner, values: PhantomData }
    }

    /// Adds a value.
    #[inline]
    pub fn add<K>(&self, cx: &mut StateContext<'_, K>, value: V) {
        let views = CombineContext::new(cx.views);
        let cell = cx.cell::<C::Accumulator>(self.id);
        let accumulator = cell.get_or_insert_with(|| self.combiner.create(&views));
        self.combiner.add(accumulator, value, &views);
    }

    /// The result of all values that were added; of none, that of the combiner's identity.
    ///
    /// # Errors
    /// When the combiner has no honest result, an overflow say.
    pub fn read<K>(&self, cx: &StateContext<'_, K>) -> Result<C::Output, BoxError> {
        let views = CombineContext::new(cx.views);
        let accumulator = cx.get::<C::Accumulator>(self.id).cloned();
        let accumulator = accumulator.unwrap_or_else(|| self.combiner.create(&views));
        self.combiner.extract(accumulator, &views)
    }

    /// Whether no value was added.
    pub fn is_empty<K>(&self, cx: &StateContext<'_, K>) -> bool {
        cx.get::<C::Accumulator>(self.id).is_none()
    }

    /// Forgets all values.
    pub fn clear<K>(&self, cx: &mut StateContext<'_, K>) {
        cx.empty::<C::Accumulator>(self.id);
    }
}
