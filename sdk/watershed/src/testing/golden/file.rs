//! A golden file: what it holds, and the check.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use watershed_core::{PCollection, Pipeline, TestStream};
use watershed_model::Element;
use watershed_runner_core::{RunError, RunOptions, RunReport, Runner};
use watershed_runner_direct::DirectRunner;

use super::{
    event::play,
    pane::Pane,
    results::{Border, Results, difference},
};

/// The variable by which a person accepts what came out.
const VARIABLE: &str = "WATERSHED_GOLDEN";
const OVERWRITE: &str = "overwrite";

/// A file of events, and of the panes that a transform must make of them.
///
/// Above stands what happens, as in a [`TestStream`], a line of JSON each; below what comes out. Lines that
/// are empty or begin with `#` say nothing.
///
/// ```text
/// # The second score comes when its minute is over.
/// {"at":"2026-01-01T12:00:05Z","element":["ants",5]}
/// {"watermark":"2026-01-01T12:01:00Z"}
/// {"at":"2026-01-01T12:00:50Z","element":["ants",2]}
///
/// {"panes":2}
/// {"window":"[2026-01-01T12:00:00Z, 2026-01-01T12:01:00Z)","pane":"on_time 0","value":["ants",5]}
/// {"window":"[2026-01-01T12:00:00Z, 2026-01-01T12:01:00Z)","pane":"late 1","value":["ants",7]}
/// ```
///
/// The lower part is not written by hand: with `WATERSHED_GOLDEN=overwrite` in the environment what comes
/// out is written there, to be looked at and kept with the test.
pub struct GoldenFile {
    path: PathBuf,
    overwrites: Option<bool>,
    runner: Arc<dyn Runner>,
    options: RunOptions,
}

/// Why a check of a golden file failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// The file could not be read or written.
    #[error("`{path}`: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        error: io::Error,
    },

    /// A line of the file makes no sense.
    #[error("`{path}`, line {line}: {problem}", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },

    /// The variable has a value that nobody knows.
    #[error("{VARIABLE} is `{0}`: the one value that it can have is `{OVERWRITE}`")]
    Variable(String),

    /// The transform could not be run.
    #[error("`{path}`: {error}", path = path.display())]
    Run {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: RunError,
    },

    /// An element that came out is nothing that JSON can say.
    #[error("an element that came out cannot be written: {0}")]
    Value(#[from] serde_json::Error),

    /// The file does not say yet what must come out, or something else came.
    #[error("`{path}` {difference}\nto accept what came, run the test with {VARIABLE}={OVERWRITE}", path = path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// How.
        difference: String,
    },
}

impl GoldenFile {
    /// The file at this path, which a relative one takes from the folder of the package under test.
    pub fn at(path: impl AsRef<Path>) -> Self {
        let (path, runner) = (path.as_ref().to_owned(), Arc::new(DirectRunner));
        GoldenFile { path, overwrites: None, runner, options: RunOptions::default() }
    }

    /// On this runner; otherwise it is the direct one.
    #[must_use]
    pub fn on(self, runner: Arc<dyn Runner>, options: RunOptions) -> Self {
        GoldenFile { runner, options, ..self }
    }

    /// Whether what comes out is written into the file, whatever the environment says.
    #[must_use]
    pub fn overwriting(self, overwrites: bool) -> Self {
        GoldenFile { overwrites: Some(overwrites), ..self }
    }

    /// Plays the events through a transform, and sees that the panes of the file come out, in whatever
    /// order.
    ///
    /// # Panics
    /// When other panes come out, or the file makes no sense.
    #[track_caller]
    pub fn check<T: Element, O: Element>(
        &self,
        transform: impl FnOnce(&PCollection<T>) -> PCollection<O>,
    ) {
        if let Err(error) = self.try_check(transform) {
            panic!("{error}");
        }
    }

