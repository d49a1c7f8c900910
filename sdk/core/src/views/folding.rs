//! Combiners that look at views.

use std::{marker::PhantomData, sync::Arc};

use watershed_model::{
    AnyBundle, BoxError, Bundle, CollectionId, Element, Kernel, KernelContext, KernelOutput, Key,
    Location, Primitive,
};

use super::{Shown, attach};
use crate::{
    Group, PCollection,
    combine::{CombineContext, CombineFn},
    kernel::par_do,
};

impl<K: Key, V: Element> PCollection<(K, Group<V>)> {
    /// Folds each group, with a look at the views that the combiner reads.
    pub(crate) fn folded_with_views<C: CombineFn<V>>(
        &self,
        combiner: C,
        location: Location,
    ) -> PCollection<(K, C::Output)> {
        let side_inputs = combiner.side_inputs();
        let views: Arc<[CollectionId]> = side_inputs.ids().into();
        let kernel = Arc::new(move || {
            let (combiner, views) = (combiner.clone(), views.clone());
            let kernel: Box<dyn Kernel> =
                Box::new(Folding { combiner, views, group: PhantomData::<fn(K, V)> });
            kernel
        });
        let primitive = Primitive::ParDo(par_do(kernel));
        let mut graph = self.pipeline().graph();
        let node = graph.add_node("FoldWithViews", location, primitive, vec![self.id()]);
        attach(self.pipeline(), &mut graph, node, &side_inputs);
        drop(graph);
        self.pipeline().add_output(node, self.id())
    }
}

/// Folds groups, whose window is one, since views are looked at by window.
struct Folding<C, K, V> {
    combiner: C,
    views: Arc<[CollectionId]>,
    group: PhantomData<fn(K, V)>,
}

impl<C: CombineFn<V>, K: Key, V: Element> Kernel for Folding<C, K, V> {
    fn run(
        &mut self,
        input: AnyBundle,
        cx: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        let Bundle { values, metadata } = input.downcast::<(K, Group<V>)>();
        let cx = CombineContext::new(Shown { ids: &self.views, contents: cx.views });
        let fold = |(key, group): (K, Group<V>)| {
            let mut accumulator = self.combiner.create(&cx);
            for value in group.into_vec() {
                self.combiner.add(&mut accumulator, value, &cx);
            }
            Ok((key, self.combiner.extract(accumulator, &cx)?))
        };
        let values: Result<Vec<_>, BoxError> = values.into_iter().map(fold).collect();
        out.put(0, AnyBundle::new(Bundle::new(values?, metadata)));
        Ok(None)
    }
}
