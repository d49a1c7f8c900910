//! What a job says of itself: counts, watermarks, state and books of each step, and what holds it.

use std::time::Duration;

use watershed::{
    Counter, JobHandle, JobStatus, Outcome, RunReport, StepNow, StringSet,
    combine::Sum,
    model::{DropReason, TimestampCombiner},
    prelude::*,
};

use super::told::{Score, interval, played, stream};
use crate::{
    Bench,
    folder::Folder,
    stepped::{Step, Stepped},
};

crate::cases! {
    a_report_counts_elements_and_bytes_of_each_step: "MT-02";
    a_running_job_tells_how_far_each_step_has_come: "MT-02";
    an_ended_job_tells_how_it_stood: "MT-02";
    a_running_job_tells_what_its_author_counts: "MT-01";
    a_source_holds_all_behind_it_and_is_named: "MT-05";
    a_window_that_holds_the_watermark_is_named: "MT-05";
    it_is_told_why_a_window_is_not_out: "MT-05";
    the_books_of_every_grouping_balance: "MT-06";
    what_is_still_held_is_in_the_books_of_a_running_job: "MT-06";
}

const NAME: &str = "Sums";

fn step<'r>(report: &'r RunReport, name: &str) -> &'r watershed::StepReport {
    report.step(name).unwrap_or_else(|| {
        panic!("no {name} in {:?}", report.steps.iter().map(|step| &step.step).collect::<Vec<_>>())
    })
}

fn a_report_counts_elements_and_bytes_of_each_step(bench: &Bench) {
    for bench in bench.plans(3) {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create((0..100u64).collect::<Vec<_>>()).named("Numbers");
        let (even, odd) = (
            numbers.filter(|n| n % 2 == 0).named("Even"),
            numbers.filter(|n| n % 2 == 1).named("Odd"),
        );
        let both = even.flatten_with(&odd).named("Both");
        let keyed = both.map(|n| ((n % 5) as u8, n)).named("Keyed");
        keyed
            .combine_per_key(Sum)
            .named(NAME)
            .map(|(_, sum)| sum.to_string())
            .named("Text")
            .collect();
        let report = pipeline.run();
        let passed = |name: &str| {
            let step = step(&report, name);
            (step.elements_in, step.elements_out[0], step.bytes_in, step.bytes_out[0])
        };
        assert_eq!(passed("Even"), (100, 50, 800, 400));
        assert_eq!(passed("Odd"), (100, 50, 800, 400));
        assert_eq!(passed("Both"), (100, 100, 800, 800));
        assert_eq!(passed("Keyed"), (100, 100, 800, 900));
        let (came, sums, bytes, _) = passed(NAME);
        assert_eq!((came, sums, bytes), (100, 5, 900));
        assert_eq!((passed("Text").0, passed("Text").1), (5, 5));
        assert_eq!(report.elements_read, 100);
    }
}

/// Whether all workers of a job answer to this process.
fn asks_all() -> bool {
    !watershed::is_launched_child()
}

/// A job that has read all that it has, and reads on.
struct Running {
    job: JobHandle,
    _folder: Folder,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// Of two parts, the second is behind: it holds the watermark at ten seconds.
fn start(bench: &Bench, build: impl FnOnce(&PCollection<Score>)) -> Running {
    let (pipeline, folder) = (Pipeline::new(), Folder::new());
    let step = |elements: &[(&str, i64)], watermark| {
        let elements = elements.iter().map(|(name, time)| (((*name).into(), 1), at(*time)));
        Step { elements: elements.collect(), watermark: at(watermark) }
    };
    let parts = vec![
        vec![step(&[("a", 1), ("b", 2)], 3), step(&[("a", 12)], 16)],
        vec![step(&[("b", 3), ("a", 4)], 4), step(&[("b", 14), ("b", 15)], 13)],
    ];
    let scores = pipeline.read(Stepped::of(parts).until(&folder.path().join("never")));
    build(&scores.named("Scores"));
    let job = bench.start(pipeline.build().unwrap()).unwrap();
    Running { job, _folder: folder }
}

fn now<'s>(status: &'s JobStatus, name: &str) -> &'s StepNow {
    let step = status.steps.iter().find(|step| step.outline.name == name);
    step.unwrap_or_else(|| panic!("no {name} in {:?}", status.steps))
}

