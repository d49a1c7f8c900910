//! What a person asks of the lab on its command line.

use std::{path::PathBuf, str::FromStr};

use clap::{Parser, ValueEnum};
use watershed::{
    CalendarWindows, Duration, FixedWindows, PipelineOptions, Sessions, SlidingWindows,
    chrono::Weekday,
    chrono_tz::{TZ_VARIANTS, Tz},
    model::{DurationParseError, FiringBehavior, TimestampCombiner, Trigger},
};

#[derive(Parser, Debug)]
#[command(
    name = "window_lab",
    about = "Plays a CSV of events through one windowed, triggered, keyed combine and prints each pane."
)]
pub(crate) struct Arguments {
    /// The play, a CSV file with the header key,value,event_time,arrival_time; standard input if
    /// left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// The windows: fixed:D, sliding:SIZE/PERIOD, sessions:GAP, global, or days:ZONE, weeks:ZONE,
    /// months:ZONE, years:ZONE. A span D is like 250ms, 5s, 30m, 2h or 1d.
    #[arg(long, value_name = "W", default_value = "fixed:10s")]
    pub(crate) window: Chosen,

    /// When panes go out, such as after_watermark(early=after_count(2),late=after_count(1)).
    #[arg(long, value_name = "T", default_value = "default")]
    pub(crate) trigger: Trigger,

    /// What becomes of a pane's contents once it has gone out.
    #[arg(long, value_enum, value_name = "M", default_value = "discarding")]
    pub(crate) mode: Mode,

    /// How long after a window's end late elements are still taken in.
    #[arg(long, value_name = "D", default_value = "0s", value_parser = span, allow_hyphen_values = true)]
    pub(crate) lateness: Duration,

    /// How far the watermark stays behind the newest event time.
    #[arg(long, value_name = "D", default_value = "0s", value_parser = span, allow_hyphen_values = true)]
    pub(crate) watermark_lag: Duration,

    /// The event time of a pane.
    #[arg(long, value_enum, value_name = "WHICH", default_value = "end_of_window")]
    pub(crate) timestamp_combiner: Combiner,

    /// What is made of the values of a key and window; a list is sorted.
    #[arg(long, value_enum, value_name = "HOW", default_value = "sum")]
    pub(crate) combine: Combine,

    /// Whether an empty on-time pane goes out.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "fire_always")]
    pub(crate) on_time_behavior: Behavior,

    /// Whether an empty last pane goes out.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "fire_if_non_empty")]
    pub(crate) closing_behavior: Behavior,

    /// Play also a trigger that may finish and so drop what comes later, and the default one in the
    /// global window.
    #[arg(long)]
    pub(crate) allow_unsafe: bool,

    /// Print each dropped element on standard error.
    #[arg(long)]
    pub(crate) show_dropped: bool,

    /// Draw the play: event time against arrival time, the watermark, each pane.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<String>,

    #[command(flatten)]
    pub(crate) pipeline: PipelineOptions,
}

impl Arguments {
    /// What was asked of the windows, in a line; what is as usual is left out.
    pub(crate) fn summary(&self) -> String {
        let usual = TimestampCombiner::EndOfWindow;
        let mut summary = format!(
            "{} in {}, trigger {}, {}",
            name(self.combine),
            self.window.text,
            self.trigger,
            name(self.mode)
        );
        if self.lateness.is_positive() {
            summary += &format!(", lateness {}", self.lateness);
        }
        if self.watermark_lag.is_positive() {
            summary += &format!(", watermark {} behind", self.watermark_lag);
        }
        if TimestampCombiner::from(self.timestamp_combiner) != usual {
            summary += &format!(", timestamps {}", name(self.timestamp_combiner));
        }
        summary
    }
}

/// How a choice is written.
fn name(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// `--mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    Discarding,
    Accumulating,
    Retracting,
}

/// `--combine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Combine {
    Sum,
    Count,
    Min,
    Max,
    Mean,
    List,
}

