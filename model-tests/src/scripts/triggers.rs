//! By hand: when triggers fire, and when they have finished.

use watershed::model::{Trigger, seconds};

use crate::oracle::{Rules, Windowing};

use super::{
    play::{Play, count, fixed, repeatedly, wait, watermark},
    scripts,
};

scripts! {
    an_early_count_means_at_least_and_starts_anew: "TR-02", "TR-03", "TR-12";
    what_the_early_trigger_counted_is_not_counted_by_the_late_one: "TR-11";
    an_early_trigger_in_parts_starts_anew_in_all_its_parts: "TR-07", "TR-11";
    after_each_goes_on_to_the_next_when_one_finishes: "TR-06", "TR-07";
    where_windows_do_not_merge_only_the_current_one_of_after_each_counts: "TR-06";
    the_second_of_or_finally_counts_over_all_panes_of_the_first: "TR-06", "TR-14";
    or_finally_ends_at_the_watermark_with_an_empty_pane_if_need_be: "TR-06", "PA-09";
    after_all_waits_for_the_last: "TR-04", "TR-06";
    after_first_takes_what_comes_first_and_all_start_anew: "TR-06", "TR-07", "TR-10";
    a_deadline_is_rounded_up_to_the_grid_and_stays_if_it_is_on_it: "TR-04", "TR-10", "TR-13";
    what_was_ready_all_along_is_asked_at_the_end_of_the_window: "TR-06", "TR-07";
    once_after_the_watermark_is_all_where_lateness_comes_later: "TR-05";
    what_an_upstream_grouping_waited_for_is_not_waited_for_again: "TR-17";
}

fn an_early_count_means_at_least_and_starts_anew() -> Vec<Play> {
    vec![Play::of(
        Rules::new(fixed(10), watermark(Some(count(2)), None)),
        "a=1@1s
         a=2@2s b=9@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s a=4@4s a=5@5s
           > a [0s,10s) early 1/-1 @end = [3, 4, 5]
         a=6@6s
         watermark 10s
           > a [0s,10s) on_time 2/0 last @end = [6]
           > b [0s,10s) on_time 0/0 first last @end = [9]
         the end",
    )]
}

fn what_the_early_trigger_counted_is_not_counted_by_the_late_one() -> Vec<Play> {
    vec![Play::of(
        Rules {
            lateness: seconds(20),
            ..Rules::new(fixed(10), watermark(Some(count(3)), Some(count(2))))
        },
        "a=1@1s a=2@2s
         watermark 10s
           > a [0s,10s) on_time 0/0 first @end = [1, 2]
         a=3@3s
         a=4@4s
           > a [0s,10s) late 1/1 @end = [3, 4]
         a=5@5s
         the end
           > a [0s,10s) late 2/2 last @end = [5]",
    )]
}

fn an_early_trigger_in_parts_starts_anew_in_all_its_parts() -> Vec<Play> {
    let early = Trigger::AfterFirst(vec![count(3), wait(5)]);
    vec![Play::of(
        Rules::new(fixed(10), watermark(Some(early), None)),
        "clock 0s
         a=1@1s a=2@2s
         clock 5s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s a=4@4s
         clock 9s
         a=5@5s
           > a [0s,10s) early 1/-1 @end = [3, 4, 5]
         clock 10s
         the end
           > a [0s,10s) on_time 2/0 last @end = []",
    )]
}

fn after_each_goes_on_to_the_next_when_one_finishes() -> Vec<Play> {
    vec![Play::of(
        Rules {
            lateness: seconds(20),
            ..Rules::new(
                fixed(10),
                Trigger::AfterEach(vec![count(2), repeatedly(watermark(None, None))]),
            )
        },
        "a=1@1s a=2@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s a=4@4s
         watermark 10s
           > a [0s,10s) on_time 1/0 @end = [3, 4]
         a=5@5s
           > a [0s,10s) late 2/1 @end = [5]
         the end",
    )]
}

fn where_windows_do_not_merge_only_the_current_one_of_after_each_counts() -> Vec<Play> {
    vec![Play::of(
        Rules::new(fixed(10), Trigger::AfterEach(vec![count(2), count(3)])),
        "a=1@1s a=2@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s a=4@4s
         a=5@5s
           > a [0s,10s) early 1/-1 last @end = [3, 4, 5]
         a=6@6s
         the end
         ! a=6@6s [0s,10s) closed",
    )]
}

