//! Triggers and histories at random, also such as no author may write.

use proptest::{collection::vec, option, prelude::*};
use watershed_model::{Duration, Timestamp, Trigger, micros, seconds};
use watershed_runner_core::{At, TriggerMachine};

fn once() -> BoxedStrategy<Trigger> {
    let leaf = prop_oneof![
        (1u64..4).prop_map(Trigger::AfterCount),
        (0i64..4, option::of(1i64..4)).prop_map(|(delay, align)| {
            Trigger::AfterProcessingTime { delay: seconds(delay), align: align.map(seconds) }
        }),
        Just(Trigger::AfterWatermark { early: None, late: None }),
        Just(Trigger::AfterSynchronizedProcessingTime),
        Just(Trigger::Never),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(Trigger::AfterAll),
            vec(inner, 1..3).prop_map(Trigger::AfterFirst),
        ]
    })
    .boxed()
}

fn boxed(trigger: BoxedStrategy<Trigger>) -> impl Strategy<Value = Box<Trigger>> {
    trigger.prop_map(Box::new)
}

/// Triggers that [`Trigger::check`] takes.
fn sound() -> BoxedStrategy<Trigger> {
    let leaf = prop_oneof![
        once(),
        Just(Trigger::Default),
        (option::of(boxed(once())), option::of(boxed(once())))
            .prop_map(|(early, late)| Trigger::AfterWatermark { early, late }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            boxed(inner.clone().boxed()).prop_map(Trigger::Repeatedly),
            (boxed(inner.clone().boxed()), boxed(once()))
                .prop_map(|(first, until)| Trigger::OrFinally(first, until)),
            vec(inner, 1..4).prop_map(Trigger::AfterEach),
        ]
    })
    .boxed()
}

/// Triggers of any shape, with numbers that make no sense.
fn any_trigger() -> BoxedStrategy<Trigger> {
    let leaf = prop_oneof![
        sound(),
        any::<u64>().prop_map(Trigger::AfterCount),
        (any::<i64>(), option::of(any::<i64>())).prop_map(|(delay, align)| {
            Trigger::AfterProcessingTime { delay: micros(delay), align: align.map(micros) }
        }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let inner = inner.boxed();
        prop_oneof![
            (option::of(boxed(inner.clone())), option::of(boxed(inner.clone())))
                .prop_map(|(early, late)| Trigger::AfterWatermark { early, late }),
            boxed(inner.clone()).prop_map(Trigger::Repeatedly),
            (boxed(inner.clone()), boxed(inner.clone()))
                .prop_map(|(first, until)| Trigger::OrFinally(first, until)),
            vec(inner.clone(), 0..4).prop_map(Trigger::AfterEach),
            vec(inner.clone(), 0..4).prop_map(Trigger::AfterAll),
            vec(inner, 0..4).prop_map(Trigger::AfterFirst),
        ]
    })
    .boxed()
}

#[derive(Clone, Debug)]
enum Event {
    /// An element, in one window or the other.
    Element(bool),
    End,
    Clock(Duration),
    Ask,
    Merge,
}

fn events(clock: impl Strategy<Value = i64>) -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => any::<bool>().prop_map(Event::Element),
        1 => Just(Event::End),
        2 => clock.prop_map(|span| Event::Clock(micros(span))),
        4 => Just(Event::Ask),
        1 => Just(Event::Merge),
    ];
    vec(event, 0..30)
}

