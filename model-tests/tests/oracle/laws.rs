//! What follows from the definitions for any transcript, shown on random ones.

use std::collections::{BTreeMap, BTreeSet};

use model_tests::{
    naive,
    oracle::{
        Combine, Dropped, Event, Outcome, Pane, Reason, Rules, Transcript, Value, Windowing, end,
        evaluate, generate, is_safe, shrink, story,
    },
};
use watershed::model::{
    AccumulationMode, Duration, PaneInfo, PaneTiming, Timestamp, TimestampCombiner, Trigger,
    Window, micros,
};

const SEEDS: u64 = 2_000;

/// Fails with a small transcript if the law does not hold for all.
fn for_all(law: impl Fn(&Transcript) -> bool) {
    if let Some(seed) = (0..SEEDS).find(|seed| !law(&generate(*seed))) {
        let small = shrink(generate(seed), |transcript| !law(transcript));
        panic!("seed {seed}\n{}{}", story(&small, &evaluate(&small)), small.to_json());
    }
}

fn with(transcript: &Transcript, change: impl FnOnce(&mut Rules)) -> Transcript {
    let mut changed = transcript.clone();
    change(&mut changed.rules);
    changed
}

fn listed(transcript: &Transcript, mode: AccumulationMode) -> Transcript {
    with(transcript, |rules| {
        rules.mode = mode;
        rules.combine = Combine::List;
    })
}

fn values(pane: &Pane) -> &[i64] {
    match &pane.value {
        Value::List(values) => values,
        other => panic!("{other} is no list"),
    }
}

/// The values of each key, once for each window that took them.
fn admitted(transcript: &Transcript, outcome: &Outcome) -> BTreeMap<(String, Window), Vec<i64>> {
    let mut admitted: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for element in transcript.elements() {
        for window in transcript.rules.windowing.assign(element.at) {
            let is_it = |dropped: &Dropped| {
                dropped.element == *element && dropped.window.as_ref() == Some(&window)
            };
            if !outcome.drops.elements.iter().any(is_it) {
                admitted.entry((element.key.clone(), window)).or_default().push(element.value);
            }
        }
    }
    admitted
}

/// The panes of each key and window, cut where it begins anew.
fn incarnations(outcome: &Outcome) -> Vec<Vec<&Pane>> {
    let mut by_window: BTreeMap<(&String, &Window), Vec<Vec<&Pane>>> = BTreeMap::new();
    for pane in outcome.all_panes() {
        let incarnations = by_window.entry((&pane.key, &pane.window)).or_default();
        match incarnations.last_mut() {
            Some(panes) if !pane.pane.is_first => panes.push(pane),
            _ => incarnations.push(vec![pane]),
        }
    }
    by_window.into_values().flatten().collect()
}

#[test]
fn discarding_panes_are_together_all_that_was_taken_in() {
    for_all(|transcript| {
        let transcript = listed(transcript, AccumulationMode::Discarding);
        let outcome = evaluate(&transcript);
        let mut expected: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for ((key, _), values) in admitted(&transcript, &outcome) {
            expected.entry(key).or_default().extend(values);
        }
        let mut found: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for pane in outcome.all_panes() {
            found.entry(pane.key.clone()).or_default().extend(values(pane));
        }
        for all in expected.values_mut().chain(found.values_mut()) {
            all.sort();
        }
        expected == found
    });
}

#[test]
fn the_last_accumulating_pane_is_all_that_its_window_took_in() {
    for_all(|transcript| {
        if transcript.rules.windowing.is_merging() {
            return true;
        }
        let transcript = listed(transcript, AccumulationMode::Accumulating);
        let outcome = evaluate(&transcript);
        let mut expected = admitted(&transcript, &outcome);
        expected.values_mut().for_each(|values| values.sort());
        // Later panes replace earlier ones.
        let last: BTreeMap<_, _> = outcome
            .all_panes()
            .map(|pane| ((pane.key.clone(), pane.window.clone()), values(pane).to_vec()))
            .collect();
        expected == last
    });
}

#[test]
fn an_accumulating_pane_holds_all_of_the_one_before() {
    for_all(|transcript| {
        let outcome = evaluate(&listed(transcript, AccumulationMode::Accumulating));
        incarnations(&outcome).iter().all(|panes| {
            panes.windows(2).all(|pair| {
                let now: BTreeSet<_> = values(pair[1]).iter().collect();
                values(pair[0]).iter().all(|value| now.contains(value))
            })
        })
    });
}

