//! What a trigger should have done, worked out from a whole history and the words of the model, and
//! without any state. For windows that do not merge.

use watershed_model::Trigger;

/// What can happen to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Element,
    EndPasses,
    /// The clock goes on by a second.
    Second,
    /// The trigger is asked, and fires if it is ready.
    Ask,
}

/// The firings of a trigger, as places of questions in the history, and the one it finished at.
struct Run {
    firings: Vec<usize>,
    end: Option<usize>,
}

pub(crate) struct History<'a>(pub(crate) &'a [Event]);

impl History<'_> {
    /// Where the trigger fires, and whether it finishes.
    pub(crate) fn firings(&self, trigger: &Trigger) -> (Vec<usize>, bool) {
        let run = self.run(trigger, 0);
        (run.firings, run.end.is_some())
    }

    fn questions(&self, from: usize) -> impl Iterator<Item = usize> {
        (from..self.0.len()).filter(|place| self.0[*place] == Event::Ask)
    }

    fn count(&self, event: Event, from: usize, to: usize) -> usize {
        self.0[from..to].iter().filter(|e| **e == event).count()
    }

    fn is_complete(&self, place: usize) -> bool {
        self.0[..place].contains(&Event::EndPasses)
    }

    fn seconds(&self, place: usize) -> i64 {
        self.count(Event::Second, 0, place) as i64
    }

    /// Whether a trigger that fires once, and begins at `from`, is ready at a place.
    fn is_ready(&self, trigger: &Trigger, from: usize, place: usize) -> bool {
        match trigger {
            Trigger::Never => false,
            Trigger::AfterWatermark { early: None, late: None } => self.is_complete(place),
            Trigger::AfterCount(n) => self.count(Event::Element, from, place) as u64 >= *n,
            Trigger::AfterSynchronizedProcessingTime => self.count(Event::Element, from, place) > 0,
            Trigger::AfterProcessingTime { delay, align } => {
                let first = (from..place).find(|i| self.0[*i] == Event::Element);
                first.is_some_and(|first| {
                    let wait = delay.as_micros() / 1_000_000;
                    let grid = align.map_or(1, |align| align.as_micros() / 1_000_000);
                    let target = self.seconds(first) + wait;
                    let target = (target..).find(|second| second % grid == 0);
                    target.is_some_and(|target| self.seconds(place) >= target)
                })
            }
            Trigger::AfterAll(parts) => parts.iter().all(|part| self.is_ready(part, from, place)),
            Trigger::AfterFirst(parts) => parts.iter().any(|part| self.is_ready(part, from, place)),
            other => unreachable!("{other} does not fire once"),
        }
    }

    fn first_ready(&self, trigger: &Trigger, from: usize) -> Option<usize> {
        self.questions(from).find(|place| self.is_ready(trigger, from, *place))
    }

    /// The trigger's life from a place on.
    fn run(&self, trigger: &Trigger, from: usize) -> Run {
        match trigger {
            Trigger::Default => {
                let complete = |place: &usize| self.is_complete(*place);
                Run { firings: self.questions(from).filter(complete).collect(), end: None }
            }
            Trigger::Repeatedly(inner) => {
                Run { firings: self.again_and_again(inner, from), end: None }
            }
            Trigger::AfterWatermark { early, late } if early.is_some() || late.is_some() => {
                let on_time = self.questions(from).find(|place| self.is_complete(*place));
                let mut firings = Vec::new();
                if let Some(early) = early {
                    firings = self.again_and_again(early, from);
                    firings.retain(|place| on_time.is_none_or(|on_time| *place < on_time));
                }
                let Some(on_time) = on_time else { return Run { firings, end: None } };
                firings.push(on_time);
                let Some(late) = late else { return Run { firings, end: Some(on_time) } };
                firings.extend(self.again_and_again(late, on_time + 1));
                Run { firings, end: None }
            }
            Trigger::OrFinally(first, until) => {
                let run = self.run(first, from);
                match self.first_ready(until, from) {
                    Some(until) if run.end.is_none_or(|end| until <= end) => {
                        let mut firings = run.firings;
                        firings.retain(|place| *place < until);
                        firings.push(until);
                        Run { firings, end: Some(until) }
                    }
                    _ => run,
                }
            }
            Trigger::AfterEach(parts) => {
                let (mut firings, mut end) = (Vec::new(), None);
                let mut begins = from;
                for part in parts {
                    let run = self.run(part, begins);
                    firings.extend(run.firings);
                    end = run.end;
                    match end {
                        Some(end) => begins = end + 1,
                        None => break,
                    }
                }
                Run { firings, end }
            }
            once => {
                let end = self.first_ready(once, from);
                Run { firings: end.into_iter().collect(), end }
            }
        }
    }

    fn again_and_again(&self, trigger: &Trigger, from: usize) -> Vec<usize> {
        let mut run = self.run(trigger, from);
        let mut firings = std::mem::take(&mut run.firings);
        while let Some(end) = run.end {
            run = self.run(trigger, end + 1);
            firings.append(&mut run.firings);
        }
        firings
    }
}
