//! Every rule of the table's column "in a merge".

use crate::play::Play;

const OPEN: bool = false;
const COMPLETE: bool = true;

/// Windows that played these scripts become one; what does it do then?
fn merged(trigger: &str, parts: &[&str], is_complete: bool, then: &str) -> String {
    let outcome = Play::merged(trigger, parts, is_complete).run(then);
    let reversed: Vec<&str> = parts.iter().rev().copied().collect();
    let other = Play::merged(trigger, &reversed, is_complete).run(then);
    assert_eq!(outcome, other, "{trigger}: the order of the parts shows");
    outcome
}

/// Stands before a trigger whose finishing is to be looked at: a root that has finished merges no
/// more, but the first of a sequence does.
fn then_never(first: &str) -> String {
    format!("after_each({first},after_count(9))")
}

#[test]
fn default_is_armed_again() {
    assert_eq!(merged("default", &["e |", "e"], OPEN, "? e | e"), "- - F F");
    assert_eq!(merged("default", &["e |", "e |"], COMPLETE, "e"), "F");
}

#[test]
fn a_watermark_has_finished_if_it_has_in_all_and_the_new_end_is_reached() {
    let trigger = &then_never("after_watermark");
    assert_eq!(merged(trigger, &["e |", "e |"], COMPLETE, "e ?"), "- -");
    assert_eq!(merged(trigger, &["e |", "e"], COMPLETE, "e e"), "F -");
    assert_eq!(merged(trigger, &["e |", "e |"], OPEN, "e | e"), "- F -");
}

#[test]
fn tr_15_a_session_that_was_on_time_and_grows_is_early_again() {
    let trigger = "after_watermark(early=after_count(2),late=after_count(1))";
    assert_eq!(merged(trigger, &["e | e"], OPEN, "e e e | e"), "- F - F F");
    assert_eq!(merged(trigger, &["e | e", "e | e"], OPEN, "ee | e"), "F F F");
}

#[test]
fn an_early_count_begins_at_0_if_a_part_was_past_its_on_time_firing() {
    let trigger = "after_watermark(early=after_count(3),late=after_count(1))";
    assert_eq!(merged(trigger, &["e", "e"], OPEN, "e e"), "F -");
    assert_eq!(merged(trigger, &["e |", "ee"], OPEN, "e e e"), "- - F");
    // What stands deeper has been reset there, and merges as ever.
    let trigger = "after_watermark(early=after_first(after_count(3),never),late=after_count(1))";
    assert_eq!(merged(trigger, &["e |", "ee"], OPEN, "e e"), "F -");
}

#[test]
fn a_part_that_was_not_on_time_yet_takes_all_back_to_it() {
    let trigger = "after_watermark(early=after_count(9),late=after_count(3))";
    assert_eq!(merged(trigger, &["e | e", "e"], COMPLETE, "? e e e"), "F - - F");
}

#[test]
fn late_states_merge_if_all_were_on_time_and_the_new_end_is_reached() {
    let trigger = "after_watermark(early=after_count(9),late=after_count(3))";
    assert_eq!(merged(trigger, &["e | e", "e | e"], COMPLETE, "e e"), "F -");
    // Going back to the early phase lets the late one start anew.
    assert_eq!(merged(trigger, &["e | ee", "e | ee"], OPEN, "| e e e"), "F - - F");
    // Without late firings it has finished.
    let trigger = &then_never("after_watermark(early=after_count(9))");
    assert_eq!(merged(trigger, &["e |", "e |"], COMPLETE, "? eeeeeeeee"), "- X");
    assert_eq!(merged(trigger, &["e |", "e |"], OPEN, "? |"), "- F");
}

#[test]
fn tr_08_counts_add_up_and_one_that_finished_has_finished() {
    let trigger = "repeatedly(after_count(5))";
    assert_eq!(merged(trigger, &["ee", "e"], OPEN, "e e"), "- F");
    assert_eq!(merged(trigger, &["ee", "ee", "eeeee e"], OPEN, "?"), "F");
    let trigger = "after_each(after_count(2),after_count(3))";
    assert_eq!(merged(trigger, &["ee e", "e"], OPEN, "? e e"), "- X -", "1 + 1 + 1");
    assert_eq!(merged(trigger, &["e", "e"], OPEN, "? e e e"), "F - - X");
}

