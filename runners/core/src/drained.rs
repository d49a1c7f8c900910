//! The mark of panes that a drain made.

use watershed_model::{AnyBundle, Dictionary, PaneInfo, fault};

/// Whether any element of the bundle came in a pane that a drain made.
pub fn has_drained(bundle: &AnyBundle) -> bool {
    let panes = &bundle.metadata().panes;
    // An entry of the table may be unused.
    panes.table().iter().any(|pane| pane.drained)
        && (0..bundle.len()).any(|element| panes.get(element).drained)
}

/// The same panes, each with the mark if a drain made them.
#[must_use]
pub fn marked(bundle: AnyBundle, drained: bool) -> AnyBundle {
    if !drained || fault!("drains-leave-no-mark") {
        return bundle;
    }
    let mut metadata = bundle.metadata().clone();
    let marked = |pane: &PaneInfo| PaneInfo { drained: true, ..*pane };
    let table = metadata.panes.table().iter().map(marked).collect();
    metadata.panes = Dictionary::new(table, metadata.panes.index().clone());
    bundle.with_metadata(metadata)
}
