//! By hand: when triggers fire, and when they have finished.

use model_tests::oracle::{Rules, Windowing};
use watershed::model::{Trigger, seconds};

use crate::script::{check, count, fixed, repeatedly, wait, watermark};

#[test]
fn an_early_count_means_at_least_and_starts_anew() {
    check(
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
    );
}

#[test]
fn what_the_early_trigger_counted_is_not_counted_by_the_late_one() {
    check(
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
    );
}

#[test]
fn an_early_trigger_in_parts_starts_anew_in_all_its_parts() {
    let early = Trigger::AfterFirst(vec![count(3), wait(5)]);
    check(
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
    );
}

#[test]
fn after_each_goes_on_to_the_next_when_one_finishes() {
    check(
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
    );
}

#[test]
fn where_windows_do_not_merge_only_the_current_one_of_after_each_counts() {
    check(
        Rules::new(fixed(10), Trigger::AfterEach(vec![count(2), count(3)])),
        "a=1@1s a=2@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s a=4@4s
         a=5@5s
           > a [0s,10s) early 1/-1 last @end = [3, 4, 5]
         a=6@6s
         the end
         ! a=6@6s [0s,10s) closed",
    );
}

#[test]
fn the_second_of_or_finally_counts_over_all_panes_of_the_first() {
    let trigger = Trigger::OrFinally(Box::new(repeatedly(count(2))), Box::new(count(5)));
    check(
        Rules::new(fixed(10), trigger),
        "a=1@1s a=2@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s
         a=4@4s a=5@5s
           > a [0s,10s) early 1/-1 last @end = [3, 4, 5]
         a=6@6s
         the end
         ! a=6@6s [0s,10s) closed",
    );
}

#[test]
fn or_finally_ends_at_the_watermark_with_an_empty_pane_if_need_be() {
    let until = watermark(None, None);
    let trigger = Trigger::OrFinally(Box::new(repeatedly(count(2))), Box::new(until));
    check(
        Rules { lateness: seconds(60), ..Rules::new(fixed(10), trigger) },
        "a=1@1s a=2@2s b=3@3s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         watermark 10s
           > a [0s,10s) on_time 1/0 last @end = []
           > b [0s,10s) on_time 0/0 first last @end = [3]
         b=4@4s
         the end
         ! b=4@4s [0s,10s) closed",
    );
}

#[test]
fn after_all_waits_for_the_last() {
    let trigger = repeatedly(Trigger::AfterAll(vec![count(2), wait(5)]));
    check(
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
    );
}

#[test]
fn after_first_takes_what_comes_first_and_all_start_anew() {
    let trigger = repeatedly(Trigger::AfterFirst(vec![count(3), wait(5)]));
    check(
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
    );
}

#[test]
fn a_deadline_is_rounded_up_to_the_grid_and_stays_if_it_is_on_it() {
    let wait = Trigger::AfterProcessingTime { delay: seconds(2), align: Some(seconds(7)) };
    check(
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
    );
}

#[test]
fn what_was_ready_all_along_is_asked_at_the_end_of_the_window() {
    let trigger = repeatedly(Trigger::AfterFirst(vec![count(3), watermark(None, None)]));
    check(
        Rules { lateness: seconds(20), ..Rules::new(fixed(10), trigger) },
        "a=1@1s
         watermark 10s
           > a [0s,10s) on_time 0/0 first @end = [1]
         a=2@2s
           > a [0s,10s) late 1/1 @end = [2]
         the end",
    );
}

#[test]
fn once_after_the_watermark_is_all_where_lateness_comes_later() {
    check(
        Rules { lateness: seconds(20), ..Rules::new(fixed(10), watermark(None, None)) },
        "a=1@1s
         watermark 10s
           > a [0s,10s) on_time 0/0 first last @end = [1]
         a=2@2s
         the end
         ! a=2@2s [0s,10s) closed",
    );
}

#[test]
fn what_an_upstream_grouping_waited_for_is_not_waited_for_again() {
    check(
        Rules::new(fixed(10), repeatedly(Trigger::AfterSynchronizedProcessingTime)),
        "a=1@1s a=2@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s
           > a [0s,10s) early 1/-1 @end = [3]
         the end",
    );
}
