//! The methods that make a view of a collection.

use std::{marker::PhantomData, sync::Arc};

use watershed_model::{
    AccumulationMode, Bundle, CollectionId, Element, ElementType, Key, Location, PaneTiming,
    Primitive, Subject, Timestamp, ViewFactory, fault,
};

use super::{
    View, ViewMap,
    builders::{All, Gather, List, Map, Multimap, Panes, Refining, Single},
};
use crate::{Group, Keyed, PCollection, kernel::map_bundle};

impl<T: Element> PCollection<T> {
    /// A view of the one element of each window. None, or more than one, is an error. (Beam:
    /// `View.asSingleton`.)
    #[track_caller]
    pub fn as_singleton(&self) -> View<T> {
        self.viewed("AsSingleton", Single::or(None), Location::caller())
    }

    /// As [`as_singleton`](Self::as_singleton), with what is shown of an empty window.
    #[track_caller]
    pub fn as_singleton_or(&self, default: T) -> View<T> {
        self.viewed("AsSingleton", Single::or(Some(default)), Location::caller())
    }

    /// A view of all elements of each window, in no promised order, which can be walked as often as wanted.
    /// (Beam: `View.asIterable`.)
    #[track_caller]
    pub fn as_iterable(&self) -> View<Group<T>> {
        self.viewed("AsIterable", All::default(), Location::caller())
    }

    /// A view of all elements of each window as a vector, in no promised order. (Beam: `View.asList`.)
    #[track_caller]
    pub fn as_list(&self) -> View<Vec<T>> {
        self.viewed("AsList", List::default(), Location::caller())
    }

    /// A view of each window as a map. Two values of one key are an error. (Beam: `View.asMap`.)
    #[track_caller]
    pub fn as_map<K: Key, V: Element>(&self) -> View<ViewMap<K, V>>
    where
        T: Keyed<K, V>,
    {
        self.as_pairs().viewed("AsMap", Map::default(), Location::caller())
    }

    /// A view of each window as a map of all values of each key, in no promised order. (Beam:
    /// `View.asMultimap`.)
    #[track_caller]
    pub fn as_multimap<K: Key, V: Element>(&self) -> View<ViewMap<K, Vec<V>>>
    where
        T: Keyed<K, V>,
    {
        self.as_pairs().viewed("AsMultimap", Multimap::default(), Location::caller())
    }

    /// The panes of the collection, gathered under one key, and what they show.
    fn viewed<G: Gather<T>>(
        &self,
        kind: &'static str,
        nothing: G,
        location: Location,
    ) -> View<G::Content> {
        self.pipeline().scoped(kind, location, || {
            let told = Primitive::ParDo(map_bundle(|| |bundle: Bundle<T>| Ok(with_panes(bundle))));
            let told: PCollection<((), Refining<T>)> =
                self.pipeline().add_step("WithPanes", location, told, self.id());
            let panes = told.group_by_key();
            let builder = builder(nothing, self.accumulates());
            let view = watershed_model::View { kind, builder, waits_for_end: false };
            self.view_of(panes.id(), view, location)
        })
    }

    fn accumulates(&self) -> bool {
        let graph = self.pipeline().graph();
        let mode = graph.collection(self.id()).windowing.accumulation_mode;
        mode == Some(AccumulationMode::Accumulating)
    }

    /// A view of this collection, which is fed by another.
    pub(super) fn view_of<C>(
        &self,
        fed_by: CollectionId,
        view: watershed_model::View,
        location: Location,
    ) -> View<C> {
        let mut graph = self.pipeline().graph();
        let windowing = graph.collection(self.id()).windowing.clone();
        let boundedness = graph.collection(self.id()).boundedness;
        let node = graph.add_node("View", location, Primitive::View(view), vec![fed_by]);
        let has_windows = matches!(windowing.window_fn.window_at(Timestamp::MIN), Ok(Some(_)));
        if !has_windows && !fault!("views-may-merge") {
            graph.problem(
                Subject::Node(node),
                format!(
                    "is a view of a collection in {}, of which nobody can say what window an instant lies in",
                    windowing.window_fn.identity()
                ),
                "put the collection into windows that do not merge, .window(FixedWindows::of(..)) say, or \
                 .window(GlobalWindows); a window function of your own needs `window_at`",
            );
        }
        let id = graph.add_output(node, ElementType::of::<()>(), windowing, boundedness);
        drop(graph);
        View::new(self.pipeline(), id)
    }
}

/// The elements under one key, each with the number of the pane that it came in.
fn with_panes<T: Element>(bundle: Bundle<T>) -> Bundle<((), Refining<T>)> {
    let Bundle { values, metadata } = bundle;
    let number = |place: usize| {
        let pane = metadata.panes.get(place);
        (pane.timing != PaneTiming::Unknown).then_some(pane.index)
    };
    let values = values.into_iter().enumerate();
    let values = values.map(|(place, value)| ((), (number(place), value))).collect();
    Bundle::new(values, metadata)
}

fn builder<T: Element, G: Gather<T>>(nothing: G, accumulates: bool) -> ViewFactory {
    Arc::new(move || {
        let (nothing, gathered) = (nothing.clone(), nothing.clone());
        Box::new(Panes { nothing, gathered, values: PhantomData::<fn(T)>, accumulates })
    })
}
