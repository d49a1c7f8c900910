//! What a DoFn is told beside its element.

use watershed_model::{BoxError, Metadata, PaneInfo, Sign, Timestamp, UserOptions, Window};

use crate::{View, views::Shown};

/// What the element at hand carries.
#[derive(Clone, Copy, Debug)]
pub struct ElementContext<'a> {
    metadata: &'a Metadata,
    place: usize,
    views: Shown<'a>,
    options: &'a UserOptions,
}

impl<'a> ElementContext<'a> {
    /// What the first of a bundle's elements carries.
    pub(crate) fn new(metadata: &'a Metadata, views: Shown<'a>, options: &'a UserOptions) -> Self {
        ElementContext { metadata, place: 0, views, options }
    }

    /// The element at hand is the one at this place.
    #[inline]
    pub(crate) fn come_to(&mut self, place: usize) {
        self.place = place;
    }

    /// The options that were given when the program started: `--option NAME=VALUE`.
    pub fn options(&self) -> &'a UserOptions {
        self.options
    }

    /// What a view shows to the element, by its window. The DoFn must have declared it in
    /// [`side_inputs`](crate::DoFn::side_inputs).
    pub fn side_input<C: Send + Sync + 'static>(&self, view: &View<C>) -> &'a C {
        self.views.of(view)
    }

    /// Has something called when all that comes of the element is durable: when the sinks have committed. It
    /// may never be called, if the process dies. If it fails, the run's report tells so, and the run goes on.
    /// (Beam: `BundleFinalizer`.)
    pub fn after_commit(&self, call: impl FnOnce() -> Result<(), BoxError> + Send + 'static) {
        watershed_model::after_commit(call);
    }

    /// The element's event time.
    #[inline]
    pub fn timestamp(&self) -> Timestamp {
        self.metadata.timestamps.get(self.place)
    }

    /// The windows that the element is in: exactly one, if the DoFn
    /// [observes windows](crate::DoFn::observes_windows).
    #[inline]
    pub fn windows(&self) -> &'a [Window] {
        self.metadata.windows.get(self.place).as_slice()
    }

    /// The pane that the element came in.
    #[inline]
    pub fn pane(&self) -> PaneInfo {
        *self.metadata.panes.get(self.place)
    }

    /// Whether the element is added or taken back.
    #[inline]
    pub fn sign(&self) -> Sign {
        self.metadata.signs.get(self.place)
    }
}

/// What `start_bundle` and `finish_bundle` are told.
#[derive(Clone, Copy, Debug)]
pub struct BundleContext<'a> {
    options: &'a UserOptions,
}

impl<'a> BundleContext<'a> {
    pub(crate) fn new(options: &'a UserOptions) -> Self {
        BundleContext { options }
    }

    /// As [`ElementContext::after_commit`], for the whole bundle.
    pub fn after_commit(&self, call: impl FnOnce() -> Result<(), BoxError> + Send + 'static) {
        watershed_model::after_commit(call);
    }

    /// The options that were given when the program started: `--option NAME=VALUE`.
    pub fn options(&self) -> &'a UserOptions {
        self.options
    }
}
