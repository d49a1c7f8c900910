//! By hand: sessions that merge, with all that hangs on them.

use watershed::model::{
    AccumulationMode::{Accumulating, Discarding},
    Trigger, seconds,
};

use crate::oracle::Rules;

use super::{
    play::{Play, count, repeatedly, sessions, wait, watermark},
    scripts,
};

scripts! {
    sessions_that_touch_are_two_and_one_microsecond_nearer_one: "WN-12";
    an_element_between_two_sessions_makes_them_one: "WN-03";
    a_session_that_was_on_time_can_be_so_again_when_it_has_grown: "TR-15", "WN-03", "PA-04";
    a_session_that_grows_after_its_end_is_late: "PA-04", "PA-12", "WN-03";
    an_element_too_late_is_dropped_though_a_live_session_would_take_it: "WN-14";
    an_open_session_is_not_hurt_by_a_closed_one_beside_it: "WN-14";
    an_element_within_a_session_merges_nothing_and_the_panes_count_on: "PA-12";
    counts_add_up_in_a_merge: "TR-03", "TR-08";
    a_part_that_was_on_time_makes_the_early_count_start_from_0: "TR-08", "TR-15";
    late_counts_merge_where_all_parts_were_on_time_and_the_new_end_is_past: "TR-08";
    after_each_goes_on_in_a_session_that_grows_after_its_end: "TR-08", "TR-20";
    a_finished_session_takes_no_part_in_merges: "TR-19", "WM-13";
    what_is_assigned_a_finished_window_is_closed_though_it_would_merge_into_another: "TR-19";
    a_tombstone_is_gone_when_its_window_expires: "TR-19", "WM-13";
    after_each_takes_the_first_as_finished_when_one_part_has_fired: "TR-20";
    a_wait_that_is_over_begins_again_when_its_session_grows: "TR-08", "TR-20";
    the_earliest_deadline_counts_in_a_merge: "TR-04", "TR-08";
    keys_have_sessions_of_their_own: "WN-03";
}

fn sessions_that_touch_are_two_and_one_microsecond_nearer_one() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), Trigger::Default),
        "a=1@1s b=2@1s
         a=3@6s b=4@5999999us
         the end
           > a [1s,6s) on_time 0/0 first last @end = [1]
           > b [1s,10999999us) on_time 0/0 first last @end = [2, 4]
           > a [6s,11s) on_time 0/0 first last @end = [3]",
    )]
}

fn an_element_between_two_sessions_makes_them_one() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), Trigger::Default),
        "a=1@1s
         a=2@10s
         a=3@5500ms
         watermark 14999999us
         watermark 15s
           > a [1s,15s) on_time 0/0 first last @end = [1, 2, 3]
         the end",
    )]
}

fn a_session_that_was_on_time_can_be_so_again_when_it_has_grown() -> Vec<Play> {
    let rules =
        |mode| Rules { mode, lateness: seconds(20), ..Rules::new(sessions(5), Trigger::Default) };
    vec![
        Play::of(
            rules(Discarding),
            "a=1@1s
             a=2@10s
             watermark 6s
               > a [1s,6s) on_time 0/0 first @end = [1]
             a=3@5500ms
             watermark 15s
               > a [1s,15s) on_time 0/0 first @end = [2, 3]
             the end",
        ),
        Play::of(
            rules(Accumulating),
            "a=1@1s
             a=2@10s
             watermark 6s
               > a [1s,6s) on_time 0/0 first @end = [1]
             a=3@5500ms
             watermark 15s
               > a [1s,15s) on_time 0/0 first @end = [1, 2, 3]
             the end",
        ),
    ]
}

fn a_session_that_grows_after_its_end_is_late() -> Vec<Play> {
    vec![Play::of(
        Rules {
            mode: Accumulating,
            lateness: seconds(60),
            ..Rules::new(sessions(5), Trigger::Default)
        },
        "a=1@1s
         watermark 20s
           > a [1s,6s) on_time 0/0 first @end = [1]
         a=2@4s
           > a [1s,9s) late 0/0 first @end = [1, 2]
         a=3@2s
           > a [1s,9s) late 1/1 @end = [1, 2, 3]
         the end",
    )]
}

fn an_element_too_late_is_dropped_though_a_live_session_would_take_it() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), Trigger::Default),
        "a=1@6s a=2@10s
         watermark 9s
         a=3@4s
         a=4@4000001us
         watermark 15s
           > a [4000001us,15s) on_time 0/0 first last @end = [1, 2, 4]
         the end
         ! a=3@4s [4s,9s) late",
    )]
}

fn an_open_session_is_not_hurt_by_a_closed_one_beside_it() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), Trigger::Default),
        "a=1@1s
         watermark 6s
           > a [1s,6s) on_time 0/0 first last @end = [1]
         a=2@3s
         a=3@1s
         a=4@4s
         the end
           > a [3s,9s) on_time 0/0 first last @end = [2, 4]
         ! a=3@1s [1s,6s) late",
    )]
}

fn an_element_within_a_session_merges_nothing_and_the_panes_count_on() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), repeatedly(count(1))),
        "a=1@1s a=2@4s
           > a [1s,9s) early 0/-1 first @end = [1, 2]
         a=3@2s
           > a [1s,9s) early 1/-1 @end = [3]
         a=4@5s
           > a [1s,10s) early 0/-1 first @end = [4]
         the end",
    )]
}

fn counts_add_up_in_a_merge() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), watermark(Some(count(3)), None)),
        "a=1@1s
         a=2@10s
         a=3@5500ms
           > a [1s,15s) early 0/-1 first @end = [1, 2, 3]
         the end
           > a [1s,15s) on_time 1/0 last @end = []",
    )]
}

