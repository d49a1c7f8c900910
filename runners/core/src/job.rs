//! A running job, seen from outside.

use std::{
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread::{JoinHandle, Thread},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use watershed_model::Graph;

use crate::{Board, Failure, JobStatus, Outline, RunError, RunReport, time_of_day};

/// What a job shares with those who watch it.
#[derive(Debug, Default)]
pub struct JobState {
    /// What the job is; unknown only in tests of parts.
    about: OnceLock<About>,
    board: Board,
    /// Threads that are woken when somebody wants something of the job.
    listening: Mutex<Vec<Thread>>,
    has_ended: AtomicBool,
    cancelled: AtomicBool,
    draining: AtomicBool,
    elements_read: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
}

#[derive(Debug)]
struct About {
    runner: String,
    outline: Outline,
    started: Instant,
    /// How long it took, once it has ended.
    took: OnceLock<Duration>,
}

/// How far a job has come with its input, in the unit of its sources (bytes, mostly).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProgress {
    /// How many elements the sources gave.
    pub elements_read: u64,
    /// How much input has been read.
    pub done: u64,
    /// How much input there is, as far as known; 0 if it is not.
    pub total: u64,
}

impl JobState {
    fn of(runner: &str, graph: &Graph) -> Self {
        let about = About {
            runner: runner.to_owned(),
            outline: Outline::of(graph),
            started: Instant::now(),
            took: OnceLock::new(),
        };
        JobState { about: about.into(), ..JobState::default() }
    }

    /// The thread that calls this is woken whenever somebody wants something of the job: an end, a drain,
    /// a status.
    pub fn listen(&self) {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        listening.push(std::thread::current());
    }

    /// Wakes all who listen.
    pub fn ring(&self) {
        let listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        listening.iter().for_each(Thread::unpark);
    }

    /// Where workers are asked how they stand, and answer.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The names and edges of the job's graph.
    pub fn outline(&self) -> Outline {
        self.about.get().map_or_else(Outline::default, |about| about.outline.clone())
    }

    /// Whether the job has ended.
    pub fn has_ended(&self) -> bool {
        self.has_ended.load(SeqCst)
    }

    /// Asks all workers where they stand, and waits for their answers, up to `limit`; of a worker that is
    /// kept longer by an author's code it tells what that worker said last. Of each step it lists the
    /// `most_windows` windows that end first. When the job has ended it tells how it stood at its end.
    pub fn status(&self, limit: Duration, most_windows: usize) -> JobStatus {
        let has_ended = self.has_ended();
        let seen = self.board.ask(most_windows, || self.ring(), limit);
        let outline = self.about.get().map(|about| &about.outline);
        let steps = outline.map_or_else(Vec::new, |outline| JobStatus::steps_of(outline, &seen));
        let about = self.about.get();
        JobStatus {
            runner: about.map_or_else(String::new, |about| about.runner.clone()),
            elapsed: about.map_or(Duration::ZERO, |about| {
                about.took.get().copied().unwrap_or_else(|| about.started.elapsed())
            }),
            now: time_of_day(),
            has_ended,
            is_draining: self.is_draining(),
            progress: self.progress(),
            workers: seen.workers.len(),
            silent: if has_ended { Vec::new() } else { seen.silent },
            steps,
        }
    }

    fn end(&self) {
        if let Some(about) = self.about.get() {
            let _ = about.took.set(about.started.elapsed());
        }
        self.has_ended.store(true, SeqCst);
        self.board.close();
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Asks the job to stop. Nothing is committed.
    pub fn cancel(&self) {
        if !self.cancelled.swap(true, SeqCst) {
            tracing::info!("the job is cancelled");
        }
        self.ring();
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    /// Asks the job to come to an end: unbounded sources are not read any more, windows close with what
    /// they have, in panes that say so, and all is committed. Bounded sources are read to their ends; a
    /// job that has no others goes on as before.
    pub fn drain(&self) {
        if !self.draining.swap(true, SeqCst) {
            tracing::info!("the job is drained");
        }
        self.ring();
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
struct Ends(Arc<End>, Arc<JobState>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.1.end();
        *self.0.has_come.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.comes.notify_all();
    }
}

impl JobHandle {
    /// A job that runs a graph, which `run` carries out on a thread of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(
        runner: &str,
        graph: &Graph,
        run: impl FnOnce(Arc<JobState>) -> Result<RunReport, RunError> + Send + 'static,
    ) -> Result<Self, RunError> {
        let (state, ended) = (Arc::new(JobState::of(runner, graph)), Arc::new(End::default()));
        let (seen, ends) = (state.clone(), Ends(ended.clone(), state.clone()));
        let (name, steps) = (runner.to_owned(), graph.nodes().len());
        let thread = std::thread::Builder::new()
            .name(format!("watershed-{runner}"))
            .spawn(move || {
                let _ends = ends;
                tracing::info!(runner = name, steps, "the job begins");
                let result = run(seen);
                match &result {
                    Ok(report) => tracing::info!(outcome = ?report.outcome, "the job has ended"),
                    Err(error) => tracing::error!("the job has failed: {error}"),
                }
                result
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

    /// As [`JobState::status`].
    pub fn status(&self, limit: Duration, most_windows: usize) -> JobStatus {
        self.state.status(limit, most_windows)
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

    use watershed_model::GraphBuilder;

    use super::*;
    use crate::Outcome;

    fn graph() -> Graph {
        GraphBuilder::default().build().unwrap()
    }

    #[test]
    fn waiting_with_a_limit_gives_the_handle_back_or_the_outcome() {
        let (go_on, may_end) = channel::<()>();
        let job = JobHandle::spawn("test", &graph(), move |_| {
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
        let job = JobHandle::spawn("test", &graph(), |_| panic!("oh"));
        let error = job.unwrap().wait_for(Duration::from_secs(60)).unwrap().unwrap_err();
        assert!(error.to_string().contains("oh"), "{error}");
    }
}
