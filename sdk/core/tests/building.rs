//! What is wrong with a pipeline is told all at once, each with the transform's name, its place and
//! the mend; what is right is named.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::panic::Location;

use watershed_core::{
    DoFn, ElementContext, Emitters, FixedWindows, One, PCollection, PTransform, Pipeline,
    PolicyWindows, Sessions, SlidingWindows,
    combine::{Count, HotKey, Sum},
};
use watershed_model::{BoxError, BuildError, BuildErrors, Graph, minutes, seconds};

/// The place of the statement that begins so many lines further down, as an error tells it.
#[track_caller]
fn here(lines_down: u32) -> String {
    let here = Location::caller();
    format!("{}:{}", here.file(), here.line() + lines_down)
}

fn errors(pipeline: &Pipeline) -> Vec<BuildError> {
    let BuildErrors(errors) = pipeline.build().unwrap_err();
    errors
}

/// The only error of a pipeline that would be fine otherwise.
#[track_caller]
fn only_error(pipeline: &Pipeline) -> BuildError {
    let mut errors = errors(pipeline);
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

fn is_about(error: &BuildError, transform: &str, place: &str) {
    assert_eq!((&*error.transform, &*error.location.to_string()), (transform, place), "{error}");
}

fn numbers(pipeline: &Pipeline) -> PCollection<i64> {
    pipeline.create([1, 2, 3])
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.nodes().iter().map(|node| node.name.as_str()).collect()
}

#[test]
fn a_pipeline_of_nothing_is_fine() {
    let graph = Pipeline::new().build().unwrap();
    assert!(graph.nodes().is_empty());
    assert!(graph.collections().is_empty());
}

#[test]
fn a_pipeline_without_an_end_is_told_by_what_was_applied_last() {
    let pipeline = Pipeline::new();
    let place = here(1);
    let numbers = pipeline.create([1, 2, 3]);
    let error = only_error(&pipeline);
    is_about(&error, "Create", &place);
    assert!(error.problem.contains("writes nothing"), "{error}");
    assert!(error.mend.contains(".for_each(..)"), "{error}");

    let place = here(1);
    let counts = numbers.count_per_element();
    is_about(&only_error(&pipeline), "CountPerElement", &place);

    counts.for_each(drop);
    pipeline.build().unwrap();
}

#[test]
fn names_that_are_given_twice_in_one_scope() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    let first = here(1);
    numbers.filter(|n| n % 2 == 0).named("even").for_each(drop);
    let second = here(1);
    numbers.filter(|n| n & 1 == 0).named("even").for_each(drop);
    let error = only_error(&pipeline);
    is_about(&error, "even", &second);
    assert!(error.problem.contains("another step has this name"), "{error}");
    assert!(error.problem.contains(&first), "{error}");
    assert!(error.mend.contains(".named(..)"), "{error}");
}

#[test]
fn a_step_and_a_composite_cannot_share_a_name_either() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    numbers.map(|n| n + 1).named("total").for_each(drop);
    numbers.sum_globally().named("total").for_each(drop);
    assert_eq!(only_error(&pipeline).transform, "total");
}

#[test]
fn names_that_are_no_names() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    let places = [here(1), here(2), here(3)];
    numbers.map(|n| n + 1).named("").for_each(drop);
    numbers.map(|n| n + 2).named("a/b").for_each(drop);
    numbers.map(|n| n + 3).named("a\nb").for_each(drop);
    // They keep their automatic names, by which they are told.
    let errors = errors(&pipeline);
    assert_eq!(errors.len(), 3);
    is_about(&errors[0], "Map", &places[0]);
    is_about(&errors[1], "Map2", &places[1]);
    is_about(&errors[2], "Map3", &places[2]);
    assert!(errors[0].problem.contains("\"\" cannot be a step's name"), "{}", errors[0]);
    assert!(errors[1].problem.contains("\"a/b\" cannot be a step's name"), "{}", errors[1]);
    assert!(errors[1].mend.contains("no '/'"), "{}", errors[1]);
}