/// `--timestamp-combiner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Combiner {
    EndOfWindow,
    Earliest,
    Latest,
}

impl From<Combiner> for TimestampCombiner {
    fn from(combiner: Combiner) -> Self {
        match combiner {
            Combiner::EndOfWindow => TimestampCombiner::EndOfWindow,
            Combiner::Earliest => TimestampCombiner::Earliest,
            Combiner::Latest => TimestampCombiner::Latest,
        }
    }
}

/// `--on-time-behavior` and `--closing-behavior`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Behavior {
    FireAlways,
    FireIfNonEmpty,
}

impl From<Behavior> for FiringBehavior {
    fn from(behavior: Behavior) -> Self {
        match behavior {
            Behavior::FireAlways => FiringBehavior::FireAlways,
            Behavior::FireIfNonEmpty => FiringBehavior::FireIfNonEmpty,
        }
    }
}

/// `--window`, as it was written and what it means.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    text: String,
    pub(crate) windows: Windows,
}

impl FromStr for Chosen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Chosen { text: text.to_owned(), windows: text.parse()? })
    }
}

/// The kinds of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Windows {
    Fixed(FixedWindows),
    Sliding(SlidingWindows),
    Sessions(Sessions),
    Global,
    Calendar(CalendarWindows),
}

const WINDOWS: &str = "the windows are fixed:D, sliding:SIZE/PERIOD, sessions:GAP, global, \
     days:ZONE, weeks:ZONE, months:ZONE or years:ZONE";

impl FromStr for Windows {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        let calendar = match (kind, rest) {
            ("global", None) => return Ok(Windows::Global),
            ("global", Some(_)) => return Err("global stands alone: there is one window".into()),
            ("fixed", Some(size)) => {
                return Ok(Windows::Fixed(FixedWindows::of(length("size", size)?)));
            }
            ("sessions", Some(gap)) => {
                return Ok(Windows::Sessions(Sessions::with_gap(length("gap", gap)?)));
            }
            ("sliding", Some(rest)) => {
                let (size, period) = rest.split_once('/').ok_or(
                    "sliding windows have a size and a period: sliding:SIZE/PERIOD, like sliding:10s/5s",
                )?;
                let (size, period) = (length("size", size)?, length("period", period)?);
                return Ok(Windows::Sliding(SlidingWindows::of(size, period)));
            }
            ("days", _) => CalendarWindows::days(1),
            ("weeks", _) => CalendarWindows::weeks(1, Weekday::Mon),
            ("months", _) => CalendarWindows::months(1),
            ("years", _) => CalendarWindows::years(1),
            ("fixed" | "sessions", None) => return Err(format!("{kind} lacks a span: {kind}:10s")),
            ("sliding", None) => return Err("sliding lacks its spans: sliding:10s/5s".into()),
            _ => return Err(WINDOWS.into()),
        };
        let name =
            rest.ok_or(format!("{kind} lack a time zone: {kind}:UTC, {kind}:Europe/Berlin"))?;
        Ok(Windows::Calendar(calendar.in_time_zone(zone(name)?)))
    }
}

/// A time zone by its name; the error proposes those that it may have meant.
fn zone(name: &str) -> Result<Tz, String> {
    if let Ok(zone) = name.parse() {
        return Ok(zone);
    }
    let wanted = name.to_lowercase();
    let alike = TZ_VARIANTS.iter().map(|zone| zone.name()).filter(|known| {
        let known = known.to_lowercase();
        known == wanted || known.rsplit('/').next().is_some_and(|city| city == wanted)
    });
    let alike: Vec<&str> = alike.take(3).collect();
    Err(match alike.as_slice() {
        [] => {
            format!("there is no time zone `{name}`; one is UTC, Europe/Berlin or America/New_York")
        }
        some => format!("there is no time zone `{name}`; did you mean {}?", some.join(" or ")),
    })
}

