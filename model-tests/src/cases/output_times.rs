//! Times and windows that a step gives its outputs itself: what is kept, and what is refused.

use watershed::{
    BundleContext, Collected, Create, Duration, Emitter, IntervalWindow,
    combine::Sum,
    micros,
    model::{PaneInfo, Sign, Window, WindowSet},
    prelude::*,
    testing::assert_that,
};

use crate::Bench;

crate::cases! {
    finish_bundle_puts_out_with_a_time_and_window_of_its_own: "EW-03";
    finish_bundle_puts_out_on_every_output: "EW-03";
    finish_bundle_without_a_time_is_an_error: "EW-03";
    an_output_may_be_earlier_by_the_skew_and_no_more: "EW-05";
    closures_that_put_out_have_no_skew: "EW-05";
    a_time_is_kept_as_given: "EW-13";
    an_illegal_time_is_an_error_by_name: "EW-13";
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// The numbers from 0, each at its second.
fn timed(pipeline: &Pipeline, n: u64) -> PCollection<u64> {
    pipeline.apply(Create::timestamped((0..n).map(|n| (n, at(n as i64)))))
}

/// The error of a pipeline that must fail.
#[track_caller]
fn error(bench: &Bench, build: impl FnOnce(&Pipeline)) -> (String, String) {
    let pipeline = bench.pipeline();
    build(&pipeline);
    let error = pipeline.try_run().unwrap_err();
    (error.failed_step().unwrap_or_default().to_owned(), error.to_string())
}

const WINDOW: IntervalWindow =
    IntervalWindow::new(Timestamp::from_seconds(20), Timestamp::from_seconds(30));

/// Passes numbers on, and puts out each bundle's sum at the end, in [`WINDOW`].
#[derive(Clone, Default)]
struct BundleSums {
    sum: u64,
}

impl DoFn<u64> for BundleSums {
    type Outputs = Two<u64, u64>;
    fn start_bundle(&mut self, _: &BundleContext<'_>) -> Result<(), BoxError> {
        self.sum = 0;
        Ok(())
    }
    fn process(
        &mut self,
        number: u64,
        _: &ElementContext<'_>,
        (numbers, sums): &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        self.sum += number;
        numbers.emit(number);
        if number.is_multiple_of(5) {
            sums.emit(0);
        }
        Ok(())
    }
    fn finish_bundle(
        &mut self,
        _: &BundleContext<'_>,
        (numbers, sums): &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        numbers.emit_in(1000 + self.sum, at(25), WINDOW);
        sums.emit_in(self.sum, at(22), WINDOW);
        Ok(())
    }
}

fn finish_bundle_puts_out_with_a_time_and_window_of_its_own(bench: &Bench) {
    for bench in bench.seeds(6, 16) {
        let pipeline = bench.pipeline();
        let numbers = timed(&pipeline, 100).window(FixedWindows::of(seconds(10)));
        let (_, sums) = numbers.par_do(BundleSums::default());
        let seen = sums.filter(|sum| *sum > 0).collect();
        // What follows goes by the window that was given, not by that of an element.
        let totals = sums.with_keys(()).combine_per_key(Sum).values();
        assert_that(&totals).in_window(WINDOW).is_singleton(4950);
        pipeline.run();
        assert_eq!(seen.values().iter().sum::<u64>(), 4950);
        for sum in seen.observed() {
            assert_eq!((sum.timestamp, &sum.windows), (at(22), &WindowSet::One(WINDOW.into())));
            assert_eq!((sum.pane, sum.sign), (PaneInfo::UNGROUPED, Sign::Insertion));
        }
    }
}

fn finish_bundle_puts_out_on_every_output(bench: &Bench) {
    for bench in bench.seeds(6, 16) {
        let pipeline = bench.pipeline();
        let numbers = timed(&pipeline, 100).window(FixedWindows::of(seconds(10)));
        let (passed, sums) = numbers.par_do(BundleSums::default());
        let (passed, sums) = (passed.collect(), sums.collect());
        pipeline.run();
        let (mut extra, mut plain) = (Vec::new(), Vec::new());
        for number in passed.observed() {
            if number.value < 1000 {
                // An element beside one with an explicit time keeps what it carries.
                let start = at(number.value as i64 / 10 * 10);
                let window = Window::Interval { start, end: start + seconds(10) };
                assert_eq!(number.timestamp, at(number.value as i64));
                assert_eq!(number.windows, WindowSet::One(window));
                plain.push(number.value);
            } else {
                assert_eq!(number.timestamp, at(25));
                assert_eq!(number.windows, WindowSet::One(WINDOW.into()));
                extra.push(number.value - 1000);
            }
        }
        plain.sort();
        assert_eq!(plain, (0..100).collect::<Vec<u64>>());
        // No multiple of 5 came at second 22, so what has that time is the sum of a bundle.
        let at_end = sums.observed().into_iter().filter(|sum| sum.timestamp == at(22));
        let mut at_end: Vec<u64> = at_end.map(|sum| sum.value).collect();
        at_end.sort();
        extra.sort();
        assert_eq!(at_end.iter().sum::<u64>(), 4950);
        assert_eq!(at_end, extra);
    }
}

/// Puts something out at the end of a bundle, without saying when.
#[derive(Clone)]
struct Timeless;

impl DoFn<u64> for Timeless {
    type Outputs = Two<u64, u64>;
    fn process(
        &mut self,
        _: u64,
        _: &ElementContext<'_>,
        _: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        Ok(())
    }
    fn finish_bundle(
        &mut self,
        _: &BundleContext<'_>,
        (_, out): &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        out.emit(7);
        Ok(())
    }
}

fn finish_bundle_without_a_time_is_an_error(bench: &Bench) {
    let (step, error) = error(bench, |pipeline| {
        let (_, out) = timed(pipeline, 10).par_do(Timeless);
        out.collect();
    });
    assert_eq!(step, "Timeless");
    assert!(error.contains("emit_in(value, timestamp, window)"), "{error}");
}

/// Puts out each element earlier than it came.
#[derive(Clone)]
struct Earlier {
    by: Duration,
    skew: Duration,
    in_window: bool,
}

impl DoFn<u64> for Earlier {
    type Outputs = One<u64>;
    fn process(
        &mut self,
        number: u64,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        let timestamp = cx.timestamp() - self.by;
        match self.in_window {
            true => out.emit_in(number, timestamp, cx.windows()[0].clone()),
            false => out.emit_at(number, timestamp),
        }
        Ok(())
    }
    fn allowed_timestamp_skew(&self) -> Duration {
        self.skew
    }
}

fn an_output_may_be_earlier_by_the_skew_and_no_more(bench: &Bench) {
    let allowed = [
        (seconds(5), seconds(5)),
        (seconds(0), seconds(0)),
        (seconds(-3), seconds(0)),
        (days(9000), Duration::MAX),
    ];
    let forbidden =
        [(micros(5_000_001), seconds(5)), (micros(1), seconds(0)), (seconds(1), seconds(-1))];
    for in_window in [false, true] {
        for (by, skew) in allowed {
            let pipeline = bench.pipeline();
            let out = timed(&pipeline, 50).par_do(Earlier { by, skew, in_window }).collect();
            pipeline.run();
            assert_eq!(out.values().len(), 50);
            for number in out.observed() {
                assert_eq!(number.timestamp, at(number.value as i64) - by);
            }
        }
        for (by, skew) in forbidden {
            let (step, error) = error(bench, |pipeline| {
                timed(pipeline, 50).par_do(Earlier { by, skew, in_window }).named("back").collect();
            });
            assert_eq!(step, "back");
            assert!(error.contains(&format!("allowed skew of {skew}")), "{error}");
        }
    }
}

fn closures_that_put_out_have_no_skew(bench: &Bench) {
    let pipeline = bench.pipeline();
    let later = timed(&pipeline, 50).with_timestamps(|n| at(2 * *n as i64)).collect();
    pipeline.run();
    assert_eq!(later.values().len(), 50);
    for number in later.observed() {
        assert_eq!(number.timestamp, at(2 * number.value as i64));
    }

    let (step, told) = error(bench, |pipeline| {
        timed(pipeline, 50).with_timestamps(|n| at(*n as i64 / 2)).collect();
    });
    assert_eq!(step, "WithTimestamps");
    assert!(told.contains("earlier"), "{told}");
    let (step, told) = error(bench, |pipeline| {
        let back = |n: &u64, out: &mut Emitter<u64>| out.emit_at(*n, at(*n as i64) - micros(1));
        timed(pipeline, 50).flat_map_emit(back).collect();
    });
    assert_eq!(step, "FlatMap");
    assert!(told.contains("earlier"), "{told}");
}

/// Puts out an element at given times: as it comes, and at the end of a bundle.
#[derive(Clone)]
struct Stamped {
    at: Vec<Timestamp>,
    at_end: Vec<Timestamp>,
    in_window: bool,
}

impl DoFn<u64> for Stamped {
    type Outputs = One<u64>;
    fn process(
        &mut self,
        number: u64,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        out.emit(number);
        for timestamp in &self.at {
            match self.in_window {
                true => out.emit_in(number, *timestamp, WINDOW),
                false => out.emit_at(number, *timestamp),
            }
        }
        Ok(())
    }
    fn finish_bundle(
        &mut self,
        _: &BundleContext<'_>,
        out: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        self.at_end.iter().for_each(|timestamp| out.emit_in(7, *timestamp, WINDOW));
        Ok(())
    }
}

fn a_time_is_kept_as_given(bench: &Bench) {
    let end = Timestamp::END_OF_GLOBAL_WINDOW;
    let (least, odd) = (Timestamp::MIN + micros(1), Timestamp::from_micros(-1_234_567));
    let legal = [Timestamp::MIN, least, odd, Timestamp::from_micros(1), end - micros(1), end];
    for in_window in [false, true] {
        let pipeline = bench.pipeline();
        let stamped = Stamped { at: legal.to_vec(), at_end: vec![], in_window };
        let out = pipeline.create([7]).par_do(stamped).map(|n| n).collect();
        let stamped = Stamped { at: vec![], at_end: legal.to_vec(), in_window };
        let out_at_end = pipeline.create([7]).par_do(stamped).filter(|_| true).collect();
        pipeline.run();
        let expected: Vec<Timestamp> = [&[Timestamp::MIN], &legal[..]].concat();
        let times = |collected: &Collected<u64>| {
            let mut times: Vec<Timestamp> =
                collected.observed().iter().map(|observed| observed.timestamp).collect();
            times.sort();
            times
        };
        assert_eq!((times(&out), times(&out_at_end)), (expected.clone(), expected));
    }
}

fn an_illegal_time_is_an_error_by_name(bench: &Bench) {
    let (none, just_behind) = (Vec::new(), Timestamp::END_OF_GLOBAL_WINDOW + micros(1));
    for illegal in [just_behind, Timestamp::MAX] {
        for (at, at_end, in_window) in [
            (vec![illegal], none.clone(), false),
            (vec![illegal], none.clone(), true),
            (none.clone(), vec![illegal], true),
        ] {
            let (step, error) = error(bench, |pipeline| {
                let stamped = Stamped { at, at_end, in_window };
                pipeline.create([7]).par_do(stamped).named("too late").collect();
            });
            assert_eq!(step, "too late");
            assert!(error.contains("END_OF_GLOBAL_WINDOW"), "{error}");
        }
        let (step, error) = error(bench, |pipeline| {
            pipeline.create([7]).with_timestamps(move |_| illegal).collect();
        });
        assert_eq!(step, "WithTimestamps");
        assert!(error.contains("END_OF_GLOBAL_WINDOW"), "{error}");
    }
}
