//! A running job, seen from outside.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
};

use crate::{Failure, RunError, RunReport};

/// What a job shares with those who watch it.
#[derive(Debug, Default)]
pub struct JobState {
    cancelled: AtomicBool,
    elements_read: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
}

/// How far a job has come with its input, in the unit of its sources (bytes, mostly).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobProgress {
    /// How many elements the sources gave.
    pub elements_read: u64,
    /// How much input has been read.
    pub done: u64,
    /// How much input there is, as far as known; 0 if it is not.
    pub total: u64,
}

impl JobState {
    /// Asks the job to stop. Nothing is committed.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    /// How far the job has come.
    pub fn progress(&self) -> JobProgress {
        JobProgress {
            elements_read: self.elements_read.load(Relaxed),
            done: self.done.load(Relaxed),
            total: self.total.load(Relaxed),
        }
    }

    /// A runner says: so much more was read.
    pub fn read(&self, elements: u64, done: u64) {
        self.elements_read.fetch_add(elements, Relaxed);
        self.done.fetch_add(done, Relaxed);
    }

    /// A runner says: so much more input was found.
    pub fn found(&self, size: u64) {
        self.total.fetch_add(size, Relaxed);
    }
}

/// A handle on a running job.
#[derive(Debug)]
pub struct JobHandle {
    state: Arc<JobState>,
    thread: JoinHandle<Result<RunReport, RunError>>,
}

impl JobHandle {
    /// A job that `run` carries out on a thread of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(
        runner: &str,
        run: impl FnOnce(Arc<JobState>) -> Result<RunReport, RunError> + Send + 'static,
    ) -> Result<Self, RunError> {
        let state = Arc::new(JobState::default());
        let seen = state.clone();
        let thread = std::thread::Builder::new()
            .name(format!("watershed-{runner}"))
            .spawn(move || run(seen))
            .map_err(|error| RunError::Runner {
                runner: runner.to_owned(),
                problem: format!("could not start a thread: {error}"),
            })?;
        Ok(JobHandle { state, thread })
    }

    /// What the job shares; can be kept and used from anywhere.
    pub fn state(&self) -> Arc<JobState> {
        self.state.clone()
    }

    /// Whether the job has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the job's end.
    ///
    /// # Errors
    /// Why it failed.
    pub fn wait(self) -> Result<RunReport, RunError> {
        match self.thread.join() {
            Ok(result) => result,
            Err(payload) => {
                let message = payload
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
                    .unwrap_or_default();
                Err(RunError::step("the runner itself", Failure::Panic { message, location: None }))
            }
        }
    }
}
