//! Splittable DoFns: work that is claimed, cut, left and taken up again.

use std::sync::mpsc::channel;

use watershed::{
    Claims, Continuation, Emitter, ManualEstimator, MonotonicEstimator, OffsetRange, OffsetTracker,
    Outcome, RestrictionTracker, SplittableContext, SplittableDoFn, View, ViewList,
    WallClockEstimator, WatermarkEstimator,
    combine::{Count, Sum},
    model::Boundedness,
    prelude::*,
};

use super::{
    ending::wait_until_told,
    remembering::{said, tens},
    told::{Score, drops, stream},
    waiting::Now,
};
use crate::Bench;

crate::cases! {
    each_position_is_done_once_however_it_is_cut: "SR-03";
    work_that_has_nothing_to_do_goes_on_after_its_delay: "SR-03";
    estimators_say_how_far_the_output_has_come: "SR-03";
    what_an_estimator_has_said_is_never_taken_back: "SR-09", "SR-03";
    work_that_is_left_unclaimed_fails_by_name: "SR-09";
    a_restriction_that_is_split_badly_fails_by_name: "SR-03";
    a_drain_finishes_what_ends_and_drops_what_does_not: "SR-09";
    splittable_work_sees_views_and_options: "SI-10";
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// What a piece of work does.
type Process<E> = fn(
    &Score,
    &mut Claims<'_, OffsetTracker>,
    &mut SplittableContext<'_, E>,
    &mut Emitter<Score>,
) -> Result<Continuation, BoxError>;

/// Work on the numbers below an element's points, which a case tells.
struct Work<E> {
    process: Process<E>,
    estimator: fn(Timestamp) -> E,
    is_endless: bool,
}

impl<E> Clone for Work<E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E> Copy for Work<E> {}

impl<E: WatermarkEstimator> SplittableDoFn<Score> for Work<E> {
    type Tracker = OffsetTracker;
    type Estimator = E;
    type Outputs = One<Score>;

    fn initial_restriction(&self, (_, points): &Score) -> Result<OffsetRange, BoxError> {
        Ok(if self.is_endless { OffsetRange::from(0) } else { OffsetRange::new(0, *points) })
    }
    fn split(
        &self,
        (name, _): &Score,
        range: OffsetRange,
        parts: usize,
    ) -> Result<Vec<OffsetRange>, BoxError> {
        Ok(match &**name {
            "apart" => range.split_every(range.end / parts as i64 + 1),
            "lost" => vec![OffsetRange::new(range.start, range.end - 1)],
            _ => vec![range],
        })
    }
    fn tracker(&self, _: &Score, range: OffsetRange) -> OffsetTracker {
        range.tracker()
    }
    fn estimator(&self, _: &Score, timestamp: Timestamp) -> E {
        (self.estimator)(timestamp)
    }
    fn boundedness(&self) -> Boundedness {
        if self.is_endless { Boundedness::Unbounded } else { Boundedness::Bounded }
    }
    fn process(
        &mut self,
        score: &Score,
        claims: &mut Claims<'_, OffsetTracker>,
        cx: &mut SplittableContext<'_, E>,
        out: &mut Emitter<Score>,
    ) -> Result<Continuation, BoxError> {
        (self.process)(score, claims, cx, out)
    }
}

fn work<E>(process: Process<E>, estimator: fn(Timestamp) -> E) -> Work<E> {
    Work { process, estimator, is_endless: false }
}

/// Every number, in one go.
fn all(
    (name, _): &Score,
    claims: &mut Claims<'_, OffsetTracker>,
    _: &mut SplittableContext<'_, ManualEstimator>,
    out: &mut Emitter<Score>,
) -> Result<Continuation, BoxError> {
    let mut number = claims.restriction().start;
    while claims.try_claim(number)? {
        out.emit((name.clone(), number));
        number += 1;
    }
    Ok(Continuation::Stop)
}

fn each_position_is_done_once_however_it_is_cut(bench: &Bench) {
    let names = ["apart", "whole", "none"];
    for bench in bench.seeds(6, 7) {
        let pipeline = bench.pipeline();
        let elements = [("apart", 100), ("whole", 60), ("none", 0)];
        let elements = pipeline.create(elements.map(|(name, n)| (name.to_owned(), n)));
        let done = elements.split_do("Numbers", work(all, ManualEstimator::at)).collect();
        pipeline.run();
        let mut done = done.values();
        done.sort();
        let expected = names.into_iter().flat_map(|name| {
            let most = [100, 60, 0][names.iter().position(|other| *other == name).unwrap()];
            (0..most).map(move |number| (name.to_owned(), number))
        });
        let mut expected: Vec<Score> = expected.collect();
        expected.sort();
        assert_eq!(done, expected);
    }
}

/// One number, and then nothing for five seconds.
fn one_in_five<E>(
    (name, _): &Score,
    claims: &mut Claims<'_, OffsetTracker>,
    _: &mut SplittableContext<'_, E>,
    out: &mut Emitter<Score>,
) -> Result<Continuation, BoxError> {
    let number = claims.restriction().start;
    Ok(match claims.try_claim(number)? {
        true => {
            out.emit((name.clone(), number));
            Continuation::Resume(seconds(5))
        }
        false => Continuation::Stop,
    })
}

/// When the results of work on a stream come.
fn when<E: WatermarkEstimator>(
    bench: &Bench,
    script: &str,
    work: Work<E>,
    window: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
) -> (Vec<String>, [u64; 2]) {
    let pipeline = bench.pipeline();
    let done = pipeline.apply(stream(script)).split_do("Works", work);
    let found = window(&done).stateful("Now", Now).collect();
    let report = pipeline.run();
    (said(&found), drops(&report))
}

fn work_that_has_nothing_to_do_goes_on_after_its_delay(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let work = work(one_in_five, ManualEstimator::at);
        let script = "c1 | a=3@7 | c3 | c6 | c7 | c9 | c12 | c13";
        let (said, _) = when(&bench, script, work, Clone::clone);
        assert_eq!(said, ["a0 at 1 @7 global", "a1 at 6 @7 global", "a2 at 12 @7 global"]);
    }
}

