//! What splittable work is told beside its element.

use watershed_model::{Metadata, PaneInfo, Timestamp, UserOptions, Window};

use crate::{View, views::Shown};

/// What the element at hand carries, and how far the output has come.
pub struct SplittableContext<'a, E> {
    pub(super) metadata: &'a Metadata,
    pub(super) now: Timestamp,
    pub(super) views: Shown<'a>,
    pub(super) options: &'a UserOptions,
    pub(super) estimator: &'a mut E,
}

impl<'a, E> SplittableContext<'a, E> {
    /// What a view shows to the element, by its window. The DoFn must have declared it in
    /// [`side_inputs`](super::SplittableDoFn::side_inputs).
    pub fn side_input<C: Send + Sync + 'static>(&self, view: &View<C>) -> &'a C {
        self.views.of(view)
    }

    /// The options that were given when the program started: `--option NAME=VALUE`.
    pub fn options(&self) -> &'a UserOptions {
        self.options
    }

    /// The element's event time.
    pub fn timestamp(&self) -> Timestamp {
        self.metadata.timestamps.get(0)
    }

    /// The windows that the element is in.
    pub fn windows(&self) -> &'a [Window] {
        self.metadata.windows.get(0).as_slice()
    }

    /// The pane that the element came in.
    pub fn pane(&self) -> PaneInfo {
        *self.metadata.panes.get(0)
    }

    /// The processing time, which a test can tell.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What says how far the output of this restriction has come.
    pub fn estimator(&mut self) -> &mut E {
        self.estimator
    }
}