    /// As [`check`](Self::check), for who wants the error.
    ///
    /// # Errors
    /// When other panes come out, or the file makes no sense.
    pub fn try_check<T: Element, O: Element>(
        &self,
        transform: impl FnOnce(&PCollection<T>) -> PCollection<O>,
    ) -> Result<(), GoldenError> {
        let overwrites = self.overwrites()?;
        let text = fs::read_to_string(&self.path).map_err(|error| self.file(error))?;
        let lines: Vec<&str> = text.lines().collect();
        let border = lines.iter().position(|line| line.starts_with("{\"panes\""));
        let (events, results) = lines.split_at(border.unwrap_or(lines.len()));
        let found = self.play(events, transform)?;
        if overwrites {
            return self.write(events, &found, &text);
        }
        let expected = self.expected(events.len(), results)?;
        match difference(expected, found)? {
            None => Ok(()),
            Some(difference) => Err(GoldenError::Differs { path: self.path.clone(), difference }),
        }
    }

    fn overwrites(&self) -> Result<bool, GoldenError> {
        match (self.overwrites, env::var(VARIABLE)) {
            (Some(overwrites), _) => Ok(overwrites),
            (None, Err(_)) => Ok(false),
            (None, Ok(value)) if value == OVERWRITE => Ok(true),
            (None, Ok(value)) => Err(GoldenError::Variable(value)),
        }
    }

    fn file(&self, error: io::Error) -> GoldenError {
        GoldenError::File { path: self.path.clone(), error }
    }

    fn line(&self, place: usize, problem: impl ToString) -> GoldenError {
        let (path, problem) = (self.path.clone(), problem.to_string());
        GoldenError::Line { path, line: place + 1, problem }
    }

    /// What comes out.
    fn play<T: Element, O: Element>(
        &self,
        events: &[&str],
        transform: impl FnOnce(&PCollection<T>) -> PCollection<O>,
    ) -> Result<Results, GoldenError> {
        let mut stream = TestStream::new();
        for (place, line) in said(events) {
            stream = play(stream, line).map_err(|problem| self.line(place, problem))?;
        }
        let pipeline = Pipeline::new();
        let played = pipeline.apply(stream.advance_watermark_to_infinity());
        let collected = transform(&played).collect();
        let run = || -> Result<RunReport, RunError> {
            self.runner.start(Arc::new(pipeline.build()?), &self.options)?.wait()
        };
        let report = run().map_err(|error| GoldenError::Run { path: self.path.clone(), error })?;
        let observed = collected.observed();
        let mut panes = observed.iter().map(Pane::of).collect::<Result<Vec<_>, _>>()?;
        panes.sort_by_cached_key(|pane| (pane.place(), pane.line().ok()));
        Ok(Results { border: Border::of(panes.len(), &report.drops), panes })
    }

    /// What must come out; `None` if nothing was written yet.
    fn expected(&self, from: usize, results: &[&str]) -> Result<Option<Results>, GoldenError> {
        let mut expected = None;
        for (place, line) in said(results) {
            let wrong = |error: serde_json::Error| self.line(from + place, error);
            match &mut expected {
                None => {
                    let border = serde_json::from_str(line).map_err(wrong)?;
                    expected = Some(Results { border, panes: Vec::new() });
                }
                Some(Results { panes, .. }) => {
                    panes.push(serde_json::from_str(line).map_err(wrong)?);
                }
            }
        }
        if let Some(Results { border, panes }) = &expected
            && border.panes != panes.len()
        {
            let problem =
                format!("{} panes are announced, and {} follow", border.panes, panes.len());
            return Err(self.line(from, problem));
        }
        Ok(expected)
    }

    fn write(&self, events: &[&str], found: &Results, before: &str) -> Result<(), GoldenError> {
        let text = format!("{}\n\n{}", events.join("\n").trim_end(), found.text()?);
        match text == before {
            true => Ok(()),
            false => fs::write(&self.path, text).map_err(|error| self.file(error)),
        }
    }
}

/// Lines that say something, with their places.
fn said<'a>(lines: &[&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    let lines = lines.iter().map(|line| line.trim()).enumerate();
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
#[path = "../tests/golden.rs"]
mod tests;
