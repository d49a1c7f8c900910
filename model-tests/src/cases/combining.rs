//! Combining: the fold of a group, however it is cut, spread, merged and sent.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use watershed::{
    BoxError, Checks, Collected, Element, FixedWindows, GlobalWindows, Sessions,
    combine::{
        CombineContext, CombineFn, CombineOver, Count, HotKey, Max, Mean, Min, Sum, ToList, Top,
        combine_with, reduce,
    },
    seconds,
    testing::assert_that,
};

use super::timed::{Timed, create, folds, panes, scores, sorted};
use crate::{
    Bench, cases,
    naive::{SECOND, Span, Windowing},
    spread::Spread,
};

cases! {
    combining_is_grouping_and_folding: "GP-05";
    combining_is_the_same_under_every_plan: "GP-05";
    closures_combine_as_combiners_do: "GP-05";
    accumulators_are_sent_and_merged_on_the_way: "GP-05";
    an_accumulator_that_changes_in_its_coder_is_caught: "GP-05";
    nothing_gives_the_identity_in_the_global_window_only: "GP-06";
    nothing_gives_nothing_without_defaults: "GP-06";
    composed_combiners_give_what_each_gives_alone: "GP-08";
    a_fan_out_counts_each_element_once: "GP-20";
}

/// How often each residue occurs, and the range: an accumulator of some size, an output of another.
#[derive(Clone)]
struct Census;

impl CombineFn<i64> for Census {
    type Accumulator = (BTreeMap<u8, u32>, Option<(i64, i64)>);
    type Output = (Vec<(u8, u32)>, i64);

    fn create(&self, _: &CombineContext<'_>) -> Self::Accumulator {
        (BTreeMap::new(), None)
    }
    fn add(&self, (counts, range): &mut Self::Accumulator, n: i64, _: &CombineContext<'_>) {
        *counts.entry(n.rem_euclid(5) as u8).or_default() += 1;
        *range = Some(range.map_or((n, n), |(low, high)| (low.min(n), high.max(n))));
    }
    fn merge(
        &self,
        (counts, range): &mut Self::Accumulator,
        (more, other): Self::Accumulator,
        _: &CombineContext<'_>,
    ) {
        more.into_iter().for_each(|(residue, n)| *counts.entry(residue).or_default() += n);
        if let Some((low, high)) = other {
            *range = Some(range.map_or((low, high), |(a, b)| (a.min(low), b.max(high))));
        }
    }
    fn extract(
        &self,
        (counts, range): Self::Accumulator,
        _: &CombineContext<'_>,
    ) -> Result<Self::Output, BoxError> {
        let (low, high) = range.ok_or("a pane of nothing")?;
        Ok((counts.into_iter().collect(), high - low))
    }
}

fn census(values: &[i64]) -> (Vec<(u8, u32)>, i64) {
    let count = |residue| values.iter().filter(|n| n.rem_euclid(5) == residue).count() as u32;
    let counts = (0..5).map(|residue| (residue as u8, count(residue))).filter(|(_, n)| *n > 0);
    (counts.collect(), values.iter().max().unwrap() - values.iter().min().unwrap())
}

fn combining_is_grouping_and_folding(bench: &Bench) {
    for bundle_elements in [1, 7, 4096] {
        bench.seeds(4, bundle_elements).for_each(|bench| combines_as_it_folds(&bench));
    }
}

fn combining_is_the_same_under_every_plan(bench: &Bench) {
    for bundle_elements in [1, 7, 4096] {
        bench.plans(bundle_elements).for_each(|bench| combines_as_it_folds(&bench));
    }
}

