//! A graph with a step in it that no public transform makes: it says itself what its elements carry.

use std::{collections::HashMap, sync::Arc};

use watershed::{
    BoxError, Element, Observed,
    model::{
        AnyBundle, Bundle, Column, Dictionary, Graph, GraphBuilder, Kernel, KernelContext,
        KernelOutput, Location, Metadata, ParDo, Primitive,
    },
};

/// The same graph with one step more, directly behind the first: from there on each element of type
/// `T` carries what `carries` says of it.
pub(super) fn carrying<T: Element>(graph: &Graph, carries: fn(T) -> Observed<T>) -> Graph {
    let mut by_hand = GraphBuilder::new();
    let mut moved = HashMap::new();
    for (place, node) in graph.nodes().iter().enumerate() {
        let inputs = node.inputs.iter().map(|input| moved[input]).collect();
        let name = node.name.clone();
        let copy = by_hand.add_node(name, node.location, node.primitive.clone(), inputs);
        for output in &node.outputs {
            let like = graph.collection(*output);
            let (windowing, boundedness) = (like.windowing.clone(), like.boundedness);
            let mut to =
                by_hand.add_output(copy, like.element.clone(), windowing.clone(), boundedness);
            if place == 0 {
                let kernel = Arc::new(move || -> Box<dyn Kernel> { Box::new(Carrying(carries)) });
                let carrying =
                    ParDo { kernel, is_observer: false, dead_letters: None, gives_times: true };
                let carrying = Primitive::ParDo(carrying);
                let step = by_hand.add_node("Carrying", Location::caller(), carrying, vec![to]);
                to = by_hand.add_output(step, like.element.clone(), windowing, boundedness);
            }
            moved.insert(*output, to);
        }
    }
    by_hand.build().unwrap()
}

struct Carrying<T>(fn(T) -> Observed<T>);

impl<T: Element> Kernel for Carrying<T> {
    fn run(
        &mut self,
        input: AnyBundle,
        _: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        let carried: Vec<Observed<T>> =
            input.downcast::<T>().values.into_iter().map(self.0).collect();
        let places = || Column::Each((0..carried.len() as u32).collect());
        let windows = carried.iter().map(|one| one.windows.clone()).collect();
        let panes = carried.iter().map(|one| one.pane).collect();
        let metadata = Metadata {
            timestamps: Column::Each(carried.iter().map(|one| one.timestamp).collect()),
            windows: Dictionary::new(windows, places()),
            panes: Dictionary::new(panes, places()),
            signs: Column::Each(carried.iter().map(|one| one.sign).collect()),
        };
        let values = carried.into_iter().map(|one| one.value).collect();
        out.put(0, AnyBundle::new(Bundle::new(values, metadata)));
        Ok(None)
    }
}
