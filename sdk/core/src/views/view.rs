//! Handles on views.

use std::{
    any::Any,
    marker::PhantomData,
    sync::{Mutex, Weak},
};

use watershed_model::{CollectionId, GraphBuilder, NodeId, Subject, ViewContent};

use crate::Pipeline;

/// A view of a collection, to be read as a side input: of one window it shows a `C`. Cheap to clone. (Beam:
/// `PCollectionView`.)
pub struct View<C> {
    pub(super) id: CollectionId,
    /// Not kept alive by those who read the view, whom it keeps.
    pipeline: Weak<Mutex<GraphBuilder>>,
    content: PhantomData<fn() -> C>,
}

impl<C> Clone for View<C> {
    fn clone(&self) -> Self {
        View { id: self.id, pipeline: self.pipeline.clone(), content: PhantomData }
    }
}

impl<C> View<C> {
    pub(super) fn new(pipeline: &Pipeline, id: CollectionId) -> Self {
        View { id, pipeline: pipeline.downgrade(), content: PhantomData }
    }

    /// The list that has this view and no other.
    pub(super) fn alone(&self) -> ViewList {
        ViewList(vec![self.entry()])
    }

    /// The collection that it is a view of, by which a step knows it.
    #[doc(hidden)]
    pub fn id(&self) -> CollectionId {
        self.id
    }

    fn entry(&self) -> Entry {
        Entry { id: self.id, pipeline: self.pipeline.clone() }
    }
}

/// A view that a step reads.
#[derive(Clone)]
pub(crate) struct Entry {
    id: CollectionId,
    pipeline: Weak<Mutex<GraphBuilder>>,
}

/// The views that a DoFn reads.
#[derive(Clone, Default)]
pub struct ViewList(Vec<Entry>);

impl ViewList {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// This one too.
    #[must_use]
    pub fn with<C>(mut self, view: &View<C>) -> Self {
        self.0.push(view.entry());
        self
    }

    /// Those of another list too.
    #[must_use]
    pub fn and(mut self, others: ViewList) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn ids(&self) -> Vec<CollectionId> {
        self.0.iter().map(|entry| entry.id).collect()
    }
}

/// Lets a step read views; notes those that it cannot read.
pub(crate) fn attach(
    pipeline: &Pipeline,
    graph: &mut GraphBuilder,
    node: NodeId,
    views: &ViewList,
) {
    for entry in &views.0 {
        if pipeline.is_that(&entry.pipeline) {
            graph.add_side_input(node, entry.id);
        } else {
            graph.problem(
                Subject::Node(node),
                "reads a view of another pipeline",
                "make the view from a collection of this pipeline",
            );
        }
    }
}

/// Views that are read together: a reference to one, or a tuple of references.
pub trait SideInputs {
    /// The same, without the references.
    type Read: ReadViews;

    /// All of them.
    #[doc(hidden)]
    fn list(&self) -> ViewList;
}

/// What views that are read together show.
pub trait ReadViews: 'static {
    /// A reference to the content of each.
    type Shown<'a>: Copy;

    /// What is shown, given the contents in the order of the views.
    #[doc(hidden)]
    fn show(contents: &[ViewContent]) -> Self::Shown<'_>;
}

impl<C: Send + Sync + 'static> SideInputs for &View<C> {
    type Read = View<C>;
    fn list(&self) -> ViewList {
        self.alone()
    }
}

impl<C: Send + Sync + 'static> ReadViews for View<C> {
    type Shown<'a> = &'a C;
    fn show(contents: &[ViewContent]) -> &C {
        typed(contents.first())
    }
}

fn typed<C: Send + Sync + 'static>(content: Option<&ViewContent>) -> &C {
    let content: Option<&(dyn Any + Send + Sync)> = content.map(|content| &**content);
    match content.and_then(|content| content.downcast_ref()) {
        Some(content) => content,
        None => unreachable!("a runner hands over the views that the step reads, in their order"),
    }
}

macro_rules! several {
    ($($part:ident $place:tt),+) => {
        impl<$($part: Send + Sync + 'static),+> SideInputs for ($(&View<$part>,)+) {
            type Read = ($(View<$part>,)+);
            fn list(&self) -> ViewList {
                ViewList::new()$(.with(self.$place))+
            }
        }

        impl<$($part: Send + Sync + 'static),+> ReadViews for ($(View<$part>,)+) {
            type Shown<'a> = ($(&'a $part,)+);
            fn show(contents: &[ViewContent]) -> Self::Shown<'_> {
                ($(typed::<$part>(contents.get($place)),)+)
            }
        }
    };
}

several!(A 0, B 1);
several!(A 0, B 1, C 2);
several!(A 0, B 1, C 2, D 3);

/// The views that the bundle at hand sees.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shown<'a> {
    pub(crate) ids: &'a [CollectionId],
    pub(crate) contents: &'a [ViewContent],
}

impl<'a> Shown<'a> {
    /// No views.
    pub(crate) const fn nothing() -> Self {
        Shown { ids: &[], contents: &[] }
    }

    /// What a view shows.
    pub(crate) fn of<C: Send + Sync + 'static>(&self, view: &View<C>) -> &'a C {
        match self.ids.iter().position(|id| *id == view.id) {
            Some(place) => typed(self.contents.get(place)),
            // Told as an error of the run, which names the step.
            None => panic!(
                "a view was read that this DoFn does not declare: name it in `side_inputs`, with \
                 ViewList::new().with(&view)"
            ),
        }
    }
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("ids", &self.ids).finish_non_exhaustive()
    }
}
