//! A job that does nothing and says what a test wants.

#![allow(dead_code)] // each test file uses a part of it

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    time::Duration,
};

use watershed::{
    Holder, JobHandle, JobState, Outcome, RunReport, StepReport, StepStatus, Timestamp,
    prelude::*,
    ui::{JobPage, Shown, UiAddress},
};
use watershed_runner_core::WorkerStatus;

/// How long anything may take here before a test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Fake {
    pub(crate) state: Arc<JobState>,
    pub(crate) shown: Shown,
    pub(crate) names: Vec<String>,
    pub(crate) steps: Vec<StepStatus>,
    pub(crate) handle: JobHandle,
    /// The job ends when this goes.
    pub(crate) goes_on: Sender<()>,
}

impl Fake {
    /// A job of this pipeline, and its page.
    pub(crate) fn of(pipeline: &Pipeline) -> Self {
        let page = JobPage::bind(&UiAddress::local(0)).unwrap();
        let graph = pipeline.build().unwrap();
        let (goes_on, ends) = channel::<()>();
        let handle = JobHandle::spawn("fake", &graph, move |_| {
            let _ = ends.recv();
            Ok(RunReport::of(Outcome::Done))
        });
        let handle = handle.unwrap();
        let state = handle.state();
        let outline = state.outline();
        let steps = outline
            .steps
            .iter()
            .map(|step| StepStatus::of(StepReport::of(&step.name, step.outputs)));
        Fake {
            shown: page.serve(state.clone()).unwrap(),
            names: outline.steps.iter().map(|step| step.name.clone()).collect(),
            steps: steps.collect(),
            state,
            handle,
            goes_on,
        }
    }

    /// Two steps in a row and a grouping, whose watermark the first step's split holds.
    pub(crate) fn with_a_few_steps() -> Self {
        let pipeline = Pipeline::new();
        let words = pipeline.create(["to", "be"].map(String::from)).named("Words");
        let lengths = words.map(|word| word.len()).named("Lengths");
        lengths.window(FixedWindows::of(minutes(1))).count_per_element().for_each(|_| {});
        let mut fake = Fake::of(&pipeline);
        let at = noon();
        for step in &mut fake.steps {
            (step.input_watermark, step.output_watermark) = (at, at);
        }
        let source = fake.step("Words");
        source.holder = Holder::Split { split: "words.txt".into(), at, is_idle: false };
        source.is_congested = true;
        fake.tell();
        fake
    }

    /// The step whose name has this in it.
    pub(crate) fn step(&mut self, part: &str) -> &mut StepStatus {
        let names = &self.names;
        let place = names.iter().position(|name| name.contains(part));
        &mut self.steps[place.unwrap_or_else(|| panic!("no step `{part}` in {names:?}"))]
    }

    /// The job says how its steps stand now.
    pub(crate) fn tell(&self) {
        self.state.board().answer_last(0, WorkerStatus { steps: self.steps.clone() });
    }

    /// The whole answer to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        ask(self.shown.address(), request.as_bytes())
    }

    /// Its body.
    pub(crate) fn body(&self, path: &str) -> String {
        let answer = self.get(path);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        body.to_owned()
    }
}

pub(crate) fn noon() -> Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

/// Sends bytes and reads until the other side closes.
pub(crate) fn ask(at: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    // Whoever still sends when he is refused finds the connection cut, and the refusal is read below.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    // That a connection is cut is an answer too.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}
