//! Where a job stands, over all its workers.

use std::{collections::BTreeMap, time::Duration as StdDuration};

use serde::{Deserialize, Serialize};
use watershed_model::{Duration, Timestamp, fault};

use super::{Holder, OpenWindow, Outline, Seen, StepOutline, StepStatus, WorkerStatus};
use crate::JobProgress;

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobStatus {
    /// The runner's name.
    pub runner: String,
    /// How long it has been running, or ran.
    pub elapsed: StdDuration,
    /// The time of day of this status, by which lags are told.
    pub now: Timestamp,
    /// Whether the job has ended.
    pub has_ended: bool,
    /// Whether it was asked to come to an end.
    pub is_draining: bool,
    /// How far it has come with its input.
    pub progress: JobProgress,
    /// How many workers have said anything.
    pub workers: usize,
    /// Workers that did not answer in time; what is told of them is what they last said.
    pub silent: Vec<usize>,
    /// All steps, in the order of the graph.
    pub steps: Vec<StepNow>,
}

/// Where a step stands, over all workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepNow {
    /// What the step is.
    pub outline: StepOutline,
    /// Counts and sizes of all workers together; watermarks of the one that is furthest behind, and what
    /// holds it there.
    pub status: StepStatus,
    /// The worker that is furthest behind with its output watermark; none if nobody has said anything.
    pub worker: Option<usize>,
    /// Elements on their way to this step, which it has not taken yet.
    pub waiting: u64,
}

/// Whether a watermark has begun to move and something may still come: only then it is an instant to tell.
pub fn is_under_way(watermark: Timestamp) -> bool {
    Timestamp::MIN < watermark && watermark < Timestamp::END_OF_GLOBAL_WINDOW
}

/// Where that is what holds a step's output watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// Nothing: nothing more comes.
    Nothing,
    /// In the step itself, as its [holder](StepStatus::holder) tells.
    Itself,
    /// In the step at this place, from which it reads: of several the one that is furthest behind.
    Input(usize),
    /// The step at this place has gone on, and the news of it is on the way.
    NewsOf(usize),
}

impl StepNow {
    /// How far the output watermark is behind the time of day `now`; none before it has begun to move and
    /// when nothing more comes.
    pub fn lag(&self, now: Timestamp) -> Option<Duration> {
        let at = self.status.output_watermark;
        is_under_way(at).then(|| now.since(at))
    }
}

impl JobStatus {
    /// Where that is what holds the output watermark of the step at this place.
    pub fn held_by(&self, place: usize) -> HeldBy {
        let step = &self.steps[place];
        let at = step.status.output_watermark;
        if at >= Timestamp::END_OF_GLOBAL_WINDOW {
            return HeldBy::Nothing;
        }
        let holds_itself = match &step.status.holder {
            Holder::Input => false,
            Holder::Window { .. } | Holder::Timer { .. } | Holder::View { .. } => {
                !fault!("windows-hold-unseen")
            }
            _ => true,
        };
        let inputs = step.outline.inputs.iter().copied();
        let least = inputs.min_by_key(|input| self.steps[*input].status.output_watermark);
        match least {
            Some(input) if !holds_itself => match self.steps[input].status.output_watermark > at {
                true => HeldBy::NewsOf(input),
                false => HeldBy::Input(input),
            },
            _ => HeldBy::Itself,
        }
    }

    /// Puts together what workers have said. What does not fit the outline is left out.
    pub(crate) fn steps_of(outline: &Outline, seen: &Seen) -> Vec<StepNow> {
        let fits = |status: &WorkerStatus| status.steps.len() == outline.steps.len();
        let workers: Vec<_> = seen.workers.iter().filter(|(_, status)| fits(status)).collect();
        let steps = outline.steps.iter().enumerate().map(|(place, outline)| {
            let mut of = workers.iter().map(|(worker, status)| (**worker, &status.steps[place]));
            let Some((first, status)) = of.next() else {
                let status = StepStatus::of(crate::StepReport::of(&outline.name, outline.outputs));
                return StepNow { outline: outline.clone(), status, worker: None, waiting: 0 };
            };
            let (mut worker, mut all) = (first, status.clone());
            for (other, status) in of {
                let is_behind = status.output_watermark < all.output_watermark;
                // Of two that are alike the one that can say what it is.
                let can_say = match all.holder {
                    Holder::Source => false,
                    // What holds it may be in another worker's hand.
                    Holder::Input => status.holder == Holder::Input,
                    _ => true,
                };
                let says_more = status.output_watermark == all.output_watermark && !can_say;
                if is_behind || says_more {
                    (worker, all.holder) = (other, status.holder.clone());
                }
                add(&mut all, status);
            }
            let waiting = all.report.sent.saturating_sub(all.report.received);
            StepNow { outline: outline.clone(), status: all, worker: Some(worker), waiting }
        });
        steps.collect()
    }
}

fn add(all: &mut StepStatus, one: &StepStatus) {
    all.report.merge(&one.report);
    all.input_watermark = all.input_watermark.min(one.input_watermark);
    all.output_watermark = all.output_watermark.min(one.output_watermark);
    all.state.entries += one.state.entries;
    all.state.elements += one.state.elements;
    all.is_congested |= one.is_congested;
    let windows = all.windows.drain(..).chain(one.windows.iter().cloned());
    all.windows = together(windows);
}

/// Each window once, those that end first in front.
pub fn together(windows: impl IntoIterator<Item = OpenWindow>) -> Vec<OpenWindow> {
    let mut by_window = BTreeMap::new();
    for open in windows {
        let key = (open.end, open.window.clone());
        let Some(all): Option<&mut OpenWindow> = by_window.get_mut(&key) else {
            by_window.insert(key, open);
            continue;
        };
        all.keys += open.keys;
        all.closed += open.closed;
        all.elements += open.elements;
        all.deadline = all.deadline.into_iter().chain(open.deadline).min();
    }
    by_window.into_values().collect()
}
