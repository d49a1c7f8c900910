//! Element-wise steps: what elements carry, where outputs go, dead letters, names.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering::SeqCst},
};

use serde::{Deserialize, Serialize};
use watershed::{
    Collected, Failed, Observed, Three,
    combine::{Count, HotKey, Sum},
    model::{PaneInfo, PaneTiming, Sign, Window, WindowSet},
    prelude::*,
    testing::assert_that,
};

use super::by_hand;
use crate::Bench;

crate::cases! {
    elements_keep_what_they_carry: "EW-01";
    results_of_a_grouping_keep_what_they_carry: "EW-01";
    outputs_go_where_they_belong: "EW-04";
    an_output_that_nobody_reads_costs_nothing: "EW-04";
    what_cannot_be_mapped_becomes_a_dead_letter: "EW-07";
    dead_letters_keep_what_they_carry: "EW-07";
    dead_letters_are_counted_though_nobody_reads_them: "EW-07";
    nothing_goes_through_every_transform: "EW-08";
    a_pipeline_of_nothing_ends: "EW-08";
    every_reader_gets_every_element_once: "EW-10";
    a_step_that_reads_twice_gets_every_element_twice: "EW-10";
    a_do_fn_applied_twice_is_two_steps: "EW-12";
    a_composite_applied_twice_is_two_composites: "EW-12";
    a_composite_may_return_its_input: "EW-12";
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds as i64)
}

fn interval(start: u64, end: u64) -> Window {
    Window::Interval { start: at(start), end: at(end) }
}

fn sorted<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort();
    values
}

/// What an element carries here: everything different for every element, retractions among them.
fn everything(value: u64) -> Observed<u64> {
    let timings = [PaneTiming::Early, PaneTiming::OnTime, PaneTiming::Late, PaneTiming::Unknown];
    let windows: Vec<Window> = (0..1 + value % 3).map(|n| interval(value, value + 1 + n)).collect();
    Observed {
        value,
        timestamp: at(value),
        windows: WindowSet::from(windows.as_slice()),
        pane: PaneInfo {
            timing: timings[value as usize % 4],
            index: value,
            on_time_index: 7 - value as i64,
            is_first: value.is_multiple_of(2),
            is_last: value.is_multiple_of(5),
            drained: value.is_multiple_of(7),
        },
        sign: if value.is_multiple_of(3) { Sign::Retraction } else { Sign::Insertion },
    }
}

/// Passes even numbers to one output and odd ones to the other.
#[derive(Clone)]
struct Parity;

impl DoFn<u64> for Parity {
    type Outputs = Two<u64, u64>;
    fn process(
        &mut self,
        number: u64,
        _: &ElementContext<'_>,
        (even, odd): &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        let output = if number.is_multiple_of(2) { even } else { odd };
        output.emit(number);
        Ok(())
    }
}

/// Every transform that works on one element, each with what it must give of the numbers below `N`.
fn element_wise(numbers: &PCollection<u64>) -> Vec<(&'static str, Collected<u64>, Vec<u64>)> {
    let all = || (0..N).collect::<Vec<u64>>();
    let even = || (0..N).step_by(2).collect::<Vec<u64>>();
    let odd = || (1..N).step_by(2).collect::<Vec<u64>>();
    let some_twice = || sorted((0..N).flat_map(|n| vec![n; n as usize % 3]));
    let (evens, odds) = numbers.par_do(Parity);
    let (mapped, failed) = numbers.try_map("even only", |n| match n % 2 {
        0 => Ok(*n),
        _ => Err("odd"),
    });
    let parts = numbers.partition(2, |n| (n % 2) as usize);
    let keyed = numbers.key_by(|n| n / 10);
    let chained = numbers
        .filter(|n| n % 2 == 1)
        .flat_map(|n| vec![n + 1000; 1 + n as usize % 2])
        .filter(|n| n % 3 != 0)
        .map(|n| n - 1000);
    let chain = (1..N).step_by(2).filter(|n| (n + 1000) % 3 != 0).flat_map(|n| [n, n]);
    vec![
        ("map", numbers.map(|n| n).collect(), all()),
        ("filter", numbers.filter(|n| n % 2 == 0).collect(), even()),
        ("filter that keeps all", numbers.filter(|_| true).collect(), all()),
        ("flat_map", numbers.flat_map(|n| vec![n; n as usize % 3]).collect(), some_twice()),
        (
            "flat_map_emit",
            numbers.flat_map_emit(|n, out| (0..n % 3).for_each(|_| out.emit(*n))).collect(),
            some_twice(),
        ),
        ("par_do, first output", evens.collect(), even()),
        ("par_do, second output", odds.collect(), odd()),
        ("try_map", mapped.collect(), even()),
        ("try_map, dead letters", failed.map(|failed| failed.element).collect(), odd()),
        ("partition, first part", parts[0].collect(), even()),
        ("partition, second part", parts[1].collect(), odd()),
        ("values", keyed.map_values(|n| n).values().collect(), all()),
        ("with_keys", numbers.with_keys(()).map(|((), n)| n).collect(), all()),
        ("a chain", chained.collect(), chain.collect()),
    ]
}