/// Combining, with a fan-out too, gives what grouping and folding gives, and the definition.
fn combines_as_it_folds(bench: &Bench) {
    let elements = scores(&mut Rng::with_seed(bench.options().seed), 200);
    for windowing in Windowing::SAMPLES {
        let pipeline = bench.pipeline();
        let pairs = windowing.apply(&create(&pipeline, &elements));
        let groups = pairs.group_by_key();
        let folded = groups.map_values(|group| census(&group.into_vec())).collect();
        let combined = pairs.combine_per_key(Spread(Census, None)).collect();
        let spread = pairs.combine_per_key(Spread(Census, Some(3))).collect();
        pipeline.run();
        let expected = folds(&elements, windowing, |values| census(&values));
        assert_eq!(panes(&folded), expected, "grouped, {windowing:?}");
        assert_eq!(panes(&combined), expected, "combined, {windowing:?}");
        assert_eq!(panes(&spread), expected, "spread, {windowing:?}");
    }
}

fn closures_combine_as_combiners_do(bench: &Bench) {
    for bench in bench.seeds(4, 5) {
        let elements = scores(&mut Rng::with_seed(bench.options().seed), 120);
        for windowing in Windowing::SAMPLES {
            let pipeline = bench.pipeline();
            let pairs = windowing.apply(&create(&pipeline, &elements));
            let digits = combine_with(
                (0u64, 0usize),
                |(digits, values), n: i64| {
                    *digits += n.abs().to_string().len() as u64;
                    *values += 1;
                },
                |all, other| *all = (all.0 + other.0, all.1 + other.1),
                |(digits, values)| format!("{digits} digits, {values} values"),
            );
            let texts = pairs.combine_per_key(digits).collect();
            let xor = pairs.combine_per_key(reduce(|a: i64, b: i64| a ^ b)).collect();
            let list = pairs.combine_per_key(ToList).map_values(sorted).collect();
            pipeline.run();
            let expected = folds(&elements, windowing, |values| {
                let digits: usize = values.iter().map(|n| n.abs().to_string().len()).sum();
                format!("{digits} digits, {} values", values.len())
            });
            assert_eq!(panes(&texts), expected, "{windowing:?}");
            let expected =
                folds(&elements, windowing, |values| values.into_iter().reduce(|a, b| a ^ b));
            assert_eq!(panes(&xor), expected, "{windowing:?}");
            assert_eq!(panes(&list), folds(&elements, windowing, sorted), "{windowing:?}");
        }
    }
}

static READINGS: AtomicU64 = AtomicU64::new(0);
static MERGES: AtomicU64 = AtomicU64::new(0);

/// A sum that counts in passing how often one was read from bytes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
struct Observed(i64);
impl From<i64> for Observed {
    fn from(sum: i64) -> Self {
        READINGS.fetch_add(1, SeqCst);
        Observed(sum)
    }
}
impl From<Observed> for i64 {
    fn from(sum: Observed) -> i64 {
        sum.0
    }
}

#[derive(Clone)]
struct ObservedSum;
impl CombineFn<i64> for ObservedSum {
    type Accumulator = Observed;
    type Output = i64;
    fn create(&self, _: &CombineContext<'_>) -> Observed {
        Observed(0)
    }
    fn add(&self, sum: &mut Observed, n: i64, _: &CombineContext<'_>) {
        sum.0 += n;
    }
    fn merge(&self, sum: &mut Observed, other: Observed, _: &CombineContext<'_>) {
        MERGES.fetch_add(1, SeqCst);
        sum.0 += other.0;
    }
    fn extract(&self, sum: Observed, _: &CombineContext<'_>) -> Result<i64, BoxError> {
        Ok(sum.0)
    }
}

fn accumulators_are_sent_and_merged_on_the_way(bench: &Bench) {
    let before = (READINGS.load(SeqCst), MERGES.load(SeqCst));
    for bench in bench.seeds(3, 8) {
        let mut options = bench.options();
        options.checks = Checks::Full;
        let pipeline = bench.pipeline_with(options);
        // So many keys that every process has some.
        let pairs = pipeline.create((0..600i64).map(|n| ((n % 60) as u8, n)));
        let sums = pairs.combine_per_key(ObservedSum);
        assert_that(&sums)
            .contains_in_any_order((0..60u8).map(|key| (key, 10 * i64::from(key) + 2_700)));
        pipeline.run();
    }
    let now = (READINGS.load(SeqCst), MERGES.load(SeqCst));
    // Accumulators move inside a process; they go through their coder from one to another, and by the
    // direct runner.
    if bench.runner() == "direct" || bench.processes() > 1 {
        assert!(now.0 > before.0, "{before:?} {now:?}");
    }
    if bench.runner() == "direct" || bench.workers() * bench.processes() > 1 {
        assert!(now.1 > before.1, "{before:?} {now:?}");
    }
}