#[test]
fn flattening_what_is_windowed_differently() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    let by_minute = numbers.window(FixedWindows::of(minutes(1)));
    let by_second = numbers.window(FixedWindows::of(seconds(1)));
    let place = here(1);
    pipeline.flatten([by_minute.clone(), by_second, by_minute]).for_each(drop);
    let error = only_error(&pipeline);
    is_about(&error, "Flatten", &place);
    assert!(error.problem.contains("input 0 is windowed by FixedWindows"), "{error}");
    assert!(error.problem.contains("input 1 by FixedWindows"), "{error}");
    assert!(error.mend.contains(".window(..)"), "{error}");
}

#[test]
fn flattening_sessions_that_are_merged_with_those_that_are_not() {
    let pipeline = Pipeline::new();
    let sessions = numbers(&pipeline).with_keys(0u8).window(Sessions::with_gap(minutes(1)));
    let merged = sessions.combine_per_key(Sum);
    sessions.flatten_with(&merged).for_each(drop);
    let error = only_error(&pipeline);
    assert!(error.problem.contains("Merged(Sessions"), "{error}");
}

#[test]
fn an_input_of_another_pipeline() {
    let (pipeline, other) = (Pipeline::new(), Pipeline::new());
    let (ours, theirs) = (numbers(&pipeline), numbers(&other));
    let place = here(1);
    ours.flatten_with(&theirs).named("both").for_each(drop);
    let error = only_error(&pipeline);
    is_about(&error, "both", &place);
    assert!(error.problem.contains("another pipeline"), "{error}");
    assert!(error.mend.contains("same Pipeline"), "{error}");
}

#[test]
fn a_partition_into_no_parts() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    numbers.for_each(drop);
    let place = here(1);
    assert!(numbers.partition(0, |_| 0).is_empty());
    let error = only_error(&pipeline);
    is_about(&error, "Partition", &place);
    assert!(error.mend.contains("at least one part"), "{error}");
}

#[test]
fn windows_without_an_extent() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    let places = [here(1), here(2), here(3), here(4)];
    numbers.window(FixedWindows::of(seconds(0))).for_each(drop);
    numbers.window(SlidingWindows::of(seconds(10), seconds(0))).for_each(drop);
    numbers.window(SlidingWindows::of(seconds(-1), seconds(1))).for_each(drop);
    numbers.window(Sessions::with_gap(seconds(0))).named("visits").for_each(drop);
    let errors = errors(&pipeline);
    let problems: Vec<_> = errors.iter().map(|error| &*error.problem).collect();
    assert_eq!(
        problems,
        [
            "the windows' size is 0s",
            "the windows' period is 0s",
            "the windows' size is -1s",
            "the windows' gap is 0s",
        ]
    );
    for (error, name) in errors.iter().zip(["Window", "Window2", "Window3", "visits"]) {
        assert_eq!(error.transform, name);
    }
    for (error, place) in errors.iter().zip(places) {
        assert_eq!(error.location.to_string(), place);
    }
    assert!(errors[3].mend.contains("Sessions::with_gap(minutes(10))"), "{}", errors[3]);
}

#[test]
fn a_fan_out_of_nothing() {
    let pipeline = Pipeline::new();
    let keyed = numbers(&pipeline).with_keys("all".to_string());
    let spread = HotKey::with_hot_key_fanout(Sum, 0);
    let place = here(1);
    keyed.combine_per_key(spread).for_each(drop);
    let error = only_error(&pipeline);
    is_about(&error, "CombinePerKey", &place);
    assert!(error.problem.contains("fan-out is 0"), "{error}");
    assert!(error.mend.contains("at least 1"), "{error}");
}

