//! Steps that move elements and change nothing about them: reshuffle, flatten, partition.

use fastrand::Rng;
use watershed::{
    BoxError, Collected, Element, FixedWindows, GlobalWindows, Observed, PCollection, Pipeline,
    RunError, Sessions, SlidingWindows,
    combine::Sum,
    model::{Advance, Boundedness, Budget, Progress, Reader, Source, SourceOutput},
    seconds,
    testing::assert_that,
};

use super::timed::{create, panes, scores, sorted};
use crate::{Bench, cases, naive::Windowing};

cases! {
    reshuffle_keeps_elements_and_what_they_carry: "GP-12";
    reshuffle_keeps_them_under_every_plan: "GP-12";
    flatten_puts_collections_together: "GP-13";
    a_flatten_with_itself_doubles: "GP-13";
    a_flatten_of_nothing_is_empty: "GP-13";
    a_flatten_with_something_endless_is_endless: "GP-13";
    a_flatten_of_unlike_windows_is_refused: "GP-13";
    a_flatten_across_pipelines_is_refused: "GP-13";
    partition_routes_by_its_function: "GP-14";
    a_part_that_is_not_there_is_an_error_that_names_the_step: "GP-14";
    a_partition_into_nothing_is_refused: "GP-14";
}

/// All that was observed, sorted.
fn seen<T: Element + Ord>(collected: &Collected<T>) -> Vec<Observed<T>> {
    sorted(collected.observed())
}

fn reshuffle_keeps_elements_and_what_they_carry(bench: &Bench) {
    bench.seeds(4, 11).for_each(|bench| reshuffles(&bench));
}

fn reshuffle_keeps_them_under_every_plan(bench: &Bench) {
    for bundle_elements in [1, 7, 4096] {
        bench.plans(bundle_elements).for_each(|bench| reshuffles(&bench));
    }
}

/// Elements and panes come out of a reshuffle as they went in, and are grouped as they would have been.
fn reshuffles(bench: &Bench) {
    let elements = scores(&mut Rng::with_seed(bench.options().seed), 150);
    for windowing in Windowing::SAMPLES {
        let pipeline = bench.pipeline();
        let windowed = windowing.apply(&create(&pipeline, &elements));
        let sums = windowed.combine_per_key(Sum);
        let looks = [&windowed, &sums].map(|before| {
            let after = before.reshuffle().reshuffle();
            (before.collect(), after.collect())
        });
        let regrouped = windowed.reshuffle().combine_per_key(Sum).collect();
        pipeline.run();
        for (before, after) in &looks {
            assert_eq!(seen(before), seen(after), "{windowing:?}");
        }
        assert!(!looks[0].0.values().is_empty());
        assert_eq!(panes(&looks[1].1), panes(&looks[1].0));
        assert_eq!(panes(&regrouped), panes(&looks[1].0));
    }
}

fn flatten_puts_collections_together(bench: &Bench) {
    for bench in bench.seeds(4, 11) {
        let mut random = Rng::with_seed(bench.options().seed);
        for windowing in Windowing::SAMPLES {
            let pipeline = bench.pipeline();
            let parts = [40, 0, 70].map(|n| scores(&mut random, n));
            let parts = parts.map(|part| windowing.apply(&create(&pipeline, &part)));
            let all = pipeline.flatten(parts.clone()).collect();
            let two = parts[0].flatten_with(&parts[2]).collect();
            let one = pipeline.flatten([parts[2].clone()]).collect();
            // Panes stay panes, and come beside others.
            let sums = parts.clone().map(|part| part.combine_per_key(Sum));
            let together = pipeline.flatten(sums.clone()).collect();
            let sums = sums.map(|sums| sums.collect());
            let parts = parts.map(|part| part.collect());
            pipeline.run();

            let observed = |parts: &[Collected<(u8, i64)>]| {
                sorted(parts.iter().flat_map(Collected::observed).collect::<Vec<_>>())
            };
            assert_eq!(seen(&all), observed(&parts), "{windowing:?}");
            assert_eq!(seen(&two), observed(&parts), "{windowing:?}");
            assert_eq!(seen(&one), seen(&parts[2]), "{windowing:?}");
            assert_eq!(seen(&together), observed(&sums), "{windowing:?}");
        }
    }
}

