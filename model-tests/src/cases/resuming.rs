//! What goes on from where it stood, what is tried again, and what is told when all is durable.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use fastrand::Rng;
use watershed::{
    Counter, Emitter, Failed, RunReport,
    combine::Sum,
    model::{Advance, Budget, Progress, Reader, Source, SourceOutput},
    prelude::*,
    text,
};

use super::told::{Score, drops};
use crate::{
    Bench,
    folder::Folder,
    stepped::{Step, Stepped},
};

crate::cases! {
    an_unbounded_source_goes_on_from_its_position: "SR-02";
    partitions_keep_their_watermarks_when_they_are_opened_anew: "SR-02";
    acknowledgements_come_when_the_output_is_there: "SR-10";
    a_failing_acknowledgement_does_not_fail_the_run: "SR-10";
    a_failed_run_acknowledges_nothing: "SR-10";
    a_bundle_that_fails_is_tried_again_and_leaves_no_trace: "EW-15";
    what_fails_too_often_fails_the_run: "EW-15";
    elements_that_fail_by_themselves_become_dead_letters: "EW-16";
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Options under which readers are opened anew after every so many calls.
fn reopening(bench: &Bench, after: u64) -> Bench {
    let mut bench = bench.clone();
    bench.change(|options| options.reopen_after = Some(after));
    bench
}

fn an_unbounded_source_goes_on_from_its_position(bench: &Bench) {
    for seed in 0..4 {
        let random = &mut Rng::with_seed(seed);
        let mut sums: BTreeMap<(String, i64), i64> = BTreeMap::new();
        let mut part = |name: &str| {
            let steps = 1 + random.i64(0..30);
            let steps = (0..steps).map(|n| {
                let elements = (0..random.i64(0..4)).map(|_| (n, random.i64(-9..9)));
                let elements: Vec<(i64, i64)> = elements.collect();
                for (n, points) in &elements {
                    *sums.entry((name.to_owned(), n.div_euclid(10) * 10)).or_default() += points;
                }
                let elements = elements.into_iter();
                let elements = elements.map(|(n, points)| ((name.to_owned(), points), at(n)));
                Step { elements: elements.collect(), watermark: at(n) }
            });
            steps.collect::<Vec<_>>()
        };
        let parts: Vec<Vec<Step<Score>>> = ["a", "b", "c"].map(&mut part).to_vec();
        for after in [1, 3] {
            let bench = reopening(bench, after);
            let pipeline = bench.pipeline();
            let scores = pipeline.read(Stepped::of(parts.clone()));
            let found = scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum).collect();
            let report = pipeline.run();
            let found = found.observed().into_iter().map(|observed| {
                let (name, sum) = observed.value;
                let end = observed.windows.as_slice()[0].max_timestamp().as_micros() + 1;
                ((name, end / 1_000_000 - 10), sum)
            });
            assert_eq!(found.collect::<BTreeMap<_, _>>(), sums);
            assert_eq!(drops(&report), [0, 0]);
        }
    }
}

fn partitions_keep_their_watermarks_when_they_are_opened_anew(bench: &Bench) {
    let element = |name: &str, second| ((name.to_owned(), 1), at(second));
    let step = |elements: Vec<_>, watermark| Step { elements, watermark: at(watermark) };
    for after in [1, 2] {
        let bench = reopening(bench, after);
        let pipeline = bench.pipeline();
        // One is far ahead, the other comes slowly: it is never late.
        let ahead = (0..20).map(|n| step(vec![element("ahead", n * 10)], n * 10)).collect();
        let behind = (0..60).map(|n| step(vec![element("behind", n)], n)).collect();
        let scores = pipeline.read(Stepped::of(vec![ahead, behind]));
        let sums = scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum).collect();
        let report = pipeline.run();
        assert_eq!(drops(&report), [0, 0]);
        let sums = sums.values().into_iter();
        let (mut ahead, mut behind): (Vec<Score>, Vec<Score>) =
            sums.partition(|(name, _)| name == "ahead");
        ahead.dedup();
        behind.dedup();
        assert_eq!((ahead, behind), (vec![("ahead".into(), 1)], vec![("behind".into(), 10)]));
    }
}

/// A queue of numbers that wants to know which need not be kept any more.
struct Queue {
    numbers: u64,
    written: PathBuf,
    told: Arc<Mutex<Vec<u64>>>,
}

struct QueueReader {
    next: u64,
    end: u64,
    written: PathBuf,
    told: Arc<Mutex<Vec<u64>>>,
}