/// A count whose bytes tell how often they were read.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "(u64, u64)", into = "(u64, u64)")]
struct Worn(u64, u64);
impl From<(u64, u64)> for Worn {
    fn from((count, readings): (u64, u64)) -> Self {
        Worn(count, readings + 1)
    }
}
impl From<Worn> for (u64, u64) {
    fn from(worn: Worn) -> Self {
        (worn.0, worn.1)
    }
}

fn an_accumulator_that_changes_in_its_coder_is_caught(bench: &Bench) {
    // The direct runner looks; what another one would do is not promised.
    if bench.runner() != "direct" {
        return;
    }
    for bench in bench.seeds(3, 2) {
        let mut options = bench.options();
        options.checks = Checks::Full;
        let pipeline = bench.pipeline_with(options);
        let pairs = pipeline.create((0..500i64).map(|n| ((n % 2) as u8, n)));
        let worn = combine_with(
            Worn(0, 0),
            |worn: &mut Worn, _: i64| worn.0 += 1,
            |worn, other| worn.0 += other.0,
            |worn| worn.0,
        );
        pairs.combine_per_key(worn).named("count").for_each(|_| ());
        let error = pipeline.try_run().unwrap_err();
        assert_eq!(error.failed_step(), Some("count"), "{error}");
        let told = error.to_string();
        assert!(told.contains("accumulator Worn") && told.contains("round trip"), "{told}");
    }
}

fn nothing_gives_the_identity_in_the_global_window_only(bench: &Bench) {
    for bench in bench.seeds(2, 4) {
        let pipeline = bench.pipeline();
        let nothing = pipeline.create([3i64, 5]).filter(|n| *n > 9);
        let fixed = nothing.window(FixedWindows::of(seconds(10)));
        let global = [
            nothing.clone(),
            fixed.window(GlobalWindows),
            pipeline.flatten::<i64>([]),
            pipeline.create([]),
        ];
        for nothing in &global {
            assert_that(&nothing.count_globally()).is_singleton(0);
            assert_that(&nothing.sum_globally()).is_singleton(0);
            assert_that(&nothing.mean_globally()).is_singleton(f64::NAN);
            assert_that(&nothing.min_globally()).is_singleton(None);
            assert_that(&nothing.max_globally()).is_singleton(None);
            assert_that(&nothing.largest_globally(2)).is_singleton(vec![]);
            assert_that(&nothing.sample_globally(2, 0)).is_singleton(vec![]);
            assert_that(&nothing.combine_globally((Sum, Count))).is_singleton((0, 0));
            let spread = HotKey::with_hot_key_fanout(Sum, 4);
            assert_that(&nothing.combine_globally(spread)).is_singleton(0);
        }
        let identity = nothing.sum_globally().with_keys(0u8).collect();
        let sessions = nothing.window(Sessions::with_gap(seconds(1)));
        for nothing in [&fixed, &sessions] {
            assert_that(&nothing.count_globally()).is_empty();
            assert_that(&nothing.sum_globally()).is_empty();
            assert_that(&nothing.combine_globally((Sum, Count))).is_empty();
            let spread = HotKey::with_hot_key_fanout(Sum, 4);
            assert_that(&nothing.combine_globally(spread)).is_empty();
        }
        // A key has a fold only if it has a value.
        let keyed = nothing.with_keys(0u8);
        assert_that(&keyed.combine_per_key(Sum)).is_empty();
        assert_that(&keyed.group_by_key().map(|(_, group)| group.len() as i64)).is_empty();
        pipeline.run();
        assert_eq!(panes(&identity), folds(&[(0u8, 0, 0)], Windowing::Global, |sum| sum[0]));
    }
}