fn start() -> At {
    At { is_complete: false, now: Timestamp::from_seconds(0) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Nothing panics, a trigger that has finished is silent, deadlines lie ahead, and the order of
    /// parts does not show.
    #[test]
    fn no_trigger_and_no_history_breaks_a_machine(
        trigger in any_trigger(),
        merging: bool,
        events in events(0..=i64::MAX),
    ) {
        let machine = TriggerMachine::new(&trigger, merging);
        let mut at = At { is_complete: false, now: Timestamp::MIN };
        let mut windows = [machine.start(), machine.start()];
        for event in events {
            match event {
                Event::Element(second) => machine.on_element(&mut windows[usize::from(second)], at),
                Event::End => at.is_complete = true,
                Event::Clock(span) => at.now = at.now + span,
                Event::Ask => {
                    for state in &mut windows {
                        if machine.should_fire(state, at) {
                            prop_assert!(!machine.is_finished(state));
                            machine.on_fire(state, at);
                        }
                    }
                }
                Event::Merge => {
                    let merged = machine.merge(&windows, at);
                    windows.reverse();
                    prop_assert_eq!(&machine.merge(&windows, at), &merged);
                    windows[0] = merged;
                }
            }
            for state in &windows {
                if let Some(deadline) = machine.next_deadline(state, at.now) {
                    prop_assert!(deadline > at.now);
                }
            }
        }
    }

    /// Between two events, readiness changes at a deadline or not at all: nobody needs to ask
    /// meanwhile.
    #[test]
    fn nothing_becomes_ready_before_the_next_deadline(
        trigger in sound(),
        merging: bool,
        events in events(0..2_500_000i64),
    ) {
        prop_assert_eq!(trigger.check(), Ok(()));
        let machine = TriggerMachine::new(&trigger, merging);
        let (mut at, mut state) = (start(), machine.start());
        for event in events {
            match event {
                Event::Element(_) => machine.on_element(&mut state, at),
                Event::End => at.is_complete = true,
                Event::Clock(span) => at.now = at.now + span,
                Event::Ask if machine.should_fire(&state, at) => machine.on_fire(&mut state, at),
                Event::Ask => {}
                Event::Merge => state = machine.merge(&[state, machine.start()], at),
            }
            let deadline = machine.next_deadline(&state, at.now);
            let before = deadline.map_or(Timestamp::MAX, |deadline| deadline - micros(1));
            let ready = machine.should_fire(&state, at);
            prop_assert_eq!(machine.should_fire(&state, At { now: before, ..at }), ready);
        }
    }

    /// As many elements as a trigger is patient for change nothing but its counts: it stays silent, and
    /// may be shown them later, all at once.
    #[test]
    fn a_patient_trigger_need_not_be_asked(
        trigger in any_trigger(),
        events in events(0..2_500_000i64),
        pause in 0..5_000_000i64,
    ) {
        let machine = TriggerMachine::new(&trigger, false);
        let (mut at, mut state) = (start(), machine.start());
        for event in events {
            match event {
                Event::Element(_) => machine.on_element(&mut state, at),
                Event::Clock(span) => at.now = at.now + span,
                Event::End | Event::Ask | Event::Merge => {}
            }
            if machine.should_fire(&state, at) {
                machine.on_fire(&mut state, at);
                continue;
            }
            let patience = machine.patience(&state).min(20);
            let (mut early, mut late) = (state.clone(), state.clone());
            for _ in 0..patience {
                machine.on_element(&mut early, at);
                prop_assert!(!machine.should_fire(&early, at));
            }
            let later = At { now: at.now + micros(pause), ..at };
            machine.on_elements(&mut late, patience, later);
            prop_assert_eq!(early, late);
        }
    }

    /// Two windows that have not fired become what one would have been.
    #[test]
    fn windows_that_have_not_fired_merge_into_what_one_would_have_been(
        trigger in sound(),
        before in events(0..2_500_000i64),
        after in events(0..2_500_000i64),
    ) {
        let machine = TriggerMachine::new(&trigger, true);
        let mut at = start();
        let (mut parts, mut one) = ([machine.start(), machine.start()], machine.start());
        for event in before {
            match event {
                Event::Element(second) => {
                    machine.on_element(&mut parts[usize::from(second)], at);
                    machine.on_element(&mut one, at);
                }
                Event::Clock(span) => at.now = at.now + span,
                Event::End | Event::Ask | Event::Merge => {}
            }
        }
        let mut merged = machine.merge(&parts, at);
        for event in after {
            match event {
                Event::Element(_) => {
                    machine.on_element(&mut merged, at);
                    machine.on_element(&mut one, at);
                }
                Event::Clock(span) => at.now = at.now + span,
                Event::End => at.is_complete = true,
                Event::Ask | Event::Merge => {
                    let fires = machine.should_fire(&merged, at);
                    prop_assert_eq!(fires, machine.should_fire(&one, at));
                    if fires {
                        machine.on_fire(&mut merged, at);
                        machine.on_fire(&mut one, at);
                    }
                }
            }
        }
        prop_assert_eq!(machine.is_finished(&merged), machine.is_finished(&one));
    }
}