#[test]
fn policies_by_which_no_batch_would_end() {
    let pipeline = Pipeline::new();
    let keyed = numbers(&pipeline).with_keys(1u8);
    let delta = |delta| PolicyWindows::delta(delta, |n: &i64| *n as f64);
    keyed.apply(PolicyWindows::count(0)).for_each(drop);
    keyed.apply(PolicyWindows::last(0)).for_each(drop);
    keyed.apply(PolicyWindows::last(1).every(0)).for_each(drop);
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        keyed.apply(delta(bad)).for_each(drop);
    }
    let place = here(1);
    keyed.window(Sessions::with_gap(seconds(1))).apply(delta(0.0)).for_each(drop);
    let errors = errors(&pipeline);
    let problems = ["of 0 values", "last 0 values", "every 0 values", "-1", "NaN", "inf", "merge"];
    assert_eq!(errors.len(), problems.len());
    for (nth, (error, problem)) in errors.iter().zip(problems).enumerate() {
        assert!(error.problem.contains(problem), "{error}");
        let ordinal = if nth == 0 { String::new() } else { (nth + 1).to_string() };
        assert!(error.transform.starts_with(&format!("PolicyWindows{ordinal}")), "{error}");
    }
    is_about(&errors[6], "PolicyWindows7/Batches", &place);
}

/// A composite that can find its own parameter wrong.
struct Every {
    nth: i64,
}

impl PTransform<PCollection<i64>> for Every {
    type Output = PCollection<i64>;
    fn expand(self, numbers: &PCollection<i64>) -> PCollection<i64> {
        if self.nth < 1 {
            numbers.pipeline().reject(format!("nth is {}", self.nth), "give 1 or more");
        }
        let nth = self.nth.max(1);
        numbers.filter(move |n| n % nth == 0)
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    let places = [here(1), here(2), here(3), here(4)];
    let none = numbers.apply(Every { nth: 0 }).named("none");
    let windowed = none.window(FixedWindows::of(seconds(0)));
    let doubled = numbers.map(|n| n + 1).named("none");
    windowed.flatten_with(&doubled).count_globally();

    let errors = errors(&pipeline);
    assert_eq!(errors.len(), 5);
    is_about(&errors[0], "none", &places[0]);
    assert_eq!((&*errors[0].problem, &*errors[0].mend), ("nth is 0", "give 1 or more"));
    is_about(&errors[1], "Window", &places[1]);
    is_about(&errors[2], "Flatten", &places[3]);
    is_about(&errors[3], "none", &places[2]);
    is_about(&errors[4], "Count", &places[3]);

    let text = BuildErrors(errors).to_string();
    let beginning = "the pipeline cannot be built, for 5 reasons:\n  1. none (";
    assert!(text.starts_with(beginning), "{text}");
    assert_eq!(text.matches("\n    to mend it: ").count(), 5, "{text}");
}

#[test]
fn automatic_names_are_the_method_and_an_ordinal() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    let keyed = numbers.map(|n| n + 1).map(|n| n + 2).key_by(|n| n % 2);
    keyed.filter(|_| true).map_values(|n| n + 3).for_each(drop);
    numbers.map(|n| n + 4).for_each(drop);
    assert_eq!(
        names(&pipeline.build().unwrap()),
        [
            "Create/Read",
            "Map",
            "Map2",
            "KeyBy",
            "Filter",
            "MapValues",
            "ForEach",
            "Map3",
            "ForEach2"
        ]
    );
}

#[test]
fn an_automatic_name_makes_way_for_one_that_was_given() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    numbers.map(|n| n + 1).for_each(drop);
    numbers.map(|n| n + 2).for_each(drop);
    numbers.filter(|_| true).named("Map").for_each(drop);
    assert_eq!(
        names(&pipeline.build().unwrap()),
        ["Create/Read", "Map2", "ForEach", "Map3", "ForEach2", "Map", "ForEach3"]
    );
}

/// What is applied twice below.
#[derive(Clone)]
struct Double;

impl DoFn<i64> for Double {
    type Outputs = One<i64>;
    fn process(
        &mut self,
        element: i64,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, i64>,
    ) -> Result<(), BoxError> {
        out.emit(2 * element);
        Ok(())
    }
}

#[test]
fn a_do_fn_or_composite_that_is_applied_twice_has_two_names() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    numbers.par_do(Double).par_do(Double).for_each(drop);
    numbers.apply(Every { nth: 2 }).apply(Every { nth: 3 }).for_each(drop);
    assert_eq!(
        names(&pipeline.build().unwrap()),
        [
            "Create/Read",
            "Double",
            "Double2",
            "ForEach",
            "Every/Filter",
            "Every2/Filter",
            "ForEach2"
        ]
    );
}

