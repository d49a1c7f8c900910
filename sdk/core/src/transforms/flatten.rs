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
    let (ours, foreign): (Vec<_>, Vec<_>) =
        collections.into_iter().partition(|collection| collection.pipeline().is_same_as(pipeline));
    let mut inputs: Vec<_> = ours.iter().map(PCollection::id).collect();
    if fault!("flatten-takes-an-input-once") {
        inputs.dedup();
    }

    let mut graph = pipeline.graph();
    let node = graph.add_node("Flatten", location, Primitive::Flatten, inputs.clone());
    if !foreign.is_empty() {
        graph.problem(
            Subject::Node(node),
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
        if !windowing.is_compatible_with(&input.windowing) {
            let problem = format!(
                "input 0 is windowed by {windowing:?} and input {place} by {:?}: no element could say \
                 which windows hold",
                input.windowing
            );
            let mend = "give all inputs the same windows, trigger and mode with .window(..) before they are flattened";
            graph.problem(Subject::Node(node), problem, mend);
        }
    }
    let output = graph.add_output(node, ElementType::of::<T>(), windowing, boundedness);
    drop(graph);
    PCollection::new(pipeline.clone(), output)
}
