//! The law of panes: whatever the order of arrival, the cut into bundles and the way of the watermark,
//! the union of discarding panes = the last accumulating pane = the batch answer.
//!
//! It holds where nothing is too late. A random transcript is made punctual by taking out of it what
//! the definitions would drop, and what would come too late for a session that it belongs to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use fastrand::Rng;
use watershed::{
    Create, PCollection, RunOptions,
    model::{AccumulationMode, DropReason, Timestamp, Trigger, Window},
    testing::TestPipeline,
};

use super::agreeing::cut;
use crate::{
    Bench, LineName,
    oracle::{
        Combine, Element, Event, Pane, Reason, Rules, Transcript, Value, covers, evaluate,
        generate, is_safe, shrink, story,
    },
    played::{Pair, combined, pane, script, window},
};

crate::cases! {
    discarding_accumulating_and_batch_come_to_the_same: "PA-03";
}

/// How many transcripts a line plays.
fn trials_of(line: LineName) -> u64 {
    match (line.runner, line.processes) {
        ("direct", _) => 2_000,
        (_, 1) => 300,
        _ => 40,
    }
}

/// How the values of a key and window are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By a combiner.
    Combined,
    /// By a combiner that spreads each key over so many others first.
    Spread(usize),
    /// By grouping, and then combining each group.
    Grouped,
}

/// A transcript to which the law applies.
#[derive(Clone, Debug)]
struct Trial {
    transcript: Transcript,
    way: Way,
}

/// The trial of this seed.
fn trial(seed: u64) -> Trial {
    let mut random = Rng::with_seed(seed);
    let mut transcript = generate(seed);
    let way = match random.u32(0..4) {
        0 => Way::Spread(random.usize(2..=3)),
        1 => Way::Grouped,
        _ => Way::Combined,
    };
    let trial = Trial { transcript: transcript.clone(), way };
    if !is_safe(&transcript.rules) && (trial.must_be_safe() || random.bool()) {
        let once = transcript.rules.trigger;
        transcript.rules.trigger = Trigger::Repeatedly(Box::new(once));
    }
    Trial { transcript: punctual(transcript), way }
}

impl Trial {
    /// Where a window that has finished shows though it drops nothing: sessions do not merge with it,
    /// and of a spread key one part finishes before another.
    fn must_be_safe(&self) -> bool {
        self.transcript.rules.windowing.is_merging() || matches!(self.way, Way::Spread(_))
    }

    /// Whether the law applies.
    fn is_lawful(&self) -> bool {
        let is_safe = is_safe(&self.transcript.rules);
        (is_safe || !self.must_be_safe()) && too_late(&self.transcript).is_empty()
    }
}

/// The transcript without what is too late in it.
fn punctual(mut transcript: Transcript) -> Transcript {
    // An element that is gone leaves others in other panes, and so another may be the one that is dropped.
    loop {
        let late = too_late(&transcript);
        if late.is_empty() {
            return transcript;
        }
        for event in &mut transcript.events {
            if let Event::Elements(elements) = event {
                elements.retain(|element| !late.contains(element));
            }
        }
        transcript.events.retain(|event| *event != Event::Elements(Vec::new()));
    }
}

/// The elements that one of their windows does not take; and those so far behind the watermark that a
/// session which they would have joined may be gone.
fn too_late(transcript: &Transcript) -> BTreeSet<Element> {
    let dropped = evaluate(transcript).drops.elements.into_iter();
    let dropped = dropped.filter(|dropped| dropped.reason != Reason::NoWindow);
    let mut late: BTreeSet<Element> = dropped.map(|dropped| dropped.element).collect();
    let mut watermark = Timestamp::MIN;
    for event in &transcript.events {
        match event {
            Event::Watermark(to) | Event::Both { watermark: to, .. } => {
                watermark = watermark.max(*to);
            }
            Event::Elements(elements) if transcript.rules.windowing.is_merging() => {
                let is_behind =
                    |element: &&Element| element.at + transcript.rules.lateness < watermark;
                late.extend(elements.iter().filter(is_behind).cloned());
            }
            _ => {}
        }
    }
    late
}

/// What each key and window comes to.
type Answer = BTreeMap<(String, Window), Value>;

fn results(
    windowed: &PCollection<Pair>,
    combine: Combine,
    way: Way,
) -> PCollection<(String, Value)> {
    match way {
        Way::Combined => combined(windowed, combine, None).0,
        Way::Spread(wide) => combined(windowed, combine, Some(wide)).0,
        Way::Grouped => {
            windowed.group_by_key().map_values(move |group| combine.of(group.into_vec()))
        }
    }
}

/// The panes of a pipeline's only grouping, in the order in which those of one key and window came.
/// An error if anything was dropped.
fn panes(
    pipeline: &TestPipeline,
    windowed: &[PCollection<Pair>],
    trial: &Trial,
) -> Result<Vec<Vec<Pane>>, String> {
    let results = windowed.iter().map(|it| results(it, trial.transcript.rules.combine, trial.way));
    let collected: Vec<_> = results.map(|results| results.collect()).collect();
    let report = pipeline.try_run().map_err(|error| format!("the run failed: {error}\n"))?;
    let drops = [DropReason::Late, DropReason::Closed].map(|reason| report.drops.count(reason));
    if drops != [0, 0] {
        return Err(format!("dropped {drops:?} as late and as closed\n"));
    }
    let panes = collected.into_iter().map(|collected| {
        let mut panes: Vec<Pane> = collected.observed().into_iter().map(pane).collect();
        panes.sort_by_key(|pane| pane.pane.index);
        panes
    });
    Ok(panes.collect())
}

