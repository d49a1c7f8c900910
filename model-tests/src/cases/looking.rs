//! What timers, state and combiners see beside their elements: views, and options.

use watershed::{
    Emitter, EventTimer, FiredTimer, Pipeline, RunOptions, ValueState, View, ViewList, ViewMap,
    WindowExpiration,
    combine::{CombineContext, CombineFn, CombineOver, Count, Sum},
    model::{DropReason, UserOptions},
    prelude::*,
};

use super::{
    remembering::{said, short, tens},
    told::{Score, drops, panes, stream},
};
use crate::Bench;

crate::cases! {
    state_timers_and_expirations_see_views: "SI-10", "ST-13";
    what_waits_for_a_view_meets_no_closed_window: "SI-10", "SI-09";
    a_timer_sees_key_window_time_options_and_every_cell: "ST-13";
    combiners_see_views: "GP-07", "SI-10";
    a_pane_is_folded_with_the_newest_view: "GP-07", "SI-05";
    a_do_fn_sees_time_window_pane_and_options: "EW-09", "MT-04";
    an_option_that_is_missing_or_of_another_kind_fails_by_name: "MT-04";
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Looks at a view of points by name whenever it is called.
#[derive(Clone)]
struct Prices(View<ViewMap<String, i64>>);

struct PriceCells {
    seen: ValueState<i64>,
    soon: EventTimer,
    end: WindowExpiration,
}

impl Prices {
    fn tell(
        &self,
        what: &str,
        cells: &PriceCells,
        cx: &StateContext<'_, String>,
        out: &mut Emitter<String>,
    ) {
        let price = cx.side_input(&self.0).get("x").copied();
        let seen = cells.seen.get(cx).copied();
        out.emit(format!("{} {what} {price:?} {seen:?}", cx.key()));
    }
}

impl StatefulDoFn<String, i64> for Prices {
    type Outputs = One<String>;
    type Cells = PriceCells;

    fn declare(&self, spec: &mut StateSpec) -> PriceCells {
        PriceCells {
            seen: spec.value("seen"),
            soon: spec.event_timer("soon"),
            end: spec.on_window_expiration(),
        }
    }

    fn side_inputs(&self) -> ViewList {
        ViewList::new().with(&self.0)
    }

    fn process(
        &mut self,
        points: i64,
        cells: &PriceCells,
        cx: &mut StateContext<'_, String>,
        out: &mut Emitter<String>,
    ) -> Result<(), BoxError> {
        cells.seen.set(cx, points);
        cells.soon.set_after(cx, seconds(2))?;
        self.tell("came", cells, cx, out);
        Ok(())
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        cells: &PriceCells,
        cx: &mut StateContext<'_, String>,
        out: &mut Emitter<String>,
    ) -> Result<(), BoxError> {
        let what = if fired.is(&cells.end) { "end" } else { "soon" };
        self.tell(what, cells, cx, out);
        Ok(())
    }
}

/// What the prices say of a stream and another one, which makes the view; both in windows of ten seconds.
fn priced(bench: &Bench, main: &str, side: &str, lateness: i64) -> (Vec<String>, [u64; 2]) {
    let pipeline = bench.pipeline();
    let prices = tens(0)(&pipeline.apply(stream(side))).as_map();
    let main = tens(lateness)(&pipeline.apply(stream(main)));
    let found = main.stateful("Prices", Prices(prices)).collect();
    let report = pipeline.run();
    (said(&found), drops(&report))
}

fn state_timers_and_expirations_see_views(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let (said, _) = priced(&bench, "a=1@1 b=2@12 | w10 | w20", "x=5@3 x=7@12", 0);
        assert_eq!(
            said,
            [
                "a came Some(5) Some(1) @1 0..10",
                "a end Some(5) Some(1) @9.999999 0..10",
                "a soon Some(5) Some(1) @3 0..10",
                "b came Some(7) Some(2) @12 10..20",
                "b end Some(7) Some(2) @19.999999 10..20",
                "b soon Some(7) Some(2) @14 10..20",
            ]
        );
    }
}

fn what_waits_for_a_view_meets_no_closed_window(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        // The stream has long passed the window when its view has a pane at last. A late element waits, too.
        let main = "a=1@1 | w10 | w12 | a=3@4 | w16 | w40";
        let (said, dropped) = priced(&bench, main, "x=5@3 | | | | | w30", 5);
        assert_eq!(
            said,
            [
                "a came Some(5) Some(1) @1 0..10",
                "a came Some(5) Some(3) @4 0..10",
                "a end Some(5) Some(3) @9.999999 0..10",
                "a soon Some(5) Some(3) @6 0..10",
            ]
        );
        assert_eq!(dropped, [0, 0]);
        // One that comes when all of that is over is late.
        let main = "a=1@1 | w10 | w12 | | w30 | w40 | a=3@4";
        let (said, dropped) = priced(&bench, main, "x=5@3 | | | | w30", 5);
        assert_eq!(said.len(), 3);
        assert_eq!(dropped, [1, 0]);
    }
}

