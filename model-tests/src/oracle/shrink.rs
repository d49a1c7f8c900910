//! The small transcript inside a large one that fails.
//!
//! Greedy: of all transcripts that are one cut smaller, the first that still fails is taken, until
//! none does. Cuts go from large to small: halves of the events, single events, elements, rules that
//! are set back to what they are by default, parts of the trigger, keys, microseconds.

use std::collections::BTreeSet;

use watershed::model::{Duration, Timestamp, Trigger, seconds};

use super::{Event, Rules, Transcript, Windowing, is_sound};
use crate::naive::{fewer, smallest};

/// After so many tries the smallest transcript so far is good enough.
const MOST_TRIES: usize = 20_000;

/// The smallest transcript that is found by cutting this one and still `fails`.
pub fn shrink(transcript: Transcript, fails: impl FnMut(&Transcript) -> bool) -> Transcript {
    smallest(transcript, MOST_TRIES, cuts, fails)
}

/// Every transcript that is one cut smaller.
fn cuts(transcript: &Transcript) -> Vec<Transcript> {
    let with_events = |events| Transcript { events, ..transcript.clone() };
    let mut cuts: Vec<Transcript> =
        fewer(&transcript.events).into_iter().map(with_events).collect();
    cuts.extend(
        plainer(&transcript.rules)
            .into_iter()
            .map(|rules| Transcript { rules, ..transcript.clone() }),
    );
    cuts.extend(fewer_keys(transcript).into_iter().map(with_events));
    for (place, event) in transcript.events.iter().enumerate() {
        cuts.extend(lighter(event).into_iter().map(|event| {
            let mut events = transcript.events.clone();
            events[place] = event;
            with_events(events)
        }));
    }
    cuts
}

/// The same events, with all elements of one key given to key `a`.
fn fewer_keys(transcript: &Transcript) -> Vec<Vec<Event>> {
    let keys: BTreeSet<&String> = transcript.elements().map(|element| &element.key).collect();
    let without = |key: &String| {
        let mut events = transcript.events.clone();
        for event in &mut events {
            let Event::Elements(elements) = event else { continue };
            for element in elements.iter_mut().filter(|element| element.key == *key) {
                element.key = "a".to_owned();
            }
        }
        events
    };
    keys.into_iter().filter(|key| *key != "a").map(without).collect()
}

/// The same event with less in it.
fn lighter(event: &Event) -> Vec<Event> {
    let rounded = |time: Timestamp| {
        let beside = time.as_micros().rem_euclid(seconds(1).as_micros());
        (beside != 0).then(|| Timestamp::from_micros(time.as_micros() - beside))
    };
    match event {
        Event::Elements(elements) => {
            let fewer = fewer(elements).into_iter().filter(|elements| !elements.is_empty());
            let mut lighter: Vec<Event> = fewer.map(Event::Elements).collect();
            for (place, element) in elements.iter().enumerate() {
                lighter.extend(rounded(element.at).map(|at| {
                    let mut elements = elements.clone();
                    elements[place].at = at;
                    Event::Elements(elements)
                }));
            }
            lighter
        }
        Event::Watermark(time) => rounded(*time).map(Event::Watermark).into_iter().collect(),
        Event::Clock(time) => rounded(*time).map(Event::Clock).into_iter().collect(),
        Event::Both { watermark, clock } => {
            vec![Event::Watermark(*watermark), Event::Clock(*clock)]
        }
    }
}

/// Rules of which one is as it is by default, or whose trigger is smaller.
pub(crate) fn plainer(rules: &Rules) -> Vec<Rules> {
    let plain = Rules::new(rules.windowing.clone(), rules.trigger.clone());
    let mut plainer = vec![
        Rules { mode: plain.mode, ..rules.clone() },
        Rules { lateness: plain.lateness, ..rules.clone() },
        Rules { timestamp_combiner: plain.timestamp_combiner, ..rules.clone() },
        Rules { on_time: plain.on_time, ..rules.clone() },
        Rules { closing: plain.closing, ..rules.clone() },
        Rules { combine: plain.combine, ..rules.clone() },
        Rules { windowing: unmoved(&rules.windowing), ..rules.clone() },
    ];
    plainer.retain(|plainer| plainer != rules);
    let triggers = smaller(&rules.trigger).into_iter().filter(is_sound);
    plainer.extend(triggers.map(|trigger| Rules { trigger, ..rules.clone() }));
    plainer
}