impl Running {
    /// Looks at the job when the step of this name has come to this output watermark, in the process to which
    /// all workers answer.
    fn when(&self, bench: &Bench, name: &str, watermark: i64, look: impl FnOnce(&JobStatus)) {
        while asks_all() {
            let status = self.job.status(Duration::from_secs(30), 100);
            assert!(!self.job.is_finished(), "it ended at {:?}", now(&status, name));
            assert_eq!(status.silent, [] as [usize; 0]);
            if now(&status, name).status.output_watermark == at(watermark) {
                assert_eq!(status.workers, bench.workers() * bench.processes());
                return look(&status);
            }
        }
    }

    /// The process to which all workers answer says when it is enough.
    fn end(self) -> RunReport {
        if asks_all() {
            self.job.drain();
        }
        let report = self.job.wait().unwrap();
        assert_eq!(report.outcome, Outcome::Drained);
        report
    }
}

fn sums(scores: &PCollection<Score>) -> PCollection<Score> {
    scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum).named(NAME)
}

fn a_running_job_tells_what_its_author_counts(bench: &Bench) {
    let (seen, last) = (Counter::new("seen"), StringSet::new("names"));
    let running = start(bench, |scores| {
        let counted = scores.map(move |(name, n): Score| -> Score {
            seen.inc();
            last.add(&name);
            (name, n)
        });
        sums(&counted.named("Counted")).for_each(|_| {});
    });
    running.when(bench, NAME, 13, |status| {
        let told = &now(status, "Counted").status.report.metrics;
        assert_eq!(told.counter("seen"), 7);
        assert!(told.string_sets["names"].iter().eq(["a", "b"]));
    });
    let report = running.end();
    assert_eq!(report.step("Counted").unwrap().metrics.counter("seen"), 7);
}

fn a_running_job_tells_how_far_each_step_has_come(bench: &Bench) {
    let running = start(bench, |scores| {
        sums(scores).for_each(|_| {});
    });
    running.when(bench, NAME, 13, |status| {
        let scores = now(status, "Scores");
        assert_eq!(scores.status.report.elements_out, [7]);
        assert_eq!(scores.lag(status.now).unwrap(), status.now.since(at(13)));
        let sums = now(status, NAME);
        assert_eq!(sums.status.input_watermark, at(13));
        assert_eq!((sums.status.state.entries, sums.status.report.elements_out[0]), (2, 2));
        assert_eq!(sums.status.state.elements, 3);
        let open = &sums.status.windows;
        assert_eq!(open.len(), 1, "{open:?}");
        assert_eq!((&open[0].window, open[0].keys, open[0].elements), (&interval(10, 20), 2, 3));
        assert_eq!(sums.waiting, 0);
        assert!(!status.has_ended);
        if bench.sees_all() {
            assert_eq!(status.progress.elements_read, 7);
        }
    });
    running.end();
}

fn an_ended_job_tells_how_it_stood(bench: &Bench) {
    let pipeline = Pipeline::new();
    let scores = pipeline.apply(stream("a=1@1 b=2@2 | w12 | a=3@3 b=4@13"));
    sums(&scores).for_each(|_| {});
    let job = bench.start(pipeline.build().unwrap()).unwrap();
    let state = job.state();
    let report = job.wait().unwrap();
    assert_eq!(report.drops.count(DropReason::Late), 1);
    let status = state.status(Duration::ZERO, 10);
    assert!(status.has_ended);
    for step in &status.steps {
        assert_eq!(step.status.output_watermark, Timestamp::MAX, "{}", step.outline.name);
        assert_eq!((step.waiting, step.lag(status.now)), (0, None));
    }
    if asks_all() {
        assert_eq!(status.workers, bench.workers() * bench.processes());
        let sums = now(&status, NAME);
        assert_eq!(sums.status.report.elements_in, 4);
        assert_eq!(sums.status.report.drops.count(DropReason::Late), 1);
        assert_eq!((sums.status.state.entries, sums.status.windows.len()), (0, 0));
    }
}

