//! One status for all who ask at about the same time.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Mutex, task};
use watershed_runner_core::{JobState, JobStatus};

/// How old a status may be that somebody is shown.
const FRESH: Duration = Duration::from_millis(200);

/// How long workers may take to answer. One that is kept longer is told of as silent.
const LIMIT: Duration = Duration::from_millis(500);

/// The job, and the last status that it gave. However many look at the page, the workers are asked a few
/// times a second at most.
pub(super) struct Asked {
    /// Another one for each run.
    run: String,
    state: Arc<JobState>,
    last: Mutex<Option<Answer>>,
}

struct Answer {
    at: Instant,
    most_windows: usize,
    status: Arc<JobStatus>,
}

impl Asked {
    pub(super) fn new(state: Arc<JobState>) -> Arc<Self> {
        let run = format!("{:016x}", RandomState::new().hash_one(0));
        Arc::new(Asked { run, state, last: Mutex::new(None) })
    }

    pub(super) fn run(&self) -> &str {
        &self.run
    }

    pub(super) fn state(&self) -> &Arc<JobState> {
        &self.state
    }

    /// Where the job stands, with so many windows of each step, or more. None only if the server ends.
    pub(super) async fn status(self: &Arc<Self>, most_windows: usize) -> Option<Arc<JobStatus>> {
        let asked = self.clone();
        // A task of its own: if who asked goes away, those who wait behind still get this answer, and the
        // workers are not asked again.
        task::spawn(async move { asked.ask(most_windows).await }).await.ok().flatten()
    }

    async fn ask(&self, most_windows: usize) -> Option<Arc<JobStatus>> {
        let mut last = self.last.lock().await;
        let is_enough =
            |answer: &&Answer| answer.most_windows >= most_windows && answer.at.elapsed() < FRESH;
        if let Some(answer) = last.as_ref().filter(is_enough) {
            return Some(answer.status.clone());
        }
        let state = self.state.clone();
        let status = task::spawn_blocking(move || state.status(LIMIT, most_windows)).await.ok()?;
        let status = Arc::new(status);
        *last = Some(Answer { at: Instant::now(), most_windows, status: status.clone() });
        Some(status)
    }
}
