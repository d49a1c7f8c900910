//! Lines that say what must come out.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use watershed_core::Observed;
use watershed_model::{Element, PaneInfo, PaneTiming, Sign};

/// An element that came out, with its window and pane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pane {
    window: String,
    /// Timing, number, and whether it is the last; not for what no grouping made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pane: Option<String>,
    /// Its event time, unless that is the last instant of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Whether it takes an element back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retraction: bool,
    value: Value,
}

/// What panes go by in a file, and by which one that was expected finds the one that came instead: the
/// window, the key, and the number in the order of firing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    window: String,
    key: String,
    number: u64,
    is_update: bool,
}

impl Pane {
    pub(super) fn of<T: Element>(observed: &Observed<T>) -> serde_json::Result<Pane> {
        let Observed { value, timestamp, windows, pane, sign } = observed;
        let written: Vec<String> = windows.as_slice().iter().map(ToString::to_string).collect();
        let is_end = windows.as_slice().iter().all(|window| window.max_timestamp() == *timestamp);
        Ok(Pane {
            window: written.join(" "),
            pane: (*pane != PaneInfo::UNGROUPED).then(|| told(pane)),
            at: (!is_end).then(|| timestamp.to_string()),
            retraction: *sign == Sign::Retraction,
            value: serde_json::to_value(value)?,
        })
    }

    /// As it stands in a file.
    pub(super) fn line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    pub(super) fn place(&self) -> Place {
        // Of a pair the first is the key.
        let key = match &self.value {
            Value::Array(pair) if pair.len() == 2 => pair[0].to_string(),
            value => value.to_string(),
        };
        let number = self.pane.as_deref().and_then(|pane| pane.split(' ').nth(1)?.parse().ok());
        let (window, number) = (self.window.clone(), number.unwrap_or(0));
        Place { window, key, number, is_update: !self.retraction }
    }
}

fn told(pane: &PaneInfo) -> String {
    let timing = match pane.timing {
        PaneTiming::Early => "early",
        PaneTiming::OnTime => "on_time",
        PaneTiming::Late => "late",
        PaneTiming::Unknown => "unknown",
    };
    let last = if pane.is_last { " last" } else { "" };
    format!("{timing} {}{last}", pane.index)
}
