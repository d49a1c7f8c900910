//! What calls without an element at hand put out: for each call the time and window that its outputs carry.

use std::{collections::HashMap, hash::Hash};

use foldhash::fast::RandomState;
use watershed_model::{Column, Dictionary, Metadata, PaneInfo, Sign, Timestamp, Window, WindowSet};

/// The calls of a bundle, as if each were an element.
#[derive(Default)]
pub(super) struct Rows {
    timestamps: Vec<Timestamp>,
    windows: Vec<Window>,
    panes: Vec<PaneInfo>,
}

impl Rows {
    /// Adds a call; returns its place.
    pub(super) fn add(&mut self, timestamp: Timestamp, window: &Window, pane: PaneInfo) -> usize {
        self.timestamps.push(timestamp);
        self.windows.push(window.clone());
        self.panes.push(pane);
        self.timestamps.len() - 1
    }

    /// What they carry.
    pub(super) fn metadata(self) -> Metadata {
        let windows = self.windows.into_iter().map(WindowSet::One);
        Metadata {
            timestamps: Column::Each(self.timestamps),
            windows: dictionary(windows),
            panes: dictionary(self.panes.into_iter()),
            signs: Column::Uniform(Sign::Insertion),
        }
    }
}

/// Each distinct value once. Neighbours are mostly alike.
fn dictionary<C: Clone + Eq + Hash>(values: impl Iterator<Item = C>) -> Dictionary<C> {
    let (mut table, mut index): (Vec<C>, Vec<u32>) = (Vec::new(), Vec::new());
    let (mut places, mut last) = (HashMap::<C, u32, RandomState>::default(), 0);
    for value in values {
        if table.get(last as usize) != Some(&value) {
            last = *places.entry(value).or_insert_with_key(|value| {
                table.push(value.clone());
                table.len() as u32 - 1
            });
        }
        index.push(last);
    }
    Dictionary::new(table, Column::Each(index))
}
