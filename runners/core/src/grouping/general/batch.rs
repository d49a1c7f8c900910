//! Panes on their way out.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use watershed_model::{
    AnyBundle, BoxError, Column, Dictionary, KeyedTable, Metadata, PaneCell, PaneInfo, Sign,
    Timestamp, Window, WindowSet,
};

/// Panes that go out in one bundle.
#[derive(Default)]
pub(super) struct PaneBatch {
    cells: Vec<PaneCell>,
    /// How many elements are in none of their key's and window's panes before these.
    elements: u64,
    timestamps: Vec<Timestamp>,
    windows: Indexed<WindowSet>,
    panes: Indexed<PaneInfo>,
}

/// A dictionary in the making.
struct Indexed<C> {
    table: Vec<C>,
    places: HashMap<C, u32, RandomState>,
    index: Vec<u32>,
}

impl<C> Default for Indexed<C> {
    fn default() -> Self {
        Indexed { table: Vec::new(), places: HashMap::default(), index: Vec::new() }
    }
}

impl<C: Clone + Eq + std::hash::Hash> Indexed<C> {
    fn push(&mut self, value: C) {
        // Mostly as the one before.
        if let Some(last) = self.index.last()
            && self.table[*last as usize] == value
        {
            self.index.push(*last);
            return;
        }
        let next = self.table.len() as u32;
        let place = *self.places.entry(value.clone()).or_insert(next);
        if place == next {
            self.table.push(value);
        }
        self.index.push(place);
    }

    fn finish(self) -> Dictionary<C> {
        let index = match self.table.len() {
            1 => Column::Uniform(0),
            _ => Column::Each(self.index),
        };
        Dictionary::new(self.table, index)
    }
}

impl PaneBatch {
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn push(
        &mut self,
        cell: PaneCell,
        elements: u64,
        window: &Window,
        timestamp: Timestamp,
        pane: PaneInfo,
    ) {
        self.cells.push(cell);
        self.elements += elements;
        self.timestamps.push(timestamp);
        self.windows.push(WindowSet::One(window.clone()));
        self.panes.push(pane);
    }

    /// The bundle of all panes, and how many elements are in none before; `None` if there are no panes.
    pub(super) fn take(
        &mut self,
        table: &mut dyn KeyedTable,
    ) -> Result<Option<(AnyBundle, u64)>, BoxError> {
        let PaneBatch { cells, elements, timestamps, windows, panes } = std::mem::take(self);
        let Some(first) = timestamps.first().copied() else { return Ok(None) };
        let timestamps = match timestamps.iter().all(|timestamp| *timestamp == first) {
            true => Column::Uniform(first),
            false => Column::Each(timestamps),
        };
        let metadata = Metadata {
            timestamps,
            windows: windows.finish(),
            panes: panes.finish(),
            signs: Column::Uniform(Sign::Insertion),
        };
        let bundle = table.take(&cells, metadata)?;
        // Elements whose panes are not all there have not left.
        let elements = if bundle.len() == cells.len() { elements } else { 0 };
        Ok(Some((bundle, elements)))
    }
}
