//! Lines that say what happens.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use watershed_core::TestStream;
use watershed_model::{Element, Timestamp};

/// One line, of which one part is given: an element with its event time, several in one bundle, or a time
/// that moves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "T: DeserializeOwned"))]
struct Line<T> {
    at: Option<Instant>,
    element: Option<T>,
    bundle: Option<Vec<Timed<T>>>,
    watermark: Option<Instant>,
    processing_time: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timed<T> {
    at: Instant,
    element: T,
}

/// An instant as it prints, `2026-01-31T12:00:00Z`.
struct Instant(Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Instant).map_err(serde::de::Error::custom)
    }
}

const FORMS: &str = r#"it is no event: write {"at": TIME, "element": ..}, {"bundle": [..]} of such, {"watermark": TIME} or {"processing_time": TIME}"#;

/// The stream, one event further.
pub(super) fn play<T: Element>(stream: TestStream<T>, line: &str) -> Result<TestStream<T>, String> {
    let line: Line<T> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    Ok(match line {
        Line {
            at: Some(at),
            element: Some(element),
            bundle: None,
            watermark: None,
            processing_time: None,
        } => stream.elements([(element, at.0)]),
        Line {
            bundle: Some(bundle),
            at: None,
            element: None,
            watermark: None,
            processing_time: None,
        } => stream.elements(bundle.into_iter().map(|Timed { at, element }| (element, at.0))),
        Line { at: None, element: None, bundle: None, watermark, processing_time } => {
            match (watermark, processing_time) {
                (Some(watermark), None) => stream.advance_watermark_to(watermark.0),
                (None, Some(time)) => stream.advance_processing_time_to(time.0),
                (Some(watermark), Some(time)) => stream.advance_both_to(watermark.0, time.0),
                (None, None) => return Err(FORMS.to_owned()),
            }
        }
        _ => return Err(FORMS.to_owned()),
    })
}