/// Options under test.
fn with_options(bench: &Bench, options: &[(&str, &str)]) -> RunOptions {
    let mut run = bench.options();
    run.user_options = options.iter().copied().collect::<UserOptions>();
    run
}

/// Says all that its timer is told.
#[derive(Clone)]
struct Telling;

impl StatefulDoFn<String, i64> for Telling {
    type Outputs = One<String>;
    type Cells = PriceCells;

    fn declare(&self, spec: &mut StateSpec) -> PriceCells {
        PriceCells {
            seen: spec.value("seen"),
            soon: spec.event_timer("soon"),
            end: spec.on_window_expiration(),
        }
    }

    fn process(
        &mut self,
        points: i64,
        cells: &PriceCells,
        cx: &mut StateContext<'_, String>,
        _: &mut Emitter<String>,
    ) -> Result<(), BoxError> {
        let most: i64 = cx.options().required("most")?;
        cells.seen.set(cx, points.min(most));
        cells.soon.set(cx, at(7))
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        cells: &PriceCells,
        cx: &mut StateContext<'_, String>,
        out: &mut Emitter<String>,
    ) -> Result<(), BoxError> {
        let unit = cx.options().get("unit").unwrap_or("none");
        let end = cx.window().max_timestamp();
        let seen = cells.seen.get(cx).copied().unwrap_or(-1);
        out.emit(format!(
            "{} {} {} {seen} {unit} {:?}",
            cx.key(),
            short(end),
            short(cx.timestamp()),
            fired.time().map(short)
        ));
        // What a timer writes is read at the end.
        cells.seen.set(cx, seen + 100);
        Ok(())
    }
}

fn a_timer_sees_key_window_time_options_and_every_cell(bench: &Bench) {
    let pipeline = bench.pipeline_with(with_options(bench, &[("most", "3"), ("unit", "km")]));
    let main = tens(0)(&pipeline.apply(stream("a=1@1 b=9@2 | w20")));
    let found = main.stateful("Telling", Telling).collect();
    pipeline.run();
    assert_eq!(
        said(&found),
        [
            "a 9.999999 7 1 km Some(\"7\") @7 0..10",
            "a 9.999999 9.999999 101 km None @9.999999 0..10",
            "b 9.999999 7 3 km Some(\"7\") @7 0..10",
            "b 9.999999 9.999999 103 km None @9.999999 0..10",
        ]
    );
}

/// Sums points, each times what a view says.
#[derive(Clone)]
struct Weighted(View<i64>);

impl CombineFn<i64> for Weighted {
    type Accumulator = i64;
    type Output = i64;

    fn create(&self, _: &CombineContext<'_>) -> i64 {
        0
    }
    fn add(&self, sum: &mut i64, points: i64, cx: &CombineContext<'_>) {
        *sum += points * cx.side_input(&self.0);
    }
    fn merge(&self, sum: &mut i64, other: i64, _: &CombineContext<'_>) {
        *sum += other;
    }
    /// With what the view says once more, so that the end sees it too.
    fn extract(&self, sum: i64, cx: &CombineContext<'_>) -> Result<i64, BoxError> {
        Ok(sum * 1000 + cx.side_input(&self.0))
    }
    fn side_inputs(&self) -> ViewList {
        ViewList::new().with(&self.0)
    }
}

/// A stateful step whose cell combines with a view.
#[derive(Clone)]
struct Running(Weighted);

impl StatefulDoFn<String, i64> for Running {
    type Outputs = One<Score>;
    type Cells = watershed::CombiningState<i64, Weighted>;

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        spec.combining("sum", self.0.clone())
    }
    fn side_inputs(&self) -> ViewList {
        self.0.side_inputs()
    }
    fn process(
        &mut self,
        points: i64,
        sum: &Self::Cells,
        cx: &mut StateContext<'_, String>,
        out: &mut Emitter<Score>,
    ) -> Result<(), BoxError> {
        sum.add(cx, points);
        out.emit((cx.key().clone(), sum.read(cx)?));
        Ok(())
    }
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values
}

fn weight(pipeline: &Pipeline, weight: i64) -> Weighted {
    Weighted(pipeline.create([weight]).as_singleton())
}