fn nothing_gives_nothing_without_defaults(bench: &Bench) {
    for bench in bench.seeds(2, 4) {
        let pipeline = bench.pipeline();
        let nothing = pipeline.create([3i64]).filter(|n| *n > 9);
        assert_that(&nothing.combine_globally_without_defaults(Sum)).is_empty();
        let spread = HotKey::with_hot_key_fanout(Sum, 4);
        assert_that(&nothing.combine_globally_without_defaults(spread)).is_empty();
        let something = pipeline.create([3i64, 4]);
        assert_that(&something.combine_globally_without_defaults(Sum)).is_singleton(7);
        assert_that(&something.combine_globally(Sum)).is_singleton(7);
        pipeline.run();
    }
}

/// What each key and window has.
fn by_place<O: Element + Ord + Debug>(found: &Collected<(u8, O)>) -> BTreeMap<(u8, Span), O> {
    panes(found).into_iter().map(|((key, output), span)| ((key, span), output)).collect()
}

fn composed_combiners_give_what_each_gives_alone(bench: &Bench) {
    for bench in bench.seeds(3, 6) {
        let elements = scores(&mut Rng::with_seed(bench.options().seed), 150);
        for windowing in Windowing::SAMPLES {
            let pipeline = bench.pipeline();
            let pairs = windowing.apply(&create(&pipeline, &elements));
            let last_digit = |n: &i64| n % 10;
            let sum = pairs.combine_per_key(Sum).collect();
            let count = pairs.combine_per_key(Count).collect();
            let top = pairs.combine_per_key(Top::largest(3)).collect();
            let mean = pairs.combine_per_key(Mean).map_values(f64::to_bits).collect();
            let digit = pairs.combine_per_key(Min.over(last_digit)).collect();
            let four = pairs.combine_per_key((Sum, Count, Top::largest(3), Mean));
            let four = four.map_values(|(sum, count, top, mean): (i64, u64, Vec<i64>, f64)| {
                (sum, count, top, mean.to_bits())
            });
            let four = four.collect();
            let nested = (Count, (Sum, Min.over(last_digit)), Top::largest(3));
            let nested = pairs.combine_per_key(nested).collect();
            pipeline.run();

            let (sum, count, top) = (by_place(&sum), by_place(&count), by_place(&top));
            let (mean, digit) = (by_place(&mean), by_place(&digit));
            let (four, nested) = (by_place(&four), by_place(&nested));
            assert!(!sum.is_empty() && sum.keys().eq(four.keys()) && sum.keys().eq(nested.keys()));
            for (place, four) in four {
                let alone = (sum[&place], count[&place], top[&place].clone(), mean[&place]);
                assert_eq!(four, alone, "{place:?}");
                let alone = (count[&place], (sum[&place], digit[&place]), top[&place].clone());
                assert_eq!(nested[&place], alone, "{place:?}");
            }
        }
    }
}

fn a_fan_out_counts_each_element_once(bench: &Bench) {
    let mut elements: Vec<Timed<u8, i64>> = scores(&mut Rng::with_seed(20), 150);
    // Sessions that only the values of several intermediate keys hold together.
    elements.extend((0..60).map(|n| (9, n, 200 * SECOND + n * (2 * SECOND - 1))));
    for fanout in [1, 2, 7] {
        for bench in bench.seeds(3, 4) {
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let pairs = windowing.apply(&create(&pipeline, &elements));
                let folds_of = HotKey::with_hot_key_fanout((Sum, Count, Max), fanout);
                let found = pairs.combine_per_key(folds_of).collect();
                pipeline.run();
                let expected = folds(&elements, windowing, |values| {
                    let (sum, count) = (values.iter().sum::<i64>(), values.len() as u64);
                    (sum, count, values.into_iter().max())
                });
                assert_eq!(panes(&found), expected, "{windowing:?}, spread over {fanout}");
            }
        }
    }
}
