//! A transcript played through a pipeline: what a runner says to it, to be set beside what the oracle
//! says.

use std::collections::BTreeSet;

use watershed::{
    Dropped, FixedWindows, GlobalWindows, Observed, PCollection, Sessions, SlidingWindows,
    TestStream, WindowSettings,
    combine::{CombineFn, Count, Max, Min, Sum, ToList},
    model::{AccumulationMode, DropReason, Timestamp},
};

use crate::{
    Bench,
    oracle::{
        self, Combine, Element, Event, Outcome, Pane, Reason, Rules, Transcript, Value, Windowing,
        evaluate, shrink, story,
    },
    spread::Spread,
};

/// Elements as they are keyed in a played transcript.
pub(crate) type Pair = (String, i64);

/// What came of a transcript on a runner. Within a run nothing tells which event a pane came with, but
/// each says which of its window's panes it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// The panes, sorted.
    pub panes: Vec<Pane>,
    /// What was dropped, sorted, but for what was in no window.
    pub dropped: Vec<oracle::Dropped>,
    /// How many were dropped: late, closed, in no window.
    pub drops: [u64; 3],
}

/// What the definitions say, in the same form.
pub fn expected(outcome: &Outcome) -> Played {
    let mut panes: Vec<Pane> = outcome.all_panes().cloned().collect();
    panes.sort();
    let dropped = outcome.drops.elements.iter().filter(|dropped| dropped.window.is_some());
    let mut dropped: Vec<oracle::Dropped> = dropped.cloned().collect();
    dropped.sort();
    let drops = [Reason::Late, Reason::Closed, Reason::NoWindow];
    Played { panes, dropped, drops: drops.map(|reason| outcome.drops.count(reason)) }
}

/// Plays a transcript on a runner.
///
/// # Panics
/// When the run fails.
pub fn play(bench: &Bench, transcript: &Transcript) -> Played {
    let pipeline = bench.pipeline();
    let stream = pipeline.apply(script(&transcript.events));
    let grouped = window(&stream, &transcript.rules);
    let (panes, dropped) = combined(&grouped, transcript.rules.combine, None);
    let (panes, dropped) = (panes.collect(), dropped.collect());
    let report = pipeline.run();
    let drops = [DropReason::Late, DropReason::Closed, DropReason::NoWindow];
    let mut played = Played {
        panes: panes.observed().into_iter().map(pane).collect(),
        dropped: dropped.observed().into_iter().map(turned_away).collect(),
        drops: drops.map(|reason| report.drops.count(reason)),
    };
    played.panes.sort();
    played.dropped.sort();
    played
}

/// Plays a transcript and compares with the definitions.
///
/// # Errors
/// What differs, with the story that the definitions tell.
pub fn agrees(bench: &Bench, transcript: &Transcript) -> Result<(), String> {
    let outcome = evaluate(transcript);
    let (played, expected) = (play(bench, transcript), expected(&outcome));
    if played == expected {
        return Ok(());
    }
    let (found, wanted) =
        (BTreeSet::from_iter(&played.panes), BTreeSet::from_iter(&expected.panes));
    let mut text = story(transcript, &outcome);
    for pane in wanted.difference(&found) {
        text.push_str(&format!("missing {pane}\n"));
    }
    for pane in found.difference(&wanted) {
        text.push_str(&format!("extra   {pane}\n"));
    }
    if played.dropped != expected.dropped || played.drops != expected.drops {
        text.push_str(&format!(
            "dropped {:?} {:?}\ninstead {:?} {:?}\n",
            played.drops, played.dropped, expected.drops, expected.dropped
        ));
    }
    Err(text)
}

/// Plays transcripts by their seeds, and fails with the small one inside the first that disagrees.
pub fn all_agree(bench: &Bench, transcripts: impl Iterator<Item = (u64, Transcript)>) {
    for (seed, transcript) in transcripts {
        if agrees(bench, &transcript).is_err() {
            let small = shrink(transcript, |smaller| agrees(bench, smaller).is_err());
            let text = agrees(bench, &small).err().unwrap_or_default();
            panic!("seed {seed}\n{text}{}", small.to_json());
        }
    }
}

