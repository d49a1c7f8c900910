//! By hand: which panes there are, what they say of themselves, and what is dropped.

use watershed::model::{
    AccumulationMode::Accumulating,
    Duration,
    FiringBehavior::{FireAlways, FireIfNonEmpty},
    Trigger, seconds,
};

use crate::oracle::{Combine, Rules, Windowing};

use super::{
    play::{Play, count, fixed, repeatedly, wait, watermark},
    scripts,
};

scripts! {
    a_window_is_complete_when_the_watermark_is_at_its_end_and_not_before: "WM-02", "WM-09";
    the_default_trigger_fires_for_each_bundle_of_late_elements_until_the_window_expires: "TR-01", "WM-03", "WM-09";
    early_early_on_time_late_and_late_at_last_count_from_0_to_4: "PA-01", "PA-02", "PA-07", "TR-02";
    an_empty_on_time_pane_goes_out_only_where_always_is_asked: "PA-09", "TR-02";
    an_empty_closing_pane_goes_out_only_where_always_is_asked: "PA-09", "TR-02";
    no_pane_goes_out_for_a_window_in_which_a_key_never_had_anything: "PA-09";
    a_window_whose_first_element_comes_after_its_end_starts_with_a_late_pane: "PA-08";
    what_never_fires_leaves_at_expiry_on_time_if_it_came_in_time: "TR-16";
    a_count_not_reached_leaves_at_expiry: "TR-16";
    what_comes_for_a_finished_window_is_dropped_as_closed_and_later_as_late: "TR-05", "TR-19", "WM-13", "WM-18";
    a_jump_past_end_and_expiry_gives_one_pane_on_time_and_last_in_time_order: "PA-10", "WM-06";
    at_a_jump_an_empty_pane_goes_out_if_the_trigger_watches_the_watermark: "PA-09", "PA-10", "WM-06";
    an_element_in_several_windows_loses_only_the_expired_ones: "WM-10", "WM-18";
    an_element_between_windows_is_dropped_for_want_of_one: "WN-02";
    the_global_window_ends_with_time_itself: "WN-04";
    a_step_of_both_clocks_gives_one_pane: "TR-12";
    a_clock_that_goes_back_stays_where_it_was: "TR-04", "TR-13";
}

fn a_window_is_complete_when_the_watermark_is_at_its_end_and_not_before() -> Vec<Play> {
    vec![Play::of(
        Rules::new(fixed(10), Trigger::Default),
        "a=1@1s b=2@9999999us
         a=3@10s
         watermark 9999999us
         watermark 10s
           > a [0s,10s) on_time 0/0 first last @end = [1]
           > b [0s,10s) on_time 0/0 first last @end = [2]
         the end
           > a [10s,20s) on_time 0/0 first last @end = [3]",
    )]
}

fn the_default_trigger_fires_for_each_bundle_of_late_elements_until_the_window_expires() -> Vec<Play>
{
    vec![Play::of(
        Rules { lateness: seconds(5), ..Rules::new(fixed(10), Trigger::Default) },
        "a=1@1s
         watermark 12s
           > a [0s,10s) on_time 0/0 first @end = [1]
         a=2@2s a=3@3s
           > a [0s,10s) late 1/1 @end = [2, 3]
         watermark 14999999us
         a=4@4s
           > a [0s,10s) late 2/2 @end = [4]
         watermark 15s
         a=5@5s
         the end
         ! a=5@5s [0s,10s) late",
    )]
}

fn early_early_on_time_late_and_late_at_last_count_from_0_to_4() -> Vec<Play> {
    let trigger = watermark(Some(count(2)), Some(count(2)));
    vec![Play::of(
        Rules { mode: Accumulating, lateness: seconds(20), ..Rules::new(fixed(10), trigger) },
        "a=1@1s a=2@2s
           > a [0s,10s) early 0/-1 first @end = [1, 2]
         a=3@3s a=4@4s
           > a [0s,10s) early 1/-1 @end = [1, 2, 3, 4]
         watermark 10s
           > a [0s,10s) on_time 2/0 @end = [1, 2, 3, 4]
         a=5@5s a=6@6s
           > a [0s,10s) late 3/1 @end = [1, 2, 3, 4, 5, 6]
         a=7@7s
         watermark 30s
           > a [0s,10s) late 4/2 last @end = [1, 2, 3, 4, 5, 6, 7]
         the end",
    )]
}

