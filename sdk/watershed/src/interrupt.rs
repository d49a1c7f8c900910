//! Ctrl-C: a job that ends by itself is cancelled, one that does not is drained first. One more ends
//! the program.

use std::sync::{Arc, Mutex, Once, PoisonError};

use watershed_runner_core::{JobHandle, JobState};

/// The jobs that run. What each was told is known by what it was told here: another process of the job
/// may have got the same Ctrl-C a moment earlier and passed it on.
static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());
static HANDLER: Once = Once::new();

struct Running {
    job: Arc<JobState>,
    /// What the next Ctrl-C does.
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Drain,
    Cancel,
    End,
}

/// Ctrl-C reaches the job as long as this is there.
pub(crate) struct Interruptible(Arc<JobState>);

/// Starts a job that Ctrl-C reaches from its first moment; `is_endless` says that it does not end by
/// itself. A program that handles Ctrl-C by itself keeps its own handler.
pub(crate) fn start<E>(
    is_endless: bool,
    start: impl FnOnce() -> Result<JobHandle, E>,
) -> Result<(JobHandle, Interruptible), E> {
    HANDLER.call_once(|| {
        // There is another handler if this fails, and then that one decides.
        let _ = ctrlc::try_set_handler(interrupt);
    });
    // Held while the job starts, so that an interrupt waits until there is something to stop.
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let handle = start()?;
    let job = handle.state();
    let next = if is_endless { Next::Drain } else { Next::Cancel };
    running.push(Running { job: job.clone(), next });
    Ok((handle, Interruptible(job)))
}

fn interrupt() {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    // The gentlest that is left for any job is what happens; to those that had it, it is nothing new.
    let least = running.iter().map(|running| running.next).min().unwrap_or(Next::End);
    let say = |told: &str| {
        // A terminal interrupts all processes of a job, and one is enough to say it.
        if !crate::run::is_launched_child() {
            eprintln!("{told}");
        }
    };
    match least {
        Next::Drain => say("draining: what was read is finished; Ctrl-C again cancels"),
        Next::Cancel => say("cancelling; Ctrl-C again ends the program at once"),
        Next::End => std::process::exit(130),
    }
    for Running { job, next } in running.iter_mut().filter(|running| running.next == least) {
        match least {
            Next::Drain => job.drain(),
            _ => job.cancel(),
        }
        *next = if least == Next::Drain { Next::Cancel } else { Next::End };
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|running| !Arc::ptr_eq(&running.job, &self.0));
    }
}
