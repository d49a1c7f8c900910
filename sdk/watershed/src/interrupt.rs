//! Ctrl-C: the first cancels the jobs that run, the second ends the program.

use std::sync::{Arc, Mutex, Once, PoisonError};

use watershed_runner_core::{JobHandle, JobState};

/// The jobs that run, and whether each was interrupted here. That it is cancelled says less: another
/// process of the job may have got the same Ctrl-C a moment earlier and passed it on.
static RUNNING: Mutex<Vec<(Arc<JobState>, bool)>> = Mutex::new(Vec::new());
static HANDLER: Once = Once::new();

/// Ctrl-C cancels the job as long as this is there.
pub(crate) struct Interruptible(Arc<JobState>);

/// Starts a job that Ctrl-C can cancel from its first moment. A program that handles Ctrl-C by itself
/// keeps its own handler.
pub(crate) fn start<E>(
    start: impl FnOnce() -> Result<JobHandle, E>,
) -> Result<(JobHandle, Interruptible), E> {
    HANDLER.call_once(|| {
        // There is another handler if this fails, and then that one decides.
        let _ = ctrlc::try_set_handler(interrupt);
    });
    // Held while the job starts, so that an interrupt waits until there is something to cancel.
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let job = start()?;
    let state = job.state();
    running.push((state.clone(), false));
    Ok((job, Interruptible(state)))
}

fn interrupt() {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if running.iter().all(|(_, is_interrupted)| *is_interrupted) {
        std::process::exit(130);
    }
    // A terminal interrupts all processes of a job, and one is enough to say it.
    if !crate::run::is_launched_child() {
        eprintln!("cancelling; Ctrl-C again ends the program at once");
    }
    for (job, is_interrupted) in running.iter_mut() {
        *is_interrupted = true;
        job.cancel();
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|(job, _)| !Arc::ptr_eq(job, &self.0));
    }
}
