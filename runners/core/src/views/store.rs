//! What the views of a job show. All workers of a process share it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use foldhash::fast::RandomState;
use watershed_model::{
    AccumulationMode, AnyBundle, BoxError, CollectionId, ElementType, Graph, Primitive, Timestamp,
    ViewBuilder, ViewContent, ViewFactory, Window, WindowSet, fault,
};

/// The views of a job, by what their steps make.
pub struct ViewStore {
    views: BTreeMap<CollectionId, Mutex<Shown>>,
    /// Those who wait for a first pane.
    wakers: Mutex<Vec<Waker>>,
    /// The most bytes that a view may take in all its windows.
    most_bytes: usize,
}

struct Shown {
    builder: ViewFactory,
    /// What its panes are.
    element: ElementType,
    /// Whether a pane has all of its window so far.
    accumulates: bool,
    windows: HashMap<Window, Pane, RandomState>,
    /// What all windows show, whatever panes come.
    always: Option<ViewContent>,
    /// For each that reads the view, step by step and worker by worker, how far it has come: it asks for no
    /// window any more that ends before.
    readers: BTreeMap<(usize, usize), Timestamp>,
}

/// What is shown of a window.
struct Pane {
    builder: Box<dyn ViewBuilder>,
    content: ViewContent,
    /// How much it was given, as its coder would write it.
    bytes: u64,
}

impl ViewStore {
    /// Nothing yet, of all views of a graph, read by so many workers, each of at most so many bytes.
    pub fn new(graph: &Graph, workers: usize, most_bytes: usize) -> Self {
        let views = graph.nodes().iter().filter_map(|node| {
            let Primitive::View(view) = &node.primitive else { return None };
            let id = *node.outputs.first()?;
            let readers = graph.nodes().iter().enumerate();
            let readers = readers.filter(|(_, node)| node.side_inputs.contains(&id));
            let readers = readers
                .flat_map(|(step, _)| (0..workers).map(move |worker| (step, worker)))
                .map(|reader| (reader, Timestamp::MIN));
            let input = graph.collection(*node.inputs.first()?);
            let shown = Shown {
                builder: view.builder.clone(),
                element: input.element.clone(),
                accumulates: input.windowing.accumulation_mode
                    == Some(AccumulationMode::Accumulating),
                windows: HashMap::default(),
                always: None,
                readers: readers.collect(),
            };
            Some((id, Mutex::new(shown)))
        });
        ViewStore { views: views.collect(), wakers: Mutex::default(), most_bytes }
    }

    fn view(&self, id: CollectionId) -> MutexGuard<'_, Shown> {
        match self.views.get(&id) {
            Some(view) => view.lock().unwrap_or_else(PoisonError::into_inner),
            None => unreachable!("only views of the graph are asked for"),
        }
    }

    /// Takes in a bundle of panes.
    ///
    /// # Errors
    /// When the view cannot hold it, or is larger than allowed.
    pub fn publish(&self, id: CollectionId, panes: AnyBundle) -> Result<(), BoxError> {
        let Shown { builder, windows, element, accumulates, .. } = &mut *self.view(id);
        for (window, panes) in by_window(panes) {
            let pane = windows.remove(&window);
            let new = size_of(element, &panes, *accumulates);
            // Who reads it now keeps what it reads; if nobody does, what is there grows in its place.
            let (mut builder, before) =
                pane.map_or_else(|| (builder(), 0), |pane| (pane.builder, pane.bytes));
            let bytes = if *accumulates { new } else { before.saturating_add(new) };
            let others = windows.values().map(|pane| pane.bytes);
            let all = others.fold(bytes, u64::saturating_add);
            if all > self.most_bytes as u64 {
                return Err(format!(
                    "takes {all} bytes in its open windows, above the limit of {} for a view, which each \
                     process keeps in memory: combine or filter what goes into it, join instead, or raise the \
                     limit with --max-view-bytes",
                    self.most_bytes
                )
                .into());
            }
            builder.add(panes)?;
            let content = builder.content()?;
            windows.insert(window, Pane { builder, content, bytes });
        }
        let wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        wakers.iter().for_each(Waker::wake_by_ref);
        Ok(())
    }

    /// Shows this in all windows, whatever panes come: for tests of what reads it.
    pub fn show(&self, id: CollectionId, content: ViewContent) {
        self.view(id).always = Some(content);
    }

    /// Wakes this one whenever a pane has come.
    pub fn listen(&self, waker: Waker) {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// What a window shows, if it has a pane.
    pub fn read(&self, id: CollectionId, window: &Window) -> Option<ViewContent> {
        let view = self.view(id);
        view.always.clone().or_else(|| view.windows.get(window).map(|pane| pane.content.clone()))
    }

    /// What a window shows that is complete without a pane.
    ///
    /// # Errors
    /// When there is nothing to be shown, as for a single value.
    pub fn empty(&self, id: CollectionId) -> Result<ViewContent, BoxError> {
        (self.view(id).builder)().content()
    }

    /// A reader asks for no window any more that ends before this. What nobody asks for is forgotten.
    pub fn has_come_to(&self, id: CollectionId, reader: (usize, usize), watermark: Timestamp) {
        let mut view = self.view(id);
        if view.readers.insert(reader, watermark) == Some(watermark) {
            return;
        }
        let least = view.readers.values().copied().min().unwrap_or(Timestamp::MAX);
        if !fault!("views-are-kept") {
            view.windows
                .retain(|window, _| *window == Window::Global || window.max_timestamp() >= least);
        }
    }
}

/// How much panes of one window hold; where panes accumulate, the last of them.
fn size_of(element: &ElementType, panes: &AnyBundle, accumulates: bool) -> u64 {
    match accumulates && panes.len() > 1 {
        true => element.sample_sizes(&panes.gather(&[panes.len() as u32 - 1]), 1).1,
        false => element.sample_sizes(panes, 1).1,
    }
}

/// A bundle, window by window, in the order in which they first come. An element in several windows is in
/// the part of each.
pub(super) fn by_window(bundle: AnyBundle) -> Vec<(Window, AnyBundle)> {
    let windows = bundle.metadata().windows.clone();
    if windows.is_uniform()
        && let [window] = windows.get(0).as_slice()
    {
        return vec![(window.clone(), bundle)];
    }
    let mut order: Vec<&Window> = Vec::new();
    let mut elements: HashMap<&Window, Vec<u32>, RandomState> = HashMap::default();
    for element in 0..bundle.len() {
        for window in windows.get(element).as_slice() {
            elements
                .entry(window)
                .or_insert_with(|| {
                    order.push(window);
                    Vec::new()
                })
                .push(element as u32);
        }
    }
    let parts = order.into_iter().map(|window| {
        let part = bundle.gather(elements.get(window).map_or(&[], Vec::as_slice));
        let mut metadata = part.metadata().clone();
        metadata.windows = watershed_model::Dictionary::uniform(WindowSet::One(window.clone()));
        (window.clone(), part.with_metadata(metadata))
    });
    parts.collect()
}
