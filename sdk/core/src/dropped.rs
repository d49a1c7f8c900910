//! What groupings drop, as a collection of its own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use watershed_model::{
    AnyBundle, Bundle, Dictionary, DropReason, DroppedFactory, Element, Metadata, Sign, Timestamp,
    Window, WindowSet,
};

/// An element that a grouping did not count in a window. It has its own event time and is in the
/// global window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dropped<T> {
    /// The element as it came.
    pub element: T,
    /// The window in which it does not count. An element in several windows is dropped once for each
    /// that had expired, and still counts in the others.
    pub window: Window,
    /// Why: the window had expired, or its trigger had finished.
    pub reason: DropReason,
    /// The grouping's input watermark at that moment.
    pub watermark: Timestamp,
}

/// Makes dropped elements of those that a grouping turned away.
pub(crate) fn factory<T: Element>() -> DroppedFactory {
    Arc::new(|bundle: AnyBundle, from| {
        let Bundle { values, metadata } = bundle.downcast::<T>();
        let values = std::iter::zip(values, from).map(|(element, from)| Dropped {
            element,
            window: from.window.clone(),
            reason: from.reason,
            watermark: from.watermark,
        });
        let windows = Dictionary::uniform(WindowSet::GLOBAL);
        let signs = watershed_model::Column::Uniform(Sign::Insertion);
        let metadata = Metadata { windows, signs, ..metadata };
        AnyBundle::new(Bundle::new(values.collect(), metadata))
    })
}
