//! Side inputs: what a view shows, to whom, and who waits for it.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicI64, Ordering::SeqCst},
};

use serde::{Deserialize, Deserializer, Serialize};

use watershed::{
    BundleContext, Emitters, Pipeline, TestStream, View, ViewList, combine::Sum, prelude::*,
};

use super::{
    remembering::said as said_of,
    told::{Score, drops, panes, stream},
};
use crate::Bench;

crate::cases! {
    each_kind_of_view_shows_its_collection: "SI-01", "SI-08";
    a_single_view_of_none_or_many_is_an_error: "SI-02";
    two_values_of_one_key_are_an_error_in_a_map: "SI-08";
    an_element_sees_the_window_in_which_its_own_ends: "SI-03";
    elements_wait_for_a_first_pane_or_the_watermark: "SI-04", "SI-07";
    what_waits_holds_the_watermark_and_is_not_late: "SI-09", "WM-12";
    later_elements_see_the_newest_pane: "SI-05", "SI-13";
    what_a_grouping_refines_is_shown_as_refined: "SI-05", "SI-13";
    a_bundle_sees_one_version_of_a_view: "SI-13";
    several_views_and_several_readers: "SI-06";
    a_large_view_is_shared_by_the_workers_of_a_process: "SI-06";
    views_of_what_is_read_flattened_grouped_or_tagged: "SI-12";
    views_that_cannot_be_are_refused: "SI-11";
    a_view_above_the_memory_limit_fails_by_name: "SI-06";
    a_do_fn_reads_the_views_that_it_declares: "SI-06";
    windows_of_views_that_nobody_asks_for_are_forgotten: "SI-14";
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn sorted<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort();
    values
}

fn each_kind_of_view_shows_its_collection(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let main = pipeline.create(["a", "b", "c"].map(String::from));
        let numbers = pipeline.create([3i64, 1, 2]);
        let pairs = pipeline.create([("a", 1), ("b", 2)].map(|(k, v)| (k.to_owned(), v)));
        let doubled =
            pipeline.create([("a", 1), ("b", 2), ("a", 3)].map(|(k, v)| (k.to_owned(), v)));
        let nothing = pipeline.create(Vec::<i64>::new());
        let sum = numbers.sum_globally().as_singleton();
        let (all, list) = (numbers.as_iterable(), numbers.as_list());
        let (map, multimap) = (pairs.as_map(), doubled.as_multimap());
        let empty = nothing.as_singleton_or(7);
        let none = nothing.as_list();
        let first = main.map_with((&sum, &all, &list, &empty), |name, (sum, all, list, empty)| {
            format!("{name} {sum} {:?} {:?} {empty}", sorted(all.iter()), sorted(list))
        });
        let second = main.map_with((&map, &multimap, &none), |name, (map, multimap, none)| {
            let all = multimap.get(&name).map(|all| sorted_of(all)).unwrap_or_default();
            format!("{name} {:?} {all:?} {}", map.get(&name), none.len())
        });
        let (first, second) = (first.collect(), second.collect());
        pipeline.run();
        let shown = |name: &str| format!("{name} 6 [1, 2, 3] [1, 2, 3] 7");
        assert_eq!(sorted(first.values()), ["a", "b", "c"].map(shown));
        assert_eq!(
            sorted(second.values()),
            ["a Some(1) [1, 3] 0", "b Some(2) [2] 0", "c None [] 0"]
        );
    }
}

fn sorted_of(values: &[i64]) -> Vec<i64> {
    sorted(values.iter().copied())
}

/// How the run fails of a pipeline with one main element and this view.
fn failure(bench: &Bench, view: impl FnOnce(&Pipeline) -> View<i64>) -> (String, String) {
    let pipeline = bench.pipeline();
    let view = view(&pipeline);
    pipeline.create([1i64]).map_with(&view, |n, shown| n + shown).named("Reads").collect();
    let error = pipeline.try_run().unwrap_err();
    (error.failed_step().unwrap_or_default().to_owned(), error.to_string())
}