/// Plays a trial as a stream in both modes, and as a batch.
///
/// # Errors
/// What breaks the law.
fn holds(bench: &Bench, options: &RunOptions, trial: &Trial) -> Result<(), String> {
    let Trial { transcript, .. } = trial;
    let rules = &transcript.rules;

    let pipeline = bench.pipeline_with(options.clone());
    let stream = pipeline.apply(script(&transcript.events));
    let windowed = [AccumulationMode::Discarding, AccumulationMode::Accumulating]
        .map(|mode| window(&stream, &Rules { mode, ..rules.clone() }));
    let streamed = panes(&pipeline, &windowed, trial)?;

    let pipeline = bench.pipeline_with(options.clone());
    let elements = transcript.elements().map(|it| ((it.key.clone(), it.value), it.at));
    let batch = pipeline.apply(Create::timestamped(elements.collect::<Vec<_>>()));
    let by_default = Rules::new(rules.windowing.clone(), Trigger::Default);
    let batch = panes(&pipeline, &[window(&batch, &by_default)], trial)?;

    let batch: Answer =
        batch.concat().into_iter().map(|it| ((it.key, it.window), it.value)).collect();
    let mut text = String::new();
    compare(
        &mut text,
        "the union of discarding panes",
        &batch,
        &union(&batch, &streamed[0], rules.combine),
    );
    compare(&mut text, "the last accumulating pane", &batch, &last(&batch, &streamed[1]));
    if text.is_empty() { Ok(()) } else { Err(text) }
}

/// The window of the batch in which a pane's window lies. A session's early panes are those of its parts.
fn whole(batch: &Answer, pane: &Pane) -> Window {
    let of_key = batch.keys().filter(|(key, _)| *key == pane.key);
    let whole = of_key.map(|(_, window)| window).find(|window| covers(window, &pane.window));
    whole.unwrap_or(&pane.window).clone()
}

fn union(batch: &Answer, panes: &[Pane], combine: Combine) -> Answer {
    let mut parts: BTreeMap<(String, Window), Vec<Value>> = BTreeMap::new();
    for pane in panes {
        parts.entry((pane.key.clone(), whole(batch, pane))).or_default().push(pane.value.clone());
    }
    parts.into_iter().map(|(place, parts)| (place, combine.again(&parts))).collect()
}

/// Later panes replace earlier ones. Those of a session's parts say nothing of the whole.
fn last(batch: &Answer, panes: &[Pane]) -> Answer {
    let of_parts = |pane: &&Pane| whole(batch, pane) != pane.window;
    let panes = panes.iter().filter(|pane| !of_parts(pane));
    panes.map(|pane| ((pane.key.clone(), pane.window.clone()), pane.value.clone())).collect()
}

fn compare(text: &mut String, what: &str, batch: &Answer, found: &Answer) {
    let places: BTreeSet<&(String, Window)> = batch.keys().chain(found.keys()).collect();
    for place in places.into_iter().filter(|place| batch.get(place) != found.get(place)) {
        let (key, window) = place;
        let told = |answer: &Answer| answer.get(place).map_or("none".to_owned(), Value::to_string);
        let (found, batch) = (told(found), told(batch));
        // Writing into a String cannot fail.
        let _ =
            writeln!(text, "{what} of {key} in {window:?} is {found}, the batch answer {batch}");
    }
}

fn discarding_accumulating_and_batch_come_to_the_same(bench: &Bench) {
    for seed in 0..trials_of(bench.line()) {
        let (trial, options) = (trial(seed), cut(bench, seed));
        if let Err(whole) = holds(bench, &options, &trial) {
            panic!("seed {seed}: {}", small(bench, &options, trial, whole));
        }
    }
}

/// The small trial inside one that breaks the law, and how it does.
fn small(bench: &Bench, options: &RunOptions, trial: Trial, whole: String) -> String {
    let problem = |trial: &Trial| match trial.is_lawful() {
        true => holds(bench, options, trial).err(),
        false => None,
    };
    let simple = Trial { way: Way::Combined, ..trial.clone() };
    let Trial { transcript, way } = if problem(&simple).is_some() { simple } else { trial };
    let with = |transcript: &Transcript| Trial { transcript: transcript.clone(), way };
    let small = shrink(transcript, |smaller| problem(&with(smaller)).is_some());
    let problem = problem(&with(&small)).unwrap_or(whole);
    let story = story(&small, &evaluate(&small));
    format!("the law is broken ({way:?}):\n{problem}{story}{}", small.to_json())
}

#[cfg(test)]
mod tests {
    use watershed::model::PaneTiming;

    use super::*;

    #[test]
    fn trials_are_lawful_and_have_panes_of_every_kind() {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for seed in 0..1_000 {
            let trial = trial(seed);
            assert!(trial.is_lawful(), "{trial:?}");
            let outcome = evaluate(&trial.transcript);
            let merging = trial.transcript.rules.windowing.is_merging();
            let mut note = |what, is_so| *counts.entry(what).or_default() += u32::from(is_so);
            let some = |is_so: &dyn Fn(&Pane) -> bool| outcome.all_panes().any(is_so);
            note("early", some(&|pane| pane.pane.timing == PaneTiming::Early));
            note("late", some(&|pane| pane.pane.timing == PaneTiming::Late));
            note("the third", some(&|pane| pane.pane.index == 2));
            note("sessions", merging && some(&|pane| !pane.pane.is_first));
            note(
                "spread",
                matches!(trial.way, Way::Spread(_)) && some(&|pane| !pane.pane.is_first),
            );
            note("nothing", !some(&|_| true));
        }
        assert!(counts["nothing"] < 40, "{counts:?}");
        counts.remove("nothing");
        assert!(counts.values().all(|count| *count > 60), "{counts:?}");
    }
}
