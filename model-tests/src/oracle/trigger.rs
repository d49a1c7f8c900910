//! When a trigger is ready, and what becomes of it: one function for each column of the definition.
//!
//! | function | says |
//! |---|---|
//! | [`fresh`] | the state that it begins with |
//! | [`see`] | what an element does to it |
//! | [`ready`] | whether it would fire; changes nothing |
//! | [`fire`] | what firing does to it |
//! | [`merge`] | what it becomes when windows merge |
//! | [`heir`] | what the next grouping inherits |

use watershed::model::{Duration, Timestamp, Trigger};

static NEVER: Trigger = Trigger::Never;

/// What is known of a trigger in one key and window, and of each trigger inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) finished: bool,
    /// A count: the elements it has seen.
    count: u64,
    /// A wait for processing time: when it is over.
    deadline: Option<Timestamp>,
    /// In the order of [`inner`]. That the first of an after-watermark is finished says that the
    /// on-time firing is past.
    inner: Vec<State>,
}

/// What triggers look at besides their state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Whether the watermark has reached the window's end.
    pub(super) complete: bool,
    /// Processing time.
    pub(super) clock: Timestamp,
    /// Whether windows of this kind can merge.
    pub(super) merging: bool,
}

/// The triggers inside; an after-watermark always has two, early and late.
fn inner(trigger: &Trigger) -> Vec<&Trigger> {
    match trigger {
        Trigger::AfterWatermark { early, late } => {
            vec![early.as_deref().unwrap_or(&NEVER), late.as_deref().unwrap_or(&NEVER)]
        }
        Trigger::Repeatedly(inner) => vec![inner],
        Trigger::OrFinally(main, until) => vec![main, until],
        Trigger::AfterEach(all) | Trigger::AfterAll(all) | Trigger::AfterFirst(all) => {
            all.iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Where a trigger begins, and begins anew.
pub(super) fn fresh(trigger: &Trigger) -> State {
    let inner = inner(trigger).into_iter().map(fresh).collect();
    State { finished: false, count: 0, deadline: None, inner }
}

/// Counts and deadlines go; what is finished stays so.
fn clear(state: &mut State) {
    state.count = 0;
    state.deadline = None;
    state.inner.iter_mut().for_each(clear);
}

/// When a wait that begins now is over.
fn due(trigger: &Trigger, now: Now) -> Timestamp {
    let (delay, align) = match trigger {
        Trigger::AfterProcessingTime { delay, align } => (*delay, *align),
        _ => (Duration::ZERO, None),
    };
    let earliest = now.clock + delay;
    let Some(align) = align else { return earliest };
    let (earliest, step) = (i128::from(earliest.as_micros()), i128::from(align.as_micros()));
    let aligned = earliest + (-earliest).rem_euclid(step);
    Timestamp::from_micros(i64::try_from(aligned).unwrap_or(i64::MAX))
}

/// An element arrives.
pub(super) fn see(trigger: &Trigger, state: &mut State, now: Now) {
    let all = inner(trigger);
    let unfinished = (0..all.len()).filter(|place| !state.inner[*place].finished);
    let shown: Vec<usize> = match trigger {
        // Only the current one is shown it, but where windows merge an earlier one may be current
        // again, and a later one must have counted.
        Trigger::AfterEach(_) | Trigger::AfterWatermark { .. } if !now.merging => {
            unfinished.take(1).collect()
        }
        _ => unfinished.collect(),
    };
    for place in shown {
        see(all[place], &mut state.inner[place], now);
    }
    match trigger {
        Trigger::AfterCount(_) => state.count += 1,
        Trigger::AfterProcessingTime { .. } | Trigger::AfterSynchronizedProcessingTime => {
            state.deadline = Some(state.deadline.unwrap_or_else(|| due(trigger, now)));
        }
        _ => {}
    }
}

/// Whether it would fire now.
pub(super) fn ready(trigger: &Trigger, state: &State, now: Now) -> bool {
    let all = inner(trigger);
    let is_ready = |place: usize| ready(all[place], &state.inner[place], now);
    let is_done = |place: usize| state.inner[place].finished || is_ready(place);
    match trigger {
        Trigger::Never => false,
        Trigger::Default => now.complete,
        Trigger::AfterCount(n) => state.count >= *n,
        Trigger::AfterProcessingTime { .. } | Trigger::AfterSynchronizedProcessingTime => {
            state.deadline.is_some_and(|deadline| now.clock >= deadline)
        }
        Trigger::AfterWatermark { .. } => match state.inner[0].finished {
            false => is_ready(0) || now.complete,
            true => is_ready(1),
        },
        Trigger::Repeatedly(_) => is_ready(0),
        Trigger::OrFinally(..) => is_ready(0) || is_ready(1),
        Trigger::AfterEach(_) => first_unfinished(state).is_some_and(is_ready),
        Trigger::AfterAll(_) => (0..all.len()).all(is_done),
        Trigger::AfterFirst(_) => (0..all.len()).any(is_done),
    }
}

fn first_unfinished(state: &State) -> Option<usize> {
    state.inner.iter().position(|inner| !inner.finished)
}

/// It fires; it must be ready.
pub(super) fn fire(trigger: &Trigger, state: &mut State, now: Now) {
    let all = inner(trigger);
    match trigger {
        Trigger::Never | Trigger::Default => {}
        Trigger::AfterCount(_)
        | Trigger::AfterProcessingTime { .. }
        | Trigger::AfterSynchronizedProcessingTime => {
            *state = State { finished: true, ..fresh(trigger) };
        }
        Trigger::AfterWatermark { late, .. } => {
            let past = state.inner[0].finished || now.complete;
            state.inner = all.into_iter().map(fresh).collect();
            state.inner[0].finished = past;
            state.finished = past && late.is_none();
        }
        Trigger::Repeatedly(_) => {
            fire(all[0], &mut state.inner[0], now);
            if state.inner[0].finished {
                state.inner[0] = fresh(all[0]);
            }
        }
        Trigger::OrFinally(..) => {
            if ready(all[1], &state.inner[1], now) {
                fire(all[1], &mut state.inner[1], now);
                state.inner[0] = fresh(all[0]);
            } else {
                fire(all[0], &mut state.inner[0], now);
            }
            state.finished = state.inner.iter().any(|inner| inner.finished);
        }
        Trigger::AfterEach(_) => {
            if let Some(current) = first_unfinished(state) {
                fire(all[current], &mut state.inner[current], now);
            }
            if now.merging {
                state.inner.iter_mut().for_each(clear);
            }
            state.finished = first_unfinished(state).is_none();
        }
        Trigger::AfterAll(_) => {
            for (trigger, state) in all.into_iter().zip(&mut state.inner) {
                if !state.finished {
                    fire(trigger, state, now);
                }
            }
            state.finished = true;
        }
        Trigger::AfterFirst(_) => {
            for (trigger, state) in all.into_iter().zip(&mut state.inner) {
                if ready(trigger, state, now) {
                    fire(trigger, state, now);
                } else {
                    *state = fresh(trigger);
                }
            }
            state.finished = true;
        }
    }
}

/// What it becomes when these windows merge, one at least; `now` is as seen from the new window.
pub(super) fn merge(trigger: &Trigger, parts: &[&State], now: Now) -> State {
    let all = inner(trigger);
    let merged_inner = |place: usize| {
        let parts: Vec<&State> = parts.iter().map(|part| &part.inner[place]).collect();
        merge(all[place], &parts, now)
    };
    let any_finished = parts.iter().any(|part| part.finished);
    let mut merged = fresh(trigger);
    match trigger {
        Trigger::Never | Trigger::Default => {}
        Trigger::AfterCount(_) if any_finished => merged.finished = true,
        Trigger::AfterCount(_) => merged.count = parts.iter().map(|part| part.count).sum(),
        Trigger::AfterProcessingTime { .. } | Trigger::AfterSynchronizedProcessingTime => {
            merged.deadline = parts.iter().filter_map(|part| part.deadline).min();
        }
        Trigger::AfterWatermark { late, .. } => {
            let past_in_all = parts.iter().all(|part| part.inner[0].finished);
            if past_in_all && now.complete {
                merged.inner[0].finished = true;
                merged.inner[1] = merged_inner(1);
                merged.finished = late.is_none();
            } else {
                merged.inner[0] = merged_inner(0);
                merged.inner[0].finished = false;
            }
        }
        Trigger::Repeatedly(_) => {
            merged.inner[0] = merged_inner(0);
            if merged.inner[0].finished {
                merged.inner[0] = fresh(all[0]);
            }
        }
        Trigger::OrFinally(..) | Trigger::AfterFirst(_) => {
            merged.inner = (0..all.len()).map(merged_inner).collect();
            merged.finished = merged.inner.iter().any(|inner| inner.finished);
        }
        Trigger::AfterAll(_) => {
            merged.inner = (0..all.len()).map(merged_inner).collect();
            merged.finished = first_unfinished(&merged).is_none();
        }
        Trigger::AfterEach(_) => {
            for place in 0..all.len() {
                merged.inner[place] = merged_inner(place);
                if !merged.inner[place].finished {
                    break;
                }
            }
            merged.finished = first_unfinished(&merged).is_none();
        }
    }
    merged
}

/// The deadlines that are waited for, by it and by all inside.
pub(super) fn deadlines(state: &State) -> Vec<Timestamp> {
    let inner = state.inner.iter().flat_map(deadlines);
    state.deadline.into_iter().chain(inner).collect()
}

/// Whether it, or any inside, goes by the watermark.
pub(super) fn watches_the_watermark(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::Default | Trigger::AfterWatermark { .. })
        || inner(trigger).into_iter().any(watches_the_watermark)
}

/// What the next grouping inherits.
pub(crate) fn heir(trigger: &Trigger) -> Trigger {
    let heirs = |all: &[Trigger]| all.iter().map(heir).collect();
    let of_child = |child: &Option<Box<Trigger>>| child.as_ref().map(|it| Box::new(heir(it)));
    let repeated = |trigger| Trigger::Repeatedly(Box::new(trigger));
    match trigger {
        Trigger::Default | Trigger::Never => trigger.clone(),
        Trigger::AfterCount(_) => Trigger::AfterCount(1),
        Trigger::AfterProcessingTime { .. } | Trigger::AfterSynchronizedProcessingTime => {
            Trigger::AfterSynchronizedProcessingTime
        }
        Trigger::AfterWatermark { early, late } => {
            Trigger::AfterWatermark { early: of_child(early), late: of_child(late) }
        }
        Trigger::Repeatedly(inner) => repeated(heir(inner)),
        Trigger::OrFinally(main, until) => {
            repeated(Trigger::OrFinally(Box::new(heir(main)), Box::new(heir(until))))
        }
        Trigger::AfterEach(all) => repeated(Trigger::AfterFirst(heirs(all))),
        Trigger::AfterAll(all) => Trigger::AfterAll(heirs(all)),
        Trigger::AfterFirst(all) => Trigger::AfterFirst(heirs(all)),
    }
}