fn a_single_view_of_none_or_many_is_an_error(bench: &Bench) {
    let (_, told) = failure(bench, |pipeline| pipeline.create(Vec::<i64>::new()).as_singleton());
    assert!(told.contains("AsSingleton") && told.contains("has none in the window"), "{told}");
    let (step, told) = failure(bench, |pipeline| pipeline.create([1i64, 2]).as_singleton());
    assert!(step.starts_with("AsSingleton") && told.contains("more than one"), "{step}: {told}");
}

fn two_values_of_one_key_are_an_error_in_a_map(bench: &Bench) {
    let pipeline = bench.pipeline();
    let map = pipeline.create([("x".to_owned(), 1i64), ("x".to_owned(), 2)]).as_map();
    pipeline.create([1i64]).map_with(&map, |n, map| n + map.len() as i64).collect();
    let error = pipeline.try_run().unwrap_err();
    assert!(error.failed_step().is_some_and(|step| step.starts_with("AsMap")), "{error}");
    assert!(error.to_string().contains("two for the key \"x\""), "{error}");
}

fn a_view_above_the_memory_limit_fails_by_name(bench: &Bench) {
    let told = |numbers: i64, accumulating: bool| {
        let mut options = bench.options();
        options.max_view_bytes = 10_000;
        let pipeline = bench.pipeline_with(options);
        let often = GlobalWindows.triggering(Repeatedly::of(AfterCount::of(100)));
        let often = if accumulating { often.accumulating() } else { often.discarding() };
        let view = pipeline.create(0..numbers).window(often).as_list();
        pipeline.create([1i64]).map_with(&view, |n, list| n + list.len() as i64).collect();
        let error = pipeline.try_run().err()?;
        assert!(error.failed_step().is_some_and(|step| step.starts_with("AsList")), "{error}");
        Some(error.to_string())
    };
    for accumulating in [false, true] {
        // A number takes 9 bytes, or 17 with that of its pane.
        assert_eq!(told(500, accumulating), None);
        let told = told(2_000, accumulating).unwrap();
        assert!(told.contains("above the limit of 10000 for a view"), "{told}");
        assert!(told.contains("--max-view-bytes"), "{told}");
    }
}

/// What elements of `main` see of the points of `side`, by name and window of their own.
fn seen(
    bench: &Bench,
    (main, side): (&str, &str),
    main_window: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
    side_window: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
) -> (Vec<String>, [u64; 2]) {
    let pipeline = bench.pipeline();
    let points = side_window(&pipeline.apply(stream(side))).values().as_list();
    let main = main_window(&pipeline.apply(stream(main)));
    let found = main.map_with(&points, |(name, n): Score, points| {
        format!("{name}{n} {:?}", sorted(points.iter().copied()))
    });
    let found = found.collect();
    let report = pipeline.run();
    (said_of(&found), drops(&report))
}

fn fixed(size: i64) -> impl FnOnce(&PCollection<Score>) -> PCollection<Score> {
    move |scores| scores.window(FixedWindows::of(seconds(size)))
}