impl Source for Queue {
    type Element = u64;
    type Split = (u64, u64);
    type Reader = QueueReader;

    fn describe(&self) -> String {
        "a queue".to_owned()
    }
    fn splits(&self, _: usize) -> Result<Vec<(u64, u64)>, BoxError> {
        Ok(vec![(0, self.numbers / 2), (self.numbers / 2, self.numbers)])
    }
    fn open(&self, (next, end): (u64, u64)) -> Result<QueueReader, BoxError> {
        Ok(QueueReader { next, end, written: self.written.clone(), told: self.told.clone() })
    }
}

impl Reader<u64, (u64, u64)> for QueueReader {
    fn advance(&mut self, out: &mut SourceOutput<u64>, _: Budget) -> Result<Advance, BoxError> {
        if self.next >= self.end {
            return Ok(Advance::End);
        }
        out.emit(self.next);
        let (number, written, told) = (self.next, self.written.clone(), self.told.clone());
        out.after_commit(move || {
            assert!(written.exists(), "{number} was acknowledged before it was written");
            told.lock().unwrap().push(number);
            Ok(())
        });
        self.next += 1;
        Ok(Advance::More)
    }
    fn position(&self) -> (u64, u64) {
        (self.next, self.end)
    }
    fn progress(&self) -> Progress {
        Progress::default()
    }
}

/// Also has every element acknowledged in a DoFn, by what a case tells.
#[derive(Clone)]
struct Acknowledging(fn(u64) -> Result<(), BoxError>);

impl DoFn<u64> for Acknowledging {
    type Outputs = One<String>;
    fn process(
        &mut self,
        number: u64,
        cx: &ElementContext<'_>,
        out: &mut Emitter<String>,
    ) -> Result<(), BoxError> {
        let tell = self.0;
        cx.after_commit(move || tell(number));
        out.emit(number.to_string());
        Ok(())
    }
}

const NUMBERS: u64 = 100;

/// Reads the queue, has all numbers acknowledged, and writes them.
fn acknowledged(
    bench: &Bench,
    tell: fn(u64) -> Result<(), BoxError>,
    last: impl Fn(String) -> String + Clone + Send + Sync + 'static,
) -> (Result<RunReport, watershed::RunError>, Vec<u64>) {
    let folder = Folder::new();
    let written = folder.path().join("numbers");
    let told = Arc::new(Mutex::new(Vec::new()));
    let queue = Queue { numbers: NUMBERS, written: written.clone(), told: told.clone() };
    let pipeline = bench.pipeline();
    let lines = pipeline.read(queue).par_do(Acknowledging(tell)).map(last);
    lines.apply(text::write(written.to_str().unwrap()).shards(1));
    let result = pipeline.try_run();
    let mut told = told.lock().unwrap().clone();
    told.sort_unstable();
    (result, told)
}

fn acknowledgements_come_when_the_output_is_there(bench: &Bench) {
    for bench in bench.seeds(3, 10) {
        let (result, told) = acknowledged(&bench, |_| Ok(()), |line| line);
        let became = result.unwrap().acknowledged;
        assert_eq!((became.failed, became.failure), (0, None));
        if bench.sees_all() {
            assert_eq!(told, (0..NUMBERS).collect::<Vec<_>>());
            assert_eq!(became.done, 2 * NUMBERS);
        } else {
            assert!(told.len() as u64 <= became.done);
        }
    }
}

fn a_failing_acknowledgement_does_not_fail_the_run(bench: &Bench) {
    let fail = |number: u64| -> Result<(), BoxError> {
        match number {
            7 => Err("the queue is gone".into()),
            8 => panic!("the queue is gone"),
            _ => Ok(()),
        }
    };
    let (result, told) = acknowledged(bench, fail, |line| line);
    let became = result.unwrap().acknowledged;
    if bench.sees_all() {
        assert_eq!((became.done, became.failed), (2 * NUMBERS - 2, 2));
        assert_eq!(became.failure.as_deref(), Some("the queue is gone"));
        assert_eq!(told.len() as u64, NUMBERS);
    }
}

fn a_failed_run_acknowledges_nothing(bench: &Bench) {
    let called = |_: u64| -> Result<(), BoxError> { panic!("called") };
    let (result, told) = acknowledged(bench, called, |line| {
        assert!(line != "99", "the last one fails");
        line
    });
    assert!(result.unwrap_err().to_string().contains("the last one fails"));
    assert_eq!(told, [0u64; 0]);
}

