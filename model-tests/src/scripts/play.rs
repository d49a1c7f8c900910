//! Transcripts as text: events, the panes that each must give, and what must be dropped.
//!
//! ```text
//! a=1@1s a=2@2s                                   a bundle: key=value@time
//!   > a [0s,10s) early 0/-1 first @end = [1, 2]   a pane that it gives
//! watermark 10s
//! watermark 20s clock 5s                          both in one step
//! the end
//! ! a=3@3s [0s,10s) late                          what was dropped, behind all events
//! ```

use watershed::model::{
    Duration, Timestamp, Trigger, days, hours, micros, millis, minutes, seconds,
};

use crate::{
    Bench,
    oracle::{Element, Event, Rules, Transcript, Windowing, evaluate, story},
    played::play,
};

/// Rules, and a script: what happens to a grouping that goes by them, and what comes of it.
#[derive(Clone, Debug)]
pub struct Play {
    rules: Rules,
    lines: Vec<String>,
}

impl Play {
    pub(super) fn of(rules: Rules, script: impl AsRef<str>) -> Play {
        let lines = script.as_ref().lines().map(str::trim).filter(|line| !line.is_empty());
        Play { rules, lines: lines.map(str::to_owned).collect() }
    }

    /// The lines of the script that begin so, less that, sorted.
    fn told(&self, mark: &str) -> Vec<&str> {
        let mut told: Vec<&str> =
            self.lines.iter().filter_map(|line| line.strip_prefix(mark)).collect();
        told.sort_unstable();
        told
    }

    fn transcript(&self) -> Transcript {
        let events = events(self.lines.iter().map(String::as_str));
        Transcript { rules: self.rules.clone(), events }
    }

    /// Fails unless the oracle says the same, line by line.
    pub fn check_oracle(&self) {
        let transcript = self.transcript();
        let story = story(&transcript, &evaluate(&transcript));
        let found: Vec<&str> =
            story.lines().skip_while(|line| *line != "events").skip(1).map(str::trim).collect();
        assert_eq!(found, self.lines, "the oracle says:\n{story}");
    }

    /// Fails unless the runner gives the panes and drops of the script, and no other.
    pub fn check_runner(&self, bench: &Bench) {
        let transcript = self.transcript();
        let played = play(bench, &transcript);
        let mut panes: Vec<String> = played.panes.iter().map(ToString::to_string).collect();
        panes.sort_unstable();
        assert_eq!(panes, self.told("> "), "{transcript}");
        // What was in no window is only counted.
        let mut dropped: Vec<String> = played.dropped.iter().map(ToString::to_string).collect();
        dropped.sort_unstable();
        let (of_none, of_windows): (Vec<&str>, Vec<&str>) =
            self.told("! ").into_iter().partition(|line| line.ends_with(NO_WINDOW));
        assert_eq!(dropped, of_windows, "{transcript}");
        let of_reason = |reason| of_windows.iter().filter(|line| line.ends_with(reason)).count();
        let drops = [of_reason("late"), of_reason("closed"), of_none.len()];
        assert_eq!(played.drops, drops.map(|count| count as u64), "{transcript}");
    }
}

/// How a line ends that tells of an element outside all windows.
const NO_WINDOW: &str = "no window";

/// The events of a script: what of its lines is not told of them.
pub(crate) fn events<'l>(lines: impl Iterator<Item = &'l str>) -> Vec<Event> {
    let is_event = |line: &&str| !line.starts_with(['>', '!']) && *line != "the end";
    lines.filter(is_event).map(event).collect()
}

fn event(line: &str) -> Event {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["watermark", watermark] => Event::Watermark(time(watermark)),
        ["clock", clock] => Event::Clock(time(clock)),
        ["watermark", watermark, "clock", clock] => {
            Event::Both { watermark: time(watermark), clock: time(clock) }
        }
        _ => Event::Elements(words.into_iter().map(element).collect()),
    }
}

fn element(word: &str) -> Element {
    let (key, rest) = word.split_once('=').expect("key=value@time");
    let (value, at) = rest.split_once('@').expect("key=value@time");
    Element { key: key.into(), value: value.parse().expect("a number"), at: time(at) }
}

fn time(word: &str) -> Timestamp {
    let place = word.find(|c: char| c.is_ascii_alphabetic()).expect("a unit");
    let n: i64 = word[..place].parse().expect("a number");
    let span = match &word[place..] {
        "us" => micros(n),
        "ms" => millis(n),
        "s" => seconds(n),
        "m" => minutes(n),
        "h" => hours(n),
        "d" => days(n),
        unit => panic!("{unit} is no unit"),
    };
    Timestamp::from_micros(0) + span
}

/// Windows of so many seconds.
pub(super) fn fixed(size: i64) -> Windowing {
    Windowing::Fixed { size: seconds(size), offset: Duration::ZERO }
}

/// Sessions with a gap of so many seconds.
pub(super) fn sessions(gap: i64) -> Windowing {
    Windowing::Sessions { gap: seconds(gap) }
}

/// After a count.
pub(super) fn count(n: u64) -> Trigger {
    Trigger::AfterCount(n)
}

/// After so many seconds of processing time.
pub(super) fn wait(delay: i64) -> Trigger {
    Trigger::AfterProcessingTime { delay: seconds(delay), align: None }
}

/// Again and again.
pub(super) fn repeatedly(inner: Trigger) -> Trigger {
    Trigger::Repeatedly(Box::new(inner))
}

/// After the watermark, plain or with early and late firings.
pub(super) fn watermark(early: Option<Trigger>, late: Option<Trigger>) -> Trigger {
    Trigger::AfterWatermark { early: early.map(Box::new), late: late.map(Box::new) }
}
