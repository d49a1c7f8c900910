//! What the page reads: a job as JSON.
//!
//! Instants are told as text and in milliseconds since the Unix epoch; where a watermark has not begun to
//! move, or nothing more comes, the number is null.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watershed_model::{DropReason, StepMetrics, Timestamp};
use watershed_runner_core::{
    Holder, JobStatus, OpenWindow, Outline, StepNow, StepOutline, is_under_way,
};

use super::held::{holders, last_holders};

/// How many windows of a step are told; those that end first.
pub(super) const WINDOWS: usize = 10;

/// `/graph.json`: what a job is, which never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphView {
    /// Tells this run from others that are shown at the same address.
    pub run: String,
    /// The steps; each stands behind those it reads from.
    pub steps: Vec<StepOutline>,
}

/// `/status.json`: where a job stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    /// Tells this run from others that are shown at the same address.
    pub run: String,
    /// The runner's name.
    pub runner: String,
    /// `running`, `draining` or `ended`.
    pub state: String,
    /// How long it has been running, or ran.
    pub elapsed_ms: u64,
    /// The time of day, by which lags are told.
    pub now: InstantView,
    /// How many elements the sources gave.
    pub elements_read: u64,
    /// How much input has been read, in the unit of the sources: bytes, mostly.
    pub done: u64,
    /// How much input there is, if that is known.
    pub total: Option<u64>,
    /// How many workers have said anything.
    pub workers: usize,
    /// Workers that did not answer in time; what is told of them is what they last said.
    pub silent_workers: Vec<usize>,
    /// The steps by which the ends of the graph are held, by place.
    pub holders: Vec<usize>,
    /// All steps, in the order of the graph.
    pub steps: Vec<StepView>,
}

/// Where a step stands, over all workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// The full name.
    pub name: String,
    /// Elements that came in.
    pub elements_in: u64,
    /// Elements that went out, by port.
    pub elements_out: Vec<u64>,
    /// Bytes of what came in, measured on a sample of the elements.
    pub bytes_in: u64,
    /// Bytes of what went out, by port, likewise.
    pub bytes_out: Vec<u64>,
    /// Elements that were dropped here, by reason.
    pub drops: BTreeMap<String, u64>,
    /// No element on time with a smaller event time will come.
    pub input_watermark: InstantView,
    /// None will go out.
    pub output_watermark: InstantView,
    /// How far the output watermark is behind the time of day.
    pub lag_ms: Option<i64>,
    /// What keeps the output watermark where it is.
    pub holder: HolderView,
    /// The step by which the output watermark is held in the end, by place.
    pub held_by: Option<usize>,
    /// The worker that is furthest behind.
    pub worker: Option<usize>,
    /// Keys and windows that are kept; null where nothing is grouped.
    pub state_entries: Option<u64>,
    /// Elements that came and are in no pane yet; null where nothing is grouped.
    pub state_elements: Option<u64>,
    /// Elements on their way to this step, which it has not taken yet.
    pub waiting: u64,
    /// Whether this is a source that waits because those behind it are busy.
    pub is_congested: bool,
    /// How often a source's watermark went back and was held where it had been.
    pub watermark_setbacks: u64,
    /// How often a bundle that had failed was tried again.
    pub retries: u64,
    /// What the author has counted.
    pub metrics: StepMetrics,
    /// The open windows that end first.
    pub windows: Vec<WindowView>,
    /// Whether there are more.
    pub has_more_windows: bool,
}

/// An instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstantView {
    /// RFC 3339, or `the beginning`, or `the end`.
    pub text: String,
    /// Milliseconds since the Unix epoch, rounded towards the past; null at the beginning and the end.
    pub ms: Option<i64>,
}

/// The one thing that keeps an output watermark where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderView {
    /// `input`, `window`, `timer`, `view`, `restrictions`, `split`, `source`, `script`.
    pub kind: String,
    /// In words.
    pub text: String,
}

/// A window that at least one key has open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowView {
    /// The window, as `/explain` takes it.
    pub window: String,
    /// The watermark at which it is complete.
    pub end: InstantView,
    /// How many keys have it.
    pub keys: u64,
    /// Elements that came and are in no pane yet.
    pub elements: u64,
}

