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

use model_tests::oracle::{Element, Event, Rules, Transcript, Windowing, evaluate, story};
use watershed::model::{
    Duration, Timestamp, Trigger, days, hours, micros, millis, minutes, seconds,
};

/// Fails unless the events of the script give exactly its panes and drops.
pub(crate) fn check(rules: Rules, script: &str) {
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_event = |line: &&&str| !line.starts_with(['>', '!']) && **line != "the end";
    let events = lines.iter().filter(is_event).map(|line| event(line)).collect();
    let transcript = Transcript { rules, events };
    let story = story(&transcript, &evaluate(&transcript));
    let found: Vec<&str> =
        story.lines().skip_while(|line| *line != "events").skip(1).map(str::trim).collect();
    assert_eq!(found, lines, "the oracle says:\n{story}");
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
pub(crate) fn fixed(size: i64) -> Windowing {
    Windowing::Fixed { size: seconds(size), offset: Duration::ZERO }
}

/// Sessions with a gap of so many seconds.
pub(crate) fn sessions(gap: i64) -> Windowing {
    Windowing::Sessions { gap: seconds(gap) }
}

/// After a count.
pub(crate) fn count(n: u64) -> Trigger {
    Trigger::AfterCount(n)
}

/// After so many seconds of processing time.
pub(crate) fn wait(delay: i64) -> Trigger {
    Trigger::AfterProcessingTime { delay: seconds(delay), align: None }
}

/// Again and again.
pub(crate) fn repeatedly(inner: Trigger) -> Trigger {
    Trigger::Repeatedly(Box::new(inner))
}

/// After the watermark, plain or with early and late firings.
pub(crate) fn watermark(early: Option<Trigger>, late: Option<Trigger>) -> Trigger {
    Trigger::AfterWatermark { early: early.map(Box::new), late: late.map(Box::new) }
}
