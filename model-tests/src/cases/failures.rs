//! What fails ends the run by the step's full name and the cause, and nothing is written.

use std::{fs, path::Path};

use watershed::{
    IntervalWindow, WindowFn,
    combine::{CombineContext, CombineFn},
    model::{
        Advance, Budget, Bundle, Epoch, Progress, Reader, Sink, SinkWriter, Source, SourceOutput,
        WorkerIndex,
    },
    prelude::*,
};

use crate::{Bench, folder::Folder};

crate::cases! {
    a_closure_that_panics_fails_the_run_by_name: "EW-06";
    a_do_fn_within_composites_is_told_by_its_full_name: "EW-06";
    a_window_function_or_combiner_that_fails_is_told_by_name: "EW-06";
    a_source_that_fails_is_told_by_name: "EW-06";
    a_sink_that_fails_is_told_by_name: "EW-06";
    files_that_were_there_before_stay_when_a_run_fails: "EW-06";
}

/// How an author's code fails here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Error,
    Panic,
}

impl How {
    const BOTH: [How; 2] = [How::Error, How::Panic];

    fn happen(self) -> Result<(), BoxError> {
        match self {
            How::Error => Err("out of luck".into()),
            How::Panic => panic!("out of luck"),
        }
    }
}

/// The names in a directory, hidden ones too.
fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Runs a pipeline of numbers that writes them to files too, and to which `build` adds what fails:
/// the run must say so by this step's name, and leave nothing.
#[track_caller]
fn fails(bench: &Bench, step: &str, build: impl Fn(&PCollection<u64>)) -> String {
    let directory = Folder::new();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let mut told = String::new();
    for bench in bench.seeds(2, 32) {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create(0..300u64);
        let lines = numbers.map(|n| n.to_string()).named("lines");
        lines.apply(text::write(file("before")));
        build(&numbers);
        lines.apply(text::write(file("after")).shards(3));
        let collected = numbers.collect();
        let error = pipeline.try_run().unwrap_err();
        told = error.to_string();
        assert_eq!(error.failed_step(), Some(step), "{told}");
        assert!(told.contains("out of luck"), "{told}");
        assert_eq!(names_in(directory.path()), Vec::<String>::new(), "{told}");
        assert_eq!(collected.values(), [0; 0]);
    }
    told
}

fn break_at<R>(n: u64, otherwise: R) -> R {
    assert!(n != 137, "out of luck");
    otherwise
}

type Build = fn(&PCollection<u64>);

fn a_closure_that_panics_fails_the_run_by_name(bench: &Bench) {
    let closures: [(&str, Build); 11] = [
        ("Map", |numbers| {
            numbers.map(|n| break_at(n, n)).collect();
        }),
        ("Filter", |numbers| {
            numbers.filter(|n| break_at(*n, true)).collect();
        }),
        ("FlatMap", |numbers| {
            numbers.flat_map(|n| break_at(n, [n, n])).collect();
        }),
        ("FlatMap", |numbers| {
            numbers.flat_map_emit(|n, out| out.emit(break_at(*n, 1))).collect();
        }),
        ("parse", |numbers| {
            numbers.try_map("parse", |n| break_at(*n, Ok::<u64, BoxError>(*n))).0.collect();
        }),
        ("KeyBy", |numbers| {
            numbers.key_by(|n| break_at(*n, 1)).collect();
        }),
        ("MapValues", |numbers| {
            numbers.with_keys(1).map_values(|n| break_at(n, n)).collect();
        }),
        ("WithTimestamps", |numbers| {
            numbers.with_timestamps(|n| break_at(*n, Timestamp::from_seconds(1))).collect();
        }),
        ("Partition", |numbers| {
            numbers.partition(2, |n| break_at(*n, 1))[1].collect();
        }),
        ("ForEach", |numbers| {
            numbers.for_each(|n| break_at(n, ()));
        }),
        ("step of mine", |numbers| {
            numbers.map(|n| break_at(n, n)).named("step of mine").collect();
        }),
    ];
    for (step, build) in closures {
        let told = fails(bench, step, build);
        assert!(told.contains("panicked at ") && told.contains("failures.rs"), "{told}");
    }
}

#[derive(Clone)]
struct Unlucky(How);

