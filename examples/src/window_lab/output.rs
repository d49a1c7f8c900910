//! What the lab prints: a line of JSON for each pane and for what was dropped. Times are milliseconds,
//! floored.

use serde::{Deserialize, Serialize, Serializer};
use watershed::{
    Timestamp,
    model::{DropReason, Drops, PaneInfo, PaneTiming, Window},
};

/// One pane of one key and window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pane {
    pub(crate) key: String,
    pub(crate) window: Window,
    pub(crate) timestamp: Timestamp,
    pub(crate) info: PaneInfo,
    pub(crate) retraction: bool,
    pub(crate) value: Value,
}

/// What the combiner made of a pane's values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// A sum, a minimum, a maximum.
    Integer(i64),
    Count(u64),
    Mean(f64),
    List(Vec<i64>),
    /// The minimum, maximum or mean of nothing.
    None,
}

/// The fields in the order in which they are printed.
#[derive(Serialize)]
struct PaneLine<'a> {
    key: &'a str,
    window: Option<[i64; 2]>,
    timestamp: i64,
    pane: PaneFields,
    retraction: bool,
    #[serde(serialize_with = "alone")]
    value: &'a Value,
}

/// A value without the name of its kind. (An element of a pipeline must keep the name, to be read back.)
fn alone<S: Serializer>(value: &&Value, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Value::Integer(value) => serializer.serialize_i64(*value),
        Value::Count(count) => serializer.serialize_u64(*count),
        Value::Mean(mean) => serializer.serialize_f64(*mean),
        Value::List(list) => list.serialize(serializer),
        Value::None => serializer.serialize_none(),
    }
}

#[derive(Serialize)]
struct PaneFields {
    timing: &'static str,
    index: u64,
    on_time_index: i64,
    first: bool,
    last: bool,
}

#[derive(Serialize)]
struct DroppedLine<'a> {
    dropped: &'static str,
    key: &'a str,
    value: i64,
    event_time: i64,
    window: Option<[i64; 2]>,
}

#[derive(Serialize)]
struct TotalsLine {
    dropped: Totals,
}

#[derive(Serialize)]
struct Totals {
    late: u64,
    closed: u64,
    no_window: u64,
}

impl Pane {
    /// The line of this pane, without its end.
    pub(crate) fn to_line(&self) -> serde_json::Result<String> {
        let PaneInfo { timing, index, on_time_index, is_first: first, is_last: last, .. } =
            self.info;
        serde_json::to_string(&PaneLine {
            key: &self.key,
            window: bounds(&self.window),
            timestamp: self.timestamp.to_millis(),
            pane: PaneFields { timing: name(timing), index, on_time_index, first, last },
            retraction: self.retraction,
            value: &self.value,
        })
    }
}

/// The line of an element that one of its windows lost, or that is in no window.
pub(crate) fn dropped(
    reason: DropReason,
    key: &str,
    value: i64,
    event_time: Timestamp,
    window: Option<&Window>,
) -> serde_json::Result<String> {
    let dropped = match reason {
        DropReason::Late => "late",
        DropReason::Closed => "closed",
        DropReason::NoWindow => "no_window",
        DropReason::Undecodable => "undecodable",
    };
    let event_time = event_time.to_millis();
    let window = window.and_then(bounds);
    serde_json::to_string(&DroppedLine { dropped, key, value, event_time, window })
}

/// The line that ends a play: how much was dropped, counted per element and window.
pub(crate) fn totals(drops: &Drops) -> serde_json::Result<String> {
    serde_json::to_string(&TotalsLine {
        dropped: Totals {
            late: drops.count(DropReason::Late),
            closed: drops.count(DropReason::Closed),
            no_window: drops.count(DropReason::NoWindow),
        },
    })
}

/// How a pane's timing is called.
pub(crate) fn name(timing: PaneTiming) -> &'static str {
    match timing {
        PaneTiming::Early => "early",
        PaneTiming::OnTime => "on_time",
        PaneTiming::Late => "late",
        PaneTiming::Unknown => "unknown",
    }
}

