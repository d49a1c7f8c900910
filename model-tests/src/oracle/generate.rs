//! Transcripts by seed.
//!
//! Times lie on whole seconds near the epoch, or one microsecond beside; many are taken from what is
//! there already: a window's start, its end, its expiry, a gap before an earlier element. So borders
//! are met exactly, and just missed, all the time.

use fastrand::Rng;
use watershed::model::{
    AccumulationMode, Duration, FiringBehavior, Timestamp, TimestampCombiner, Window, hours,
    micros, seconds,
};

use super::{
    Combine, Element, Event, Rules, Transcript, Windowing, end, expiry, some_trigger::some_trigger,
};

/// Triggers are no deeper than this.
const DEPTH: u32 = 3;
const KEYS: [&str; 3] = ["a", "b", "c"];

/// The transcript of this seed: up to 40 events, one to three keys. Both clocks only go forward.
pub fn generate(seed: u64) -> Transcript {
    let mut random = Rng::with_seed(seed);
    let rules = some_rules(&mut random);
    let keys = random.usize(1..=KEYS.len());
    let mut draft = Draft {
        borders: Vec::new(),
        newest: 0,
        watermark: None,
        clock: None,
        elements: 0,
        keys: &KEYS[..keys],
        transcript: Transcript { rules, events: Vec::new() },
        random,
    };
    if draft.random.u32(0..8) > 0 {
        draft.step_clock();
    }
    for _ in 0..draft.random.usize(3..40) {
        match draft.random.u32(0..20) {
            0..12 => draft.bundle(),
            12..15 => draft.step_watermark(),
            15..18 => draft.step_clock(),
            _ => draft.step_both(),
        }
    }
    draft.transcript
}

struct Draft {
    random: Rng,
    keys: &'static [&'static str],
    transcript: Transcript,
    /// Times at which something begins, ends or expires, in microseconds.
    borders: Vec<i64>,
    /// The newest event time.
    newest: i64,
    watermark: Option<i64>,
    clock: Option<i64>,
    elements: i64,
}

impl Draft {
    /// Often itself, sometimes a microsecond beside it.
    fn beside(&mut self, time: i64) -> i64 {
        match self.random.u32(0..4) {
            0 => time + self.random.i64(-1..=1),
            _ => time,
        }
    }

    /// A border that is not far ahead.
    fn some_border(&mut self) -> Option<i64> {
        let place = self.random.usize(0..self.borders.len().max(1));
        self.borders.get(place).copied().filter(|time| *time < self.newest + 30 * SECOND)
    }

    fn bundle(&mut self) {
        let size = match self.random.u32(0..5) {
            0..3 => 1,
            _ => self.random.usize(2..=5),
        };
        let bundle = (0..size).map(|_| self.element()).collect();
        self.transcript.events.push(Event::Elements(bundle));
    }

    fn element(&mut self) -> Element {
        let border = if self.random.u32(0..3) == 0 { self.some_border() } else { None };
        let near = self.newest.div_euclid(SECOND) * SECOND + self.random.i64(-12..=4) * SECOND;
        let time = self.beside(border.unwrap_or(near));
        let at = Timestamp::from_micros(time);
        self.newest = self.newest.max(time);
        let rules = &self.transcript.rules;
        for window in rules.windowing.assign(at) {
            if let Window::Interval { start, .. } = window {
                let times = [start, end(&window), expiry(&window, rules.lateness)];
                self.borders.extend(times.map(Timestamp::as_micros));
            }
        }
        if let Windowing::Sessions { gap } = rules.windowing {
            self.borders.push((at - gap).as_micros());
        }
        self.elements += 1;
        let key = self.keys[self.random.usize(0..self.keys.len())];
        Element { key: key.to_owned(), value: self.elements, at }
    }

    /// A watermark ahead of the last one, if there is one to be thought of.
    fn next_watermark(&mut self) -> Option<i64> {
        let time = match self.random.u32(0..12) {
            0..5 => self.some_border()?,
            5..11 => self.newest - self.random.i64(0..=6) * SECOND,
            _ => self.newest + self.random.i64(5..=60) * SECOND,
        };
        let time = self.beside(time);
        self.watermark.is_none_or(|last| last < time).then_some(time)
    }

    fn step_watermark(&mut self) {
        if let Some(time) = self.next_watermark() {
            self.watermark = Some(time);
            self.transcript.events.push(Event::Watermark(Timestamp::from_micros(time)));
        }
    }

    fn next_clock(&mut self) -> i64 {
        let ahead = self.random.i64(1..=6) * SECOND;
        let rounded_up = |time: i64| time + (-time).rem_euclid(SECOND);
        let time = self.clock.map_or(0, |last| rounded_up(last) + ahead);
        self.beside(time)
    }

    fn step_clock(&mut self) {
        let time = self.next_clock();
        self.clock = Some(time);
        self.transcript.events.push(Event::Clock(Timestamp::from_micros(time)));
    }