/// A number each second, with its time, and the watermark said.
fn tens_of_seconds(
    (name, _): &Score,
    claims: &mut Claims<'_, OffsetTracker>,
    cx: &mut SplittableContext<'_, ManualEstimator>,
    out: &mut Emitter<Score>,
) -> Result<Continuation, BoxError> {
    let number = claims.restriction().start;
    Ok(match claims.try_claim(number)? {
        true => {
            out.emit_at((name.clone(), 1), at(number * 10));
            cx.estimator().set(at(number * 10 + 5));
            Continuation::Resume(seconds(1))
        }
        false => Continuation::Stop,
    })
}

fn in_order(
    (name, _): &Score,
    claims: &mut Claims<'_, OffsetTracker>,
    _: &mut SplittableContext<'_, MonotonicEstimator>,
    out: &mut Emitter<Score>,
) -> Result<Continuation, BoxError> {
    let number = claims.restriction().start;
    Ok(match claims.try_claim(number)? {
        true => {
            out.emit_at((name.clone(), 1), at(number * 10));
            Continuation::Resume(seconds(1))
        }
        false => Continuation::Stop,
    })
}

fn by_the_clock(
    (name, _): &Score,
    claims: &mut Claims<'_, OffsetTracker>,
    cx: &mut SplittableContext<'_, WallClockEstimator>,
    out: &mut Emitter<Score>,
) -> Result<Continuation, BoxError> {
    let number = claims.restriction().start;
    Ok(match claims.try_claim(number)? {
        true => {
            out.emit_at((name.clone(), 1), cx.now());
            Continuation::Resume(seconds(30))
        }
        false => Continuation::Stop,
    })
}

/// The sums of windows of ten seconds.
fn sums(scores: &PCollection<Score>) -> PCollection<Score> {
    tens(0)(scores).combine_per_key(Sum)
}