const N: u64 = 100;

fn elements_keep_what_they_carry(bench: &Bench) {
    for bench in bench.seeds(4, 32) {
        let pipeline = Pipeline::new();
        let branches = element_wise(&pipeline.create(0..N));
        let graph = by_hand::carrying(&pipeline.build().unwrap(), everything);
        bench.start(graph).unwrap().wait().unwrap();
        for (transform, found, expected) in branches {
            let expected: Vec<Observed<u64>> = expected.into_iter().map(everything).collect();
            assert_eq!(sorted(found.observed()), expected, "{transform}");
        }
    }
}

fn results_of_a_grouping_keep_what_they_carry(bench: &Bench) {
    let pipeline = bench.pipeline();
    let counts = pipeline
        .apply(watershed::Create::timestamped((0..60).map(|n| (n, at(n)))))
        .window(FixedWindows::of(seconds(10)))
        .key_by(|n| n % 3)
        .combine_per_key(Count);
    let found = counts
        .filter(|(key, _)| *key != 1)
        .flat_map(|(key, count)| [(key, count), (key, count + 100)])
        .map(|(key, count)| (key + 10, count))
        .collect();
    pipeline.run();
    let mut by_window: BTreeMap<Window, usize> = BTreeMap::new();
    for result in found.observed() {
        let [window] = result.windows.as_slice() else { panic!("{result:?}") };
        assert_eq!(result.timestamp, window.max_timestamp());
        assert_eq!((result.pane, result.sign), (PaneInfo::ONLY, Sign::Insertion));
        *by_window.entry(window.clone()).or_default() += 1;
    }
    let windows = (0..6).map(|n| (interval(10 * n, 10 * n + 10), 4));
    assert_eq!(by_window, windows.collect());
}

/// Sorts numbers by their remainder, the third kind as text.
#[derive(Clone)]
struct Remainders;

impl DoFn<u64> for Remainders {
    type Outputs = Three<u64, u64, String>;
    fn process(
        &mut self,
        number: u64,
        _: &ElementContext<'_>,
        (zero, one, two): &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        match number % 3 {
            0 => zero.emit(number),
            1 => one.emit(number),
            _ => two.emit(number.to_string()),
        }
        Ok(())
    }
}

fn outputs_go_where_they_belong(bench: &Bench) {
    for bench in bench.seeds(4, 16) {
        let pipeline = bench.pipeline();
        let (zero, one, two) = pipeline.create(0..99u64).par_do(Remainders);
        assert_that(&zero).contains_in_any_order((0..99).step_by(3));
        assert_that(&one).contains_in_any_order((1..99).step_by(3));
        assert_that(&two).contains_in_any_order((2..99).step_by(3).map(|n| n.to_string()));
        let report = pipeline.run();
        assert_eq!(report.step("Remainders").unwrap().elements_out, [33, 33, 33]);
    }
}

/// Counts those of its kind that are there, and the most that ever were.
#[derive(Serialize, Deserialize)]
struct Counted;

static THERE: AtomicI64 = AtomicI64::new(0);
static MOST: AtomicI64 = AtomicI64::new(0);

impl Counted {
    fn new() -> Self {
        MOST.fetch_max(THERE.fetch_add(1, SeqCst) + 1, SeqCst);
        Counted
    }
}
impl Clone for Counted {
    fn clone(&self) -> Self {
        Counted::new()
    }
}
impl Drop for Counted {
    fn drop(&mut self) {
        THERE.fetch_sub(1, SeqCst);
    }
}

#[derive(Clone)]
struct Wasteful;

impl DoFn<u64> for Wasteful {
    type Outputs = Two<u64, Counted>;
    fn process(
        &mut self,
        number: u64,
        _: &ElementContext<'_>,
        (wanted, unwanted): &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        wanted.emit(number);
        (0..10).for_each(|_| unwanted.emit(Counted::new()));
        Ok(())
    }
}

