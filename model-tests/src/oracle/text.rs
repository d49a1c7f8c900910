//! How transcripts and outcomes print, for reading.
//!
//! ```text
//! windows    sessions of 5s
//! trigger    after_watermark(early=after_count(2))
//! panes      discarding, list, lateness 1m
//! events
//!   clock 1s
//!   a=1@1s a=2@2500ms b=3@4s
//!     > a [1s,7500ms) early 0/-1 first @end = [1, 2]
//!   watermark 20s
//! ```
//!
//! A pane's time prints as `@end` where it is its window's last instant; `0/-1` are index and on-time
//! index. A dropped element prints as `! a=1@1s [1s,6s) late`.

use std::fmt;

use watershed::model::{
    Duration, FiringBehavior, PaneInfo, PaneTiming, Timestamp, TimestampCombiner, Trigger, Window,
};

use super::{
    Combine, Dropped, Element, Event, Outcome, Pane, Reason, Rules, Transcript, Value, Windowing,
};

/// The transcript with the panes of each event below it, and at the end what was dropped.
pub fn story(transcript: &Transcript, outcome: &Outcome) -> String {
    let mut text = format!("{}events\n", transcript.rules);
    let events = transcript.events.iter().map(ToString::to_string).chain(["the end".to_owned()]);
    for (event, panes) in events.zip(&outcome.panes) {
        text += &format!("  {event}\n");
        panes.iter().for_each(|pane| text += &format!("    > {pane}\n"));
    }
    outcome.drops.elements.iter().for_each(|dropped| text += &format!("  ! {dropped}\n"));
    text
}

/// A time as a span since the epoch, short.
struct Time(Timestamp);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Timestamp::MIN | Timestamp::MAX | Timestamp::END_OF_GLOBAL_WINDOW => self.0.fmt(f),
            time => Duration::from_micros(time.as_micros()).fmt(f),
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}events", self.rules)?;
        self.events.iter().try_for_each(|event| writeln!(f, "  {event}"))
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "windows    {}", self.windowing)?;
        writeln!(f, "trigger    {}", Written(&self.trigger))?;
        let mode = if self.is_accumulating() { "accumulating" } else { "discarding" };
        let combine = match self.combine {
            Combine::List => "list",
            Combine::Sum => "sum",
            Combine::Count => "count",
            Combine::Min => "min",
            Combine::Max => "max",
        };
        write!(f, "panes      {mode}, {combine}, lateness {}", self.lateness)?;
        match self.timestamp_combiner {
            TimestampCombiner::EndOfWindow => {}
            TimestampCombiner::Earliest => write!(f, ", earliest")?,
            TimestampCombiner::Latest => write!(f, ", latest")?,
        }
        if self.on_time == FiringBehavior::FireIfNonEmpty {
            write!(f, ", on time only if not empty")?;
        }
        if self.closing == FiringBehavior::FireAlways {
            write!(f, ", closing always")?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Windowing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Windowing::Global => write!(f, "global"),
            Windowing::Fixed { size, offset } => write!(f, "fixed of {size}, offset {offset}"),
            Windowing::Sliding { size, period, offset } => {
                write!(f, "sliding of {size} every {period}, offset {offset}")
            }
            Windowing::Sessions { gap } => write!(f, "sessions of {gap}"),
            Windowing::Calendar { borders } => {
                let borders: Vec<_> = borders.iter().map(|time| Time(*time).to_string()).collect();
                write!(f, "between {}", borders.join(" "))
            }
        }
    }
}

/// A trigger as people write it.
struct Written<'t>(&'t Trigger);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |all: &[Trigger]| {
            let all: Vec<_> = all.iter().map(|trigger| Written(trigger).to_string()).collect();
            all.join(", ")
        };
        match self.0 {
            Trigger::Default => write!(f, "default"),
            Trigger::Never => write!(f, "never"),
            Trigger::AfterCount(n) => write!(f, "after_count({n})"),
            Trigger::AfterProcessingTime { delay, align: None } => {
                write!(f, "after_processing_time({delay})")
            }
            Trigger::AfterProcessingTime { delay, align: Some(align) } => {
                write!(f, "after_processing_time({delay}, align={align})")
            }
            Trigger::AfterSynchronizedProcessingTime => {
                write!(f, "after_synchronized_processing_time")
            }
            Trigger::AfterWatermark { early, late } => {
                let child = |name: &str, trigger: &Option<Box<Trigger>>| {
                    trigger.as_ref().map(|trigger| format!("{name}={}", Written(trigger)))
                };
                let children: Vec<String> =
                    [child("early", early), child("late", late)].into_iter().flatten().collect();
                match children.is_empty() {
                    true => write!(f, "after_watermark"),
                    false => write!(f, "after_watermark({})", children.join(", ")),
                }
            }
            Trigger::Repeatedly(inner) => write!(f, "repeatedly({})", Written(inner)),
            Trigger::OrFinally(main, until) => {
                write!(f, "or_finally({}, {})", Written(main), Written(until))
            }
            Trigger::AfterEach(triggers) => write!(f, "after_each({})", all(triggers)),
            Trigger::AfterAll(triggers) => write!(f, "after_all({})", all(triggers)),
            Trigger::AfterFirst(triggers) => write!(f, "after_first({})", all(triggers)),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Elements(elements) => {
                let elements: Vec<String> = elements.iter().map(ToString::to_string).collect();
                write!(f, "{}", elements.join(" "))
            }
            Event::Watermark(time) => write!(f, "watermark {}", Time(*time)),
            Event::Clock(time) => write!(f, "clock {}", Time(*time)),
            Event::Both { watermark, clock } => {
                write!(f, "watermark {} clock {}", Time(*watermark), Time(*clock))
            }
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}@{}", self.key, self.value, Time(self.at))
    }
}

/// A window, short.
struct Span<'w>(&'w Window);

impl fmt::Display for Span<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Window::Interval { start, end } => write!(f, "[{},{})", Time(*start), Time(*end)),
            Window::Global => write!(f, "global"),
            Window::Custom(custom) => write!(f, "..{}]", Time(custom.max_timestamp)),
        }
    }
}

/// What prints of a pane before its value.
pub fn heading(key: &str, window: &Window, timestamp: Timestamp, pane: &PaneInfo) -> String {
    let timing = match pane.timing {
        PaneTiming::Early => "early",
        PaneTiming::OnTime => "on_time",
        PaneTiming::Late => "late",
        PaneTiming::Unknown => "unknown",
    };
    let (index, on_time_index) = (pane.index, pane.on_time_index);
    let first = if pane.is_first { " first" } else { "" };
    let last = if pane.is_last { " last" } else { "" };
    let at = match timestamp == window.max_timestamp() {
        true => "end".to_owned(),
        false => Time(timestamp).to_string(),
    };
    format!("{key} {} {timing} {index}/{on_time_index}{first}{last} @{at}", Span(window))
}

impl fmt::Display for Pane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = heading(&self.key, &self.window, self.timestamp, &self.pane);
        write!(f, "{heading} = {}", self.value)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nothing => write!(f, "nothing"),
            Value::Number(n) => write!(f, "{n}"),
            Value::List(numbers) => write!(f, "{numbers:?}"),
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.element)?;
        if let Some(window) = &self.window {
            write!(f, " {}", Span(window))?;
        }
        let reason = match self.reason {
            Reason::Late => "late",
            Reason::Closed => "closed",
            Reason::NoWindow => "no window",
        };
        write!(f, " {reason}")
    }
}