#[test]
fn naming_what_a_composite_made_names_the_composite() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline).named("numbers");
    numbers.apply(Every { nth: 2 }).named("even").for_each(drop).named("see them");
    numbers.apply(Every { nth: 3 }).for_each(drop);
    numbers.with_keys(()).combine_per_key(Count).named("per key").for_each(drop);
    let spread = HotKey::with_hot_key_fanout(Sum, 4);
    numbers.with_keys(()).combine_per_key(spread).named("spread").for_each(drop);
    assert_eq!(
        names(&pipeline.build().unwrap()),
        [
            "numbers/Read",
            "even/Filter",
            "see them",
            "Every/Filter",
            "ForEach",
            "WithKeys",
            "per key",
            "ForEach2",
            "WithKeys2",
            "spread/Spread",
            "spread/Partial",
            "spread/Unspread",
            "spread/Merge",
            "ForEach3",
        ]
    );
}

/// A composite of composites, which names what is in it.
struct Statistics;

impl PTransform<PCollection<i64>> for Statistics {
    type Output = (PCollection<u64>, PCollection<i64>);
    fn expand(self, numbers: &PCollection<i64>) -> Self::Output {
        let all = numbers.apply(Every { nth: 1 }).named("all");
        (all.count_globally(), all.sum_globally().named("total"))
    }
}

#[test]
fn names_inside_a_composite_are_of_its_own_scope() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    let (count, sum) = numbers.apply(Statistics);
    count.named("statistics").for_each(drop);
    sum.for_each(drop);
    let (_, again) = numbers.apply(Statistics);
    again.for_each(drop);
    let graph = pipeline.build().unwrap();
    let names = names(&graph);
    for expected in [
        "statistics/all/Filter",
        "statistics/Count/CombinePerKey",
        "statistics/total/Values",
        "Statistics/all/Filter",
        "Statistics/Count/CombinePerKey",
        "Statistics/total/Values",
    ] {
        assert!(names.contains(&expected), "{expected} is not in {names:?}");
    }
}

/// A composite that has nothing to do.
struct Unchanged;

impl PTransform<PCollection<i64>> for Unchanged {
    type Output = PCollection<i64>;
    fn expand(self, numbers: &PCollection<i64>) -> PCollection<i64> {
        numbers.clone()
    }
}

#[test]
fn a_composite_may_return_its_input_unchanged() {
    let pipeline = Pipeline::new();
    numbers(&pipeline).apply(Unchanged).apply(Unchanged).for_each(drop);
    assert_eq!(names(&pipeline.build().unwrap()), ["Create/Read", "ForEach"]);
}

#[test]
fn a_panic_in_a_composite_leaves_the_pipeline_usable() {
    struct Panics;
    impl PTransform<PCollection<i64>> for Panics {
        type Output = PCollection<i64>;
        fn expand(self, _: &PCollection<i64>) -> PCollection<i64> {
            panic!("not today")
        }
    }
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    let expansion = std::panic::AssertUnwindSafe(|| numbers.apply(Panics));
    assert!(std::panic::catch_unwind(expansion).is_err());
    numbers.map(|n| n + 1).for_each(drop);
    assert_eq!(names(&pipeline.build().unwrap()), ["Create/Read", "Map", "ForEach"]);
}

#[test]
fn several_threads_may_write_into_one_pipeline() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let numbers = numbers.clone();
            scope.spawn(move || numbers.apply(Every { nth: 2 }).for_each(drop));
        }
    });
    let graph = pipeline.build().unwrap();
    let mut names = names(&graph);
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "Create/Read",
            "Every/Filter",
            "Every2/Filter",
            "Every3/Filter",
            "ForEach",
            "ForEach2",
            "ForEach3"
        ]
    );
}

#[test]
fn a_pipeline_can_be_built_again_after_more_was_applied() {
    let pipeline = Pipeline::new();
    let numbers = numbers(&pipeline);
    numbers.for_each(drop);
    assert_eq!(pipeline.build().unwrap().nodes().len(), 2);
    numbers.map(|n| n + 1).for_each(drop);
    assert_eq!(pipeline.clone().build().unwrap().nodes().len(), 4);
}
