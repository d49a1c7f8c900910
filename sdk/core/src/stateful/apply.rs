//! Applying a stateful DoFn.

use std::sync::Arc;

use watershed_model::{
    Element, Key, KeyType, Location, Primitive, Stateful, StatefulKernel, Subject, fault,
};

use super::{StateSpec, StatefulDoFn, kernel::Work};
use crate::{Keyed, Outputs, PCollection, views::attach};

impl<T: Element> PCollection<T> {
    /// Runs a stateful DoFn on every element, by key and window. Its state is addressed by the name, so it has
    /// to have one, which stays. (Beam: `ParDo` of a stateful `DoFn`.)
    #[track_caller]
    pub fn stateful<K: Key, V: Element, D: StatefulDoFn<K, V>>(
        &self,
        name: &str,
        do_fn: D,
    ) -> <D::Outputs as Outputs>::Collections
    where
        T: Keyed<K, V>,
    {
        let mut spec = StateSpec::default();
        do_fn.declare(&mut spec);
        let side_inputs = do_fn.side_inputs();
        let primitive = Primitive::Stateful(Stateful {
            key: <dyn KeyType>::of::<K, V>(),
            kernel: Arc::new(move || {
                let kernel: Box<dyn StatefulKernel> = Box::new(Work::<K, V, D>::new(do_fn.clone()));
                kernel
            }),
            is_observer: <D::Outputs as Outputs>::IS_OBSERVER,
            holds_for_expiration: spec.expires,
            time_to_live: spec.time_to_live,
            timers: spec.timers.iter().map(|(name, _)| name.clone()).collect(),
        });
        let node = {
            let mut graph = self.pipeline().graph();
            let is_merging = graph.collection(self.id()).windowing.window_fn.is_merging();
            let node = graph.add_node("Stateful", Location::caller(), primitive, vec![self.id()]);
            let subject = Subject::Node(node);
            graph.rename(subject, name);
            attach(self.pipeline(), &mut graph, node, &side_inputs);
            if is_merging && !fault!("stateful-steps-take-merging-windows") {
                graph.problem(
                    subject,
                    "keeps state by key and window, but its input's windows merge, and state does not",
                    "put the input into windows that do not merge, .window(FixedWindows::of(..)) say, or \
                     group it first and window the groups anew",
                );
            }
            if let Some((problem, mend)) = spec.problem() {
                graph.problem(subject, problem, mend);
            }
            node
        };
        <D::Outputs as Outputs>::collections(self.pipeline(), node, self)
    }
}