fn the_second_of_or_finally_counts_over_all_panes_of_the_first() -> Vec<Play> {
    let trigger = Trigger::OrFinally(Box::new(repeatedly(count(2))), Box::new(count(5)));
    vec![Play::of(
        Rules::new(fixed(10), trigger),
        "a=1@1s a=2@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s
         a=4@4s a=5@5s
           > a [0s,10s) early 1/-1 last @end = [3, 4, 5]
         a=6@6s
         the end
         ! a=6@6s [0s,10s) closed",
    )]
}

fn or_finally_ends_at_the_watermark_with_an_empty_pane_if_need_be() -> Vec<Play> {
    let until = watermark(None, None);
    let trigger = Trigger::OrFinally(Box::new(repeatedly(count(2))), Box::new(until));
    vec![Play::of(
        Rules { lateness: seconds(60), ..Rules::new(fixed(10), trigger) },
        "a=1@1s a=2@2s b=3@3s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         watermark 10s
           > a [0s,10s) on_time 1/0 last @end = []
           > b [0s,10s) on_time 0/0 first last @end = [3]
         b=4@4s
         the end
         ! b=4@4s [0s,10s) closed",
    )]
}

fn after_all_waits_for_the_last() -> Vec<Play> {
    let trigger = repeatedly(Trigger::AfterAll(vec![count(2), wait(5)]));
    vec![Play::of(
        Rules::new(fixed(10), trigger),
        "clock 100s
         a=1@1s b=2@2s b=3@2s
         clock 105s
           > b [0s,10s) early 0/-1 first @end = [2, 3]
         a=4@4s
           > a [0s,10s) early 0/-1 first @end = [1, 4]
         a=5@5s
         clock 109s
         a=6@6s
         clock 110s
           > a [0s,10s) early 1/-1 @end = [5, 6]
         the end",
    )]
}

fn after_first_takes_what_comes_first_and_all_start_anew() -> Vec<Play> {
    let trigger = repeatedly(Trigger::AfterFirst(vec![count(3), wait(5)]));
    vec![Play::of(
        Rules::new(Windowing::Global, trigger),
        "clock 0s
         a=1@1s a=2@2s
         clock 5s
           > a global early 0/-1 first @end = [1, 2]
         a=3@3s a=4@4s
         a=5@5s
           > a global early 1/-1 @end = [3, 4, 5]
         clock 7s
         a=6@6s
         clock 11999999us
         the end
           > a global on_time 2/0 last @end = [6]",
    )]
}

fn a_deadline_is_rounded_up_to_the_grid_and_stays_if_it_is_on_it() -> Vec<Play> {
    let wait = Trigger::AfterProcessingTime { delay: seconds(2), align: Some(seconds(7)) };
    vec![Play::of(
        Rules::new(fixed(10), repeatedly(wait)),
        "clock 1s
         a=1@1s
         clock 6999999us
         clock 7s
           > a [0s,10s) early 0/-1 first @end = [1]
         clock 12s
         a=2@2s
         clock 13999999us
         clock 14s
           > a [0s,10s) early 1/-1 @end = [2]
         clock -7s
         a=3@3s
         the end
           > a [0s,10s) on_time 2/0 last @end = [3]",
    )]
}

fn what_was_ready_all_along_is_asked_at_the_end_of_the_window() -> Vec<Play> {
    let trigger = repeatedly(Trigger::AfterFirst(vec![count(3), watermark(None, None)]));
    vec![Play::of(
        Rules { lateness: seconds(20), ..Rules::new(fixed(10), trigger) },
        "a=1@1s
         watermark 10s
           > a [0s,10s) on_time 0/0 first @end = [1]
         a=2@2s
           > a [0s,10s) late 1/1 @end = [2]
         the end",
    )]
}

fn once_after_the_watermark_is_all_where_lateness_comes_later() -> Vec<Play> {
    vec![Play::of(
        Rules { lateness: seconds(20), ..Rules::new(fixed(10), watermark(None, None)) },
        "a=1@1s
         watermark 10s
           > a [0s,10s) on_time 0/0 first last @end = [1]
         a=2@2s
         the end
         ! a=2@2s [0s,10s) closed",
    )]
}

fn what_an_upstream_grouping_waited_for_is_not_waited_for_again() -> Vec<Play> {
    vec![Play::of(
        Rules::new(fixed(10), repeatedly(Trigger::AfterSynchronizedProcessingTime)),
        "a=1@1s a=2@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s
           > a [0s,10s) early 1/-1 @end = [3]
         the end",
    )]
}
