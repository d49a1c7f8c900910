//! A typed handle on one edge of the graph.

use std::marker::PhantomData;

use watershed_model::{CollectionId, Element, Location, Sink};

use crate::{PTransform, Pipeline, Written};

/// A collection of elements `T`, of any size, bounded or not. A handle: cheap to clone, and it may
/// be used as often as wanted; each use sees every element.
pub struct PCollection<T> {
    pipeline: Pipeline,
    id: CollectionId,
    element: PhantomData<fn() -> T>,
}

impl<T> Clone for PCollection<T> {
    fn clone(&self) -> Self {
        PCollection { pipeline: self.pipeline.clone(), id: self.id, element: PhantomData }
    }
}

impl<T> PCollection<T> {
    pub(crate) fn new(pipeline: Pipeline, id: CollectionId) -> Self {
        PCollection { pipeline, id, element: PhantomData }
    }

    /// The pipeline that this belongs to.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Which collection of the graph this is.
    pub fn id(&self) -> CollectionId {
        self.id
    }
}

impl<T: Element> PCollection<T> {
    /// Applies a composite.
    #[track_caller]
    pub fn apply<X: PTransform<PCollection<T>>>(&self, transform: X) -> X::Output {
        self.pipeline.expand(self, transform, Location::caller())
    }

    /// Names the step that made this collection: the transform as it was applied here, be it a
    /// primitive or a composite. Names must be unique in their scope; state and metrics are addressed
    /// by them, so a name should stay when the code around it changes.
    pub fn named(&self, name: &str) -> Self {
        let mut graph = self.pipeline.graph();
        let producer = graph.collection(self.id).producer;
        let step = graph.step_of(producer);
        graph.rename(step, name);
        drop(graph);
        self.clone()
    }

    /// Writes every element to a sink.
    #[track_caller]
    pub fn write<S: Sink<Element = T>>(&self, sink: S) -> Written {
        self.pipeline.write(self.id, sink, Location::caller())
    }
}