fn an_element_sees_the_window_in_which_its_own_ends(bench: &Bench) {
    let side = "x=1@1 x=2@6 x=4@11 x=8@16 x=16@21";
    for bench in bench.seeds(3, 2) {
        let main = "a=1@2 a=2@12 a=3@22";
        // Wider, and narrower.
        let (said, _) = seen(&bench, (main, side), fixed(10), fixed(20));
        assert_eq!(
            said,
            ["a1 [1, 2, 4, 8] @2 0..10", "a2 [1, 2, 4, 8] @12 10..20", "a3 [16] @22 20..30"]
        );
        let (said, _) = seen(&bench, (main, side), fixed(10), fixed(5));
        assert_eq!(said, ["a1 [2] @2 0..10", "a2 [8] @12 10..20", "a3 [] @22 20..30"]);
        // Of several windows of the view the first to end; an element in several sees for each.
        let sliding = |scores: &PCollection<Score>| {
            scores.window(SlidingWindows::of(seconds(10), seconds(5)))
        };
        let (said, _) = seen(&bench, ("a=1@2", side), sliding, fixed(10));
        assert_eq!(said, ["a1 [1, 2] @2 -5..5", "a1 [1, 2] @2 0..10"]);
        let (said, _) = seen(&bench, (main, side), fixed(10), sliding);
        assert_eq!(said, ["a1 [1, 2] @2 0..10", "a2 [4, 8] @12 10..20", "a3 [16] @22 20..30"]);
        let pipeline = bench.pipeline();
        let all = pipeline.create([1i64, 2, 4]).as_list();
        let main = fixed(10)(&pipeline.apply(stream("a=1@2 | w5 | b=2@12")));
        let found = main.map_with(&all, |(name, _): Score, all| format!("{name} {}", all.len()));
        let found = found.collect();
        pipeline.run();
        assert_eq!(said_of(&found), ["a 3 @2 0..10", "b 3 @12 10..20"]);
    }
}

/// Panes as soon as something comes.
fn at_once(scores: &PCollection<Score>) -> PCollection<Score> {
    let early = AfterWatermark::new().early(AfterCount::of(1));
    scores.window(FixedWindows::of(seconds(10)).triggering(early).accumulating())
}

/// Says which processing time it is when an element leaves.
fn told_when(
    bench: &Bench,
    (main, side): (TestStream<Score>, TestStream<Score>),
    side_window: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
) -> Vec<String> {
    let pipeline = bench.pipeline();
    let points = side_window(&pipeline.apply(side)).values().as_list();
    let main = pipeline.apply(main).window(FixedWindows::of(seconds(10)));
    let seen = main.map_with(&points, |(name, n): Score, points| {
        (name, format!("{n} {:?}", sorted(points.iter().copied())))
    });
    #[derive(Clone)]
    struct Now;
    impl StatefulDoFn<String, String> for Now {
        type Outputs = One<String>;
        type Cells = ();
        fn declare(&self, _: &mut StateSpec) {}
        fn process(
            &mut self,
            seen: String,
            (): &(),
            cx: &mut StateContext<'_, String>,
            out: &mut StatefulEmitters<Self, String, String>,
        ) -> Result<(), BoxError> {
            out.emit(format!("{}{seen} at {}", cx.key(), cx.now().as_micros() / 1_000_000));
            Ok(())
        }
    }
    let found = seen.stateful("Now", Now).collect();
    pipeline.run();
    said_of(&found)
}

fn elements_wait_for_a_first_pane_or_the_watermark(bench: &Bench) {
    // The streams take turns, an event of each, the view's first. The clock says when an element leaves.
    let main = || {
        TestStream::new()
            .advance_processing_time_to(at(1))
            .elements([(("a".to_owned(), 1), at(1)), (("b".to_owned(), 2), at(12))])
            .advance_processing_time_to(at(2))
            .advance_processing_time_to(at(3))
            .advance_processing_time_to(at(4))
            .advance_watermark_to_infinity()
    };
    for bench in bench.seeds(3, 1) {
        let side = TestStream::new()
            .elements(Vec::new())
            .elements(Vec::new())
            .elements(Vec::new())
            .elements([(("x".to_owned(), 5), at(3))])
            .advance_watermark_to(at(20))
            .advance_watermark_to_infinity();
        // A pane as soon as something comes; what is never to come is seen by the watermark.
        let said = told_when(&bench, (main(), side.clone()), at_once);
        assert_eq!(said, ["a1 [5] at 2 @1 0..10", "b2 [] at 3 @12 10..20"]);
        let said = told_when(&bench, (main(), side), fixed(10));
        assert_eq!(said, ["a1 [5] at 3 @1 0..10", "b2 [] at 3 @12 10..20"]);
    }
}