fn a_part_that_was_on_time_makes_the_early_count_start_from_0() -> Vec<Play> {
    vec![Play::of(
        Rules {
            lateness: seconds(60),
            ..Rules::new(sessions(5), watermark(Some(count(3)), Some(count(1))))
        },
        "a=1@1s
         watermark 6s
           > a [1s,6s) on_time 0/0 first @end = [1]
         a=2@10s
         a=3@5500ms
         a=4@6s
         a=5@7s
           > a [1s,15s) early 0/-1 first @end = [2, 3, 4, 5]
         watermark 15s
           > a [1s,15s) on_time 1/0 @end = []
         the end",
    )]
}

fn late_counts_merge_where_all_parts_were_on_time_and_the_new_end_is_past() -> Vec<Play> {
    vec![Play::of(
        Rules { lateness: seconds(60), ..Rules::new(sessions(5), watermark(None, Some(count(3)))) },
        "a=1@1s a=2@10s
         watermark 20s
           > a [1s,6s) on_time 0/0 first @end = [1]
           > a [10s,15s) on_time 0/0 first @end = [2]
         a=3@2s
         a=4@11s
         a=5@6500ms
           > a [1s,16s) late 0/0 first @end = [3, 4, 5]
         the end",
    )]
}

fn after_each_goes_on_in_a_session_that_grows_after_its_end() -> Vec<Play> {
    // For b the count was one short when the watermark passed; the bundle that grows it fires it.
    vec![Play::of(
        Rules {
            lateness: seconds(60),
            ..Rules::new(sessions(5), Trigger::AfterEach(vec![count(2), Trigger::Default]))
        },
        "a=1@1s a=2@2s b=1@1s
           > a [1s,7s) early 0/-1 first @end = [1, 2]
         watermark 20s
           > a [1s,7s) on_time 1/0 @end = []
         a=3@6s
           > a [1s,11s) late 0/0 first @end = [3]
         b=2@3s
           > b [1s,8s) late 0/0 first @end = [1, 2]
         b=3@2s
           > b [1s,8s) late 1/1 @end = [3]
         the end",
    )]
}

fn a_finished_session_takes_no_part_in_merges() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), count(2)),
        "a=1@1s a=2@2s
           > a [1s,7s) early 0/-1 first last @end = [1, 2]
         a=3@3s
         a=4@4s
           > a [3s,9s) early 0/-1 first last @end = [3, 4]
         a=5@1s
         a=6@2s
         the end
           > a [1s,6s) on_time 0/0 first last @end = [5]
         ! a=6@2s [2s,7s) closed",
    )]
}

fn what_is_assigned_a_finished_window_is_closed_though_it_would_merge_into_another() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), count(2)),
        "a=1@1s a=2@1s
           > a [1s,6s) early 0/-1 first last @end = [1, 2]
         a=3@2s
         a=4@1s
         the end
           > a [2s,7s) on_time 0/0 first last @end = [3]
         ! a=4@1s [1s,6s) closed",
    )]
}

fn a_tombstone_is_gone_when_its_window_expires() -> Vec<Play> {
    vec![Play::of(
        Rules { lateness: seconds(5), ..Rules::new(sessions(5), count(2)) },
        "a=1@1s a=2@2s
           > a [1s,7s) early 0/-1 first last @end = [1, 2]
         watermark 10999999us
         a=3@1s
         a=4@2s
         watermark 11s
           > a [1s,6s) late 0/0 first last @end = [3]
         a=5@1s
         the end
         ! a=4@2s [2s,7s) closed
         ! a=5@1s [1s,6s) late",
    )]
}

fn after_each_takes_the_first_as_finished_when_one_part_has_fired() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), Trigger::AfterEach(vec![count(2), repeatedly(count(2))])),
        "a=1@1s a=2@2s
           > a [1s,7s) early 0/-1 first @end = [1, 2]
         a=3@10s
         a=4@6s
           > a [1s,15s) early 0/-1 first @end = [3, 4]
         the end",
    )]
}

fn a_wait_that_is_over_begins_again_when_its_session_grows() -> Vec<Play> {
    // A merge makes it current again, so the count behind it starts anew, and is cleared when it fires.
    vec![Play::of(
        Rules::new(sessions(5), Trigger::AfterEach(vec![wait(5), repeatedly(count(2))])),
        "clock 0s
         a=1@1s
         a=2@2s
         clock 5s
           > a [1s,7s) early 0/-1 first @end = [1, 2]
         a=3@3s
         clock 9s
         a=4@3s
         clock 10s
           > a [1s,8s) early 0/-1 first @end = [3, 4]
         a=5@3s
         a=6@3s
           > a [1s,8s) early 1/-1 @end = [5, 6]
         the end",
    )]
}

fn the_earliest_deadline_counts_in_a_merge() -> Vec<Play> {
    vec![Play::of(
        Rules::new(sessions(5), repeatedly(wait(5))),
        "clock 0s
         a=1@1s
         clock 3s
         a=2@10s
         a=3@5500ms
         clock 4999999us
         clock 5s
           > a [1s,15s) early 0/-1 first @end = [1, 2, 3]
         clock 8s
         the end",
    )]
}

fn keys_have_sessions_of_their_own() -> Vec<Play> {
    vec![Play::of(
        Rules { lateness: seconds(60), ..Rules::new(sessions(5), watermark(Some(count(2)), None)) },
        "a=1@1s b=2@3s
         b=3@1s
           > b [1s,8s) early 0/-1 first @end = [2, 3]
         watermark 6s
           > a [1s,6s) on_time 0/0 first last @end = [1]
         a=4@3s
         watermark 8s
           > a [3s,8s) on_time 0/0 first last @end = [4]
           > b [1s,8s) on_time 1/0 last @end = []
         the end",
    )]
}