fn unmoved(windowing: &Windowing) -> Windowing {
    let offset = Duration::ZERO;
    match *windowing {
        Windowing::Fixed { size, .. } => Windowing::Fixed { size, offset },
        Windowing::Sliding { size, period, .. } => Windowing::Sliding { size, period, offset },
        ref other => other.clone(),
    }
}

/// Triggers with less in them; some are not sound.
fn smaller(trigger: &Trigger) -> Vec<Trigger> {
    match trigger {
        Trigger::AfterCount(n) if *n > 1 => vec![Trigger::AfterCount(n - 1)],
        Trigger::AfterProcessingTime { delay, align: Some(_) } => {
            vec![Trigger::AfterProcessingTime { delay: *delay, align: None }]
        }
        Trigger::AfterWatermark { early, late } => {
            let with_early = |early| Trigger::AfterWatermark { early, late: late.clone() };
            let with_late = |late| Trigger::AfterWatermark { early: early.clone(), late };
            let early = without_or_smaller(early).into_iter().map(with_early);
            early.chain(without_or_smaller(late).into_iter().map(with_late)).collect()
        }
        Trigger::Repeatedly(inner) => {
            let smaller = smaller(inner).into_iter().map(|inner| Trigger::Repeatedly(inner.into()));
            [(**inner).clone()].into_iter().chain(smaller).collect()
        }
        Trigger::OrFinally(main, until) => {
            let mut found = vec![(**main).clone(), (**until).clone()];
            let with_main = |main: Trigger| Trigger::OrFinally(main.into(), until.clone());
            let with_until = |until: Trigger| Trigger::OrFinally(main.clone(), until.into());
            found.extend(smaller(main).into_iter().map(with_main));
            found.extend(smaller(until).into_iter().map(with_until));
            found
        }
        Trigger::AfterEach(all) => smaller_lists(all, Trigger::AfterEach),
        Trigger::AfterAll(all) => smaller_lists(all, Trigger::AfterAll),
        Trigger::AfterFirst(all) => smaller_lists(all, Trigger::AfterFirst),
        _ => Vec::new(),
    }
}

fn without_or_smaller(child: &Option<Box<Trigger>>) -> Vec<Option<Box<Trigger>>> {
    let Some(child) = child else { return Vec::new() };
    let smaller = smaller(child).into_iter().map(|child| Some(Box::new(child)));
    [None].into_iter().chain(smaller).collect()
}

/// Each alone, then lists of two or more in which one is gone or smaller.
fn smaller_lists(all: &[Trigger], list: fn(Vec<Trigger>) -> Trigger) -> Vec<Trigger> {
    let mut found = all.to_vec();
    found.extend(fewer(all).into_iter().filter(|all| all.len() > 1).map(list));
    for (place, trigger) in all.iter().enumerate() {
        found.extend(smaller(trigger).into_iter().map(|trigger| {
            let mut all = all.to_vec();
            all[place] = trigger;
            list(all)
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use watershed::model::{PaneTiming, seconds};

    use super::*;
    use crate::oracle::{Combine, evaluate, generate};

    #[test]
    fn only_what_fails_is_left() {
        // "Fails" where a late pane is not the first of its window.
        let fails = |transcript: &Transcript| {
            let outcome = evaluate(transcript);
            let mut panes = outcome.all_panes().map(|pane| pane.pane);
            panes.any(|pane| pane.timing == PaneTiming::Late && pane.index == 2)
        };
        for large in (0..).map(generate).filter(fails).take(10) {
            let small = shrink(large, fails);
            assert!(fails(&small));
            assert!(small.elements().count() <= 3 && small.events.len() <= 5, "{small}");
            assert!(small.elements().all(|element| element.key == "a"), "{small}");
        }
    }

    #[test]
    fn rules_and_triggers_are_set_back() {
        let trigger = Trigger::AfterWatermark {
            early: Some(Box::new(Trigger::AfterAll(vec![Trigger::AfterCount(3), Trigger::Never]))),
            late: Some(Box::new(Trigger::AfterCount(2))),
        };
        let windowing = Windowing::Fixed { size: seconds(7), offset: seconds(2) };
        let rules = Rules {
            lateness: seconds(9),
            combine: Combine::Max,
            ..Rules::new(windowing, Trigger::Repeatedly(Box::new(trigger)))
        };
        let small = shrink(Transcript { rules, events: vec![] }, |_| true);
        let windowing = Windowing::Fixed { size: seconds(7), offset: Duration::ZERO };
        let trigger = Trigger::AfterWatermark { early: None, late: None };
        assert_eq!(small.rules, Rules::new(windowing, trigger));
    }
}
