//! What panes are and say, where more than one grouping has a part in it. (A single grouping's are told
//! in the scripts.)

use watershed::{
    PaneInfo, PaneTiming,
    combine::{HotKey, Sum},
    model::{Sign, WindowSet},
    prelude::*,
};

use super::as_text::{Pair, are, at, batch, by_letter, lists, stream};
use crate::Bench;

crate::cases! {
    what_no_grouping_made_has_no_timing: "PA-11";
    both_modes_show_the_same_in_their_own_way: "PA-02";
    merged_sessions_are_one_pane_of_both: "PA-04";
    early_sessions_stay_as_they_were_behind_their_grouping: "GP-19";
    a_fan_out_over_several_panes_counts_each_element_once_a_pane: "GP-20";
    distinct_says_a_value_once_over_all_panes: "GP-24";
    distinct_where_windows_merge_early_is_refused: "GP-24";
    a_panes_time_and_window_are_those_of_its_key: "GP-26";
}

fn what_no_grouping_made_has_no_timing(bench: &Bench) {
    for given in [stream as fn(&Pipeline, &str) -> PCollection<Pair>, batch] {
        let pipeline = bench.pipeline();
        let pairs = given(&pipeline, "a=1@1s b=2@2s\n watermark 10s\n a=3@3s");
        let settings = SlidingWindows::of(seconds(10), seconds(5))
            .triggering(Repeatedly::of(AfterCount::of(1)));
        let changed = pairs.map(|pair| pair).filter(|_| true).flat_map(|pair| [pair.clone(), pair]);
        let windowed = changed.window(settings.discarding()).reshuffle();
        let windowed = windowed.flatten_with(&windowed).with_timestamps(|_| at(20));
        let seen = [pairs.collect(), windowed.collect()];
        pipeline.run();
        assert_eq!(seen.each_ref().map(|seen| seen.observed().len()), [3, 12]);
        for element in seen.iter().flat_map(|seen| seen.observed()) {
            let PaneInfo { timing, index, on_time_index, is_first, is_last, drained } =
                element.pane;
            assert_eq!((timing, index, on_time_index), (PaneTiming::Unknown, 0, 0));
            assert!(is_first && is_last && !drained);
            assert_eq!(element.sign, Sign::Insertion);
        }
    }
}

const EVERY_ELEMENT: &str = "a=1@1s b=2@2s
                             a=3@3s a=4@12s
                             watermark 10s
                             a=5@4s
                             b=6@5s b=7@6s
                             watermark 30s
                             a=8@7s";

fn at_every_element() -> AfterWatermark {
    AfterWatermark::new().early(AfterCount::of(1)).late(AfterCount::of(1))
}

fn both_modes_show_the_same_in_their_own_way(bench: &Bench) {
    let pipeline = bench.pipeline();
    let windows = || {
        FixedWindows::of(seconds(10)).triggering(at_every_element()).allowed_lateness(seconds(20))
    };
    let pairs = stream(&pipeline, EVERY_ELEMENT);
    let discarding = lists(&pairs.window(windows().discarding())).collect();
    let accumulating = lists(&pairs.window(windows().accumulating())).collect();
    pipeline.run();
    are(
        &discarding,
        "a [0s,10s) early 0/-1 first @end = [1]
         b [0s,10s) early 0/-1 first @end = [2]
         a [0s,10s) early 1/-1 @end = [3]
         a [10s,20s) early 0/-1 first @end = [4]
         a [0s,10s) on_time 2/0 @end = []
         b [0s,10s) on_time 1/0 @end = []
         a [0s,10s) late 3/1 @end = [5]
         b [0s,10s) late 2/1 @end = [6, 7]
         a [10s,20s) on_time 1/0 @end = []",
    );
    are(
        &accumulating,
        "a [0s,10s) early 0/-1 first @end = [1]
         b [0s,10s) early 0/-1 first @end = [2]
         a [0s,10s) early 1/-1 @end = [1, 3]
         a [10s,20s) early 0/-1 first @end = [4]
         a [0s,10s) on_time 2/0 @end = [1, 3]
         b [0s,10s) on_time 1/0 @end = [2]
         a [0s,10s) late 3/1 @end = [1, 3, 5]
         b [0s,10s) late 2/1 @end = [2, 6, 7]
         a [10s,20s) on_time 1/0 @end = [4]",
    );
}