fn an_empty_on_time_pane_goes_out_only_where_always_is_asked() -> Vec<Play> {
    let trigger = watermark(Some(count(1)), Some(count(1)));
    let rules = |on_time| Rules {
        on_time,
        lateness: seconds(20),
        combine: Combine::Sum,
        ..Rules::new(fixed(10), trigger.clone())
    };
    vec![
        Play::of(
            rules(FireAlways),
            "a=7@1s
               > a [0s,10s) early 0/-1 first @end = 7
             watermark 10s
               > a [0s,10s) on_time 1/0 @end = 0
             a=8@2s
               > a [0s,10s) late 2/1 @end = 8
             the end",
        ),
        // What is not put out is not counted, and what comes after the end is late all the same.
        Play::of(
            rules(FireIfNonEmpty),
            "a=7@1s
               > a [0s,10s) early 0/-1 first @end = 7
             watermark 10s
             a=8@2s
               > a [0s,10s) late 1/0 @end = 8
             the end",
        ),
    ]
}

fn an_empty_closing_pane_goes_out_only_where_always_is_asked() -> Vec<Play> {
    let rules = |closing| Rules {
        closing,
        lateness: seconds(5),
        ..Rules::new(fixed(10), repeatedly(count(1)))
    };
    vec![
        // The end fires nothing, and nothing holds any more: so the last pane is a late one.
        Play::of(
            rules(FireAlways),
            "a=1@1s
               > a [0s,10s) early 0/-1 first @end = [1]
             watermark 10s
             watermark 15s
               > a [0s,10s) late 1/0 last @end = []
             the end",
        ),
        Play::of(
            rules(FireIfNonEmpty),
            "a=1@1s
               > a [0s,10s) early 0/-1 first @end = [1]
             watermark 10s
             watermark 15s
             the end",
        ),
    ]
}

fn no_pane_goes_out_for_a_window_in_which_a_key_never_had_anything() -> Vec<Play> {
    let trigger = watermark(Some(count(1)), Some(count(1)));
    vec![Play::of(
        Rules { closing: FireAlways, lateness: seconds(5), ..Rules::new(fixed(10), trigger) },
        "a=1@1s b=2@11s
           > a [0s,10s) early 0/-1 first @end = [1]
           > b [10s,20s) early 0/-1 first @end = [2]
         watermark 10s
           > a [0s,10s) on_time 1/0 @end = []
         watermark 15s
           > a [0s,10s) late 2/1 last @end = []
         b=3@4s
         the end
           > b [10s,20s) on_time 1/0 last @end = []
         ! b=3@4s [0s,10s) late",
    )]
}

fn a_window_whose_first_element_comes_after_its_end_starts_with_a_late_pane() -> Vec<Play> {
    vec![Play::of(
        Rules {
            lateness: seconds(60),
            ..Rules::new(fixed(10), watermark(Some(count(5)), Some(count(2))))
        },
        "watermark 20s
         a=1@1s
           > a [0s,10s) late 0/0 first @end = [1]
         a=2@2s
         the end
           > a [0s,10s) late 1/1 last @end = [2]",
    )]
}

fn what_never_fires_leaves_at_expiry_on_time_if_it_came_in_time() -> Vec<Play> {
    vec![Play::of(
        Rules { lateness: seconds(5), ..Rules::new(fixed(10), Trigger::Never) },
        "a=1@1s
         watermark 12s
         a=2@2s b=3@3s
         watermark 15s
           > a [0s,10s) on_time 0/0 first last @end = [1, 2]
           > b [0s,10s) late 0/0 first last @end = [3]
         the end",
    )]
}

fn a_count_not_reached_leaves_at_expiry() -> Vec<Play> {
    vec![Play::of(
        Rules { lateness: seconds(5), ..Rules::new(fixed(10), repeatedly(count(3))) },
        "a=1@1s a=2@2s a=3@3s a=4@4s
           > a [0s,10s) early 0/-1 first @end = [1, 2, 3, 4]
         a=5@5s
         watermark 10s
         a=6@6s
         watermark 15s
           > a [0s,10s) on_time 1/0 last @end = [5, 6]
         the end",
    )]
}