/// Events as a test stream.
pub fn script(events: &[Event]) -> TestStream<Pair> {
    let (mut watermark, mut clock) = (Timestamp::MIN, Timestamp::MIN);
    let mut stream = TestStream::new();
    for event in events {
        // What would go back stays, as in the oracle.
        stream = match event {
            Event::Elements(elements) => stream.elements(
                elements.iter().map(|element| ((element.key.clone(), element.value), element.at)),
            ),
            Event::Watermark(to) => {
                watermark = watermark.max(*to);
                stream.advance_watermark_to(watermark)
            }
            Event::Clock(to) => {
                clock = clock.max(*to);
                stream.advance_processing_time_to(clock)
            }
            Event::Both { watermark: to, clock: time } => {
                (watermark, clock) = (watermark.max(*to), clock.max(*time));
                stream.advance_both_to(watermark, clock)
            }
        };
    }
    stream.advance_watermark_to_infinity()
}

/// A collection under the rules' windows, and all that they say of them.
///
/// # Panics
/// For calendar windows, which no transcript made by seed has.
pub fn window(stream: &PCollection<Pair>, rules: &Rules) -> PCollection<Pair> {
    let windowed = match &rules.windowing {
        Windowing::Global => stream.window(GlobalWindows),
        Windowing::Fixed { size, offset } => {
            stream.window(FixedWindows::of(*size).with_offset(*offset))
        }
        Windowing::Sliding { size, period, offset } => {
            stream.window(SlidingWindows::of(*size, *period).with_offset(*offset))
        }
        Windowing::Sessions { gap } => stream.window(Sessions::with_gap(*gap)),
        Windowing::Calendar { .. } => panic!("calendar windows are played in their own cases"),
    };
    windowed.with_window_settings(settings(rules))
}

/// What the rules say of a grouping besides its windows.
pub(crate) fn settings(rules: &Rules) -> WindowSettings {
    let settings = WindowSettings::new()
        .triggering(rules.trigger.clone())
        .allowed_lateness(rules.lateness)
        .timestamp_combiner(rules.timestamp_combiner)
        .on_time_behavior(rules.on_time)
        .closing_behavior(rules.closing)
        .allow_closed_window_drops();
    match rules.mode {
        AccumulationMode::Accumulating => settings.accumulating(),
        _ => settings.discarding(),
    }
}

type Results = (PCollection<(String, Value)>, PCollection<Dropped<Pair>>);

/// What becomes of each key and window, and what was dropped. With a fan-out each key is spread over so
/// many others first.
pub(crate) fn combined(
    grouped: &PCollection<Pair>,
    combine: Combine,
    fanout: Option<usize>,
) -> Results {
    let least = |least: Option<i64>| least.map_or(Value::Nothing, Value::Number);
    let counted = |count: u64| Value::Number(count as i64);
    match combine {
        Combine::Sum => combined_by(grouped, Spread(Sum, fanout), Value::Number),
        Combine::Count => combined_by(grouped, Spread(Count, fanout), counted),
        Combine::Min => combined_by(grouped, Spread(Min, fanout), least),
        Combine::Max => combined_by(grouped, Spread(Max, fanout), least),
        Combine::List => combined_by(grouped, Spread(ToList, fanout), |mut list: Vec<i64>| {
            list.sort_unstable();
            Value::List(list)
        }),
    }
}

fn combined_by<C: CombineFn<i64>>(
    grouped: &PCollection<Pair>,
    combiner: C,
    value: impl Fn(C::Output) -> Value + Clone + Send + Sync + 'static,
) -> Results {
    let (results, dropped) = grouped.combine_per_key_and_dropped(combiner);
    (results.map_values(value), dropped)
}

/// A pane as the oracle writes it.
pub(crate) fn pane(observed: Observed<(String, Value)>) -> Pane {
    let Observed { value: (key, value), timestamp, windows, pane, .. } = observed;
    let [window] = windows.as_slice() else { panic!("a pane in {windows:?}") };
    Pane { key, window: window.clone(), timestamp, pane, value }
}

fn turned_away(observed: Observed<Dropped<Pair>>) -> oracle::Dropped {
    let Observed { value, timestamp, .. } = observed;
    let (key, worth) = value.element;
    let reason = match value.reason {
        DropReason::Closed => Reason::Closed,
        _ => Reason::Late,
    };
    let element = Element { key, value: worth, at: timestamp };
    oracle::Dropped { element, window: Some(value.window), reason }
}