/// Fails with some elements, as often as there are lives.
#[derive(Clone)]
struct Failing {
    lives: Arc<AtomicU64>,
    poison: fn(u64) -> bool,
    panics: bool,
}

impl Failing {
    fn of(lives: u64, poison: fn(u64) -> bool) -> Self {
        Failing { lives: Arc::new(AtomicU64::new(lives)), poison, panics: false }
    }
}

impl DoFn<u64> for Failing {
    type Outputs = One<u64>;
    fn process(
        &mut self,
        number: u64,
        cx: &ElementContext<'_>,
        out: &mut Emitter<u64>,
    ) -> Result<(), BoxError> {
        Counter::new("seen").inc();
        cx.after_commit(|| Ok(()));
        out.emit(number);
        let dies = |left: u64| left.checked_sub(1);
        if (self.poison)(number) && self.lives.fetch_update(SeqCst, SeqCst, dies).is_ok() {
            assert!(!self.panics, "{number} is bad");
            return Err(format!("{number} is bad").into());
        }
        Ok(())
    }
}

fn retrying(bench: &Bench, retries: u32) -> Bench {
    let mut bench = bench.clone();
    bench.change(|options| options.retries = retries);
    bench
}

fn a_bundle_that_fails_is_tried_again_and_leaves_no_trace(bench: &Bench) {
    for (seed, bench) in bench.seeds(4, 16).enumerate() {
        let bench = retrying(&bench, 3);
        let pipeline = bench.pipeline();
        let failing = Failing { panics: seed % 2 == 0, ..Failing::of(3, |number| number == 50) };
        let found = pipeline.create(0..NUMBERS).par_do(failing).named("Failing").collect();
        let report = pipeline.run();
        let mut found = found.values();
        found.sort_unstable();
        assert_eq!(found, (0..NUMBERS).collect::<Vec<_>>());
        // Of the failed attempts nothing was counted, and nothing is acknowledged.
        let step = report.step("Failing").unwrap();
        assert_eq!((step.retries, report.counter("seen")), (3, NUMBERS));
        if bench.sees_all() {
            assert_eq!(report.acknowledged.done, NUMBERS);
        }
    }
}

fn what_fails_too_often_fails_the_run(bench: &Bench) {
    let bench = retrying(bench, 2);
    let pipeline = bench.pipeline();
    let failing = Failing::of(100, |number| number == 50);
    pipeline.create(0..NUMBERS).par_do(failing.clone()).named("Failing").collect();
    let error = pipeline.try_run().unwrap_err();
    assert_eq!(error.failed_step(), Some("Failing"));
    assert!(error.to_string().contains("50 is bad"), "{error}");
    if bench.sees_all() {
        assert_eq!(failing.lives.load(SeqCst), 97);
    }
}

fn elements_that_fail_by_themselves_become_dead_letters(bench: &Bench) {
    for (seed, bench) in bench.seeds(4, 16).enumerate() {
        let pipeline = bench.pipeline();
        let failing = Failing::of(u64::MAX, |number| number % 17 == 3);
        let failing = Failing { panics: seed % 2 == 0, ..failing };
        let numbers = pipeline.create(0..NUMBERS).map(|number| number);
        let windows = FixedWindows::of(seconds(10));
        let numbers = numbers.with_timestamps(|number| at(*number as i64)).window(windows);
        let (good, failed) = numbers.par_do_with_dead_letters("Failing", failing);
        let (good, failed) = (good.collect(), failed.collect());
        let report = pipeline.run();
        let is_bad = |number: &u64| number % 17 == 3;
        let mut good = good.values();
        good.sort_unstable();
        assert_eq!(good, (0..NUMBERS).filter(|number| !is_bad(number)).collect::<Vec<_>>());
        let mut letters: Vec<(Failed<u64>, Timestamp)> =
            failed.observed().into_iter().map(|letter| (letter.value, letter.timestamp)).collect();
        letters.sort_by_key(|(letter, _)| letter.element);
        let expected = (0..NUMBERS).filter(is_bad).map(|element| {
            let panicked = if seed % 2 == 0 { "panicked: " } else { "" };
            let error = format!("{panicked}{element} is bad");
            (Failed { element, error, step: "Failing".to_owned() }, at(element as i64))
        });
        assert_eq!(letters, expected.collect::<Vec<_>>());
        // Each good one was counted once.
        let bad = (0..NUMBERS).filter(is_bad).count() as u64;
        assert_eq!((report.counter("seen"), report.failed), (NUMBERS - bad, bad));
    }
}
