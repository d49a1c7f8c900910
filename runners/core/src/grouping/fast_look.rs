//! What the fast path says of itself.

use super::fast::{FastGrouping, OpenTable};
use crate::{Ledger, OpenWindow, StateSize};

impl FastGrouping {
    /// What came, was folded, has left and is held.
    pub fn ledger(&self) -> Ledger {
        let mut ledger = self.ledger;
        for OpenTable { elements, partials, .. } in self.open.values() {
            ledger.elements.held += elements;
            ledger.partials.held += partials;
        }
        ledger
    }

    /// How much is kept; a partial counts as an element.
    pub fn state_size(&self) -> StateSize {
        let mut size = StateSize { entries: self.len() as u64, elements: 0 };
        for OpenTable { elements, partials, .. } in self.open.values() {
            size.elements += elements + partials;
        }
        size
    }

    /// The open windows that end first, up to `most`.
    pub fn open_windows(&self, most: usize) -> Vec<OpenWindow> {
        let first = self.open.iter().take(most);
        let open = first.map(|((end, window), open)| OpenWindow {
            window: window.clone(),
            end: *end,
            expiry: *end,
            keys: self.tables.len(open.table) as u64,
            closed: 0,
            elements: open.elements + open.partials,
            deadline: None,
        });
        open.collect()
    }
}