impl GraphView {
    /// The view of an outline.
    pub fn of(run: &str, outline: Outline) -> Self {
        GraphView { run: run.to_owned(), steps: outline.steps }
    }
}

impl JobView {
    /// The view of a status.
    pub fn of(run: &str, status: &JobStatus) -> Self {
        let held_by = holders(status);
        let state = match (status.has_ended, status.is_draining) {
            (true, _) => "ended",
            (_, true) => "draining",
            _ => "running",
        };
        let progress = status.progress;
        let steps = std::iter::zip(&status.steps, &held_by);
        JobView {
            run: run.to_owned(),
            runner: status.runner.clone(),
            state: state.to_owned(),
            elapsed_ms: u64::try_from(status.elapsed.as_millis()).unwrap_or(u64::MAX),
            now: InstantView::of(status.now),
            elements_read: progress.elements_read,
            done: progress.done,
            total: (progress.total > 0).then_some(progress.total),
            workers: status.workers,
            silent_workers: status.silent.clone(),
            holders: last_holders(status, &held_by),
            steps: steps.map(|(step, held_by)| StepView::of(step, *held_by, status.now)).collect(),
        }
    }
}

impl StepView {
    fn of(step: &StepNow, held_by: Option<usize>, now: Timestamp) -> Self {
        let (status, report) = (&step.status, &step.status.report);
        let kept = |n: u64| step.outline.is_grouping.then_some(n);
        let drops =
            report.drops.iter().map(|(reason, n): (DropReason, u64)| (reason.to_string(), n));
        StepView {
            name: step.outline.name.clone(),
            elements_in: report.elements_in,
            elements_out: report.elements_out.clone(),
            bytes_in: report.bytes_in,
            bytes_out: report.bytes_out.clone(),
            drops: drops.collect(),
            input_watermark: InstantView::of(status.input_watermark),
            output_watermark: InstantView::of(status.output_watermark),
            lag_ms: step.lag(now).map(|lag| lag.as_micros().div_euclid(1_000)),
            holder: HolderView::of(&status.holder),
            held_by,
            worker: step.worker,
            state_entries: kept(status.state.entries),
            state_elements: kept(status.state.elements),
            waiting: step.waiting,
            is_congested: status.is_congested,
            watermark_setbacks: report.watermark_setbacks,
            retries: report.retries,
            metrics: report.metrics.clone(),
            windows: status.windows.iter().take(WINDOWS).map(WindowView::of).collect(),
            has_more_windows: status.windows.len() > WINDOWS,
        }
    }
}

impl InstantView {
    fn of(at: Timestamp) -> Self {
        let text = match at {
            Timestamp::MIN => "the beginning".to_owned(),
            at if is_under_way(at) => at.to_string(),
            _ => "the end".to_owned(),
        };
        InstantView { text, ms: is_under_way(at).then(|| at.to_millis()) }
    }
}

impl HolderView {
    fn of(holder: &Holder) -> Self {
        let told = |at: &Timestamp| InstantView::of(*at).text;
        let (kind, text) = match holder {
            Holder::Input => ("input", "its input".to_owned()),
            Holder::Window { window, at } => {
                ("window", format!("window {window}, at {}", told(at)))
            }
            Holder::Timer { timer, window, at, .. } => {
                ("timer", format!("timer {timer} in window {window}, at {}", told(at)))
            }
            Holder::View { view, window, at } => {
                ("view", format!("view {view}, for window {window}, at {}", told(at)))
            }
            Holder::Restrictions { in_hand, at } => {
                ("restrictions", format!("{in_hand} restrictions in hand, one at {}", told(at)))
            }
            Holder::Split { split, at, is_idle } => {
                let idle = if *is_idle { ", idle" } else { "" };
                ("split", format!("split {split}, at {}{idle}", told(at)))
            }
            Holder::Source => ("source", "the source: none of its splits is read".to_owned()),
            Holder::Script => ("script", "the test stream".to_owned()),
        };
        HolderView { kind: kind.to_owned(), text }
    }
}

impl WindowView {
    fn of(open: &OpenWindow) -> Self {
        WindowView {
            window: open.window.to_string(),
            end: InstantView::of(open.end),
            keys: open.keys,
            elements: open.elements,
        }
    }
}
