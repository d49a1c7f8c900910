//! What an author logs names the step that is at work.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should
#![cfg(feature = "cli")]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use watershed::{RunnerKind, prelude::*};

/// Takes lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_steps_log_names_them_on_every_runner() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    for (runner, workers) in [(RunnerKind::Direct, 1), (RunnerKind::Timely, 2)] {
        lines.0.lock().unwrap().clear();
        let pipeline = Pipeline::new();
        let numbers = pipeline.create(0..10i64);
        let said = numbers.map(|n| {
            tracing::info!("seen {n}");
            (n % 2, n)
        });
        let sums = said.named("Say").combine_per_key(Sum).map(|sum| {
            tracing::warn!("summed {sum:?}");
            sum
        });
        sums.named("Tell").for_each(drop);
        pipeline.run(&PipelineOptions { runner, workers, ..PipelineOptions::default() }).unwrap();
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let with = |what: &[&str]| {
            text.lines().filter(|line| what.iter().all(|part| line.contains(part))).count()
        };
        assert_eq!(with(&["INFO", "step{name=\"Say\"}", "seen "]), 10, "{text}");
        assert_eq!(with(&["WARN", "step{name=\"Tell\"}", "summed ("]), 2, "{text}");
        assert_eq!(with(&["INFO", "the job begins"]), 1, "{text}");
        assert_eq!(with(&["INFO", "the job has ended", "outcome=Done"]), 1, "{text}");
        assert_eq!(with(&["DEBUG"]), 0, "{text}");
    }
}
