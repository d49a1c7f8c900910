//! Each trigger alone, in one window. The names of the behaviours are those of the conformance suite.

use watershed_model::{Timestamp, Trigger, micros};
use watershed_runner_core::{At, TriggerMachine};

use crate::play::{Play, play, plays};

#[test]
fn tr_01_default_fires_at_the_end_and_for_each_late_bundle() {
    plays(&[
        ("default", "e eee | e ee", "- - F F F"),
        ("default", "| e", "F F"),
        ("repeatedly(after_watermark)", "e | e ee", "- F F F"),
    ]);
}

#[test]
fn tr_02_after_watermark_fires_early_on_time_and_late() {
    plays(&[
        ("after_watermark", "e | e", "- X -"),
        ("after_watermark(early=after_count(2))", "e e e | e", "- F - X -"),
        ("after_watermark(late=after_count(2))", "eee | e e e e", "- F - F - F"),
        ("after_watermark(early=after_count(2),late=after_count(1))", "e e e | e e", "- F - F F F"),
        ("after_watermark(early=never,late=never)", "e | e", "- F -"),
        // The first element comes after the end: that firing is the on-time one.
        ("after_watermark(late=after_count(2))", "? | e e e", "- F - F -"),
    ]);
}

#[test]
fn tr_03_a_count_is_at_least_n_at_the_end_of_a_bundle() {
    plays(&[
        ("after_count(3)", "e e e e", "- - X -"),
        ("after_count(3)", "ee ee", "- X"),
        ("repeatedly(after_count(3))", "eeeee e e e", "F - - F"),
        ("after_count(3)", "ee | ?", "- - -"),
    ]);
}

#[test]
fn tr_05_repeatedly_goes_on_and_once_only_ends() {
    plays(&[
        ("after_count(1)", "e e |", "X - -"),
        ("repeatedly(after_count(1))", "e e | e", "F F - F"),
        ("after_processing_time(5s)", "e +5 e +5", "- X - -"),
        ("repeatedly(after_processing_time(5s))", "e +5 +9 e +4 +1", "- F - - - F"),
        ("repeatedly(after_each(after_count(1),after_count(2)))", "e e e e e e", "F - F F - F"),
    ]);
}

#[test]
fn tr_06_or_finally_ends_by_either() {
    plays(&[
        ("or_finally(repeatedly(after_count(2)),after_watermark)", "e e e | e", "- F - X -"),
        ("or_finally(after_count(2),after_watermark)", "e e |", "- X -"),
        ("or_finally(default,after_count(3))", "e | e e", "- F F X"),
        ("or_finally(never,after_processing_time(3s))", "e +3", "- X"),
    ]);
}

#[test]
fn tr_06_after_each_goes_in_order() {
    plays(&[
        ("after_each(after_count(1),after_count(2),after_watermark)", "e e e | e", "F - F X -"),
        ("after_each(after_count(2),after_processing_time(4s))", "e e +9 e +3 +1", "- F - - - X"),
        // What the second would have counted meanwhile is not its pane.
        ("after_each(after_count(3),after_count(2))", "ee e e e", "- F - X"),
        // The window is complete, but nothing asks until something comes.
        ("after_each(after_count(1),after_watermark)", "| e e", "- F X"),
        ("after_each(default,after_count(1))", "e | e", "- F F"),
    ]);
}

#[test]
fn tr_06_after_all_waits_for_all_and_after_first_for_any() {
    plays(&[
        ("after_all(after_count(2),after_watermark)", "e e | e", "- - X -"),
        ("after_all(after_count(2),after_watermark)", "e | e", "- - X"),
        ("after_all(after_count(2),never)", "ee |", "- -"),
        ("after_first(after_count(2),after_watermark)", "e e |", "- X -"),
        ("after_first(after_count(2),after_watermark)", "e | e", "- X -"),
        ("after_first(never,after_all(after_count(1),after_processing_time(1s)))", "e +1", "- X"),
    ]);
}

#[test]
fn tr_06_never_is_never_ready() {
    plays(&[("never", "e eee | e +99", "- - - - -")]);
}

#[test]
fn tr_07_triggers_stand_in_one_another() {
    plays(&[
        (
            "repeatedly(after_first(after_count(3),after_processing_time(5s)))",
            "e +5 e e e +4 e +5",
            "- F - - F - - F",
        ),
        ("after_each(after_count(2),repeatedly(after_watermark))", "e e e | e", "- F - F F"),
        (
            "or_finally(after_watermark(early=after_count(2),late=after_count(1)),after_count(5))",
            "e e e | e e",
            "- F - F F X",
        ),
        (
            "after_watermark(early=after_first(after_count(2),after_processing_time(9s)))",
            "e +8 e e +8 +1 |",
            "- - F - - F X",
        ),
        (
            "after_watermark(early=after_all(after_count(2),after_processing_time(3s)))",
            "ee +3 e +3 e |",
            "- F - - F X",
        ),
    ]);
}

#[test]
fn tr_11_early_and_late_repeat_and_the_early_count_stays_behind() {
    plays(&[
        ("after_watermark(early=after_count(3),late=after_count(3))", "ee | e e e", "- F - - F"),
        ("after_watermark(early=after_count(1),late=after_count(2))", "e e | e e e", "F F F - F -"),
        (
            "after_watermark(early=after_processing_time(5s),late=after_processing_time(5s))",
            "e +3 | +9 e +5 e +5",
            "- - F - - F - F",
        ),
        // A whole subtree starts anew, not only its root.
        (
            "after_watermark(late=after_first(after_count(2),after_all(after_count(1),never)))",
            "| e e e e",
            "F - F - F",
        ),
    ]);
}