#[test]
fn tr_08_the_earliest_deadline_counts_and_a_merge_never_finishes() {
    let trigger = "repeatedly(after_processing_time(10s))";
    let mut session = Play::merged(trigger, &["+4 e +2", "+1 e +1", ""], OPEN);
    assert_eq!(session.deadline(), Some(11));
    assert_eq!(session.run("e +4 +1 +20"), "- - F -");
    // One that has fired has none, so the other's counts; if all have, the next element's.
    let trigger = &then_never("after_processing_time(10s)");
    let mut session = Play::merged(trigger, &["e +10", "+3 e"], OPEN);
    assert_eq!(session.deadline(), Some(13));
    assert_eq!(session.run("+2 +1"), "- F");
    let mut session = Play::merged(trigger, &["e +10", "e +10"], OPEN);
    assert_eq!((session.deadline(), session.run("? e +10")), (None, "- - F".into()));
}

#[test]
fn what_waits_for_nothing_keeps_that_something_has_arrived() {
    let trigger = "after_all(after_synchronized_processing_time,after_count(3))";
    assert_eq!(merged(trigger, &["e", "e"], OPEN, "e"), "X");
    let trigger = &then_never("after_synchronized_processing_time");
    assert_eq!(merged(trigger, &["e", "e"], OPEN, "? e"), "- F");
}

#[test]
fn or_finally_merges_both_and_finishes_by_either() {
    let trigger = "or_finally(repeatedly(after_count(3)),after_count(8))";
    assert_eq!(merged(trigger, &["eee e", "eee"], OPEN, "e"), "X", "until: 4 + 3 + 1");
    assert_eq!(merged(trigger, &["e", "e"], OPEN, "e ee eee"), "F - X");
    let trigger = &then_never("or_finally(never,after_count(2))");
    assert_eq!(merged(trigger, &["ee", "e"], OPEN, "e eeeeeeee"), "- X");
    // It finished by `until`, which no merge finishes; the first was emptied and had not fired.
    let trigger = &then_never("or_finally(after_count(5),after_processing_time(9s))");
    assert_eq!(merged(trigger, &["eee +9", "+1 eee"], OPEN, "? e e"), "- - F");
}

#[test]
fn tr_20_after_each_goes_in_order_while_those_before_are_finished() {
    let trigger = "after_each(after_watermark,after_count(2),after_count(3))";
    // One session is at its third part, the other at its first: all begins with the first again.
    assert_eq!(merged(trigger, &["e | ee ee", "e"], OPEN, "e | e e ee e"), "- F - F - X");
    // Both are past the first, and the new end is reached; the second has finished in one, which is
    // enough for a count; the third adds up 2 + 1 + 1.
    assert_eq!(merged(trigger, &["e | ee ee", "e | e"], COMPLETE, "e"), "X");
    // The first is alive again: what the second and third had counted is gone.
    assert_eq!(merged(trigger, &["e | ee ee", "e | ee ee"], OPEN, "| e ee"), "F - F");
}

#[test]
fn an_after_each_that_finished_in_one_may_have_finished() {
    let trigger = &then_never("after_each(after_count(1),after_count(1))");
    assert_eq!(merged(trigger, &["e e", "e"], OPEN, "eeeeeeee e"), "- X");
}

#[test]
fn tr_20_after_all_has_finished_if_all_have() {
    let all = "after_all(after_count(2),after_watermark)";
    // The count has finished in one, the watermark in one only: the count is done, and no more is
    // waited for than the watermark.
    assert_eq!(merged(&then_never(all), &["ee |", "e"], OPEN, "? | e"), "- F -");
    assert_eq!(merged(&then_never(all), &["ee |", ""], COMPLETE, "? ?"), "F -");
    assert_eq!(merged(&then_never(all), &["ee |", "ee |"], COMPLETE, "?"), "-");
    assert_eq!(merged(&then_never(all), &["e", "e"], OPEN, "? |"), "- F");
}

#[test]
fn after_first_has_finished_if_any_has() {
    let first = "after_first(after_count(2),after_watermark)";
    assert_eq!(merged(&then_never(first), &["ee", "e"], OPEN, "e |"), "- -");
    // It finished by the watermark, which is armed again.
    assert_eq!(merged(&then_never(first), &["e |", ""], OPEN, "e e"), "- F");
    assert_eq!(merged(&then_never(first), &["e", "e"], OPEN, "? |"), "F -");
}

#[test]
fn a_part_of_after_each_that_is_not_its_turn_saw_all_since_the_last_firing() {
    // In the second session two elements have come since the firing; the merge makes them count.
    let trigger = "after_each(after_watermark,after_count(4))";
    assert_eq!(merged(trigger, &["e | e", "e | ee"], COMPLETE, "e"), "X");
    // Here the first part is current in one, whose elements the second part has seen too.
    let trigger = "after_each(after_count(3),after_count(5))";
    assert_eq!(merged(trigger, &["eee e", "ee"], OPEN, "e e"), "- X", "1 + 2 + 1 + 1");
}

#[test]
fn never_stays_never() {
    assert_eq!(merged("never", &["e |", "e"], COMPLETE, "e ?"), "- -");
}
