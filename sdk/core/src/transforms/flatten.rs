//! Collections put together.

use watershed_model::{
    Boundedness, Element, ElementType, Location, Primitive, Subject, WindowingStrategy, fault,
};

use crate::{PCollection, Pipeline};

impl<T: Element> PCollection<T> {
    /// This collection and another together. See [`Pipeline::flatten`].
    #[track_caller]
    pub fn flatten_with(&self, other: &PCollection<T>) -> PCollection<T> {
        flatten(self.pipeline(), vec![self.clone(), other.clone()], Location::caller())
    }
}

pub(crate) fn flatten<T: Element>(
    pipeline: &Pipeline,
    collections: Vec<PCollection<T>>,
    location: Location,
) -> PCollection<T> {
    put_together(pipeline, collections, location, None)
}

/// As [`flatten`], for a composite that begins so: what is wrong is told of it, in the words of its `deed`.
pub(super) fn put_together<T: Element>(
    pipeline: &Pipeline,
    collections: Vec<PCollection<T>>,
    location: Location,
    deed: Option<&str>,
) -> PCollection<T> {
    let (ours, foreign): (Vec<_>, Vec<_>) =
        collections.into_iter().partition(|collection| collection.pipeline().is_same_as(pipeline));
    let mut inputs: Vec<_> = ours.iter().map(PCollection::id).collect();
    if fault!("flatten-takes-an-input-once") {
        inputs.dedup();
    }

    let mut graph = pipeline.graph();
    let node = graph.add_node("Flatten", location, Primitive::Flatten, inputs.clone());
    let composite = deed.and_then(|_| graph.current_scope());
    let subject = composite.map_or(Subject::Node(node), Subject::Scope);
    if !foreign.is_empty() {
        graph.problem(
            subject,
            "an input belongs to another pipeline",
            "build all inputs from clones of the same Pipeline",
        );
    }
    let mut windowing = WindowingStrategy::global();
    let mut boundedness = Boundedness::Bounded;
    for (place, id) in inputs.iter().enumerate() {
        let input = graph.collection(*id);
        boundedness = boundedness.max(input.boundedness);
        if place == 0 {
            windowing = input.windowing.clone();
        }
        if !fault!("the-first-lateness-wins") {
            windowing.allowed_lateness =
                windowing.allowed_lateness.max(input.windowing.allowed_lateness);
        }
        let passes = deed.is_some() && fault!("unlike-windows-are-joined");
        if !windowing.is_compatible_with(&input.windowing) && !passes {
            let problem = format!(
                "input 0 is windowed by {windowing:?} and input {place} by {:?}: no element could say \
                 which windows hold",
                input.windowing
            );
            let deed = deed.unwrap_or("flattened");
            let mend = format!(
                "give all inputs the same windows, trigger and mode with .window(..) before they are {deed}"
            );
            graph.problem(subject, problem, mend);
        }
    }
    let output = graph.add_output(node, ElementType::of::<T>(), windowing, boundedness);
    drop(graph);
    PCollection::new(pipeline.clone(), output)
}