fn an_output_that_nobody_reads_costs_nothing(bench: &Bench) {
    MOST.store(0, SeqCst);
    let pipeline = bench.pipeline();
    let (wanted, _) = pipeline.create(0..1000u64).par_do(Wasteful);
    assert_that(&wanted).contains_in_any_order(0..1000);
    let report = pipeline.run();
    assert_eq!(report.step("Wasteful").unwrap().elements_out, [1000, 0]);
    let most = MOST.load(SeqCst);
    let least = i64::from(bench.sees_all());
    assert!((least..=bench.workers() as i64).contains(&most), "{most} were there at once");
    assert_eq!(THERE.load(SeqCst), 0);
}

fn what_cannot_be_mapped_becomes_a_dead_letter(bench: &Bench) {
    let texts = || (0..90).map(|n| if n % 3 == 0 { format!("no {n}") } else { n.to_string() });
    for bench in bench.seeds(4, 16) {
        let pipeline = bench.pipeline();
        let (numbers, failed) =
            pipeline.create(texts()).try_map("parse", |text: &String| text.parse::<u64>());
        assert_that(&numbers).contains_in_any_order((0..90).filter(|n| n % 3 != 0));
        assert_that(&failed).contains_in_any_order((0..90).step_by(3).map(|n| Failed {
            element: format!("no {n}"),
            error: "invalid digit found in string".into(),
            step: "parse".into(),
        }));
        let report = pipeline.run();
        assert_eq!(report.failed, 30);
        assert_eq!(report.step("parse").unwrap().elements_out, [60, 30]);
    }
}

fn dead_letters_keep_what_they_carry(bench: &Bench) {
    let pipeline = bench.pipeline();
    let numbers = pipeline
        .apply(watershed::Create::timestamped((0..30).map(|n| (n, at(n)))))
        .window(SlidingWindows::of(seconds(10), seconds(5)));
    let (_, failed) = numbers.try_map("refuse", |_| Err::<u64, _>("never"));
    let (before, after) = (numbers.collect(), failed.collect());
    pipeline.run();
    let letters = after.observed().into_iter().map(|letter| Observed {
        value: letter.value.element,
        timestamp: letter.timestamp,
        windows: letter.windows,
        pane: letter.pane,
        sign: letter.sign,
    });
    assert_eq!(sorted(letters), sorted(before.observed()));
    assert_eq!(before.observed().len(), 30);
}

fn dead_letters_are_counted_though_nobody_reads_them(bench: &Bench) {
    let pipeline = bench.pipeline();
    let (good, _) = pipeline.create(0..100u64).try_map("seven", |n| match n % 7 {
        0 => Err("a multiple of seven"),
        _ => Ok(*n),
    });
    assert_that(&good.count_globally()).is_singleton(85);
    assert_eq!(pipeline.run().failed, 15);
}

fn nothing_goes_through_every_transform(bench: &Bench) {
    let pipeline = bench.pipeline();
    let nothing = pipeline.create(Vec::<u64>::new());
    let branches = element_wise(&nothing);
    let keyed = nothing.key_by(|n| n % 2);
    let windowed = keyed.window(FixedWindows::of(seconds(1)));
    let sessions = keyed.window(Sessions::with_gap(seconds(1)));
    let timed = nothing.with_timestamps(|n| at(*n));
    assert_that(&timed).is_empty();
    assert_that(&nothing.reshuffle()).is_empty();
    assert_that(&nothing.flatten_with(&nothing)).is_empty();
    assert_that(&pipeline.flatten(Vec::<PCollection<u64>>::new())).is_empty();
    assert_that(&nothing.distinct()).is_empty();
    assert_that(&nothing.count_per_element()).is_empty();
    assert_that(&nothing.combine_globally_without_defaults(Sum)).is_empty();
    assert_that(&nothing.combine_globally(Sum)).is_singleton(0);
    assert_that(&keyed.combine_per_key(Sum)).is_empty();
    assert_that(&keyed.combine_per_key(Sum.with_hot_key_fanout(4))).is_empty();
    for keyed in [keyed, windowed, sessions] {
        let sizes = keyed.group_by_key().map(|(key, group)| (key, group.len() as u64));
        assert_that(&sizes).is_empty();
    }
    assert_eq!(pipeline.run().elements_read, 0);
    for (transform, found, _) in branches {
        assert_eq!(found.values(), [0; 0], "{transform}");
    }
}

fn a_pipeline_of_nothing_ends(bench: &Bench) {
    let report = bench.pipeline().run();
    assert_eq!((report.elements_read, report.steps.len()), (0, 0));
}