fn what_waits_holds_the_watermark_and_is_not_late(bench: &Bench) {
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let side = pipeline.apply(stream("x=5@3 | | | | w30"));
        let points = fixed(10)(&side).values().as_list();
        let main = fixed(10)(&pipeline.apply(stream("a=1@1 | w10 | w20 | w30 | w40")));
        let seen = main.map_with(&points, |(name, n): Score, points| -> Score {
            (name, n + points.iter().sum::<i64>())
        });
        let found = seen.combine_per_key(Sum).collect();
        let report = pipeline.run();
        assert_eq!(panes(&found), ["a [0s,10s) on_time 0/0 first last @end = 6"]);
        assert_eq!(drops(&report), [0, 0]);
    }
}

fn later_elements_see_the_newest_pane(bench: &Bench) {
    let early = || AfterWatermark::new().early(AfterCount::of(1));
    let main = "| a=1@1 | | a=2@2 | | a=3@3";
    let side = "x=1@1 | | x=2@2 | | x=4@3 |";
    for bench in bench.seeds(3, 1) {
        let windows = FixedWindows::of(seconds(10)).triggering(early());
        let (accumulating, discarding) = (windows.clone().accumulating(), windows.discarding());
        let by = |scores: &PCollection<Score>| scores.window(accumulating.clone());
        let (said, _) = seen(&bench, (main, side), fixed(10), by);
        let expected = ["a1 [1] @1 0..10", "a2 [1, 2] @2 0..10", "a3 [1, 2, 4] @3 0..10"];
        assert_eq!(said, expected);
        let by = |scores: &PCollection<Score>| scores.window(discarding.clone());
        let (said, _) = seen(&bench, (main, side), fixed(10), by);
        assert_eq!(said, expected);
    }
}

fn what_a_grouping_refines_is_shown_as_refined(bench: &Bench) {
    let early = AfterWatermark::new().early(AfterCount::of(1));
    let windows = FixedWindows::of(seconds(10)).triggering(early).accumulating();
    for bench in bench.seeds(3, 1) {
        let pipeline = bench.pipeline();
        let side =
            pipeline.apply(stream("x=1@1 | | x=2@2 y=4@2 | | | x=8@12 |")).window(windows.clone());
        let sums = side.combine_per_key(Sum).as_map();
        let all = side.values().combine_globally_without_defaults(Sum).as_singleton_or(0);
        let main = fixed(10)(&pipeline.apply(stream("| a=1@1 | | a=2@2 | w12 | | a=3@13")));
        let found = main.map_with((&sums, &all), |(_, n): Score, (sums, all)| {
            format!("{n} {:?} {:?} {all}", sums.get("x"), sums.get("y"))
        });
        let found = found.collect();
        pipeline.run();
        assert_eq!(
            said_of(&found),
            [
                "1 Some(1) None 1 @1 0..10",
                "2 Some(3) Some(4) 7 @2 0..10",
                "3 Some(8) None 8 @13 10..20",
            ]
        );
    }
}

/// Sees that all elements of a bundle are shown the same, and counts what each bundle was shown.
#[derive(Clone)]
struct OneVersion {
    view: View<Group<i64>>,
    shown: Option<(usize, usize)>,
}

impl DoFn<i64> for OneVersion {
    type Outputs = One<usize>;
    fn side_inputs(&self) -> ViewList {
        ViewList::new().with(&self.view)
    }
    fn start_bundle(&mut self, _: &BundleContext<'_>) -> Result<(), BoxError> {
        self.shown = None;
        Ok(())
    }
    fn process(
        &mut self,
        _: i64,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, i64>,
    ) -> Result<(), BoxError> {
        let group = cx.side_input(&self.view);
        let shown = (std::ptr::from_ref(group) as usize, group.len());
        assert_eq!(*self.shown.get_or_insert(shown), shown);
        out.emit(group.len());
        Ok(())
    }
}