fn a_flatten_with_itself_doubles(bench: &Bench) {
    for bench in bench.seeds(4, 3) {
        let pipeline = bench.pipeline();
        let elements = scores(&mut Rng::with_seed(bench.options().seed), 60);
        let once = create(&pipeline, &elements).window(FixedWindows::of(seconds(9)));
        let twice = once.flatten_with(&once);
        let five = pipeline.flatten([twice.clone(), once.clone(), twice.clone()]);
        let (once, twice, five) = (once.collect(), twice.collect(), five.collect());
        pipeline.run();
        let times =
            |n| sorted(std::iter::repeat_n(once.observed(), n).flatten().collect::<Vec<_>>());
        assert_eq!(times(1).len(), 60);
        assert_eq!(seen(&twice), times(2));
        assert_eq!(seen(&five), times(5));
    }
}

fn a_flatten_of_nothing_is_empty(bench: &Bench) {
    for bench in bench.seeds(2, 3) {
        let pipeline = bench.pipeline();
        let nothing = pipeline.flatten::<(u8, i64)>([]);
        assert_that(&nothing).is_empty();
        assert_that(&nothing.reshuffle().combine_per_key(Sum)).is_empty();
        let some = pipeline.create([(1, 2)]).flatten_with(&nothing);
        assert_that(&some.combine_per_key(Sum)).is_singleton((1, 2));
        pipeline.run();
    }
}

/// A source that claims not to end. It is never read.
struct Endless;

impl Source for Endless {
    type Element = i64;
    type Split = ();
    type Reader = Endless;
    fn describe(&self) -> String {
        "endless".to_owned()
    }
    fn boundedness(&self) -> Boundedness {
        Boundedness::Unbounded
    }
    fn splits(&self, _: usize) -> Result<Vec<()>, BoxError> {
        Ok(Vec::new())
    }
    fn open(&self, (): ()) -> Result<Endless, BoxError> {
        Ok(Endless)
    }
}

impl Reader<i64, ()> for Endless {
    fn advance(&mut self, _: &mut SourceOutput<i64>, _: Budget) -> Result<Advance, BoxError> {
        Ok(Advance::Idle)
    }
    fn position(&self) {}
    fn progress(&self) -> Progress {
        Progress::default()
    }
}

fn a_flatten_with_something_endless_is_endless(_: &Bench) {
    let pipeline = Pipeline::new();
    let (endless, bounded) = (pipeline.read(Endless), pipeline.create([1, 2]));
    let both = [bounded.flatten_with(&endless), endless.flatten_with(&bounded)];
    let behind = both[0].reshuffle().flatten_with(&bounded);
    let ends = bounded.flatten_with(&bounded);
    both.iter().chain([&behind, &ends]).for_each(|collection| drop(collection.for_each(|_| ())));
    let graph = pipeline.build().unwrap();
    let boundedness = |of: &PCollection<i64>| graph.collection(of.id()).boundedness;
    for endless in both.iter().chain([&behind]) {
        assert_eq!(boundedness(endless), Boundedness::Unbounded);
    }
    assert_eq!(boundedness(&ends), Boundedness::Bounded);
}

/// The one thing that is wrong with the pipeline, as it is told.
#[track_caller]
fn refusal(result: Result<watershed::RunReport, RunError>) -> String {
    let Err(RunError::Build(errors)) = result else { panic!("it was not refused: {result:?}") };
    assert_eq!(errors.0.len(), 1, "{errors}");
    errors.to_string()
}

#[track_caller]
fn tells(told: &str, line: u32, words: &[&str]) {
    let place = format!("reshaping.rs:{line}");
    assert!(told.contains(&place) && told.contains("to mend it: "), "{place}: {told}");
    assert!(words.iter().all(|word| told.contains(word)), "{words:?}: {told}");
}