#[test]
fn where_nothing_expires_sessions_end_as_those_of_a_batch() {
    for_all(|transcript| {
        let Windowing::Sessions { gap } = transcript.rules.windowing else { return true };
        let mut transcript = listed(transcript, AccumulationMode::Accumulating);
        transcript.rules.lateness = Duration::MAX;
        if !is_safe(&transcript.rules) {
            return true;
        }
        let outcome = evaluate(&transcript);
        let last: BTreeMap<_, _> = outcome
            .all_panes()
            .map(|pane| ((pane.key.clone(), span(&pane.window)), values(pane).to_vec()))
            .collect();
        let windowing = naive::Windowing::Sessions { gap: gap.as_micros() };
        let batch = batch(&transcript, windowing);
        batch.into_iter().all(|(group, values)| last.get(&group) == Some(&values))
    });
}

#[test]
fn without_clocks_each_group_of_a_batch_is_one_pane_on_time_and_last() {
    for_all(|transcript| {
        let windowing = match transcript.rules.windowing {
            Windowing::Global => naive::Windowing::Global,
            Windowing::Fixed { size, offset } => {
                naive::Windowing::Fixed { size: size.as_micros(), offset: offset.as_micros() }
            }
            Windowing::Sliding { size, period, offset } => naive::Windowing::Sliding {
                size: size.as_micros(),
                period: period.as_micros(),
                offset: offset.as_micros(),
            },
            Windowing::Sessions { gap } => naive::Windowing::Sessions { gap: gap.as_micros() },
            Windowing::Calendar { .. } => return true,
        };
        let mut transcript = listed(transcript, AccumulationMode::Discarding);
        transcript.rules.trigger = Trigger::Default;
        transcript.events.retain(|event| matches!(event, Event::Elements(_)));
        let outcome = evaluate(&transcript);
        let is_only = |pane: &Pane| pane.pane == PaneInfo::ONLY;
        let found: BTreeMap<_, _> = outcome
            .all_panes()
            .map(|pane| ((pane.key.clone(), span(&pane.window)), values(pane).to_vec()))
            .collect();
        outcome.all_panes().all(is_only)
            && found.len() == outcome.all_panes().count()
            && found == batch(&transcript, windowing)
    });
}

type Groups = BTreeMap<(String, naive::Span), Vec<i64>>;

fn batch(transcript: &Transcript, windowing: naive::Windowing) -> Groups {
    let elements = transcript.elements().map(|element| {
        (element.key.clone(), windowing.assign(element.at.as_micros()), element.value)
    });
    let mut groups = naive::groups(elements, windowing.is_merging());
    groups.values_mut().for_each(|values| values.sort());
    groups
}

fn span(window: &Window) -> naive::Span {
    match window {
        Window::Interval { start, end } => {
            naive::Span::Interval { start: start.as_micros(), end: end.as_micros() }
        }
        _ => naive::Span::Global,
    }
}

#[test]
fn panes_are_counted_early_then_once_on_time_then_late_and_end_with_the_last() {
    for_all(|transcript| {
        let outcome = evaluate(transcript);
        incarnations(&outcome).iter().all(|panes| {
            let not_early = panes.iter().filter(|pane| pane.pane.timing != PaneTiming::Early);
            let not_early: Vec<_> = not_early.collect();
            let first_not_early = panes.len() - not_early.len();
            let number = |(place, pane): (usize, &&Pane)| {
                let on_time_index = place as i64 - first_not_early as i64;
                pane.pane.index == place as u64
                    && pane.pane.is_first == (place == 0)
                    && pane.pane.on_time_index == on_time_index.max(-1)
                    && (pane.pane.timing == PaneTiming::Early) == (place < first_not_early)
                    && (!pane.pane.is_last || place == panes.len() - 1)
            };
            panes.iter().enumerate().all(number)
                && not_early.iter().skip(1).all(|pane| pane.pane.timing == PaneTiming::Late)
        })
    });
}

#[test]
fn a_window_that_does_not_merge_begins_once() {
    for_all(|transcript| {
        let outcome = evaluate(transcript);
        let windows: BTreeSet<_> =
            outcome.all_panes().map(|pane| (&pane.key, &pane.window)).collect();
        transcript.rules.windowing.is_merging() || incarnations(&outcome).len() == windows.len()
    });
}