fn a_bundle_sees_one_version_of_a_view(bench: &Bench) {
    const VERSIONS: i64 = 2_000;
    for bench in bench.seeds(2, 50) {
        let pipeline = bench.pipeline();
        // A pane for each few elements, while the readers are at work.
        let often = Repeatedly::of(AfterCount::of(1));
        let often = GlobalWindows.triggering(often).discarding();
        let view = pipeline.create(0..VERSIONS).reshuffle().window(often).as_iterable();
        let main = pipeline.create(0..VERSIONS).reshuffle();
        let seen = main.par_do(OneVersion { view, shown: None }).collect();
        pipeline.run();
        let seen = seen.values();
        assert_eq!(seen.len(), VERSIONS as usize);
        assert!(seen.iter().all(|len| (1..=VERSIONS as usize).contains(len)));
    }
}

fn several_views_and_several_readers(bench: &Bench) {
    for bench in bench.seeds(3, 3) {
        let pipeline = bench.pipeline();
        let main = pipeline.create(0..20i64);
        let small = pipeline.create([1i64, 2, 3]).as_list();
        let limit = pipeline.create([10i64]).as_singleton();
        let low = main.filter_with(&limit, |n, limit| n < limit);
        let high = main.filter_with((&limit, &small), |n, (limit, small)| {
            n >= limit && !small.contains(&(n - 10))
        });
        let many = low.flat_map_with(&small, |n, small| {
            small.iter().map(|m| 100 * n + m).collect::<Vec<_>>()
        });
        let (many, high) = (many.collect(), high.collect());
        pipeline.run();
        let expected = (0..10).flat_map(|n| (1..=3).map(move |m| 100 * n + m));
        assert_eq!(sorted(many.values()), expected.collect::<Vec<_>>());
        assert_eq!(sorted(high.values()), [10, 14, 15, 16, 17, 18, 19]);
    }
}

fn a_large_view_is_shared_by_the_workers_of_a_process(bench: &Bench) {
    const MEGABYTE: usize = 1 << 20;
    let mut bench = bench.clone();
    bench.change(|options| options.checks = watershed::Checks::Off);
    let pipeline = bench.pipeline();
    let large = pipeline.create(0..100u8).map(|n| vec![n; MEGABYTE]).as_list();
    let main = pipeline.create(0..1_000u64).reshuffle();
    let seen = main
        .map_with(&large, |_, large| (large.as_ptr() as usize, std::process::id(), large.len()));
    let found = seen.collect();
    pipeline.run();
    let places: BTreeSet<(usize, u32, usize)> = found.values().into_iter().collect();
    let processes: BTreeSet<u32> = places.iter().map(|(_, process, _)| *process).collect();
    assert!(places.len() == processes.len() && places.iter().all(|(.., len)| *len == 100));
}

fn views_of_what_is_read_flattened_grouped_or_tagged(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create([1i64, 2, 3]);
        let all = numbers.as_list();
        let same = numbers.map_with(&all, |n, all| n * all.iter().sum::<i64>()).collect();
        let twice = numbers.flatten_with(&numbers).as_list();
        let by_parity = numbers.key_by(|n| n % 2).combine_per_key(Sum).as_map();
        let (even, odd) = numbers.par_do(Parity);
        let (even, odd) = (even.as_list(), odd.as_list());
        let main = pipeline.create([0i64]);
        let seen =
            main.map_with((&twice, &by_parity, &even, &odd), |_, (twice, sums, even, odd)| {
                format!(
                    "{} {:?} {:?} {even:?} {}",
                    twice.len(),
                    sums.get(&0),
                    sums.get(&1),
                    odd.len()
                )
            });
        let seen = seen.collect();
        pipeline.run();
        assert_eq!(sorted(same.values()), [6, 12, 18]);
        assert_eq!(seen.values(), ["6 Some(2) Some(4) [2] 2"]);
    }
}

/// Even numbers to the first output.
#[derive(Clone)]
struct Parity;

