//! The pipeline that an author writes into.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use watershed_model::{
    BuildErrors, CollectionId, Element, ElementType, Graph, GraphBuilder, Location, NodeId,
    Primitive, Read, Sink, Source, Subject, WindowingStrategy, Write, erase_sink, erase_source,
};

use crate::{
    Create, PCollection, PTransform,
    testing::{AssertionLog, AssertionState},
};

/// A pipeline under construction. Cheap to clone and to send: all clones write into the same one.
///
/// Applying a transform cannot fail; what is wrong is told, all at once, by [`build`](Self::build).
#[derive(Clone, Default)]
pub struct Pipeline {
    graph: Arc<Mutex<GraphBuilder>>,
    assertions: AssertionLog,
}

impl Pipeline {
    /// An empty pipeline.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a transform that begins here: a source, or a composite that starts with one.
    #[track_caller]
    pub fn apply<X: PTransform<Pipeline>>(&self, transform: X) -> X::Output {
        self.expand(self, transform, Location::caller())
    }

    /// A collection of the given values, without event times, in the global window.
    #[track_caller]
    pub fn create<T: Element>(&self, values: impl IntoIterator<Item = T>) -> PCollection<T> {
        self.apply(Create::of(values))
    }

    /// Reads a source.
    #[track_caller]
    pub fn read<S: Source>(&self, source: S) -> PCollection<S::Element> {
        let boundedness = source.boundedness();
        let location = Location::caller();
        let read = Primitive::Read(Read { source: erase_source(source) });
        let mut graph = self.graph();
        let node = graph.add_node("Read", location, read, Vec::new());
        let element = ElementType::of::<S::Element>();
        let output = graph.add_output(node, element, WindowingStrategy::global(), boundedness);
        drop(graph);
        PCollection::new(self.clone(), output)
    }

    /// Puts collections together; elements are not touched. A collection given twice counts twice,
    /// and none at all gives an empty collection. (Beam: `Flatten.pCollections()`.)
    #[track_caller]
    pub fn flatten<T: Element>(
        &self,
        collections: impl IntoIterator<Item = PCollection<T>>,
    ) -> PCollection<T> {
        crate::transforms::flatten(self, collections.into_iter().collect(), Location::caller())
    }

    /// Checks the pipeline and fixes it as a graph that can be run, printed and shared.
    ///
    /// # Errors
    /// All that is wrong with it, each with the transform's name, the place where it was applied and
    /// the mend.
    pub fn build(&self) -> Result<Graph, BuildErrors> {
        self.graph().build()
    }

    /// Notes that the composite being expanded cannot work so; [`build`](Self::build) reports it
    /// with the others. For authors of composites: `problem` says what is wrong, `mend` what to do.
    /// Outside of any composite it is about the step that was applied last.
    pub fn reject(&self, problem: impl Into<String>, mend: impl Into<String>) {
        let mut graph = self.graph();
        let last = graph.last_node().map(Subject::Node);
        if let Some(subject) = graph.current_scope().map(Subject::Scope).or(last) {
            graph.problem(subject, problem, mend);
        }
    }

    /// What the assertions in this pipeline have seen. See [`testing`](crate::testing).
    pub fn assertions(&self) -> Vec<Arc<AssertionState>> {
        self.assertions.all()
    }

    pub(crate) fn note_assertion(&self, assertion: Arc<AssertionState>) {
        self.assertions.add(assertion);
    }

    pub(crate) fn graph(&self) -> MutexGuard<'_, GraphBuilder> {
        // A panic inside a builder's method leaves no half-made step that matters: drafts are pushed
        // whole. So a poisoned lock is as good as a sound one.
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn downgrade(&self) -> Weak<Mutex<GraphBuilder>> {
        Arc::downgrade(&self.graph)
    }

    pub(crate) fn is_that(&self, other: &Weak<Mutex<GraphBuilder>>) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.graph), other.as_ptr())
    }

    pub(crate) fn is_same_as(&self, other: &Pipeline) -> bool {
        Arc::ptr_eq(&self.graph, &other.graph)
    }

    /// Expands a transform inside a scope of names of its own. Tracks its caller, so that an `expand`
    /// which does so too (it cannot fail for a reason in its own lines) passes the author's place on.
    #[track_caller]
    pub(crate) fn expand<In: ?Sized, X: PTransform<In>>(
        &self,
        input: &In,
        transform: X,
        location: Location,
    ) -> X::Output {
        let _open = OpenScope::enter(self, transform.name(), location);
        transform.expand(input)
    }

    /// Runs `build` inside a scope; for the toolbox's own composites, which are plain methods.
    pub(crate) fn scoped<R>(&self, name: &str, location: Location, build: impl FnOnce() -> R) -> R {
        let _open = OpenScope::enter(self, name.to_owned(), location);
        build()
    }

    /// Adds a step with one output that is windowed and bounded as `input` is.
    pub(crate) fn add_step<O: Element>(
        &self,
        base: &str,
        location: Location,
        primitive: Primitive,
        input: CollectionId,
    ) -> PCollection<O> {
        let node = self.graph().add_node(base, location, primitive, vec![input]);
        self.add_output(node, input)
    }

    /// Adds the next output of a step, windowed and bounded as `like` is.
    pub(crate) fn add_output<O: Element>(
        &self,
        node: NodeId,
        like: CollectionId,
    ) -> PCollection<O> {
        let mut graph = self.graph();
        let (windowing, boundedness) = {
            let like = graph.collection(like);
            (like.windowing.clone(), like.boundedness)
        };
        let output = graph.add_output(node, ElementType::of::<O>(), windowing, boundedness);
        drop(graph);
        PCollection::new(self.clone(), output)
    }

    pub(crate) fn write<S: Sink>(
        &self,
        input: CollectionId,
        sink: S,
        location: Location,
    ) -> Written {
        let write = Primitive::Write(Write { sink: erase_sink(sink) });
        let node = self.graph().add_node("Write", location, write, vec![input]);
        Written { pipeline: self.clone(), node }
    }
}

/// Closes a scope also when a composite's `expand` panics.
struct OpenScope<'a>(&'a Pipeline);

impl<'a> OpenScope<'a> {
    fn enter(pipeline: &'a Pipeline, name: String, location: Location) -> Self {
        pipeline.graph().enter_scope(name, location);
        OpenScope(pipeline)
    }
}

impl Drop for OpenScope<'_> {
    fn drop(&mut self) {
        self.0.graph().leave_scope();
    }
}

/// The end of a branch: what was written to a sink, or observed. (Beam: `PDone`.)
#[derive(Clone)]
pub struct Written {
    pub(crate) pipeline: Pipeline,
    pub(crate) node: NodeId,
}

impl Written {
    /// Names the step that writes.
    pub fn named(self, name: &str) -> Self {
        let mut graph = self.pipeline.graph();
        let step = graph.step_of(self.node);
        graph.rename(step, name);
        drop(graph);
        self
    }
}
