//! A pipeline that must be run, and on which every assertion must have been looked at.

use std::{cell::Cell, ops::Deref, sync::Arc};

use watershed_core::Pipeline;
use watershed_model::fault;
use watershed_runner_core::{Clock, RunError, RunOptions, RunReport, Runner};
use watershed_runner_direct::DirectRunner;

/// A pipeline for a test. It must be run, and every assertion in it must have been checked;
/// otherwise the test fails.
pub struct TestPipeline {
    pipeline: Pipeline,
    runner: Arc<dyn Runner>,
    options: RunOptions,
    was_run: Cell<bool>,
}

impl TestPipeline {
    /// On the direct runner, with all its checks.
    #[expect(
        clippy::new_without_default,
        reason = "a default that panics unless run would surprise"
    )]
    pub fn new() -> Self {
        TestPipeline::on(Arc::new(DirectRunner), RunOptions::default())
    }

    /// On the given runner.
    pub fn on(runner: Arc<dyn Runner>, options: RunOptions) -> Self {
        TestPipeline { pipeline: Pipeline::new(), runner, options, was_run: Cell::new(false) }
    }

    /// With processing time as this clock shows it, a [`TestClock`](super::TestClock) say. Where a
    /// [`TestStream`](crate::TestStream) plays, processing time is what the stream says.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Into<Clock>) -> Self {
        self.options.clock = clock.into();
        self
    }

    /// Runs the pipeline and sees that every assertion held.
    ///
    /// # Panics
    /// When the run fails, an assertion does not hold, or one was never checked.
    #[track_caller]
    pub fn run(&self) -> RunReport {
        match self.try_run() {
            Ok(report) => report,
            Err(error) => panic!("the test pipeline failed: {error}"),
        }
    }

    /// Runs the pipeline, for tests of how one fails.
    ///
    /// # Errors
    /// Why the run failed.
    ///
    /// # Panics
    /// When the run succeeds and an assertion was never checked.
    #[track_caller]
    pub fn try_run(&self) -> Result<RunReport, RunError> {
        self.was_run.set(true);
        let graph = Arc::new(self.pipeline.build()?);
        let report = self.runner.start(graph, &self.options)?.wait()?;
        for assertion in self.pipeline.assertions() {
            let was_checked = assertion.was_checked() || fault!("unchecked-assertions-pass");
            assert!(was_checked, "the assertion at {} never ran", assertion.location());
        }
        Ok(report)
    }
}

impl Deref for TestPipeline {
    type Target = Pipeline;
    fn deref(&self) -> &Pipeline {
        &self.pipeline
    }
}

impl Drop for TestPipeline {
    fn drop(&mut self) {
        if !self.was_run.get() && !std::thread::panicking() {
            panic!("a TestPipeline was dropped without being run, so it tested nothing");
        }
    }
}