fn estimators_say_how_far_the_output_has_come(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        // The stream itself has ended long before.
        let script = "c1 | a=3@0 | w1000 | c2 | c3 | c4 | c9";
        // With its last number the work is done.
        let manual = work(tens_of_seconds, ManualEstimator::at);
        let expected =
            ["a1 at 2 @9.999999 0..10", "a1 at 3 @19.999999 10..20", "a1 at 3 @29.999999 20..30"];
        assert_eq!(when(&bench, script, manual, sums).0, expected);
        let monotonic = work(in_order, MonotonicEstimator::at);
        assert_eq!(when(&bench, script, monotonic, sums).0, expected);
        // The clock alone moves it, though nothing is done.
        let by_clock = work(by_the_clock, |_| WallClockEstimator);
        let script = "c1 | a=2@0 | w1000 | c8 | c12 | c25 | c32 | c41 | c50";
        let (said, _) = when(&bench, script, by_clock, sums);
        assert_eq!(said, ["a1 at 12 @9.999999 0..10", "a1 at 32 @39.999999 30..40"]);
    }
}

/// Says a watermark, and then an earlier one.
fn going_back(
    (name, _): &Score,
    claims: &mut Claims<'_, OffsetTracker>,
    cx: &mut SplittableContext<'_, ManualEstimator>,
    out: &mut Emitter<Score>,
) -> Result<Continuation, BoxError> {
    let number = claims.restriction().start;
    Ok(match claims.try_claim(number)? {
        true => {
            out.emit_at((name.clone(), 1), at(1 + number));
            cx.estimator().set(at(10 - 7 * number));
            Continuation::Resume(seconds(1))
        }
        false => Continuation::Stop,
    })
}

fn what_an_estimator_has_said_is_never_taken_back(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let script = "c1 | a=2@0 | w1000 | c2 | c3 | c4";
        let work = work(going_back, ManualEstimator::at);
        // What comes behind what was said is late.
        let (said, dropped) = when(&bench, script, work, sums);
        assert_eq!((said, dropped), (vec!["a1 at 1 @9.999999 0..10".to_owned()], [1, 0]));
    }
}

/// Half of it.
fn half(
    _: &Score,
    claims: &mut Claims<'_, OffsetTracker>,
    _: &mut SplittableContext<'_, ManualEstimator>,
    _: &mut Emitter<Score>,
) -> Result<Continuation, BoxError> {
    let OffsetRange { start, end } = claims.restriction();
    claims.try_claim(start + (end - start) / 2)?;
    Ok(Continuation::Stop)
}

fn work_that_is_left_unclaimed_fails_by_name(bench: &Bench) {
    let pipeline = bench.pipeline();
    let elements = pipeline.create([("a".to_owned(), 10)]);
    elements.split_do("Half", work(half, ManualEstimator::at)).collect();
    let error = pipeline.try_run().unwrap_err();
    assert!(error.failed_step().is_some_and(|step| step.starts_with("Half")), "{error}");
    let told = error.to_string();
    assert!(told.contains("from 6 on was not claimed"), "{told}");
    assert!(told.contains("return Resume"), "{told}");
}

fn a_restriction_that_is_split_badly_fails_by_name(bench: &Bench) {
    let pipeline = bench.pipeline();
    let elements = pipeline.create([("lost".to_owned(), 10)]);
    elements.split_do("Lost", work(all, ManualEstimator::at)).collect();
    let error = pipeline.try_run().unwrap_err();
    assert!(error.failed_step().is_some_and(|step| step.starts_with("Lost")), "{error}");
    assert!(error.to_string().contains("of size 10 was split badly"), "{error}");

    // While it is worked on, too.
    struct Losing(OffsetTracker);
    impl RestrictionTracker for Losing {
        type Restriction = OffsetRange;
        type Position = i64;
        fn try_claim(&mut self, position: i64) -> Result<bool, BoxError> {
            self.0.try_claim(position)
        }
        fn restriction(&self) -> OffsetRange {
            self.0.restriction()
        }
        fn try_split(&mut self, fraction: f64) -> Result<Option<OffsetRange>, BoxError> {
            let rest = self.0.try_split(fraction)?;
            Ok(rest.map(|rest| OffsetRange::new(rest.start + 1, rest.end)))
        }
        fn check_done(&self) -> Result<(), BoxError> {
            self.0.check_done()
        }
        fn size(restriction: &OffsetRange) -> f64 {
            OffsetTracker::size(restriction)
        }
    }
    #[derive(Clone)]
    struct Loses;
    impl SplittableDoFn<i64> for Loses {
        type Tracker = Losing;
        type Estimator = ManualEstimator;
        type Outputs = One<i64>;
        fn initial_restriction(&self, to: &i64) -> Result<OffsetRange, BoxError> {
            Ok(OffsetRange::new(0, *to))
        }
        fn tracker(&self, _: &i64, range: OffsetRange) -> Losing {
            Losing(range.tracker())
        }
        fn estimator(&self, _: &i64, timestamp: Timestamp) -> ManualEstimator {
            ManualEstimator::at(timestamp)
        }
        fn process(
            &mut self,
            _: &i64,
            claims: &mut Claims<'_, Losing>,
            _: &mut SplittableContext<'_, ManualEstimator>,
            _: &mut Emitter<i64>,
        ) -> Result<Continuation, BoxError> {
            let start = claims.restriction().start;
            claims.try_claim(start)?;
            Ok(Continuation::Resume(seconds(0)))
        }
    }
    let pipeline = bench.pipeline();
    pipeline.create([10i64]).split_do("Loses", Loses).collect();
    let error = pipeline.try_run().unwrap_err();
    assert!(error.to_string().contains("was split badly: its parts have 9"), "{error}");
}

