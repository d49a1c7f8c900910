//! What comes too late: what becomes of it, who counts it, and who does not. (Stateful DoFns drop late
//! elements too, and are shown where they are.)

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use watershed::{
    Collected, Dropped,
    combine::{CombineContext, CombineFn, Sum},
    model::{DropReason, Window},
    prelude::*,
};

use super::told::{Score, drops, interval, played, stream, summed};
use crate::{Bench, spread::Spread};

crate::cases! {
    of_several_windows_an_element_loses_only_those_that_expired: "WM-10";
    only_groupings_drop_what_is_late: "WM-03", "WM-11";
    expired_and_closed_are_counted_apart: "WM-13", "TR-05", "TR-19";
    what_is_dropped_is_a_collection_of_its_own: "WM-13", "WM-18";
    a_fan_out_tells_what_it_drops_as_it_came: "WM-18";
    what_was_dropped_goes_on_as_any_collection: "WM-11", "WM-18";
    a_window_leaves_nothing_behind: "WM-04";
}

fn sliding(scores: &PCollection<Score>) -> PCollection<Score> {
    scores.window(SlidingWindows::of(seconds(10), seconds(5)))
}

fn of_several_windows_an_element_loses_only_those_that_expired(bench: &Bench) {
    for bench in bench.plans(4096) {
        let script = "a=1@7 | w12 | a=2@7 | w15 | a=4@7 | a=8@12";
        let (panes, report) = summed(&bench, script, sliding);
        assert_eq!(
            panes,
            [
                "a [0s,10s) on_time 0/0 first last @end = 1",
                "a [5s,15s) on_time 0/0 first last @end = 3",
                "a [10s,20s) on_time 0/0 first last @end = 8"
            ]
        );
        assert_eq!(drops(&report), [1 + 2 + 1, 0]);
    }
}

fn only_groupings_drop_what_is_late(bench: &Bench) {
    let pipeline = bench.pipeline();
    let scores = pipeline.apply(stream("w100 | a=1@1 a=2@2 | w200 | b=4@150 c=8@300"));
    let scores = scores.window(FixedWindows::of(seconds(10)));
    let moved = scores.map(|(name, points)| (name, points + 1)).filter(|(name, _)| name != "c");
    let doubled = moved.flat_map(|score| [score.clone(), score]).reshuffle();
    let all = doubled.flatten_with(&scores).flatten_with(&scores);
    let stamped = scores.with_timestamps(|(_, points)| Timestamp::from_seconds(1_000 + *points));
    let (all, stamped) = (all.collect(), stamped.collect());
    let grouped = scores.combine_per_key(Sum).collect();
    let report = pipeline.run();
    assert_eq!((all.values().len(), stamped.values().len()), (3 * 2 + 4 * 2, 4));
    assert_eq!(grouped.values(), [("c".to_owned(), 8)]);
    let by_step: Vec<(&str, u64)> = report
        .steps
        .iter()
        .filter(|step| step.drops.total() > 0)
        .map(|step| (step.step.as_str(), step.drops.count(DropReason::Late)))
        .collect();
    assert_eq!(by_step, [("CombinePerKey", 3)]);
}

/// Closes after two elements, and expires five seconds after its end.
fn closing(scores: &PCollection<Score>) -> PCollection<Score> {
    let windows = FixedWindows::of(seconds(10)).triggering(AfterCount::of(2));
    let windows = windows.allowed_lateness(seconds(5)).discarding();
    scores.window(windows.allow_closed_window_drops())
}

const CLOSING: &str = "a=1@1 a=2@2 | a=4@3 | w14.999999 | a=8@4 b=16@5 | w15 | a=32@5 b=64@6 | w30";

fn expired_and_closed_are_counted_apart(bench: &Bench) {
    let (panes, report) = summed(bench, CLOSING, closing);
    assert_eq!(
        panes,
        ["a [0s,10s) early 0/-1 first last @end = 3", "b [0s,10s) late 0/0 first last @end = 16"]
    );
    assert_eq!(drops(&report), [2, 2]);
}

type Turned = (String, i64, i64, Window, DropReason, i64);

/// What was dropped, with its own time and the watermark at which it came, in microseconds.
fn turned_away(collected: &Collected<Dropped<Score>>) -> Vec<Turned> {
    let dropped = collected.observed().into_iter().map(|observed| {
        assert_eq!(observed.windows.as_slice(), [Window::Global]);
        let Dropped { element: (name, points), window, reason, watermark } = observed.value;
        let at = observed.timestamp.as_micros() / 1_000_000;
        (name, points, at, window, reason, watermark.as_micros())
    });
    super::timed::sorted(dropped.collect())
}

fn what_is_dropped_is_a_collection_of_its_own(bench: &Bench) {
    let pipeline = bench.pipeline();
    let scores = closing(&pipeline.apply(stream(CLOSING)));
    let (sums, of_sums) = scores.combine_per_key_and_dropped(Sum);
    let (groups, of_groups) = scores.group_by_key_and_dropped();
    let groups = groups.map_values(|group: Group<i64>| group.iter().sum::<i64>());
    let (sums, groups) = (sums.collect(), groups.collect());
    let (of_sums, of_groups) = (of_sums.collect(), of_groups.collect());
    let report = pipeline.run();
    let dropped = |name: &str, points, at, reason, watermark| {
        (name.to_owned(), points, at, interval(0, 10), reason, watermark)
    };
    let expected = [
        dropped("a", 4, 3, DropReason::Closed, i64::MIN),
        dropped("a", 8, 4, DropReason::Closed, 14_999_999),
        dropped("a", 32, 5, DropReason::Late, 15_000_000),
        dropped("b", 64, 6, DropReason::Late, 15_000_000),
    ];
    assert_eq!(turned_away(&of_sums), expected);
    assert_eq!(turned_away(&of_groups), expected);
    assert_eq!(drops(&report), [4, 4]);
    assert_eq!(super::told::panes(&sums), super::told::panes(&groups));
}