#[test]
fn tr_13_processing_time_is_due_at_its_target_and_starts_anew_with_the_next_pane() {
    plays(&[
        ("repeatedly(after_processing_time(5s))", "e +4 e +1 +9 e +4 +1", "- - - F - - - F"),
        // From 1 two seconds and up to the grid of seven: 7. From 7: 14. From 19: 21, which is on it.
        (
            "repeatedly(after_processing_time(2s,align=7s))",
            "+1 e +5 +1 e +6 +1 +5 e +1 +1",
            "- - - F - - F - - - F",
        ),
        ("repeatedly(after_processing_time(2s,align=7s))", "+5 e +1 +1", "- - - F"),
        ("after_processing_time(0s)", "e", "X"),
        ("after_synchronized_processing_time", "? e e", "- X -"),
        ("repeatedly(after_synchronized_processing_time)", "e ee +1 e", "F F - F"),
    ]);
}

#[test]
fn tr_13_the_last_microsecond_before_the_target_is_too_early() {
    let machine = TriggerMachine::new(&Trigger::parse("after_processing_time(5s)").unwrap(), false);
    let mut state = machine.start();
    let at = |now| At { is_complete: false, now };
    let target = Timestamp::from_seconds(105);
    machine.on_element(&mut state, at(Timestamp::from_seconds(100)));
    machine.on_element(&mut state, at(Timestamp::from_seconds(104)));
    assert_eq!(machine.next_deadline(&state, target - micros(1)), Some(target));
    assert_eq!(machine.next_deadline(&state, target), None);
    assert!(!machine.should_fire(&state, at(target - micros(1))));
    assert!(machine.should_fire(&state, at(target)));
}

#[test]
fn tr_14_until_counts_over_all_panes_and_the_first_anew_in_each() {
    plays(&[
        ("or_finally(repeatedly(after_count(2)),after_count(5))", "e e e e e e", "- F - F X -"),
        (
            "or_finally(repeatedly(after_count(2)),after_processing_time(5s))",
            "e +2 e +2 e +1",
            "- - F - - X",
        ),
        (
            "repeatedly(or_finally(repeatedly(after_count(2)),after_count(3)))",
            "e e e e e",
            "- F F - F",
        ),
    ]);
}

#[test]
fn where_windows_merge_a_firing_of_after_each_empties_until_too() {
    let trigger = "after_each(or_finally(repeatedly(after_count(2)),after_count(5)),never)";
    assert_eq!(play(trigger, "e e e e e e"), "- F - F F -");
    let mut merging = Play::new(&Trigger::parse(trigger).unwrap(), true);
    assert_eq!(merging.run("e e e e e e"), "- F - F - F");
}

#[test]
fn deadlines_are_those_of_leaves_that_wait() {
    let mut play = Play::new(
        &Trigger::parse(
            "repeatedly(after_first(after_processing_time(9s),after_processing_time(5s)))",
        )
        .unwrap(),
        false,
    );
    assert_eq!(play.deadline(), None);
    play.run("e");
    assert_eq!(play.deadline(), Some(5));
    play.run("+5");
    assert_eq!(play.deadline(), None, "firing by one starts the other anew");
    play.run("e +1");
    assert_eq!(play.deadline(), Some(10));

    let deadline_after = |trigger: &str, script| {
        let mut play = Play::new(&Trigger::parse(trigger).unwrap(), false);
        play.run(script);
        play.deadline()
    };
    let first = "after_first(after_count(1),after_processing_time(5s))";
    assert_eq!(deadline_after(&format!("after_each({first},never)"), "e"), None);
    let by_until = "or_finally(after_processing_time(5s),after_count(1))";
    assert_eq!(deadline_after(&format!("after_each({by_until},never)"), "e"), None);
    // `until` holds on, though its `or_finally` has finished by the first.
    let by_first = "or_finally(after_count(1),after_processing_time(5s))";
    assert_eq!(deadline_after(&format!("after_each({by_first},never)"), "e"), Some(5));
}

#[test]
fn what_waits_for_the_watermark_is_known() {
    let watches =
        |text| TriggerMachine::new(&Trigger::parse(text).unwrap(), false).watches_watermark();
    for text in [
        "default",
        "after_watermark",
        "after_watermark(late=after_count(1))",
        "repeatedly(after_first(after_count(1),after_watermark))",
        "or_finally(after_count(1),after_watermark)",
    ] {
        assert!(watches(text), "{text}");
    }
    for text in ["never", "after_count(1)", "repeatedly(after_processing_time(1s))"] {
        assert!(!watches(text), "{text}");
    }
}

#[test]
fn more_nodes_than_bits_in_a_word_are_no_matter() {
    let parts =
        |last: &str| format!("after_each({},{last})", vec!["after_count(1)"; 100].join(","));
    let mut play = Play::new(&Trigger::parse(&parts("after_watermark")).unwrap(), false);
    let script = "e ".repeat(100);
    assert_eq!(play.run(&script), vec!["F"; 100].join(" "));
    assert_eq!(play.run("e | e"), "- X -");
}
