//! Every history of a few events, for a list of triggers, against the reference.

use watershed_model::{Trigger, seconds};

use crate::{
    play::Play,
    reference::{Event, History},
};

const EVENTS: [Event; 4] = [Event::Element, Event::EndPasses, Event::Second, Event::Ask];
const LENGTH: u32 = 7;

const TRIGGERS: [&str; 40] = [
    "default",
    "never",
    "after_watermark",
    "after_count(1)",
    "after_count(2)",
    "after_processing_time(0s)",
    "after_processing_time(1s)",
    "after_processing_time(1s,align=2s)",
    "after_synchronized_processing_time",
    "repeatedly(default)",
    "repeatedly(after_watermark)",
    "repeatedly(after_count(2))",
    "repeatedly(after_processing_time(1s))",
    "repeatedly(after_processing_time(0s,align=2s))",
    "after_watermark(early=after_count(1))",
    "after_watermark(early=after_count(2))",
    "after_watermark(late=after_count(2))",
    "after_watermark(early=after_count(2),late=after_count(1))",
    "after_watermark(early=after_processing_time(1s),late=after_processing_time(1s))",
    "after_watermark(early=after_watermark,late=after_watermark)",
    "after_watermark(early=after_first(after_count(2),after_processing_time(1s)))",
    "after_watermark(late=after_all(after_count(1),after_processing_time(1s)))",
    "or_finally(default,after_count(2))",
    "or_finally(repeatedly(after_count(1)),after_count(2))",
    "or_finally(repeatedly(after_count(1)),after_watermark)",
    "or_finally(after_count(2),after_processing_time(1s))",
    "repeatedly(or_finally(repeatedly(after_count(1)),after_count(3)))",
    "or_finally(after_watermark(early=after_count(1),late=after_count(1)),after_count(3))",
    "after_each(after_count(1),after_count(2))",
    "after_each(after_count(1),after_watermark,after_count(1))",
    "after_each(after_watermark,after_processing_time(1s))",
    "after_each(after_watermark(early=after_count(1)),default)",
    "after_each(after_each(after_count(1),after_processing_time(1s)),after_count(1))",
    "repeatedly(after_each(after_count(1),after_count(2)))",
    "after_all(after_count(1),after_watermark)",
    "after_all(after_count(2),after_processing_time(1s))",
    "after_first(after_count(2),after_watermark)",
    "repeatedly(after_first(after_count(2),after_processing_time(1s)))",
    "repeatedly(after_all(after_first(after_count(2),after_watermark),after_count(1)))",
    "after_first(after_all(after_count(1),after_watermark),after_processing_time(2s))",
];

/// Only here do windows that never merge depend on whether they could.
const OR_FINALLY_IN_AFTER_EACH: [&str; 2] = [
    "after_each(or_finally(repeatedly(after_count(1)),after_count(2)),after_count(1))",
    "after_each(after_count(1),or_finally(default,after_processing_time(1s)),after_count(1))",
];

fn each_history(mut visit: impl FnMut(&[Event])) {
    let mut events = [Event::Ask; LENGTH as usize];
    for number in 0..(EVENTS.len().pow(LENGTH)) {
        let mut rest = number;
        for event in &mut events {
            *event = EVENTS[rest % EVENTS.len()];
            rest /= EVENTS.len();
        }
        visit(&events);
    }
}

/// Where the machine fires, and whether it finishes.
fn played(trigger: &Trigger, merging: bool, events: &[Event]) -> (Vec<usize>, bool) {
    let mut play = Play::new(trigger, merging);
    let mut firings = Vec::new();
    for (place, event) in events.iter().enumerate() {
        match event {
            Event::Element => play.element(),
            Event::EndPasses => play.at.is_complete = true,
            Event::Second => play.at.now = play.at.now + seconds(1),
            Event::Ask => firings.extend(play.ask().then_some(place)),
        }
    }
    (firings, play.is_finished())
}

fn agrees(text: &str, merging: bool) {
    let trigger = Trigger::parse(text).expect(text);
    assert_eq!(trigger.check(), Ok(()));
    each_history(|events| {
        assert_eq!(
            played(&trigger, merging, events),
            History(events).firings(&trigger),
            "{text} (merging: {merging}) on {events:?}"
        );
    });
}

#[test]
fn machines_agree_with_the_reference_on_every_short_history() {
    for text in TRIGGERS.iter().chain(&OR_FINALLY_IN_AFTER_EACH) {
        agrees(text, false);
    }
}

#[test]
fn where_windows_could_merge_and_do_not_machines_agree_too() {
    for text in TRIGGERS {
        agrees(text, true);
    }
}