/// A span that is longer than nothing.
fn length(what: &str, text: &str) -> Result<Duration, String> {
    let length = span(text)?;
    if length.is_positive() { Ok(length) } else { Err(format!("a {what} of {text} is no window")) }
}

/// `250ms`, `5s`, `30m`, `2h`, `1d`; not less than nothing.
fn span(text: &str) -> Result<Duration, String> {
    let span: Duration = text.parse().map_err(|error: DurationParseError| error.to_string())?;
    if span < Duration::ZERO { Err(format!("`{text}` is less than nothing")) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use watershed::{RunnerKind, hours, millis, minutes, seconds};

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, String> {
        let arguments = ["window_lab"].iter().chain(arguments);
        Arguments::try_parse_from(arguments).map_err(|error| error.to_string())
    }
    fn window(text: &str) -> Result<Windows, String> {
        text.parse()
    }

    #[test]
    fn what_is_not_said_is_as_the_table_says() {
        Arguments::command().debug_assert();
        let said = parse(&[]).unwrap();
        assert_eq!((said.input, said.plot), (None, None));
        assert_eq!(said.window.windows, Windows::Fixed(FixedWindows::of(seconds(10))));
        assert_eq!((said.trigger, said.mode), (Trigger::Default, Mode::Discarding));
        assert_eq!((said.lateness, said.watermark_lag), (seconds(0), seconds(0)));
        assert_eq!(said.combine, Combine::Sum);
        assert_eq!(
            TimestampCombiner::from(said.timestamp_combiner),
            TimestampCombiner::EndOfWindow
        );
        assert_eq!(FiringBehavior::from(said.on_time_behavior), FiringBehavior::FireAlways);
        assert_eq!(FiringBehavior::from(said.closing_behavior), FiringBehavior::FireIfNonEmpty);
        assert!(!said.allow_unsafe && !said.show_dropped);
    }

    #[test]
    fn every_option_is_taken_as_the_table_writes_it() {
        let text = "--input a.csv --window sliding:9s/4s --trigger repeatedly(after_count(2)) \
            --mode retracting --lateness 1h --watermark-lag 250ms --timestamp-combiner latest \
            --combine list --on-time-behavior fire_if_non_empty --closing-behavior fire_always \
            --allow-unsafe --show-dropped --plot p.svg --runner timely --workers 2 --processes 2 --quiet";
        let said = parse(&text.split_whitespace().collect::<Vec<_>>()).unwrap();
        assert_eq!(said.input, Some(PathBuf::from("a.csv")));
        assert_eq!(
            said.window.windows,
            Windows::Sliding(SlidingWindows::of(seconds(9), seconds(4)))
        );
        assert_eq!(
            (said.trigger, said.mode),
            (Trigger::Repeatedly(Box::new(Trigger::AfterCount(2))), Mode::Retracting)
        );
        assert_eq!((said.lateness, said.watermark_lag), (hours(1), millis(250)));
        assert_eq!(TimestampCombiner::from(said.timestamp_combiner), TimestampCombiner::Latest);
        assert_eq!(said.combine, Combine::List);
        assert_eq!(FiringBehavior::from(said.on_time_behavior), FiringBehavior::FireIfNonEmpty);
        assert_eq!(FiringBehavior::from(said.closing_behavior), FiringBehavior::FireAlways);
        assert!(said.allow_unsafe && said.show_dropped && said.pipeline.quiet);
        assert_eq!(said.plot, Some("p.svg".to_owned()));
        assert_eq!((said.pipeline.runner, said.pipeline.workers), (RunnerKind::Timely, 2));
        assert_eq!(said.pipeline.processes, 2);
    }

    #[test]
    fn a_summary_says_what_is_not_as_usual() {
        let summary = |arguments: &[&str]| parse(arguments).unwrap().summary();
        assert_eq!(summary(&[]), "sum in fixed:10s, trigger default, discarding");
        let text = "--window sessions:1m --trigger repeatedly(after_count(2)) --mode accumulating \
            --lateness 1h --watermark-lag 5s --timestamp-combiner earliest --combine list";
        assert_eq!(
            summary(&text.split_whitespace().collect::<Vec<_>>()),
            "list in sessions:1m, trigger repeatedly(after_count(2)), accumulating, lateness 1h, watermark \
             5s behind, timestamps earliest"
        );
    }

    #[test]
    fn every_kind_of_window_is_understood() {
        let berlin = Tz::Europe__Berlin;
        for (text, expected) in [
            ("fixed:1d", Windows::Fixed(FixedWindows::of(hours(24)))),
            ("sessions:30m", Windows::Sessions(Sessions::with_gap(minutes(30)))),
            ("global", Windows::Global),
            (
                "days:Europe/Berlin",
                Windows::Calendar(CalendarWindows::days(1).in_time_zone(berlin)),
            ),
            ("weeks:UTC", Windows::Calendar(CalendarWindows::weeks(1, Weekday::Mon))),
            ("months:UTC", Windows::Calendar(CalendarWindows::months(1))),
            ("years:UTC", Windows::Calendar(CalendarWindows::years(1))),
        ] {
            assert_eq!(window(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_window_is_told_what_may_stand_there() {
        for (text, word) in [
            ("tumbling:10s", "fixed:D, sliding:SIZE/PERIOD"),
            ("", "fixed:D, sliding:SIZE/PERIOD"),
            ("fixed", "fixed:10s"),
            ("fixed:", "such as 250ms, 5s or 2h"),
            ("fixed:-5s", "less than nothing"),
            ("fixed:0s", "a size of 0s is no window"),
            ("fixed:10", "a unit (ms, s, m, h, d)"),
            ("sliding:10s", "sliding:10s/5s"),
            ("sliding", "sliding:10s/5s"),
            ("sliding:10s/0s", "a period of 0s"),
            ("sessions", "sessions:10s"),
            ("global:1s", "stands alone"),
            ("days", "days:Europe/Berlin"),
            ("days:berlin", "Europe/Berlin?"),
            ("weeks:Atlantis", "UTC, Europe/Berlin"),
        ] {
            let error = window(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
        let error = parse(&["--window", "fixed:5x"]).unwrap_err();
        assert!(error.contains("'fixed:5x' for '--window <W>'"), "{error}");
    }

    #[test]
    fn a_span_is_a_whole_number_and_a_unit() {
        assert_eq!(span("0s"), Ok(seconds(0)));
        assert_eq!(span("106751991d"), Ok(hours(24 * 106_751_991)));
        let refused = ["+5s", "1.5s", " 5s", "5 s", "s", "5S", "5", "٥s", "1h30m"];
        for text in refused {
            assert!(span(text).unwrap_err().contains("a whole number and a unit"), "{text}");
        }
        for text in ["106751992d", "99999999999999999999ms"] {
            assert!(span(text).unwrap_err().contains("longer than"), "{text}");
        }
        let error = parse(&["--lateness=-5s"]).unwrap_err();
        assert!(error.contains("'-5s' for '--lateness <D>'"), "{error}");
    }

    #[test]
    fn what_is_no_trigger_is_shown_its_place() {
        let error = parse(&["--trigger", "repeatedly(after_cuont(2))"]).unwrap_err();
        assert!(error.contains("--trigger <T>") && error.contains('^'), "{error}");
    }

    #[test]
    fn an_unknown_choice_lists_the_known_ones() {
        for (option, value, known) in [
            ("--mode", "discard", "discarding, accumulating, retracting"),
            ("--combine", "average", "sum, count, min, max, mean, list"),
            ("--timestamp-combiner", "end-of-window", "end_of_window, earliest, latest"),
            ("--on-time-behavior", "always", "fire_always, fire_if_non_empty"),
            ("--closing-behavior", "never", "fire_always, fire_if_non_empty"),
        ] {
            let error = parse(&[option, value]).unwrap_err();
            assert!(error.contains(option) && error.contains(known), "{error}");
        }
    }
}