fn a_fan_out_tells_what_it_drops_as_it_came(bench: &Bench) {
    let pipeline = bench.pipeline();
    let scores =
        sliding(&pipeline.apply(stream("a=1@7 a=2@8 | w12 | a=4@7 b=8@14 | w15 | a=16@9")));
    let (sums, dropped) = scores.combine_per_key_and_dropped(Spread(Sum, Some(3)));
    let (sums, dropped) = (sums.collect(), dropped.collect());
    let report = pipeline.run();
    let late = |points, at, window, watermark| {
        ("a".to_owned(), points, at, window, DropReason::Late, watermark)
    };
    assert_eq!(
        turned_away(&dropped),
        [
            late(4, 7, interval(0, 10), 12_000_000),
            late(16, 9, interval(0, 10), 15_000_000),
            late(16, 9, interval(5, 15), 15_000_000)
        ]
    );
    assert_eq!(drops(&report), [3, 0]);
    assert_eq!(
        super::told::panes(&sums),
        [
            "a [0s,10s) on_time 0/0 first last @end = 3",
            "a [5s,15s) on_time 0/0 first last @end = 7",
            "b [5s,15s) on_time 0/0 first last @end = 8",
            "b [10s,20s) on_time 0/0 first last @end = 8"
        ]
    );
}

fn what_was_dropped_goes_on_as_any_collection(bench: &Bench) {
    // It is in the global window, where it is never late: it is all there at the end.
    let (panes, report) = played(bench, "a=1@1 | w10 | a=2@2 | w20 | a=4@3 b=8@15", |scores| {
        let windowed = scores.window(FixedWindows::of(seconds(10)));
        let (_, dropped) = windowed.combine_per_key_and_dropped(Sum);
        let again = dropped.map(|dropped: Dropped<Score>| dropped.element);
        let each = Repeatedly::of(AfterCount::of(1));
        let again = again.window(GlobalWindows.triggering(each).accumulating());
        again.combine_per_key(Sum)
    });
    assert_eq!(
        panes,
        [
            "a global early 0/-1 first @end = 2",
            "a global early 1/-1 @end = 6",
            "b global early 0/-1 first @end = 8"
        ]
    );
    assert_eq!(drops(&report), [3, 0]);
}

/// How many there are in this process, and how many there ever were at once.
#[derive(Default)]
struct Alive(AtomicI64, AtomicI64);

/// A sum whose accumulators are counted while they live.
#[derive(Clone)]
struct CountedSum(Arc<Alive>);

/// An accumulator; one that was read from bytes is not counted.
#[derive(serde::Serialize, serde::Deserialize)]
struct Counted {
    sum: i64,
    #[serde(skip)]
    alive: Option<Arc<Alive>>,
}

impl Counted {
    fn new(sum: i64, alive: Option<Arc<Alive>>) -> Self {
        if let Some(alive) = &alive {
            let now = 1 + alive.0.fetch_add(1, SeqCst);
            alive.1.fetch_max(now, SeqCst);
        }
        Counted { sum, alive }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Counted::new(self.sum, self.alive.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(alive) = &self.alive {
            alive.0.fetch_sub(1, SeqCst);
        }
    }
}

impl CombineFn<i64> for CountedSum {
    type Accumulator = Counted;
    type Output = i64;

    fn create(&self, _: &CombineContext<'_>) -> Counted {
        Counted::new(0, Some(self.0.clone()))
    }
    fn add(&self, all: &mut Counted, value: i64, _: &CombineContext<'_>) {
        all.sum += value;
    }
    fn merge(&self, all: &mut Counted, other: Counted, _: &CombineContext<'_>) {
        all.sum += other.sum;
    }
    fn extract(&self, all: Counted, _: &CombineContext<'_>) -> Result<i64, BoxError> {
        Ok(all.sum)
    }
}

fn a_window_leaves_nothing_behind(bench: &Bench) {
    const WINDOWS: i64 = 150;
    let every = AfterWatermark::new().early(AfterCount::of(1)).late(AfterCount::of(1));
    let general = FixedWindows::of(seconds(1)).triggering(every);
    let general = general.allowed_lateness(seconds(2)).accumulating();
    let alive: Arc<Alive> = Arc::default();
    let pipeline = bench.pipeline();
    let mut script = watershed::TestStream::new();
    for n in 0..WINDOWS {
        let at = Timestamp::from_seconds(n);
        script = script.elements([((n, n), at)]).advance_watermark_to(at);
    }
    let numbers = pipeline.apply(script.advance_watermark_to_infinity());
    let last = |windowed: &PCollection<(i64, i64)>| {
        windowed.combine_per_key(CountedSum(alive.clone())).collect()
    };
    let simple = last(&numbers.window(FixedWindows::of(seconds(1))));
    let general = last(&numbers.window(general));
    pipeline.run();
    assert_eq!(simple.values().len() as i64, WINDOWS);
    assert_eq!(general.values().len() as i64, 2 * WINDOWS);
    // The windows that are open at once are few, however many there were.
    let most = alive.1.load(SeqCst);
    assert_eq!(alive.0.load(SeqCst), 0);
    assert!((1..20).contains(&most), "{most}");
}
