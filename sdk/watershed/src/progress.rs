//! What a person sees while a job runs, on standard error.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use indicatif::{BinaryBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use watershed_model::Drops;
use watershed_runner_core::{JobHandle, JobProgress, JobState, Outcome, RunReport};

/// How often the bar is drawn anew.
const PERIOD: Duration = Duration::from_millis(100);

/// A bar that follows a job until it is told to stop.
pub(crate) struct Watch {
    state: Arc<JobState>,
    stop: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

/// Begins to show a job's progress. Draws nothing where standard error is not a terminal.
pub(crate) fn watch(job: &JobHandle) -> Watch {
    let (state, stop) = (job.state(), Arc::new(AtomicBool::new(false)));
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if bar.is_hidden() {
        return Watch { state, stop, drawing: None };
    }
    let (drawn, stopped) = (state.clone(), stop.clone());
    // Without a thread to draw there is no bar; the job does not depend on it.
    let drawing = std::thread::Builder::new().name("watershed-progress".into()).spawn(move || {
        let mut phase = None;
        while !stopped.load(Relaxed) {
            draw(&bar, &mut phase, drawn.progress());
            std::thread::park_timeout(PERIOD);
        }
        bar.finish_and_clear();
    });
    Watch { state, stop, drawing: drawing.ok() }
}

/// What there is to say of a job's progress.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    /// It reads something of unknown size.
    Reading,
    /// It reads something, and how much of it is known.
    ReadingOf { total: u64 },
    /// It has read everything and still groups or writes.
    Finishing,
}

impl Phase {
    fn of(progress: JobProgress) -> Phase {
        match progress.total {
            0 => Phase::Reading,
            total if progress.done >= total => Phase::Finishing,
            total => Phase::ReadingOf { total },
        }
    }

    fn template(self) -> &'static str {
        match self {
            Phase::Reading => "{spinner} {elapsed} {msg}",
            Phase::ReadingOf { .. } => {
                "{percent:>3}% {wide_bar} {binary_bytes} of {binary_total_bytes}, \
                 {binary_bytes_per_sec}, {eta} left"
            }
            Phase::Finishing => "{spinner} {elapsed} {msg}, finishing",
        }
    }
}

fn draw(bar: &ProgressBar, drawn: &mut Option<Phase>, progress: JobProgress) {
    let phase = Phase::of(progress);
    if *drawn != Some(phase) {
        *drawn = Some(phase);
        if let Phase::ReadingOf { total } = phase {
            bar.set_length(total);
        }
        if let Ok(style) = ProgressStyle::with_template(phase.template()) {
            bar.set_style(style);
        }
    }
    bar.set_message(read(progress.elements_read, progress));
    bar.set_position(progress.done);
    bar.tick();
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
            eprintln!("{}", summary(report, self.state.progress()));
        }
    }
}

/// Sources tell sizes in bytes, if they tell any.
fn read(elements: u64, progress: JobProgress) -> String {
    let elements =
        format!("{} element{}", HumanCount(elements), if elements == 1 { "" } else { "s" });
    match progress.total {
        0 => format!("{elements} read"),
        _ => format!("{elements} ({}) read", BinaryBytes(progress.done)),
    }
}

fn summary(report: &RunReport, progress: JobProgress) -> String {
    let outcome = match report.outcome {
        Outcome::Cancelled => "cancelled, nothing written: ",
        Outcome::Drained => "drained: ",
        Outcome::Done | Outcome::NotRun => "",
    };
    let seconds = report.elapsed.as_secs_f64();
    let rate = match progress.total {
        0 => String::new(),
        _ => format!(", {}/s", BinaryBytes((progress.done as f64 / seconds) as u64)),
    };
    format!(
        "{outcome}{} in {seconds:.2} s{rate}; {} dropped{}, {} failed",
        read(report.elements_read, progress),
        HumanCount(report.drops.total()),
        reasons(&report.drops),
        HumanCount(report.failed)
    )
}

/// Why elements were dropped, with numbers where there are several reasons.
fn reasons(drops: &Drops) -> String {
    let reasons: Vec<_> = drops.iter().collect();
    match reasons.as_slice() {
        [] => String::new(),
        [(reason, _)] => format!(" ({reason})"),
        reasons => {
            let each = reasons.iter().map(|(reason, n)| format!("{} {reason}", HumanCount(*n)));
            format!(" ({})", each.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watershed_model::DropReason;

    #[test]
    fn the_last_line_tells_what_was_read_and_why_something_is_missing() {
        let state = JobState::default();
        let mut report = RunReport::of(Outcome::Done);
        report.elapsed = Duration::from_millis(2500);
        report.elements_read = 1;
        let line = summary(&report, state.progress());
        assert_eq!(line, "1 element read in 2.50 s; 0 dropped, 0 failed");

        state.found(5 << 20);
        state.read(1234, 5 << 20);
        report.elements_read = 1234;
        report.failed = 2;
        report.drops.add(DropReason::Undecodable, 1);
        let line = summary(&report, state.progress());
        assert_eq!(
            line,
            "1,234 elements (5.00 MiB) read in 2.50 s, 2.00 MiB/s; 1 dropped (undecodable), 2 failed"
        );

        report.outcome = Outcome::Drained;
        let line = summary(&report, state.progress());
        assert!(line.starts_with("drained: 1,234 elements"), "{line}");

        report.outcome = Outcome::Cancelled;
        report.drops.add(DropReason::Late, 3);
        let line = summary(&report, state.progress());
        assert!(line.starts_with("cancelled, nothing written: 1,234"), "{line}");
        assert!(line.contains("; 4 dropped (3 late, 1 undecodable), "), "{line}");
    }

    #[test]
    fn the_bar_knows_how_far_it_is_only_if_the_source_does() {
        let state = JobState::default();
        assert!(Phase::of(state.progress()) == Phase::Reading);
        state.found(10);
        assert!(Phase::of(state.progress()) == Phase::ReadingOf { total: 10 });
        state.read(1, 10);
        assert!(Phase::of(state.progress()) == Phase::Finishing);
    }
}
