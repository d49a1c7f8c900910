//! What the elements of a bundle carry beside their values.

use serde::{Deserialize, Serialize};

use crate::{Column, Dictionary, PaneInfo, Sign, Timestamp, WindowSet, fault};

/// Timestamps, windows, panes and change signs of a bundle's elements, each a column.
///
/// A batch in the global window has four uniform columns and so no cost per element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Event times.
    pub timestamps: Column<Timestamp>,
    /// The windows each element is in.
    pub windows: Dictionary<WindowSet>,
    /// The pane each element came in.
    pub panes: Dictionary<PaneInfo>,
    /// Insertion or retraction.
    pub signs: Column<Sign>,
}

impl Metadata {
    /// Insertions at `timestamp`, in the global window, made by no grouping.
    pub fn at(timestamp: Timestamp) -> Self {
        Metadata {
            timestamps: Column::Uniform(timestamp),
            windows: Dictionary::uniform(WindowSet::GLOBAL),
            panes: Dictionary::uniform(match fault!("sources-make-panes") {
                true => PaneInfo::ONLY,
                false => PaneInfo::UNGROUPED,
            }),
            signs: Column::Uniform(Sign::Insertion),
        }
    }

    /// Whether all elements carry the same.
    pub fn is_uniform(&self) -> bool {
        self.timestamps.is_uniform()
            && self.windows.is_uniform()
            && self.panes.is_uniform()
            && self.signs.is_uniform()
    }

    /// The metadata whose element `i` is this one's element `origins[i]`.
    pub fn gather(&self, origins: &[u32]) -> Self {
        Metadata {
            timestamps: self.timestamps.gather(origins),
            windows: self.windows.gather(origins),
            panes: self.panes.gather(origins),
            signs: self.signs.gather(origins),
        }
    }

    /// What the elements of each of `parts` carry, if element `i` goes to `destinations[i]`.
    pub(crate) fn partition(self, destinations: &[u32], parts: usize) -> Vec<Self> {
        if self.is_uniform() {
            return vec![self; parts];
        }
        let mut origins = vec![Vec::new(); parts];
        for (place, to) in destinations.iter().enumerate() {
            origins[*to as usize].push(place as u32);
        }
        origins.iter().map(|origins| self.gather(origins)).collect()
    }

    /// Nobody needs this any more: its memory is kept for other bundles of this thread.
    pub fn keep_spare(self) {
        self.timestamps.keep_spare();
        self.windows.keep_spare();
        self.panes.keep_spare();
        self.signs.keep_spare();
    }

    /// Cuts in two; the second part starts at element `at`.
    pub fn split_off(&mut self, at: usize) -> Self {
        Metadata {
            timestamps: self.timestamps.split_off(at),
            windows: self.windows.split_off(at),
            panes: self.panes.split_off(at),
            signs: self.signs.split_off(at),
        }
    }

    /// Puts `other` (of `other_len` elements) behind these `len` elements.
    pub fn append(&mut self, len: usize, other: Self, other_len: usize) {
        if other_len == 0 {
            return;
        }
        self.timestamps.append(len, other.timestamps, other_len);
        self.windows.append(len, other.windows, other_len);
        self.panes.append(len, other.panes, other_len);
        self.signs.append(len, other.signs, other_len);
    }

    /// Whether the columns fit `len` elements; a decoder asks before it believes them.
    pub(crate) fn is_sound(&self, len: usize) -> bool {
        fn fits<C>(column: &Column<C>, len: usize) -> bool {
            match column {
                Column::Uniform(_) => true,
                Column::Each(values) => values.len() == len,
            }
        }
        fits(&self.timestamps, len)
            && fits(&self.signs, len)
            && self.windows.is_sound(len)
            && self.panes.is_sound(len)
    }
}
