//! What a person sees while a job runs, on standard error.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use watershed_runner_core::{JobHandle, JobState, Outcome, RunReport};

/// How often the bar is drawn anew.
const PERIOD: Duration = Duration::from_millis(100);

/// A bar that follows a job until it is told to stop.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

/// Begins to show a job's progress. Draws nothing where standard error is not a terminal.
pub(crate) fn watch(job: &JobHandle) -> Watch {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let stop = Arc::new(AtomicBool::new(false));
    if bar.is_hidden() {
        return Watch { stop, drawing: None };
    }
    let (state, stopped) = (job.state(), stop.clone());
    // Without a thread to draw there is no bar; the job does not depend on it.
    let drawing = std::thread::Builder::new().name("watershed-progress".into()).spawn(move || {
        while !stopped.load(Relaxed) {
            draw(&bar, &state);
            std::thread::park_timeout(PERIOD);
        }
        bar.finish_and_clear();
    });
    Watch { stop, drawing: drawing.ok() }
}

fn draw(bar: &ProgressBar, state: &JobState) {
    let progress = state.progress();
    if progress.total > 0 && bar.length() != Some(progress.total) {
        bar.set_length(progress.total);
        const BAR: &str =
            "{bar:30} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left  {msg} elements";
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
    } else if progress.total == 0
        && bar.message().is_empty()
        && let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed}  {msg} elements")
    {
        bar.set_style(style);
    }
    bar.set_position(progress.done);
    bar.set_message(HumanCount(progress.elements_read).to_string());
}

impl Watch {
    /// Takes the bar away and tells the outcome in one line. A failure is told by who called.
    pub(crate) fn finish(self, report: Option<&RunReport>) {
        self.stop.store(true, Relaxed);
        if let Some(drawing) = self.drawing {
            drawing.thread().unpark();
            // The bar is gone either way.
            let _ = drawing.join();
        }
        if let Some(report) = report {
            eprintln!("{}", summary(report));
        }
    }
}

fn summary(report: &RunReport) -> String {
    let outcome = match report.outcome {
        Outcome::Cancelled => "cancelled, nothing written: ",
        Outcome::Done | Outcome::NotRun => "",
    };
    format!(
        "{outcome}{} elements read in {:.2} s, {} dropped, {} failed",
        HumanCount(report.elements_read),
        report.elapsed.as_secs_f64(),
        HumanCount(report.drops.total()),
        HumanCount(report.failed)
    )
}