    fn step_both(&mut self) {
        if let Some(watermark) = self.next_watermark() {
            let clock = self.next_clock();
            (self.watermark, self.clock) = (Some(watermark), Some(clock));
            let [watermark, clock] = [watermark, clock].map(Timestamp::from_micros);
            self.transcript.events.push(Event::Both { watermark, clock });
        }
    }
}

/// A second in microseconds.
const SECOND: i64 = seconds(1).as_micros();

fn some_rules(random: &mut Rng) -> Rules {
    let behavior = |always: bool| match always {
        true => FiringBehavior::FireAlways,
        false => FiringBehavior::FireIfNonEmpty,
    };
    Rules {
        windowing: some_windowing(random),
        trigger: some_trigger(random, DEPTH),
        mode: match random.bool() {
            true => AccumulationMode::Accumulating,
            false => AccumulationMode::Discarding,
        },
        lateness: match random.u32(0..8) {
            0..3 => Duration::ZERO,
            3 => micros(1),
            4..7 => seconds(random.i64(1..=15)),
            _ => hours(1),
        },
        timestamp_combiner: match random.u32(0..4) {
            0 => TimestampCombiner::Earliest,
            1 => TimestampCombiner::Latest,
            _ => TimestampCombiner::EndOfWindow,
        },
        on_time: behavior(random.u32(0..4) > 0),
        closing: behavior(random.u32(0..4) == 0),
        combine: match random.u32(0..8) {
            0 => Combine::Sum,
            1 => Combine::Count,
            2 => Combine::Min,
            3 => Combine::Max,
            _ => Combine::List,
        },
    }
}

fn some_windowing(random: &mut Rng) -> Windowing {
    let offset = seconds(random.i64(-3..=3));
    match random.u32(0..10) {
        0 => Windowing::Global,
        1..4 => Windowing::Fixed { size: seconds(random.i64(2..=12)), offset },
        4..6 => {
            let (size, period) = (seconds(random.i64(1..=10)), seconds(random.i64(2..=7)));
            Windowing::Sliding { size, period, offset }
        }
        _ => Windowing::Sessions { gap: seconds(random.i64(1..=5)) },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use watershed::model::PaneTiming;

    use super::*;
    use crate::oracle::{Reason, Value, evaluate, is_sound, story};

    #[test]
    fn a_seed_gives_always_the_same_and_clocks_go_forward() {
        for seed in 0..500 {
            let transcript = generate(seed);
            assert_eq!(transcript, generate(seed));
            assert!(is_sound(&transcript.rules.trigger));
            let again: Transcript = serde_json::from_str(&transcript.to_json()).unwrap();
            assert_eq!(again, transcript);
            let (mut watermark, mut clock) = (Timestamp::MIN, Timestamp::MIN);
            let later = |last: &mut Timestamp, next: Timestamp| {
                assert!(*last < next, "{transcript}");
                *last = next;
            };
            for event in &transcript.events {
                match event {
                    Event::Elements(elements) => assert!(!elements.is_empty()),
                    Event::Watermark(time) => later(&mut watermark, *time),
                    Event::Clock(time) => later(&mut clock, *time),
                    Event::Both { watermark: to, clock: clock_to } => {
                        later(&mut watermark, *to);
                        later(&mut clock, *clock_to);
                    }
                }
            }
        }
    }

    #[test]
    fn what_can_happen_happens_often() {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for seed in 0..1_500 {
            let transcript = generate(seed);
            let outcome = evaluate(&transcript);
            let mut note = |what, is_so| *counts.entry(what).or_default() += u32::from(is_so);
            let mut some_pane = |what, is_so: &dyn Fn(&crate::oracle::Pane) -> bool| {
                note(what, outcome.all_panes().any(is_so));
            };
            some_pane("early", &|pane| pane.pane.timing == PaneTiming::Early);
            some_pane("on time", &|pane| pane.pane.timing == PaneTiming::OnTime);
            some_pane("late", &|pane| pane.pane.timing == PaneTiming::Late);
            some_pane("late first", &|pane| {
                pane.pane.timing == PaneTiming::Late && pane.pane.is_first
            });
            some_pane("not first", &|pane| !pane.pane.is_first);
            some_pane("empty", &|pane| pane.value == Value::List(vec![]));
            some_pane("before the end of its window", &|pane| {
                pane.timestamp < pane.window.max_timestamp()
            });
            some_pane("merged", &|pane| match (&transcript.rules.windowing, &pane.window) {
                (Windowing::Sessions { gap }, Window::Interval { start, end }) => {
                    end.since(*start) > *gap
                }
                _ => false,
            });
            for (what, reason) in [
                ("dropped late", Reason::Late),
                ("dropped closed", Reason::Closed),
                ("dropped for want of a window", Reason::NoWindow),
            ] {
                note(what, outcome.drops.count(reason) > 0);
            }
            assert!(!story(&transcript, &outcome).is_empty());
        }
        let rare: Vec<_> = counts.iter().filter(|(_, count)| **count < 60).collect();
        assert!(counts.len() == 11 && rare.is_empty(), "{counts:?}");
    }
}
