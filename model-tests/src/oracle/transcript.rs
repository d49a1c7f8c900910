//! What happens to a grouping, and what comes of it.

use serde::{Deserialize, Serialize};
use watershed::model::{PaneInfo, Timestamp, Window};

use super::{Rules, Value};

/// A grouping and all that happens to it. After the last event the watermark goes to the end of time;
/// processing time does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// How the grouping goes.
    pub rules: Rules,
    /// What happens, in order. Both clocks start at their minimum, and never go back.
    pub events: Vec<Event>,
}

impl Transcript {
    /// The transcript as JSON on one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a transcript has no maps and no floats")
    }

    /// All elements, in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.events.iter().flat_map(|event| match event {
            Event::Elements(elements) => elements.as_slice(),
            _ => &[],
        })
    }
}

/// One event settles wholly before the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Elements arrive; those of one key are one bundle.
    Elements(Vec<Element>),
    /// The watermark goes here, unless it is there already.
    Watermark(Timestamp),
    /// Processing time goes here, unless it is there already.
    Clock(Timestamp),
    /// Both go on in one step.
    Both {
        /// The watermark.
        watermark: Timestamp,
        /// Processing time.
        clock: Timestamp,
    },
}

/// An element that arrives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Element {
    /// What it is grouped by.
    pub key: String,
    /// What it is worth.
    pub value: i64,
    /// Its event time.
    pub at: Timestamp,
}

/// What a grouping puts out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pane {
    /// Whose it is.
    pub key: String,
    /// In which window.
    pub window: Window,
    /// Its event time.
    pub timestamp: Timestamp,
    /// What it says of itself.
    pub pane: PaneInfo,
    /// What it holds.
    pub value: Value,
}

/// Why an element is not in any pane of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The window was expired.
    Late,
    /// The window's trigger had finished.
    Closed,
    /// There is no window at its time.
    NoWindow,
}

/// An element that one of its windows, or all, did not take.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// The element.
    pub element: Element,
    /// The window that did not take it, as assigned; none where there is no window.
    pub window: Option<Window>,
    /// Why.
    pub reason: Reason,
}

/// What was dropped, counted for each element and window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// In order of arrival.
    pub elements: Vec<Dropped>,
}

impl Drops {
    /// How many were dropped for this reason.
    pub fn count(&self, reason: Reason) -> u64 {
        self.elements.iter().filter(|dropped| dropped.reason == reason).count() as u64
    }
}

/// What comes of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The panes that each event gave, and last those that the end gave. Within an event in order of
    /// time, key and window; only the order of one key and window is a promise.
    pub panes: Vec<Vec<Pane>>,
    /// What was dropped.
    pub drops: Drops,
}

impl Outcome {
    /// All panes, in order.
    pub fn all_panes(&self) -> impl Iterator<Item = &Pane> {
        self.panes.iter().flatten()
    }
}