fn a_flatten_of_unlike_windows_is_refused(bench: &Bench) {
    type Windowed = fn(&PCollection<(u8, i64)>) -> PCollection<(u8, i64)>;
    let ways: [(Windowed, &str); 8] = [
        (|pairs| pairs.clone(), "GlobalWindows"),
        (|pairs| pairs.window(FixedWindows::of(seconds(9))), "FixedWindows"),
        (|pairs| pairs.window(FixedWindows::of(seconds(8))), "8s"),
        (|pairs| pairs.window(FixedWindows::of(seconds(9)).with_offset(seconds(1))), "offset: 1s"),
        (|pairs| pairs.window(SlidingWindows::of(seconds(9), seconds(3))), "SlidingWindows"),
        (|pairs| pairs.window(Sessions::with_gap(seconds(9))), "Sessions"),
        (|pairs| pairs.window(Sessions::with_gap(seconds(9))).combine_per_key(Sum), "Merged"),
        (|pairs| pairs.window(Sessions::with_gap(seconds(8))), "gap: 8s"),
    ];
    for (a, (left, left_says)) in ways.iter().enumerate() {
        for (b, (right, right_says)) in ways.iter().enumerate() {
            let pipeline = bench.pipeline();
            let source = pipeline.create([(1, 1), (2, 2)]);
            let inputs = [left(&source), right(&source)];
            let (both, line) = (pipeline.flatten(inputs).named("both"), line!());
            both.for_each(|_| ());
            let result = pipeline.try_run();
            if a == b {
                assert!(result.is_ok(), "{left_says}: {result:?}");
            } else {
                let words = ["both", left_says, right_says, ".window(..)"];
                tells(&refusal(result), line, &words);
            }
        }
    }
    // Windowed anew, everything fits.
    let pipeline = bench.pipeline();
    let source = pipeline.create([(1, 1), (2, 2)]);
    let sessions = source.window(Sessions::with_gap(seconds(9))).combine_per_key(Sum);
    let both = source.flatten_with(&sessions.window(GlobalWindows));
    assert_that(&both.combine_per_key(Sum)).contains_in_any_order([(1, 2), (2, 4)]);
    pipeline.run();
}

fn a_flatten_across_pipelines_is_refused(bench: &Bench) {
    let elsewhere = Pipeline::new();
    let foreign = elsewhere.create([1, 2]);
    let pipeline = bench.pipeline();
    let here = pipeline.create([3]);
    let (both, line) = (here.flatten_with(&foreign).named("both"), line!());
    both.for_each(|_| ());
    let told = refusal(pipeline.try_run());
    tells(&told, line, &["both", "another pipeline", "clones of the same Pipeline"]);

    let pipeline = bench.pipeline();
    let (all, line) = (pipeline.flatten([foreign.clone()]).named("all"), line!());
    all.for_each(|_| ());
    tells(&refusal(pipeline.try_run()), line, &["all", "another pipeline"]);
}

fn partition_routes_by_its_function(bench: &Bench) {
    for bench in bench.seeds(4, 5) {
        let elements = scores(&mut Rng::with_seed(bench.options().seed), 120);
        for windowing in Windowing::SAMPLES {
            let pipeline = bench.pipeline();
            let whole = windowing.apply(&create(&pipeline, &elements));
            let parts =
                whole.partition(5, |(key, n)| (usize::from(*key) + (n % 2 == 0) as usize) % 4);
            assert_eq!(parts.len(), 5);
            let one = whole.partition(1, |_| 0)[0].collect();
            let parts: Vec<_> = parts.iter().map(PCollection::collect).collect();
            let whole = whole.collect();
            pipeline.run();
            for (place, part) in parts.iter().enumerate() {
                let goes_here = |observed: &Observed<(u8, i64)>| {
                    let (key, n) = observed.value;
                    (usize::from(key) + usize::from(n % 2 == 0)) % 4 == place
                };
                let expected = whole.observed().into_iter().filter(goes_here).collect();
                assert_eq!(seen(part), sorted(expected), "part {place}, {windowing:?}");
            }
            assert!(parts[4].observed().is_empty() && !parts[3].observed().is_empty());
            assert_eq!(seen(&one), seen(&whole));
        }
    }
}

fn a_part_that_is_not_there_is_an_error_that_names_the_step(bench: &Bench) {
    for bundle_elements in [1, 64] {
        for bench in bench.seeds(4, bundle_elements) {
            for part in [3, usize::MAX] {
                let pipeline = bench.pipeline();
                let numbers = pipeline.create(0..50);
                let parts = numbers.partition(3, move |n| if *n == 31 { part } else { n % 3 });
                parts[1].named("thirds").for_each(|_| ());
                let error = pipeline.try_run().unwrap_err();
                assert_eq!(error.failed_step(), Some("thirds"), "{error}");
                let told = error.to_string();
                let says = format!("gave {part}, but there are 3 parts");
                assert!(told.contains(&says), "{told}");
            }
        }
    }
}

fn a_partition_into_nothing_is_refused(bench: &Bench) {
    let pipeline = bench.pipeline();
    let numbers = pipeline.create(0..5);
    let (parts, line) = (numbers.partition(0, |_| 0), line!());
    assert!(parts.is_empty());
    numbers.for_each(|_| ());
    tells(&refusal(pipeline.try_run()), line, &["Partition", "0 parts", "at least one"]);
}
