//! What an author counts.

use std::collections::BTreeSet;

use watershed::{
    Counter, Distribution, DistributionValue, Emitters, Gauge, RunReport, StepMetrics, StringSet,
    combine::combine_with, prelude::*,
};

use crate::Bench;

crate::cases! {
    what_is_counted_is_exact_over_all_workers: "MT-01";
    each_step_counts_for_itself: "MT-01";
    combiners_and_timers_count_too: "MT-01";
}

fn metrics<'r>(report: &'r RunReport, step: &str) -> &'r StepMetrics {
    &report.step(step).unwrap().metrics
}

/// Counts in all ways.
#[derive(Clone)]
struct Counts {
    all: Counter,
    sizes: Distribution,
    last: Gauge,
    kinds: StringSet,
}

impl DoFn<i64> for Counts {
    type Outputs = One<i64>;

    fn setup(&mut self) -> Result<(), BoxError> {
        self.kinds.add("set up");
        Ok(())
    }

    fn process(
        &mut self,
        n: i64,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, i64>,
    ) -> Result<(), BoxError> {
        self.all.inc();
        self.sizes.update(n);
        self.last.set(7);
        self.kinds.add(if n % 2 == 0 { "even" } else { "odd" });
        out.emit(n);
        Ok(())
    }

    fn teardown(&mut self) -> Result<(), BoxError> {
        self.kinds.add("torn down");
        Ok(())
    }
}

fn what_is_counted_is_exact_over_all_workers(bench: &Bench) {
    for bench in bench.seeds(3, 7) {
        let pipeline = bench.pipeline();
        let counts = Counts {
            all: Counter::new("all"),
            sizes: Distribution::new("sizes"),
            last: Gauge::new("last"),
            kinds: StringSet::new("kinds"),
        };
        pipeline.create(-100..1_000i64).reshuffle().par_do(counts).named("Counts").collect();
        let report = pipeline.run();
        let told = metrics(&report, "Counts");
        assert_eq!((told.counter("all"), told.counter("none")), (1_100, 0));
        let sum = (-100..1_000i128).sum();
        let sizes = DistributionValue { count: 1_100, sum, min: -100, max: 999 };
        assert_eq!(told.distributions["sizes"], sizes);
        assert_eq!(told.gauges["last"].value, 7);
        let kinds: BTreeSet<&str> = told.string_sets["kinds"].iter().map(String::as_str).collect();
        assert_eq!(kinds, BTreeSet::from(["even", "odd", "set up", "torn down"]));
        assert_eq!(report.counter("all"), 1_100);
    }
}

fn each_step_counts_for_itself(bench: &Bench) {
    let seen = Counter::new("seen");
    for bench in bench.plans(16) {
        let pipeline = bench.pipeline();
        let count = move |n: i64| {
            seen.inc();
            n
        };
        let first = pipeline.create(0..100i64).map(count).named("First");
        let few = first.filter(|n| *n < 10).map(count).named("Few");
        first.flat_map(move |n| std::iter::repeat_n(count(n), 2)).named("Twice").collect();
        few.key_by(|n| n % 3)
            .combine_per_key(Sum)
            .map(move |(_, sum)| count(sum))
            .named("Sums")
            .collect();
        let report = pipeline.run();
        let of = |step: &str| metrics(&report, step).counter("seen");
        assert_eq!([of("First"), of("Few"), of("Twice"), of("Sums")], [100, 10, 100, 3]);
        assert_eq!(report.counter("seen"), 213);
    }
}

fn combiners_and_timers_count_too(bench: &Bench) {
    let (added, extracted, fired) =
        (Counter::new("added"), Counter::new("extracted"), Counter::new("fired"));
    for bench in bench.seeds(2, 5) {
        let pipeline = bench.pipeline();
        let sums = pipeline.create((0..50i64).map(|n| (n % 5, n))).combine_per_key(combine_with(
            0i64,
            move |sum: &mut i64, n: i64| {
                added.inc();
                *sum += n;
            },
            |sum: &mut i64, other: i64| *sum += other,
            move |sum: i64| {
                extracted.inc();
                sum
            },
        ));
        let sums = sums.named("Sums");
        sums.stateful("Waits", Waits { fired }).collect();
        let report = pipeline.run();
        let sums = metrics(&report, "Sums");
        assert_eq!((sums.counter("added"), sums.counter("extracted")), (50, 5));
        assert_eq!(metrics(&report, "Waits").counter("fired"), 5);
    }
}

/// Counts when its timers fire.
#[derive(Clone)]
struct Waits {
    fired: Counter,
}

impl StatefulDoFn<i64, i64> for Waits {
    type Outputs = One<i64>;
    type Cells = watershed::EventTimer;

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        spec.event_timer("wait")
    }

    fn process(
        &mut self,
        _: i64,
        timer: &Self::Cells,
        cx: &mut StateContext<'_, i64>,
        _: &mut StatefulEmitters<Self, i64, i64>,
    ) -> Result<(), BoxError> {
        timer.set(cx, Timestamp::from_seconds(1))
    }

    fn on_timer(
        &mut self,
        _: &watershed::FiredTimer<'_>,
        _: &Self::Cells,
        _: &mut StateContext<'_, i64>,
        _: &mut StatefulEmitters<Self, i64, i64>,
    ) -> Result<(), BoxError> {
        self.fired.inc();
        Ok(())
    }
}