fn every_reader_gets_every_element_once(bench: &Bench) {
    for bench in bench.seeds(4, 16) {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create(0..200u64);
        let (even, odd) = numbers.par_do(Parity);
        let groups = numbers.key_by(|n| n % 10).group_by_key();
        for _ in 0..3 {
            assert_that(&numbers).contains_in_any_order(0..200);
            assert_that(&numbers.map(|n| n + 1)).contains_in_any_order(1..201);
            assert_that(&even).contains_in_any_order((0..200).step_by(2));
            assert_that(&odd).contains_in_any_order((1..200).step_by(2));
            let sizes = groups.map(|(key, group)| (key, group.len() as u64));
            assert_that(&sizes).contains_in_any_order((0..10).map(|key| (key, 20)));
        }
        assert_eq!(pipeline.run().elements_read, 200);
    }
}

fn a_step_that_reads_twice_gets_every_element_twice(bench: &Bench) {
    let pipeline = bench.pipeline();
    let numbers = pipeline.create(0..100u64);
    let twice = numbers.flatten_with(&numbers);
    let thrice = pipeline.flatten([numbers.clone(), numbers.map(|n| n), numbers.clone()]);
    assert_that(&twice).contains_in_any_order((0..100).flat_map(|n| [n, n]));
    assert_that(&thrice).contains_in_any_order((0..100).flat_map(|n| [n, n, n]));
    assert_eq!(pipeline.run().elements_read, 100);
}

/// Counts what each of its instances sees in a bundle; puts the numbers out again.
#[derive(Clone)]
struct Numbered {
    count: u64,
}

impl DoFn<u64> for Numbered {
    type Outputs = One<u64>;
    fn start_bundle(&mut self, _: &watershed::BundleContext<'_>) -> Result<(), BoxError> {
        self.count = 0;
        Ok(())
    }
    fn process(
        &mut self,
        _: u64,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        self.count += 1;
        out.emit(self.count);
        Ok(())
    }
}

fn a_do_fn_applied_twice_is_two_steps(bench: &Bench) {
    let pipeline = bench.pipeline();
    let numbered = Numbered { count: 40 };
    let first = pipeline.create([5u64]).par_do(numbered.clone());
    let second = first.flat_map(|n| [n, n, n]).par_do(numbered);
    assert_that(&first).is_singleton(1);
    assert_that(&second).satisfies(|counts| match counts.iter().max() <= Some(&3) {
        true => Ok(()),
        false => Err(format!("{counts:?}").into()),
    });
    let report = pipeline.run();
    let elements = |step: &str| report.step(step).map(|step| step.elements_in);
    assert_eq!((elements("Numbered"), elements("Numbered2")), (Some(1), Some(3)));
}

/// Keeps even numbers and halves them; one composite within another.
struct Halves;
struct Evens;

impl PTransform<PCollection<u64>> for Evens {
    type Output = PCollection<u64>;
    fn expand(self, numbers: &PCollection<u64>) -> PCollection<u64> {
        numbers.filter(|n| n.is_multiple_of(2))
    }
}
impl PTransform<PCollection<u64>> for Halves {
    type Output = PCollection<u64>;
    fn expand(self, numbers: &PCollection<u64>) -> PCollection<u64> {
        numbers.apply(Evens).map(|n| n / 2).apply(Evens)
    }
}

fn a_composite_applied_twice_is_two_composites(bench: &Bench) {
    let pipeline = bench.pipeline();
    let quarters = pipeline.create(0..64u64).apply(Halves).apply(Halves);
    assert_that(&quarters).contains_in_any_order((0..16).step_by(2));
    let report = pipeline.run();
    let names = ["Evens/Filter", "Map", "Evens2/Filter"];
    let expected = [("Halves", [64, 32, 32]), ("Halves2", [16, 16, 16])];
    for (composite, elements) in expected {
        for (name, elements) in std::iter::zip(names, elements) {
            let name = format!("{composite}/{name}");
            assert_eq!(report.step(&name).unwrap().elements_in, elements, "{name}");
        }
    }
}

/// Does nothing.
struct Unchanged;

impl PTransform<PCollection<u64>> for Unchanged {
    type Output = PCollection<u64>;
    fn expand(self, numbers: &PCollection<u64>) -> PCollection<u64> {
        numbers.clone()
    }
}

fn a_composite_may_return_its_input(bench: &Bench) {
    let pipeline = bench.pipeline();
    let numbers = pipeline.create(0..50u64);
    let same = numbers.apply(Unchanged).apply(Unchanged);
    assert_eq!(same.id(), numbers.id());
    assert_that(&same.map(|n| n * 2).apply(Unchanged)).contains_in_any_order((0..100).step_by(2));
    assert_that(&numbers).contains_in_any_order(0..50);
    pipeline.run();
}
