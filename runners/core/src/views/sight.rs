//! What a step on one worker sees beside its elements.

use watershed_model::{BoxError, Timestamp, UserOptions, ViewContent, Window, WindowViews};

use super::ViewStore;

/// What views show, how far they have come, and what a person gave to the steps.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// What the job's views show.
    pub store: &'a ViewStore,
    /// How far each view has come that the step reads, in the order of its side inputs.
    pub watermarks: &'a [Timestamp],
    /// Options of the author's code.
    pub options: &'a UserOptions,
}

/// What is shown to all windows of a bundle.
pub(crate) struct Alike<'a>(pub(crate) &'a [ViewContent]);

impl WindowViews for Alike<'_> {
    fn shown_to(&self, _: &Window) -> Result<Vec<ViewContent>, BoxError> {
        Ok(self.0.to_vec())
    }
}
