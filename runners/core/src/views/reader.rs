//! A step that reads views: elements whose views are not ready wait.

use std::{collections::BTreeMap, sync::Arc};

use watershed_model::{
    AnyBundle, AnyWindowFn, BoxError, CollectionId, Duration, Graph, NodeId, Primitive, Timestamp,
    ViewContent, Window, WindowViews, fault,
};

use super::{
    Sight,
    store::{ViewStore, by_window},
};
use crate::{
    Holder,
    grouping::{end, expiry},
    holds::Holds,
};

/// The part of a step that sees to its views, on one worker.
pub struct ViewReader {
    views: Vec<Read>,
    /// What waits, by its window.
    waiting: BTreeMap<Window, Vec<AnyBundle>>,
    holds: Holds,
    /// How late elements of the step's input can be.
    allowed_lateness: Duration,
    /// Step and worker.
    reader: (usize, usize),
}

/// A view that is read.
struct Read {
    id: CollectionId,
    /// Its step, as the author sees it.
    name: String,
    window_fn: Arc<dyn AnyWindowFn>,
    /// Whether a window is read only when nothing more can come there, and how late something may come.
    waits_for_end: bool,
    allowed_lateness: Duration,
}

impl Read {
    /// The watermark at which a window of the view that has no pane is read.
    fn complete_at(&self, window: &Window) -> Timestamp {
        match self.waits_for_end {
            true => expiry(window, self.allowed_lateness),
            false => end(window),
        }
    }
}

/// The parts of a bundle that have what they need, each with what the views show to it.
pub type Ready = Vec<(AnyBundle, Vec<ViewContent>)>;

impl ViewReader {
    /// For a step that reads views, or `None` for one that reads none.
    pub fn new(graph: &Graph, step: NodeId, worker: usize) -> Option<Self> {
        let node = graph.node(step);
        let input = graph.collection(*node.inputs.first()?);
        let views: Vec<Read> = node
            .side_inputs
            .iter()
            .map(|id| {
                let view = graph.collection(*id);
                let producer = graph.node(view.producer);
                Read {
                    id: *id,
                    name: producer.name.clone(),
                    window_fn: view.windowing.window_fn.clone(),
                    waits_for_end: matches!(
                        &producer.primitive, Primitive::View(view) if view.waits_for_end
                    ),
                    allowed_lateness: view.windowing.allowed_lateness,
                }
            })
            .collect();
        (!views.is_empty()).then(|| ViewReader {
            views,
            waiting: BTreeMap::new(),
            holds: Holds::default(),
            allowed_lateness: input.windowing.allowed_lateness,
            reader: (step.0, worker),
        })
    }

    /// What the views show to elements of a window, given how far each view has come; `None` if they have
    /// to wait, with the place of the view that is waited for.
    fn look(
        &self,
        window: &Window,
        sight: &Sight<'_>,
    ) -> Result<Result<Vec<ViewContent>, usize>, BoxError> {
        let mut contents = Vec::with_capacity(self.views.len());
        for (place, (view, watermark)) in std::iter::zip(&self.views, sight.watermarks).enumerate()
        {
            let Some(side) = view.window_fn.window_at(window.max_timestamp())? else {
                return Err(format!(
                    "`{}` has no window for the end of {window}: its window function does not say",
                    view.name
                )
                .into());
            };
            match sight.store.read(view.id, &side) {
                Some(content) => contents.push(content),
                None if *watermark >= view.complete_at(&side) || fault!("readers-do-not-wait") => {
                    let empty = sight.store.empty(view.id);
                    contents.push(empty.map_err(|error| format!("`{}` {error}", view.name))?);
                }
                None => return Ok(Err(place)),
            }
        }
        Ok(Ok(contents))
    }

    /// Takes a bundle in, and returns those parts of it that need not wait, window by window.
    ///
    /// # Errors
    /// When a view has nothing to show.
    pub fn take(&mut self, bundle: AnyBundle, sight: &Sight<'_>) -> Result<Ready, BoxError> {
        let mut ready = Ready::new();
        for (window, part) in by_window(bundle) {
            match self.look(&window, sight)? {
                Ok(contents) => ready.push((part, contents)),
                Err(_) => {
                    if !fault!("what-waits-for-a-view-does-not-hold") {
                        self.holds.change(None, Some(first_of(&part)));
                    }
                    self.waiting.entry(window).or_default().push(part);
                }
            }
        }
        Ok(ready)
    }

    /// What has waited, and need not any more.
    ///
    /// # Errors
    /// When a view has nothing to show.
    pub fn release(&mut self, sight: &Sight<'_>) -> Result<Ready, BoxError> {
        let mut ready = Ready::new();
        let windows: Vec<Window> = self.waiting.keys().cloned().collect();
        for window in windows {
            let Ok(contents) = self.look(&window, sight)? else { continue };
            for part in self.waiting.remove(&window).unwrap_or_default() {
                self.holds.change(Some(first_of(&part)), None);
                ready.push((part, contents.clone()));
            }
        }
        Ok(ready)
    }

    /// The step's input has come so far: windows of views that only earlier elements can ask for are
    /// forgotten.
    pub fn has_come_to(&self, store: &ViewStore, watermark: Timestamp) {
        let least = self.waiting.keys().map(Window::max_timestamp).min();
        let watermark = match watermark {
            Timestamp::MAX => Timestamp::MAX,
            watermark => watermark - self.allowed_lateness,
        };
        let asks_from = watermark.min(least.unwrap_or(Timestamp::MAX));
        self.views.iter().for_each(|view| store.has_come_to(view.id, self.reader, asks_from));
    }

    /// Where what waits holds the output watermark.
    pub fn hold(&self) -> Option<Timestamp> {
        self.holds.least()
    }

    /// How many elements wait.
    pub fn waiting(&self) -> usize {
        self.waiting.values().flatten().map(AnyBundle::len).sum()
    }

    /// What views show to elements and timers of any window that has been looked at before.
    pub(crate) fn at<'a>(&'a self, sight: &'a Sight<'a>) -> impl WindowViews + 'a {
        Looking { reader: self, sight }
    }

    /// The view that what holds the output watermark waits for.
    pub fn holder(&self, sight: &Sight<'_>) -> Option<Holder> {
        let at = self.hold()?;
        let holds = |parts: &Vec<AnyBundle>| parts.iter().any(|part| first_of(part) == at);
        let (window, _) = self.waiting.iter().find(|(_, parts)| holds(parts))?;
        match self.look(window, sight) {
            Ok(Err(place)) => {
                let view = self.views[place].name.clone();
                Some(Holder::View { view, window: window.clone(), at })
            }
            _ => None,
        }
    }
}

/// A reader that looks at views.
struct Looking<'a> {
    reader: &'a ViewReader,
    sight: &'a Sight<'a>,
}

impl WindowViews for Looking<'_> {
    fn shown_to(&self, window: &Window) -> Result<Vec<ViewContent>, BoxError> {
        self.reader.look(window, self.sight)?.map_err(|place| {
            let view = &self.reader.views[place].name;
            format!("`{view}` has nothing for {window} yet, though it was read there before").into()
        })
    }
}

/// The earliest time in a bundle.
fn first_of(bundle: &AnyBundle) -> Timestamp {
    let timestamps = &bundle.metadata().timestamps;
    (0..bundle.len()).map(|place| timestamps.get(place)).min().unwrap_or(Timestamp::MAX)
}