/// Start and end; the global window has none, and nothing here makes custom ones.
fn bounds(window: &Window) -> Option<[i64; 2]> {
    match window {
        Window::Interval { start, end } => Some([start.to_millis(), end.to_millis()]),
        Window::Global | Window::Custom(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pane(value: Value) -> Pane {
        Pane {
            key: "LAS".into(),
            window: Window::Interval {
                start: Timestamp::from_seconds(0),
                end: Timestamp::from_seconds(10),
            },
            timestamp: Timestamp::from_micros(9_999_999),
            info: PaneInfo {
                timing: PaneTiming::Early,
                index: 0,
                on_time_index: -1,
                is_first: true,
                is_last: false,
                drained: false,
            },
            retraction: false,
            value,
        }
    }

    #[test]
    fn a_pane_is_one_line_with_its_fields_in_order() {
        assert_eq!(
            pane(Value::Integer(7)).to_line().unwrap(),
            r#"{"key":"LAS","window":[0,10000],"timestamp":9999,"pane":{"timing":"early","index":0,"on_time_index":-1,"first":true,"last":false},"retraction":false,"value":7}"#
        );
    }

    #[test]
    fn the_global_window_is_null_and_its_time_is_floored() {
        let global = Pane {
            window: Window::Global,
            timestamp: Timestamp::END_OF_GLOBAL_WINDOW,
            info: PaneInfo::ONLY,
            retraction: true,
            ..pane(Value::Count(0))
        };
        assert_eq!(
            global.to_line().unwrap(),
            r#"{"key":"LAS","window":null,"timestamp":9223371950454775,"pane":{"timing":"on_time","index":0,"on_time_index":0,"first":true,"last":true},"retraction":true,"value":0}"#
        );
    }

    #[test]
    fn times_before_the_epoch_are_floored_too() {
        let (start, end) = (Timestamp::from_micros(-1_500), Timestamp::from_micros(-1));
        let window = Window::Interval { start, end };
        let early = Pane { window, timestamp: Timestamp::from_micros(-2), ..pane(Value::None) };
        let line = early.to_line().unwrap();
        assert!(line.contains(r#""window":[-2,-1],"timestamp":-1,"#), "{line}");
    }

    #[test]
    fn values_are_json_whatever_was_combined() {
        let written = |value| {
            let line = pane(value).to_line().unwrap();
            line.split_once("\"value\":").unwrap().1.trim_end_matches('}').to_string()
        };
        assert_eq!(written(Value::Integer(i64::MIN)), "-9223372036854775808");
        assert_eq!(written(Value::Count(u64::MAX)), "18446744073709551615");
        assert_eq!(written(Value::Mean(2.0)), "2.0");
        assert_eq!(written(Value::Mean(-0.5)), "-0.5");
        assert_eq!(written(Value::List(vec![1, 2, 2])), "[1,2,2]");
        assert_eq!(written(Value::List(vec![])), "[]");
        assert_eq!(written(Value::None), "null");
    }

    #[test]
    fn keys_are_escaped_and_read_back_as_they_were() {
        let key = "a \"b\"\\\n\u{1}\u{7f}é東".to_string();
        let line = Pane { key: key.clone(), ..pane(Value::None) }.to_line().unwrap();
        assert_eq!(line.lines().count(), 1);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["key"], key);
    }

    #[test]
    fn a_dropped_element_says_why_and_from_which_window() {
        let window = pane(Value::None).window;
        let at = Timestamp::from_millis(1234);
        assert_eq!(
            dropped(DropReason::Late, "a\"", -7, at, Some(&window)).unwrap(),
            r#"{"dropped":"late","key":"a\"","value":-7,"event_time":1234,"window":[0,10000]}"#
        );
        assert_eq!(
            dropped(DropReason::NoWindow, "a", 1, at, None).unwrap(),
            r#"{"dropped":"no_window","key":"a","value":1,"event_time":1234,"window":null}"#
        );
        let closed = dropped(DropReason::Closed, "a", 1, at, Some(&Window::Global)).unwrap();
        assert!(
            closed.starts_with(r#"{"dropped":"closed","#) && closed.ends_with(r#""window":null}"#)
        );
    }

    #[test]
    fn the_last_line_counts_what_was_dropped() {
        let mut drops = Drops::default();
        assert_eq!(totals(&drops).unwrap(), r#"{"dropped":{"late":0,"closed":0,"no_window":0}}"#);
        drops.add(DropReason::Late, 3);
        drops.add(DropReason::NoWindow, 1);
        assert_eq!(totals(&drops).unwrap(), r#"{"dropped":{"late":3,"closed":0,"no_window":1}}"#);
    }
}