fn merged_sessions_are_one_pane_of_both(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = stream(
        &pipeline,
        "a=1@1s a=2@10s
         watermark 6s
         a=3@5500ms
         watermark 20s
         a=4@14s",
    );
    let windows = Sessions::with_gap(seconds(5))
        .triggering(at_every_element())
        .allowed_lateness(minutes(1))
        .accumulating();
    let panes = lists(&pairs.window(windows)).collect();
    pipeline.run();
    are(
        &panes,
        "a [1s,6s) early 0/-1 first @end = [1]
         a [10s,15s) early 0/-1 first @end = [2]
         a [1s,6s) on_time 1/0 @end = [1]
         a [1s,15s) early 0/-1 first @end = [1, 2, 3]
         a [1s,15s) on_time 1/0 @end = [1, 2, 3]
         a [1s,19s) late 0/0 first @end = [1, 2, 3, 4]",
    );
}

fn early_sessions_stay_as_they_were_behind_their_grouping(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = stream(
        &pipeline,
        "a1=1@1s
         a1=2@4s a2=5@2s
         watermark 20s",
    );
    let windows = Sessions::with_gap(seconds(5))
        .triggering(AfterWatermark::new().early(AfterCount::of(1)))
        .accumulating();
    let sums = by_letter(&pairs.window(windows).combine_per_key(Sum));
    let stay = lists(&sums).collect();
    let anew = lists(&sums.window(Sessions::with_gap(seconds(5)))).collect();
    pipeline.run();
    // Three windows, of which none is merged with another, though all overlap.
    are(
        &stay,
        "a [1s,6s) early 0/-1 first @end = [1]
         a [1s,9s) early 0/-1 first @end = [3]
         a [2s,7s) early 0/-1 first @end = [5]
         a [1s,6s) on_time 1/0 last @end = [1]
         a [2s,7s) early 1/-1 @end = [5, 5]
         a [2s,7s) on_time 2/0 last @end = [5, 5]
         a [1s,9s) early 1/-1 @end = [3, 3]
         a [1s,9s) on_time 2/0 last @end = [3, 3]",
    );
    // Windowed anew they are sessions of panes.
    are(
        &anew,
        "a [5999999us,10999999us) early 0/-1 first @end = [1]
         a [5999999us,13999999us) early 0/-1 first @end = [1, 3, 5]
         a [5999999us,13999999us) early 1/-1 @end = [1, 3, 3, 5, 5]
         a [5999999us,13999999us) on_time 2/0 last @end = [1, 3, 3, 5, 5]",
    );
}

fn a_fan_out_over_several_panes_counts_each_element_once_a_pane(bench: &Bench) {
    let text = "a=1@1s a=2@2s a=4@3s b=8@4s
                watermark 10s
                a=16@1s a=32@2s
                b=64@5s
                watermark 20s
                a=128@6s";
    let windows = || FixedWindows::of(seconds(10)).allowed_lateness(seconds(30));
    let pipeline = bench.pipeline();
    let pairs = stream(&pipeline, text);
    let accumulating = pairs.window(windows().accumulating());
    let discarding = pairs.window(windows().discarding());
    let spread = |pairs: &PCollection<Pair>, fanout| {
        pairs.combine_per_key(HotKey::with_hot_key_fanout(Sum, fanout)).collect()
    };
    let accumulated = [1, 2, 16].map(|fanout| spread(&accumulating, fanout));
    let discarded = [1, 2, 16].map(|fanout| spread(&discarding, fanout));
    pipeline.run();
    for panes in accumulated {
        are(
            &panes,
            "a [0s,10s) on_time 0/0 first @end = 7
             b [0s,10s) on_time 0/0 first @end = 8
             a [0s,10s) late 1/1 @end = 55
             b [0s,10s) late 1/1 @end = 72
             a [0s,10s) late 2/2 @end = 183",
        );
    }
    for panes in discarded {
        are(
            &panes,
            "a [0s,10s) on_time 0/0 first @end = 7
             b [0s,10s) on_time 0/0 first @end = 8
             a [0s,10s) late 1/1 @end = 48
             b [0s,10s) late 1/1 @end = 64
             a [0s,10s) late 2/2 @end = 128",
        );
    }
}