fn what_comes_for_a_finished_window_is_dropped_as_closed_and_later_as_late() -> Vec<Play> {
    vec![Play::of(
        Rules::new(fixed(10), count(2)),
        "a=1@1s a=2@2s a=3@3s
           > a [0s,10s) early 0/-1 first last @end = [1, 2, 3]
         a=4@4s b=5@5s
         watermark 10s
           > b [0s,10s) on_time 0/0 first last @end = [5]
         a=6@6s
         the end
         ! a=4@4s [0s,10s) closed
         ! a=6@6s [0s,10s) late",
    )]
}

fn a_jump_past_end_and_expiry_gives_one_pane_on_time_and_last_in_time_order() -> Vec<Play> {
    vec![Play::of(
        Rules { lateness: seconds(5), ..Rules::new(fixed(10), watermark(None, Some(count(1)))) },
        "a=2@11s a=1@1s b=3@3s
         watermark 40s
           > a [0s,10s) on_time 0/0 first last @end = [1]
           > b [0s,10s) on_time 0/0 first last @end = [3]
           > a [10s,20s) on_time 0/0 first last @end = [2]
         the end",
    )]
}

fn at_a_jump_an_empty_pane_goes_out_if_the_trigger_watches_the_watermark() -> Vec<Play> {
    let rules = |trigger| Rules { lateness: seconds(5), ..Rules::new(fixed(10), trigger) };
    vec![
        Play::of(
            rules(watermark(Some(count(1)), Some(count(1)))),
            "a=1@1s
               > a [0s,10s) early 0/-1 first @end = [1]
             watermark 15s
               > a [0s,10s) on_time 1/0 last @end = []
             the end",
        ),
        Play::of(
            rules(repeatedly(count(1))),
            "a=1@1s
               > a [0s,10s) early 0/-1 first @end = [1]
             watermark 15s
             the end",
        ),
    ]
}

fn an_element_in_several_windows_loses_only_the_expired_ones() -> Vec<Play> {
    let windowing =
        Windowing::Sliding { size: seconds(10), period: seconds(5), offset: Duration::ZERO };
    vec![Play::of(
        Rules::new(windowing, Trigger::Default),
        "watermark 8s
         a=1@4s
         a=2@6s
         watermark 10s
           > a [0s,10s) on_time 0/0 first last @end = [1, 2]
         the end
           > a [5s,15s) on_time 0/0 first last @end = [2]
         ! a=1@4s [-5s,5s) late",
    )]
}

fn an_element_between_windows_is_dropped_for_want_of_one() -> Vec<Play> {
    let windowing = Windowing::Sliding { size: seconds(2), period: seconds(5), offset: seconds(1) };
    vec![Play::of(
        Rules::new(windowing, Trigger::Default),
        "a=1@2s a=2@3s a=3@-1us
         the end
           > a [1s,3s) on_time 0/0 first last @end = [1]
         ! a=2@3s no window
         ! a=3@-1us no window",
    )]
}

fn the_global_window_ends_with_time_itself() -> Vec<Play> {
    vec![Play::of(
        Rules::new(Windowing::Global, Trigger::Default),
        "a=1@-5s
         watermark 365000d
         a=2@1s
         watermark 9223371950454775808us
         a=3@2s
         the end
           > a global on_time 0/0 first last @end = [1, 2, 3]",
    )]
}

fn a_step_of_both_clocks_gives_one_pane() -> Vec<Play> {
    vec![Play::of(
        Rules {
            lateness: seconds(60),
            ..Rules::new(fixed(10), watermark(Some(wait(5)), Some(count(1))))
        },
        "clock 0s
         a=1@1s
         watermark 10s clock 5s
           > a [0s,10s) on_time 0/0 first @end = [1]
         the end",
    )]
}

fn a_clock_that_goes_back_stays_where_it_was() -> Vec<Play> {
    vec![Play::of(
        Rules::new(fixed(10), repeatedly(wait(5))),
        "clock 20s
         clock 0s
         watermark 10s
         watermark 0s
         a=1@1s
         a=2@11s
         clock 24999999us
         clock 25s
           > a [10s,20s) early 0/-1 first @end = [2]
         the end
         ! a=1@1s [0s,10s) late",
    )]
}