impl DoFn<u64> for Unlucky {
    type Outputs = One<u64>;
    fn process(
        &mut self,
        number: u64,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        out.emit(number);
        if number == 137 { self.0.happen() } else { Ok(()) }
    }
}

struct Outer(How);
struct Inner(How);

impl PTransform<PCollection<u64>> for Outer {
    type Output = PCollection<u64>;
    fn expand(self, numbers: &PCollection<u64>) -> PCollection<u64> {
        numbers.filter(|n| *n > 0).apply(Inner(self.0)).named("inmost")
    }
}
impl PTransform<PCollection<u64>> for Inner {
    type Output = PCollection<u64>;
    fn expand(self, numbers: &PCollection<u64>) -> PCollection<u64> {
        numbers.map(|n| n).par_do(Unlucky(self.0))
    }
}

fn a_do_fn_within_composites_is_told_by_its_full_name(bench: &Bench) {
    for how in How::BOTH {
        let told = fails(bench, "Outer/inmost/Unlucky", |numbers| {
            numbers.apply(Outer(how)).collect();
        });
        let verb = if how == How::Error { "failed: out of luck" } else { "panicked at " };
        assert!(told.contains(&format!("`Outer/inmost/Unlucky` {verb}")), "{told}");
        // The second application is told apart from the first.
        fails(bench, "Outer2/inmost/Unlucky", |numbers| {
            numbers.filter(|n| *n > 137).apply(Outer(how)).collect();
            numbers.apply(Outer(how)).collect();
        });
    }
}

#[derive(Clone, Debug)]
struct UnluckyWindows;

impl WindowFn<u64> for UnluckyWindows {
    type Window = IntervalWindow;
    fn assign(&self, number: &u64, at: Timestamp, windows: &mut Vec<IntervalWindow>) {
        windows.push(break_at(*number, IntervalWindow::new(at, at + seconds(1))));
    }
}

/// Which of a combiner's functions fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Create,
    Add,
    Extract,
}

#[derive(Clone)]
struct UnluckyTotal(Part, How);

impl CombineFn<u64> for UnluckyTotal {
    type Accumulator = u64;
    type Output = u64;
    fn create(&self, _: &CombineContext<'_>) -> u64 {
        assert!(self.0 != Part::Create, "out of luck");
        0
    }
    fn add(&self, total: &mut u64, number: u64, _: &CombineContext<'_>) {
        assert!(self.0 != Part::Add || number != 137, "out of luck");
        *total += number;
    }
    fn merge(&self, total: &mut u64, other: u64, _: &CombineContext<'_>) {
        *total += other;
    }
    fn extract(&self, total: u64, _: &CombineContext<'_>) -> Result<u64, BoxError> {
        if self.0 == Part::Extract {
            self.1.happen()?;
        }
        Ok(total)
    }
}

fn a_window_function_or_combiner_that_fails_is_told_by_name(bench: &Bench) {
    fails(bench, "Window", |numbers| {
        numbers.window(UnluckyWindows).collect();
    });
    for (part, how) in [
        (Part::Create, How::Panic),
        (Part::Add, How::Panic),
        (Part::Extract, How::Error),
        (Part::Extract, How::Panic),
    ] {
        fails(bench, "CombinePerKey", |numbers| {
            numbers.key_by(|n| n % 7).combine_per_key(UnluckyTotal(part, how)).collect();
        });
        fails(bench, "CombineGlobally/CombinePerKey", |numbers| {
            numbers.combine_globally(UnluckyTotal(part, how)).collect();
        });
    }
}

/// Which of a source's functions fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Splits,
    Open,
    Advance,
}

#[derive(Clone, Copy)]
struct UnluckySource(Reading, How);

impl UnluckySource {
    fn reaches(self, reading: Reading) -> Result<(), BoxError> {
        if self.0 == reading { self.1.happen() } else { Ok(()) }
    }
}

impl Source for UnluckySource {
    type Element = u64;
    type Split = u64;
    type Reader = UnluckyReader;
    fn describe(&self) -> String {
        "an unlucky source".into()
    }
    fn splits(&self, _: usize) -> Result<Vec<u64>, BoxError> {
        self.reaches(Reading::Splits)?;
        Ok(vec![0])
    }
    fn open(&self, next: u64) -> Result<UnluckyReader, BoxError> {
        self.reaches(Reading::Open)?;
        Ok(UnluckyReader { source: *self, next })
    }
}