fn combiners_see_views(bench: &Bench) {
    let name = |name: &str| name.to_owned();
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let points = [("a", 1), ("b", 2), ("a", 4)].map(|(n, points)| (name(n), points));
        let scores = pipeline.create(points);
        let by_ten = weight(&pipeline, 10);
        let alone = scores.combine_per_key(by_ten.clone()).collect();
        let hot = scores.combine_per_key(by_ten.clone().with_hot_key_fanout(4)).collect();
        let several = scores.combine_per_key((Count, by_ten.clone(), Sum)).collect();
        let part = by_ten.clone().over(|score: &Score| score.1 + 1);
        let all = scores.combine_globally(part).collect();
        let none = pipeline.create(Vec::<i64>::new()).combine_globally(by_ten.clone()).collect();
        let running = scores.stateful("Running", Running(by_ten)).collect();
        pipeline.run();
        let expected = [(name("a"), 50_010), (name("b"), 20_010)];
        assert_eq!(sorted(alone.values()), expected);
        assert_eq!(sorted(hot.values()), expected);
        let expected = [(name("a"), (2, 50_010, 5)), (name("b"), (1, 20_010, 2))];
        assert_eq!(sorted(several.values()), expected);
        assert_eq!(all.values(), [100_010]);
        assert_eq!(none.values(), [10]);
        let last = running.values().into_iter().max();
        assert_eq!((last, running.values().len()), (Some((name("b"), 20_010)), 3));
    }
}

fn a_pane_is_folded_with_the_newest_view(bench: &Bench) {
    let early = || AfterWatermark::new().early(AfterCount::of(1));
    let windows = || FixedWindows::of(seconds(10)).triggering(early()).accumulating();
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let side = pipeline.apply(stream("x=10@1 | | x=5@2 | | | w10")).window(windows());
        let weight = side.values().combine_globally_without_defaults(Sum).as_singleton();
        let main = pipeline.apply(stream("| a=1@1 | | a=2@2 | w10")).window(windows());
        let (found, dropped) = main.combine_per_key_and_dropped(Weighted(weight));
        let (found, dropped) = (found.collect(), dropped.collect());
        pipeline.run();
        assert_eq!(
            panes(&found),
            [
                "a [0s,10s) early 0/-1 first @end = 10010",
                "a [0s,10s) early 1/-1 @end = 45015",
                "a [0s,10s) on_time 2/0 last @end = 45015",
            ]
        );
        assert_eq!(dropped.values().len(), 0);
    }
}

/// Says all that a DoFn can know of an element.
#[derive(Clone)]
struct Knowing;

impl DoFn<Score> for Knowing {
    type Outputs = One<String>;

    fn observes_windows(&self) -> bool {
        true
    }

    fn start_bundle(&mut self, cx: &watershed::BundleContext<'_>) -> Result<(), BoxError> {
        assert_eq!(cx.options().get("unit"), Some("km"));
        Ok(())
    }

    fn process(
        &mut self,
        (name, points): Score,
        cx: &ElementContext<'_>,
        out: &mut Emitter<String>,
    ) -> Result<(), BoxError> {
        let most: i64 = cx.options().parse("most")?.unwrap_or(i64::MAX);
        let (unit, windows) = (cx.options().required::<String>("unit")?, cx.windows().len());
        out.emit(format!(
            "{name} {} {unit} {} {windows} {}",
            points.min(most),
            short(cx.timestamp()),
            cx.pane().index
        ));
        Ok(())
    }
}

fn a_do_fn_sees_time_window_pane_and_options(bench: &Bench) {
    let windows = FixedWindows::of(seconds(10))
        .triggering(AfterWatermark::new().early(AfterCount::of(1)))
        .discarding();
    let pipeline = bench.pipeline_with(with_options(bench, &[("most", "3"), ("unit", "km")]));
    let main = pipeline.apply(stream("a=1@1 | a=9@2 | w20")).window(windows);
    let found = main.combine_per_key(Sum).par_do(Knowing).collect();
    let report = pipeline.run();
    assert_eq!(
        said(&found),
        [
            "a 0 km 9.999999 1 2 @9.999999 0..10",
            "a 1 km 9.999999 1 0 @9.999999 0..10",
            "a 3 km 9.999999 1 1 @9.999999 0..10",
        ]
    );
    assert_eq!(report.drops.count(DropReason::Late), 0);
}

fn an_option_that_is_missing_or_of_another_kind_fails_by_name(bench: &Bench) {
    let told = |options: &[(&str, &str)]| {
        let pipeline = bench.pipeline_with(with_options(bench, options));
        pipeline.create([("a".to_owned(), 1)]).stateful("Telling", Telling).collect();
        let error = pipeline.try_run().unwrap_err();
        assert_eq!(error.failed_step(), Some("Telling"), "{error}");
        error.to_string()
    };
    let missing = told(&[("mots", "3")]);
    assert!(missing.contains("needs the option most, but given were mots"), "{missing}");
    let other = told(&[("most", "three")]);
    assert!(other.contains("the option most is \"three\", which is no i64"), "{other}");
}