fn a_drain_finishes_what_ends_and_drops_what_does_not(bench: &Bench) {
    for bench in bench.seeds(2, 50) {
        let pipeline = Pipeline::new();
        let endless = Work { is_endless: true, ..work(all, ManualEstimator::at) };
        let (tell, told) = channel();
        let never = pipeline.create([("never".to_owned(), 0)]).split_do("Never", endless);
        let never = never.map(move |(_, number)| {
            if number == 200 {
                // Nobody may listen any more.
                let _ = tell.send(());
            }
            number
        });
        let none = never.filter(|number| *number < 0).collect();
        let ends = pipeline.create([("apart".to_owned(), 5_000)]);
        let ends = ends.split_do("Ends", work(all, ManualEstimator::at));
        let ends = ends.combine_per_key(Count).collect();
        let job = bench.start(pipeline.build().unwrap()).unwrap();
        wait_until_told(&bench, &job, &told);
        job.drain();
        let report = job.wait().unwrap();
        assert_eq!(report.outcome, Outcome::Drained);
        assert_eq!(ends.values(), [("apart".to_owned(), 5_000)]);
        assert_eq!(none.values(), [0i64; 0]);
    }
}

/// Emits what a view shows, as often as the points say.
#[derive(Clone)]
struct Viewing(View<Vec<i64>>);

impl SplittableDoFn<Score> for Viewing {
    type Tracker = OffsetTracker;
    type Estimator = ManualEstimator;
    type Outputs = One<String>;

    fn initial_restriction(&self, (_, points): &Score) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(0, *points))
    }
    fn tracker(&self, _: &Score, range: OffsetRange) -> OffsetTracker {
        range.tracker()
    }
    fn estimator(&self, _: &Score, timestamp: Timestamp) -> ManualEstimator {
        ManualEstimator::at(timestamp)
    }
    fn side_inputs(&self) -> ViewList {
        ViewList::new().with(&self.0)
    }
    fn process(
        &mut self,
        (name, _): &Score,
        claims: &mut Claims<'_, OffsetTracker>,
        cx: &mut SplittableContext<'_, ManualEstimator>,
        out: &mut Emitter<String>,
    ) -> Result<Continuation, BoxError> {
        let number = claims.restriction().start;
        if !claims.try_claim(number)? {
            return Ok(Continuation::Stop);
        }
        let unit = cx.options().get("unit").unwrap_or("none");
        out.emit(format!("{name}{number} {unit} {:?}", cx.side_input(&self.0)));
        Ok(Continuation::Resume(seconds(1)))
    }
}

fn splittable_work_sees_views_and_options(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let mut options = bench.options();
        options.user_options = [("unit", "km")].into_iter().collect();
        let pipeline = bench.pipeline_with(options);
        let view = tens(0)(&pipeline.apply(stream("| | x=5@3 | x=7@12 | w30"))).values().as_list();
        let main = tens(0)(&pipeline.apply(stream("c1 | a=2@1 b=1@12 | w50 | c5 | c9")));
        let found = main.split_do("Viewing", Viewing(view)).collect();
        let report = pipeline.run();
        assert_eq!(
            said(&found),
            ["a0 km [5] @1 0..10", "a1 km [5] @1 0..10", "b0 km [7] @12 10..20"]
        );
        assert_eq!(drops(&report), [0, 0]);
    }
}