struct UnluckyReader {
    source: UnluckySource,
    next: u64,
}

impl Reader<u64, u64> for UnluckyReader {
    fn advance(&mut self, out: &mut SourceOutput<u64>, _: Budget) -> Result<Advance, BoxError> {
        if self.next == 5 {
            self.source.reaches(Reading::Advance)?;
        }
        out.emit(self.next);
        self.next += 1;
        Ok(if self.next < 10 { Advance::More } else { Advance::End })
    }
    fn position(&self) -> u64 {
        self.next
    }
    fn progress(&self) -> Progress {
        Progress { done: self.next }
    }
}

fn a_source_that_fails_is_told_by_name(bench: &Bench) {
    for reading in [Reading::Splits, Reading::Open, Reading::Advance] {
        for how in How::BOTH {
            fails(bench, "unlucky", |numbers| {
                numbers.pipeline().read(UnluckySource(reading, how)).named("unlucky").collect();
            });
        }
    }
}

/// Which of a sink's functions fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Writer,
    Write,
    Prepare,
    Commit,
}

#[derive(Clone, Copy)]
struct UnluckySink(Writing, How);

impl UnluckySink {
    fn reaches(self, writing: Writing) -> Result<(), BoxError> {
        if self.0 == writing { self.1.happen() } else { Ok(()) }
    }
}

impl Sink for UnluckySink {
    type Element = u64;
    type Committable = ();
    type Writer = UnluckySink;
    fn describe(&self) -> String {
        "an unlucky sink".into()
    }
    fn writer(&self, _: WorkerIndex) -> Result<UnluckySink, BoxError> {
        self.reaches(Writing::Writer)?;
        Ok(*self)
    }
    fn commit(&self, _: Epoch, _: Vec<()>) -> Result<(), BoxError> {
        self.reaches(Writing::Commit)
    }
}

impl SinkWriter<u64, ()> for UnluckySink {
    fn write(&mut self, bundle: Bundle<u64>) -> Result<(), BoxError> {
        if bundle.values.contains(&137) { self.reaches(Writing::Write) } else { Ok(()) }
    }
    fn prepare(&mut self, _: Epoch) -> Result<Vec<()>, BoxError> {
        self.reaches(Writing::Prepare)?;
        Ok(vec![()])
    }
}

fn a_sink_that_fails_is_told_by_name(bench: &Bench) {
    for writing in [Writing::Writer, Writing::Write, Writing::Prepare] {
        for how in How::BOTH {
            fails(bench, "unlucky", |numbers| {
                numbers.write(UnluckySink(writing, how)).named("unlucky");
            });
        }
    }
    // When a commit itself fails, other sinks may have committed before, but nothing is half written.
    for how in How::BOTH {
        let directory = Folder::new();
        let pipeline = bench.pipeline();
        let numbers = pipeline.create(0..300u64);
        numbers.write(UnluckySink(Writing::Commit, how)).named("unlucky");
        let path = directory.path().join("out").to_str().unwrap().to_owned();
        numbers.map(|n| n.to_string()).apply(text::write(path).shards(1));
        let error = pipeline.try_run().unwrap_err();
        assert_eq!(error.failed_step(), Some("unlucky"), "{error}");
        assert!(error.to_string().contains("out of luck"), "{error}");
        match names_in(directory.path()).as_slice() {
            [] => {}
            [out] => {
                let written = fs::read_to_string(directory.path().join(out)).unwrap();
                assert_eq!((out.as_str(), written.lines().count()), ("out", 300));
            }
            more => panic!("{more:?}"),
        }
    }
}

fn files_that_were_there_before_stay_when_a_run_fails(bench: &Bench) {
    let directory = Folder::new();
    let path = directory.path().join("numbers").to_str().unwrap().to_owned();
    fs::write(&path, "as before\n").unwrap();
    for how in How::BOTH {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create(0..300u64);
        numbers.map(|n| n.to_string()).apply(text::write(&path).shards(1));
        numbers.par_do(Unlucky(how)).collect();
        assert_eq!(pipeline.try_run().unwrap_err().failed_step(), Some("Unlucky"));
        assert_eq!(names_in(directory.path()), ["numbers"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "as before\n");
    }
}
