//! Waiting for another collection.

use std::{any::Any, sync::Arc};

use watershed_model::{
    AnyBundle, BoxError, Bundle, Element, KernelOutput, Location, Primitive, ViewBuilder,
    ViewContent, fault,
};

use super::{View, attach};
use crate::{PCollection, kernel::bundle_fn};

impl<T: Element> PCollection<T> {
    /// Holds each element back until another collection is complete in its window: until nothing more can
    /// come there, however late it is allowed to be. Of `signal` that is the window in which the element's own
    /// window ends, as for side inputs. Elements, times and panes stay as they are; a window of `signal` in
    /// which nothing was holds nothing back for longer. (Beam: `Wait.on`.)
    ///
    /// With this a step begins when another has done what it does for its effects.
    #[track_caller]
    pub fn wait_on<S: Element>(&self, signal: &PCollection<S>) -> PCollection<T> {
        let location = Location::caller();
        self.pipeline().scoped("WaitOn", location, || {
            let complete = signal.completion(location);
            let waiting = Primitive::ParDo(bundle_fn(|| {
                |bundle: Bundle<T>, out: &mut KernelOutput| {
                    out.put(0, AnyBundle::new(bundle));
                    Ok(None)
                }
            }));
            let mut graph = self.pipeline().graph();
            let node = graph.add_node("Wait", location, waiting, vec![self.id()]);
            if !fault!("wait-on-does-not-wait") {
                attach(self.pipeline(), &mut graph, node, &complete.alone());
            }
            drop(graph);
            self.pipeline().add_output(node, self.id())
        })
    }

    /// A view that shows of each window that it is complete, and of no other. No element goes there: how far
    /// the collection has come says it all.
    fn completion(&self, location: Location) -> View<()> {
        let nothing = Primitive::ParDo(bundle_fn(|| |_: Bundle<T>, _: &mut KernelOutput| Ok(None)));
        let nothing: PCollection<T> =
            self.pipeline().add_step("Signal", location, nothing, self.id());
        let primitive = watershed_model::View {
            kind: "Completion",
            builder: Arc::new(|| Box::new(Nothing)),
            waits_for_end: true,
        };
        nothing.view_of(nothing.id(), primitive, location)
    }
}

struct Nothing;

impl ViewBuilder for Nothing {
    fn add(&mut self, _: AnyBundle) -> Result<(), BoxError> {
        Ok(())
    }
    fn content(&self) -> Result<ViewContent, BoxError> {
        let content: Arc<dyn Any + Send + Sync> = Arc::new(());
        Ok(content)
    }
}
