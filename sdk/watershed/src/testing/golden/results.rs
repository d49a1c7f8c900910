//! The lower part of a golden file: what comes out, or must.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use watershed_core::testing::marks;
use watershed_model::Drops;

use super::pane::Pane;

/// The line between what happens and what comes out.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Border {
    pub(super) panes: usize,
    /// Elements that were dropped, and why.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    dropped: serde_json::Map<String, serde_json::Value>,
}

/// What comes out, or must.
pub(super) struct Results {
    pub(super) border: Border,
    pub(super) panes: Vec<Pane>,
}

impl Border {
    pub(super) fn of(panes: usize, drops: &Drops) -> Self {
        let dropped = drops.iter().map(|(reason, n)| (reason.to_string(), n.into()));
        Border { panes, dropped: dropped.collect() }
    }
}

impl Results {
    /// As it stands in a file.
    pub(super) fn text(&self) -> serde_json::Result<String> {
        let mut text = serde_json::to_string(&self.border)? + "\n";
        for pane in &self.panes {
            text += &pane.line()?;
            text.push('\n');
        }
        Ok(text)
    }
}

/// How what came differs from what must come, if it does.
pub(super) fn difference(
    expected: Option<Results>,
    found: Results,
) -> Result<Option<String>, serde_json::Error> {
    let Some(expected) = expected else {
        return Ok(Some(format!(
            "does not say yet what must come out; {} panes did",
            found.panes.len()
        )));
    };
    // Both as they are read: what a file cannot tell apart is the same.
    let mut unexpected = Vec::new();
    for pane in &found.panes {
        unexpected.push(serde_json::from_str::<Pane>(&pane.line()?)?);
    }
    let mut missing = Vec::new();
    for pane in expected.panes {
        match unexpected.iter().position(|found| *found == pane) {
            Some(place) => drop(unexpected.remove(place)),
            None => missing.push(pane),
        }
    }
    let is_same = missing.is_empty() && unexpected.is_empty();
    if is_same && expected.border == found.border {
        return Ok(None);
    }
    let mut text = format!(
        "expects other panes than came ({} and {})",
        expected.border.panes, found.border.panes
    );
    if expected.border.dropped != found.border.dropped {
        let told = |border: &Border| serde_json::to_string(&border.dropped);
        let (expected, found) = (told(&expected.border)?, told(&found.border)?);
        let _ = write!(text, "\n    expected to be dropped: {expected}, dropped: {found}");
    }
    for pane in missing {
        let place = pane.place();
        let expected = pane.line()?;
        match unexpected.iter().position(|found| found.place() == place) {
            Some(instead) => {
                let found = unexpected.remove(instead).line()?;
                let marks = marks(&expected, &found);
                let _ = write!(text, "\n    expected: {expected}\n    found:    {found}");
                let _ = write!(text, "\n              {marks}");
            }
            None => {
                let _ = write!(text, "\n    missing: {expected}");
            }
        }
    }
    for pane in &unexpected {
        let _ = write!(text, "\n    unexpected: {}", pane.line()?);
    }
    Ok(Some(text))
}