#[test]
fn panes_are_early_before_the_end_of_their_window_and_only_then() {
    for_all(|transcript| {
        let outcome = evaluate(transcript);
        let mut watermark = Timestamp::MIN;
        let the_end = Event::Watermark(Timestamp::MAX);
        let events = transcript.events.iter().chain([&the_end]);
        events.zip(&outcome.panes).all(|(event, panes)| {
            if let Event::Watermark(to) | Event::Both { watermark: to, .. } = event {
                watermark = watermark.max(*to);
            }
            let is_early = |pane: &Pane| pane.pane.timing == PaneTiming::Early;
            panes.iter().all(|pane| is_early(pane) == (watermark < end(&pane.window)))
        })
    });
}

#[test]
fn a_panes_time_is_its_windows_last_instant_or_that_of_an_element_in_it() {
    for_all(|transcript| {
        let outcome = evaluate(&listed(transcript, AccumulationMode::Discarding));
        let combines = transcript.rules.timestamp_combiner != TimestampCombiner::EndOfWindow;
        outcome.all_panes().all(|pane| {
            let mut in_pane =
                transcript.elements().filter(|element| values(pane).contains(&element.value));
            pane.timestamp == pane.window.max_timestamp()
                || combines && in_pane.any(|element| element.at == pane.timestamp)
        })
    });
}

#[test]
fn safe_triggers_drop_nothing_as_closed() {
    for_all(|transcript| {
        let outcome = evaluate(transcript);
        !is_safe(&transcript.rules) || outcome.drops.count(Reason::Closed) == 0
    });
}

#[test]
fn mode_and_combiner_change_only_what_panes_hold() {
    let shape = |transcript: &Transcript| -> Vec<_> {
        let outcome = evaluate(transcript);
        let shape =
            |pane: &Pane| (pane.key.clone(), pane.window.clone(), pane.timestamp, pane.pane);
        outcome.panes.iter().map(|panes| panes.iter().map(shape).collect::<Vec<_>>()).collect()
    };
    for_all(|transcript| {
        let shown = shape(transcript);
        [AccumulationMode::Discarding, AccumulationMode::Accumulating]
            .into_iter()
            .all(|mode| shape(&listed(transcript, mode)) == shown)
    });
}

#[test]
fn keys_know_nothing_of_one_another() {
    for_all(|transcript| {
        let outcome = evaluate(transcript);
        ["a", "b", "c"].into_iter().all(|key| {
            let mut alone = transcript.clone();
            for event in &mut alone.events {
                if let Event::Elements(elements) = event {
                    elements.retain(|element| element.key == key);
                }
            }
            let of_key = |panes: &Vec<Pane>| -> Vec<Pane> {
                panes.iter().filter(|pane| pane.key == key).cloned().collect()
            };
            let together: Vec<_> = outcome.panes.iter().map(of_key).collect();
            evaluate(&alone).panes == together
        })
    });
}

#[test]
fn the_order_in_a_bundle_does_not_show() {
    for_all(|transcript| {
        let mut turned = transcript.clone();
        for event in &mut turned.events {
            if let Event::Elements(elements) = event {
                elements.reverse();
            }
        }
        let [mut one, mut other] = [transcript, &turned].map(evaluate);
        one.drops.elements.sort();
        other.drops.elements.sort();
        one == other
    });
}

#[test]
fn where_time_begins_does_not_show() {
    let by = micros(1_234_567);
    for_all(|transcript| {
        let mut moved = transcript.clone();
        match &mut moved.rules.windowing {
            Windowing::Fixed { offset, .. } | Windowing::Sliding { offset, .. } => {
                *offset = micros(offset.as_micros() + by.as_micros());
            }
            _ => {}
        }
        for event in &mut moved.events {
            match event {
                Event::Elements(elements) => {
                    elements.iter_mut().for_each(|element| element.at = element.at + by);
                }
                Event::Watermark(watermark) | Event::Both { watermark, .. } => {
                    *watermark = *watermark + by;
                }
                Event::Clock(_) => {}
            }
        }
        let back = |pane: Pane| match pane.window {
            Window::Interval { start, end } => {
                let window = Window::Interval { start: start - by, end: end - by };
                Pane { window, timestamp: pane.timestamp - by, ..pane }
            }
            // Its last instant stays where it is.
            _ if pane.timestamp == pane.window.max_timestamp() => pane,
            _ => Pane { timestamp: pane.timestamp - by, ..pane },
        };
        let found: Vec<Vec<Pane>> = evaluate(&moved)
            .panes
            .into_iter()
            .map(|panes| panes.into_iter().map(back).collect())
            .collect();
        found == evaluate(transcript).panes
    });
}