impl DoFn<i64> for Parity {
    type Outputs = Two<i64, i64>;
    fn process(
        &mut self,
        n: i64,
        _: &ElementContext<'_>,
        (even, odd): &mut Emitters<Self, i64>,
    ) -> Result<(), BoxError> {
        if n % 2 == 0 {
            even.emit(n)
        } else {
            odd.emit(n)
        }
        Ok(())
    }
}

fn views_that_cannot_be_are_refused(_: &Bench) {
    let told = |pipeline: &Pipeline| pipeline.build().unwrap_err().to_string();
    let pipeline = Pipeline::new();
    let numbers = pipeline.create([1i64]);
    let sessions = numbers.window(Sessions::with_gap(seconds(1))).as_list();
    numbers.map_with(&sessions, |n, _| n).for_each(|_| {});
    let problem = told(&pipeline);
    assert!(problem.contains("AsList") && problem.contains("what window an instant"), "{problem}");

    let (one, other) = (Pipeline::new(), Pipeline::new());
    let view = other.create([1i64]).as_list();
    one.create([1i64]).map_with(&view, |n, _| n).for_each(|_| {});
    let problem = told(&one);
    assert!(
        problem.contains("MapWith") && problem.contains("view of another pipeline"),
        "{problem}"
    );
}

/// Adds what a view shows.
#[derive(Clone)]
struct Adds {
    view: View<i64>,
    declares: bool,
}

impl DoFn<i64> for Adds {
    type Outputs = One<i64>;
    fn side_inputs(&self) -> ViewList {
        match self.declares {
            true => ViewList::new().with(&self.view),
            false => ViewList::new(),
        }
    }
    fn process(
        &mut self,
        n: i64,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, i64>,
    ) -> Result<(), BoxError> {
        out.emit(n + cx.side_input(&self.view));
        Ok(())
    }
}

fn a_do_fn_reads_the_views_that_it_declares(bench: &Bench) {
    let run = |declares: bool| {
        let pipeline = bench.pipeline();
        let view = pipeline.create([10i64]).as_singleton();
        let sums = pipeline.create([1i64, 2]).par_do(Adds { view, declares }).collect();
        pipeline.try_run().map(|_| sorted(sums.values()))
    };
    assert_eq!(run(true).unwrap(), [11, 12]);
    let error = run(false).unwrap_err();
    assert_eq!(error.failed_step(), Some("Adds"));
    assert!(error.to_string().contains("does not declare"), "{error}");
}

/// How many there are.
static ALIVE: AtomicI64 = AtomicI64::new(0);

/// Something that is counted while it is there.
#[derive(Serialize)]
struct Counted(i64);

impl Counted {
    fn new(n: i64) -> Self {
        ALIVE.fetch_add(1, SeqCst);
        Counted(n)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Counted::new(self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, SeqCst);
    }
}

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Counted::new)
    }
}

fn windows_of_views_that_nobody_asks_for_are_forgotten(bench: &Bench) {
    const WINDOWS: i64 = 200;
    let scores = || {
        let each = (0..WINDOWS).fold(TestStream::new(), |stream, n| {
            let one = [(("a".to_owned(), n), at(n))];
            stream.elements(one).advance_watermark_to(at(n + 1))
        });
        each.advance_watermark_to_infinity()
    };
    let pipeline = bench.pipeline();
    let view = fixed(1)(&pipeline.apply(scores())).map(|(_, n): Score| Counted::new(n)).as_list();
    let main = fixed(1)(&pipeline.apply(scores()));
    let alive = main.map_with(&view, |(_, n): Score, view| {
        assert!(view.len() == 1 && view[0].0 == n);
        ALIVE.load(SeqCst)
    });
    let most = alive.collect();
    pipeline.run();
    let most = most.values();
    assert_eq!(most.len(), WINDOWS as usize);
    assert!(most.iter().all(|alive| *alive < WINDOWS / 4), "{most:?}");
}