fn a_source_holds_all_behind_it_and_is_named(bench: &Bench) {
    let running = start(bench, |scores| {
        sums(scores).map(|score| score).named("Same").for_each(|_| {});
    });
    running.when(bench, "Same", 13, |status| {
        let told = status.explain("Same", None).unwrap().to_string();
        let chain = ["held by: its input `Sums`", "held by: its input `", "held by: the split "];
        let found: Vec<_> = chain.iter().map(|part| told.find(part)).collect();
        assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{told}");
        // The second part, of which two steps were given.
        assert!(told.contains("1970-01-01T00:00:13Z"), "{told}");
        let error = status.explain("Sum of all", None).unwrap_err().to_string();
        assert!(error.contains("`Sum of all`") && error.contains("`Sums`"), "{error}");
    });
    running.end();
}

fn a_window_that_holds_the_watermark_is_named(bench: &Bench) {
    let running = start(bench, |scores| {
        let windows = FixedWindows::of(seconds(10)).timestamp_combiner(TimestampCombiner::Earliest);
        let sums = scores.window(windows).combine_per_key(Sum).named(NAME);
        sums.map(|(_, points)| ((), points)).combine_per_key(Sum).named("All").for_each(|_| {});
    });
    running.when(bench, "All", 12, |status| {
        assert_eq!(now(status, NAME).status.input_watermark, at(13));
        let told = status.explain("All", None).unwrap().to_string();
        let window = format!("held by: window {}", interval(10, 20));
        assert!(told.contains(&window), "{told}");
        assert!(!told.contains("held by: the split"), "{told}");
    });
    running.end();
}

fn it_is_told_why_a_window_is_not_out(bench: &Bench) {
    let running = start(bench, |scores| {
        sums(scores).for_each(|_| {});
    });
    running.when(bench, NAME, 13, |status| {
        let ask = |window: &str| status.explain(NAME, Some(window)).unwrap().to_string();
        for window in [interval(10, 20).to_string(), "1970-01-01T00:00:15Z".to_owned()] {
            let told = ask(&window);
            assert!(told.contains("2 keys, 3 elements that are in no pane yet"), "{told}");
            assert!(
                told.contains("waits for the watermark to pass 1970-01-01T00:00:20Z"),
                "{told}"
            );
        }
        assert!(ask("1970-01-01T00:00:05Z").contains("is not open"));
    });
    running.end();
}

/// Puts scores into windows.
type Windowed = fn(&PCollection<Score>) -> PCollection<Score>;

fn the_books_of_every_grouping_balance(bench: &Bench) {
    let script = "a=1@1 b=2@2 a=3@11 | w12 | a=3@3 b=4@13 b=1@9 | w40 | a=1@41 b=5@14";
    let ways: [Windowed; 4] = [
        |scores| scores.window(FixedWindows::of(seconds(10))),
        |scores| scores.window(SlidingWindows::of(seconds(20), seconds(10))),
        |scores| {
            let every = AfterWatermark::new().early(AfterCount::of(1));
            scores.window(FixedWindows::of(seconds(10)).triggering(every).accumulating())
        },
        |scores| scores.window(Sessions::with_gap(seconds(5))),
    ];
    for bench in bench.plans(2) {
        for (way, window) in ways.into_iter().enumerate() {
            let grouped =
                |scores: &PCollection<Score>| window(scores).combine_per_key(Sum).named(NAME);
            let (_, report) = played(&bench, script, grouped);
            let sums = step(&report, NAME);
            let books = sums.ledger.elements;
            let came = if way == 1 { 16 } else { 8 };
            assert_eq!((sums.elements_in, books.came, books.held), (8, came, 0), "way {way}");
            assert_eq!(books.folded, came - sums.drops.total());
            assert_eq!(books.left, books.folded);
            assert!(sums.drops.total() > 0);
        }
    }
}

fn what_is_still_held_is_in_the_books_of_a_running_job(bench: &Bench) {
    let running = start(bench, |scores| {
        sums(scores).for_each(|_| {});
    });
    running.when(bench, NAME, 13, |status| {
        let report = &now(status, NAME).status.report;
        let books = report.ledger.elements;
        assert_eq!((books.came, books.folded, books.held), (7, 7, 3), "{:?}", report.ledger);
    });
    let report = running.end();
    let books = step(&report, NAME).ledger.elements;
    assert_eq!((books.came, books.folded, books.left, books.held), (7, 7, 7, 0));
}
