//! A run that fails: the error names the step, and no output is there, neither whole nor half.

#![cfg(feature = "text")]
#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::{fs, path::Path};

use watershed::{
    Checks, RunReport,
    model::{Bundle, Epoch, Sink, SinkWriter, WorkerIndex},
    prelude::*,
};

fn options(checks: Checks) -> PipelineOptions {
    PipelineOptions { checks, ..PipelineOptions::default() }
}

/// A folder in which `text::write` writes, and what lies there after each run.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs with and without checks what must fail, sees that nothing is left, and returns the error.
    fn run_fails(&self, build: impl Fn(&Pipeline)) -> RunError {
        let run = |checks| {
            let pipeline = Pipeline::new();
            build(&pipeline);
            let error = pipeline.run(&options(checks)).unwrap_err();
            assert_eq!(names(self.0.path()), [""; 0], "left after {error}");
            error
        };
        let error = run(Checks::Off);
        assert_eq!(run(Checks::Full).failed_step(), error.failed_step());
        error
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn plays(pipeline: &Pipeline) -> PCollection<String> {
    pipeline.create(["hamlet", "macbeth", "othello"].map(String::from))
}

/// The first letters of lines.
struct Initials;

impl PTransform<PCollection<String>> for Initials {
    type Output = PCollection<String>;
    fn expand(self, lines: &PCollection<String>) -> PCollection<String> {
        lines.map(|line: String| match line.as_str() {
            "macbeth" => panic!("do not say {line} in a theatre"),
            line => line[..1].to_owned(),
        })
    }
}

#[test]
fn a_panic_in_a_closure_is_told_with_the_steps_full_name_and_its_place() {
    let folder = Folder::new();
    let error = folder.run_fails(|pipeline| {
        plays(pipeline).apply(text::write(folder.path("plays.txt")).shards(1));
        plays(pipeline).apply(Initials).apply(text::write(folder.path("initials.txt")));
    });
    assert_eq!(error.failed_step(), Some("Initials/Map"));
    let told = error.to_string();
    assert!(told.starts_with("step `Initials/Map` panicked at "), "{told}");
    assert!(told.contains("tests/failures.rs:"), "{told}");
    assert!(told.ends_with(": do not say macbeth in a theatre"), "{told}");
}

#[test]
fn a_panic_in_a_combiner_names_the_grouping() {
    let folder = Folder::new();
    let error = folder.run_fails(|pipeline| {
        plays(pipeline)
            .map(|play| (play.len(), play))
            .combine_per_key(reduce(|_: String, _: String| panic!("two plays of one length")))
            .named("pick one")
            .flat_map(|(_, play)| play)
            .apply(text::write(folder.path("plays.txt")));
    });
    assert_eq!(error.failed_step(), Some("pick one"));
    assert!(error.to_string().ends_with(": two plays of one length"), "{error}");
}

/// Fails where it is told to.
#[derive(Clone)]
struct Fails {
    at: &'static str,
}

impl Fails {
    fn at(&self, at: &str) -> Result<(), BoxError> {
        if self.at == at { Err(format!("no luck in {at}").into()) } else { Ok(()) }
    }
}

impl DoFn<String> for Fails {
    type Outputs = One<String>;
    fn setup(&mut self) -> Result<(), BoxError> {
        self.at("setup")
    }
    fn process(
        &mut self,
        element: String,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, String>,
    ) -> Result<(), BoxError> {
        out.emit(element);
        self.at("process")
    }
    fn teardown(&mut self) -> Result<(), BoxError> {
        self.at("teardown")
    }
}

#[test]
fn an_error_in_any_phase_of_a_do_fn_names_it() {
    let folder = Folder::new();
    for at in ["setup", "process", "teardown"] {
        let error = folder.run_fails(|pipeline| {
            plays(pipeline).par_do(Fails { at }).apply(text::write(folder.path("plays.txt")));
        });
        assert_eq!(error.to_string(), format!("step `Fails` failed: no luck in {at}"));
    }
}

impl Sink for Fails {
    type Element = String;
    type Committable = ();
    type Writer = Fails;

    fn describe(&self) -> String {
        format!("fails in {}", self.at)
    }
    fn writer(&self, _: WorkerIndex) -> Result<Fails, BoxError> {
        self.at("writer").map(|()| self.clone())
    }
    fn commit(&self, _: Epoch, _: Vec<()>) -> Result<(), BoxError> {
        self.at("commit")
    }
}

impl SinkWriter<String, ()> for Fails {
    fn write(&mut self, _: Bundle<String>) -> Result<(), BoxError> {
        self.at("write")
    }
    fn prepare(&mut self, _: Epoch) -> Result<Vec<()>, BoxError> {
        self.at("prepare").map(|()| Vec::new())
    }
}

#[test]
fn a_sink_that_fails_keeps_those_that_are_fine_from_writing() {
    let folder = Folder::new();
    for at in ["writer", "write", "prepare"] {
        let error = folder.run_fails(|pipeline| {
            let plays = plays(pipeline);
            plays.apply(text::write(folder.path("before.txt")).shards(1));
            plays.write(Fails { at }).named("the bad one");
            plays.apply(text::write(folder.path("after.txt")).shards(2));
        });
        assert_eq!(error.to_string(), format!("step `the bad one` failed: no luck in {at}"));
    }
}

#[test]
fn a_commit_that_fails_is_told_and_what_would_come_behind_it_is_not_written() {
    let folder = Folder::new();
    let error = folder.run_fails(|pipeline| {
        let plays = plays(pipeline);
        plays.write(Fails { at: "commit" });
        plays.apply(text::write(folder.path("after.txt")));
    });
    assert_eq!(error.to_string(), "step `Write` failed: no luck in commit");
}

#[test]
fn a_cancelled_run_writes_nothing() {
    let folder = Folder::new();
    let pipeline = Pipeline::new();
    let (started, has_started) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let may_go_on = std::sync::Arc::new(std::sync::Mutex::new(may_go_on));
    plays(&pipeline)
        .map(move |play| {
            let _ = started.send(());
            // Until the test has cancelled the job and let go of its end.
            let _ = may_go_on.lock().unwrap().recv();
            play
        })
        .apply(text::write(folder.path("plays.txt")));
    let job = pipeline.start(&options(Checks::Off)).unwrap();
    has_started.recv().unwrap();
    job.state().cancel();
    drop(go_on);
    let RunReport { outcome, .. } = job.wait().unwrap();
    assert_eq!(outcome, watershed::Outcome::Cancelled);
    assert_eq!(names(folder.0.path()), [""; 0]);
}
