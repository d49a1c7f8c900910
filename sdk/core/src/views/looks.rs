//! What views show to the windows of a bundle: looked up once, so that a bundle sees one version of each.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use watershed_model::{BoxError, CollectionId, ViewContent, Window, WindowViews};

use super::Shown;

/// What the views of a DoFn show.
pub(crate) struct Looks {
    ids: Vec<CollectionId>,
    contents: HashMap<Window, Vec<ViewContent>, RandomState>,
}

impl Looks {
    pub(crate) fn new(ids: Vec<CollectionId>) -> Self {
        Looks { ids, contents: HashMap::default() }
    }

    /// A bundle begins.
    pub(crate) fn begin(&mut self) {
        self.contents.clear();
    }

    /// What is shown to a window.
    #[inline]
    pub(crate) fn at(
        &mut self,
        window: &Window,
        views: &dyn WindowViews,
    ) -> Result<Shown<'_>, BoxError> {
        match self.ids.is_empty() {
            true => Ok(Shown::nothing()),
            false => self.look(window, views),
        }
    }

    fn look(&mut self, window: &Window, views: &dyn WindowViews) -> Result<Shown<'_>, BoxError> {
        if !self.contents.contains_key(window) {
            self.contents.insert(window.clone(), views.shown_to(window)?);
        }
        let contents = self.contents.get(window).map_or(&[][..], Vec::as_slice);
        Ok(Shown { ids: &self.ids, contents })
    }
}
