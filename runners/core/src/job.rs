//! A running job, seen from outside.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::{Failure, RunError, RunReport};

/// What a job shares with those who watch it.
#[derive(Debug, Default)]
pub struct JobState {
    cancelled: AtomicBool,
    draining: AtomicBool,
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

    /// Asks the job to come to an end: unbounded sources are not read any more, windows close with what
    /// they have, in panes that say so, and all is committed. Bounded sources are read to their ends; a
    /// job that has no others goes on as before.
    pub fn drain(&self) {
        self.draining.store(true, SeqCst);
    }

    /// Whether the job was asked to come to an end.
    pub fn is_draining(&self) -> bool {
        self.draining.load(SeqCst)
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

/// A handle on a running job. Whoever drops it leaves the job alone.
#[derive(Debug)]
pub struct JobHandle {
    state: Arc<JobState>,
    ended: Arc<End>,
    thread: JoinHandle<Result<RunReport, RunError>>,
}

/// Tells that the job has ended.
#[derive(Debug, Default)]
struct End {
    has_come: Mutex<bool>,
    comes: Condvar,
}

/// Says so also when the runner panics.
struct Ends(Arc<End>);

impl Drop for Ends {
    fn drop(&mut self) {
        *self.0.has_come.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.comes.notify_all();
    }
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
        let (state, ended) = (Arc::new(JobState::default()), Arc::new(End::default()));
        let (seen, ends) = (state.clone(), Ends(ended.clone()));
        let thread = std::thread::Builder::new()
            .name(format!("watershed-{runner}"))
            .spawn(move || {
                let _ends = ends;
                run(seen)
            })
            .map_err(|error| RunError::Runner {
                runner: runner.to_owned(),
                problem: format!("could not start a thread: {error}"),
            })?;
        Ok(JobHandle { state, ended, thread })
    }

    /// What the job shares; can be kept and used from anywhere.
    pub fn state(&self) -> Arc<JobState> {
        self.state.clone()
    }

    /// As [`JobState::cancel`].
    pub fn cancel(&self) {
        self.state.cancel();
    }

    /// As [`JobState::drain`].
    pub fn drain(&self) {
        self.state.drain();
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

    /// Waits for the job's end, but no longer than `limit`: then the handle comes back, and the job goes
    /// on. What the job came to is what [`wait`](Self::wait) would say. (Beam: `waitUntilFinish(duration)`.)
    ///
    /// # Errors
    /// The handle, if the job has not ended.
    pub fn wait_for(self, limit: Duration) -> Result<Result<RunReport, RunError>, Self> {
        let has_come = self.ended.has_come.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.comes.wait_timeout_while(has_come, limit, |has_come| !*has_come);
        let has_come = *waited.unwrap_or_else(PoisonError::into_inner).0;
        if has_come { Ok(self.wait()) } else { Err(self) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::Outcome;

    #[test]
    fn waiting_with_a_limit_gives_the_handle_back_or_the_outcome() {
        let (go_on, may_end) = channel::<()>();
        let job = JobHandle::spawn("test", move |_| {
            let _ = may_end.recv();
            Ok(RunReport::of(Outcome::Done))
        });
        let job = job.unwrap().wait_for(Duration::ZERO).unwrap_err();
        drop(go_on);
        let report = job.wait_for(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(report.outcome, Outcome::Done);
    }

    #[test]
    fn a_runner_that_panics_has_ended() {
        let job = JobHandle::spawn("test", |_| panic!("oh"));
        let error = job.unwrap().wait_for(Duration::from_secs(60)).unwrap().unwrap_err();
        assert!(error.to_string().contains("oh"), "{error}");
    }
}