fn distinct_says_a_value_once_over_all_panes(bench: &Bench) {
    let text = "x=1@1s x=1@2s y=1@3s
                x=1@4s x=1@12s
                watermark 10s
                x=1@5s z=1@6s
                z=1@7s y=1@8s
                watermark 40s
                x=1@9s";
    let windows = || {
        FixedWindows::of(seconds(10)).triggering(at_every_element()).allowed_lateness(seconds(20))
    };
    let pipeline = bench.pipeline();
    let words = stream(&pipeline, text).keys();
    let once = |words: PCollection<String>| words.distinct().map(|word| (word, ())).collect();
    let panes =
        [once(words.window(windows().discarding())), once(words.window(windows().accumulating()))];
    let sliding = words.window(
        SlidingWindows::of(seconds(20), seconds(10))
            .triggering(Repeatedly::of(AfterCount::of(1)))
            .accumulating(),
    );
    let sliding = once(sliding);
    pipeline.run();
    for panes in panes {
        are(
            &panes,
            "x [0s,10s) early 0/-1 first @end = ()
             y [0s,10s) early 0/-1 first @end = ()
             x [10s,20s) early 0/-1 first @end = ()
             z [0s,10s) late 0/0 first @end = ()",
        );
    }
    are(
        &sliding,
        "x [-10s,10s) early 0/-1 first @end = ()
         y [-10s,10s) early 0/-1 first @end = ()
         x [0s,20s) early 0/-1 first @end = ()
         y [0s,20s) early 0/-1 first @end = ()
         z [0s,20s) early 0/-1 first @end = ()
         x [10s,30s) early 0/-1 first @end = ()",
    );
}

fn distinct_where_windows_merge_early_is_refused(bench: &Bench) {
    let sessions = || Sessions::with_gap(seconds(5));
    let early = sessions().triggering(at_every_element()).discarding();
    for windows in [early, sessions().allowed_lateness(seconds(1))] {
        let pipeline = bench.pipeline();
        let words = stream(&pipeline, "a=1@1s").keys().window(windows);
        words.distinct().named("once").for_each(|_| ());
        let told = pipeline.try_run().unwrap_err().to_string();
        assert!(told.contains("once") && told.contains("default trigger"), "{told}");
    }
    let pipeline = bench.pipeline();
    let words = stream(&pipeline, "a=1@1s a=1@3s\n a=1@30s").keys().window(sessions());
    let once = words.distinct().map(|word| (word, ())).collect();
    pipeline.run();
    are(
        &once,
        "a [1s,8s) on_time 0/0 first last @end = ()
         a [30s,35s) on_time 0/0 first last @end = ()",
    );
}

fn a_panes_time_and_window_are_those_of_its_key(bench: &Bench) {
    for given in [stream as fn(&Pipeline, &str) -> PCollection<Pair>, batch] {
        let pipeline = bench.pipeline();
        let pairs = given(&pipeline, "a1=1@1s b1=2@7s a2=3@12s\n a1=4@4s b2=5@11s");
        // Panes of windows of five seconds, which lie at their ends.
        let windows = FixedWindows::of(seconds(5));
        let sums = by_letter(&pairs.window(windows).combine_per_key(Sum)).reshuffle();
        let others = by_letter(&pairs.reshuffle()).window(windows);
        let all =
            sums.flatten_with(&others.combine_per_key(Sum)).window(FixedWindows::of(seconds(10)));
        let all = all.flatten_with(&by_letter(&pairs).window(FixedWindows::of(seconds(10))));
        let seen = all.collect();
        let panes = lists(&all).collect();
        pipeline.run();
        are(
            &panes,
            "a [0s,10s) on_time 0/0 first last @end = [1, 4, 5, 5]
             b [0s,10s) on_time 0/0 first last @end = [2, 2, 2]
             a [10s,20s) on_time 0/0 first last @end = [3, 3, 3]
             b [10s,20s) on_time 0/0 first last @end = [5, 5, 5]",
        );
        // What was put in, in contrast, lies where it came from.
        let first: WindowSet =
            watershed::model::Window::Interval { start: at(0), end: at(10) }.into();
        let mut times: Vec<i64> = seen
            .observed()
            .iter()
            .filter(|one| one.windows == first)
            .map(|one| one.timestamp.as_micros())
            .collect();
        times.sort_unstable();
        assert_eq!(
            times,
            [1_000_000, 4_000_000, 4_999_999, 4_999_999, 7_000_000, 9_999_999, 9_999_999]
        );
    }
}
