//! By hand: the event times of panes, and what they owe to the hold.

use watershed::model::{AccumulationMode::Accumulating, TimestampCombiner::*, Trigger, seconds};

use crate::oracle::Rules;

use super::{
    play::{Play, count, fixed, sessions, watermark},
    scripts,
};

scripts! {
    earliest_leaves_out_what_is_behind_the_watermark: "WN-07", "WN-16";
    what_the_windows_own_hold_waits_for_is_not_behind: "WN-16";
    a_window_with_only_elements_behind_has_no_hold_and_so_is_late: "PA-08", "WN-16";
    a_new_pane_starts_afresh_also_when_it_shows_what_was_in_the_last: "WN-07", "WN-16";
    holds_combine_when_sessions_merge: "WN-07";
}

fn earliest_leaves_out_what_is_behind_the_watermark() -> Vec<Play> {
    vec![Play::of(
        Rules {
            timestamp_combiner: Earliest,
            lateness: seconds(20),
            ..Rules::new(fixed(10), Trigger::Default)
        },
        "watermark 3s
         a=1@5s a=2@2s a=3@4s
         watermark 10s
           > a [0s,10s) on_time 0/0 first @4s = [1, 2, 3]
         a=4@6s
           > a [0s,10s) late 1/1 @end = [4]
         the end",
    )]
}

fn what_the_windows_own_hold_waits_for_is_not_behind() -> Vec<Play> {
    vec![Play::of(
        Rules { timestamp_combiner: Earliest, ..Rules::new(fixed(10), Trigger::Default) },
        "a=1@2s b=2@4s
         watermark 5s
         a=3@3s b=4@3s
         a=5@1s
         watermark 10s
           > a [0s,10s) on_time 0/0 first last @2s = [1, 3, 5]
           > b [0s,10s) on_time 0/0 first last @4s = [2, 4]
         the end",
    )]
}

fn a_window_with_only_elements_behind_has_no_hold_and_so_is_late() -> Vec<Play> {
    let rules = |timestamp_combiner| Rules {
        timestamp_combiner,
        lateness: seconds(20),
        ..Rules::new(fixed(10), Trigger::Never)
    };
    vec![
        Play::of(
            rules(Earliest),
            "watermark 3s
             a=1@2s b=2@3s
             watermark 10s
             watermark 30s
               > a [0s,10s) late 0/0 first last @end = [1]
               > b [0s,10s) on_time 0/0 first last @3s = [2]
             the end",
        ),
        // With the end of the window all that comes before the end is held there.
        Play::of(
            rules(EndOfWindow),
            "watermark 3s
             a=1@2s
             watermark 10s
             watermark 30s
               > a [0s,10s) on_time 0/0 first last @end = [1]
             the end",
        ),
    ]
}

fn a_new_pane_starts_afresh_also_when_it_shows_what_was_in_the_last() -> Vec<Play> {
    vec![Play::of(
        Rules {
            timestamp_combiner: Latest,
            mode: Accumulating,
            ..Rules::new(fixed(10), watermark(Some(count(2)), None))
        },
        "a=1@8s a=2@3s
           > a [0s,10s) early 0/-1 first @8s = [1, 2]
         a=3@5s
         watermark 10s
           > a [0s,10s) on_time 1/0 last @5s = [1, 2, 3]
         the end",
    )]
}

fn holds_combine_when_sessions_merge() -> Vec<Play> {
    let rules = |timestamp_combiner| Rules {
        timestamp_combiner,
        lateness: seconds(60),
        ..Rules::new(sessions(5), Trigger::Never)
    };
    let before = "a=1@1s
         a=2@6s
         watermark 20s
         a=3@4s\n";
    vec![
        // The merged session has ended, but what is in it came in time.
        Play::of(
            rules(Earliest),
            format!("{before} the end\n > a [1s,11s) on_time 0/0 first last @1s = [1, 2, 3]"),
        ),
        Play::of(
            rules(Latest),
            format!("{before} the end\n > a [1s,11s) on_time 0/0 first last @6s = [1, 2, 3]"),
        ),
        // The hold at the end of the window is that of the merged one, which has passed.
        Play::of(
            rules(EndOfWindow),
            format!("{before} the end\n > a [1s,11s) late 0/0 first last @end = [1, 2, 3]"),
        ),
    ]
}
