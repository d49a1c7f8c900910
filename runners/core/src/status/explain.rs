//! Why nothing comes out of a step, in words.

use std::fmt;

use watershed_model::{TimeDomain, Timestamp, Window, millis};

use super::{HeldBy, Holder, JobStatus, OpenWindow, StepNow, is_under_way};

/// What there is to say of a step, or of one of its windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation(Vec<String>);

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// No step has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no step is called `{name}`; {}", similar(.like))]
pub struct UnknownStep {
    /// What was asked for.
    pub name: String,
    /// Steps that may be meant: those whose name contains it, or else all, up to twenty.
    pub like: Vec<String>,
}

fn similar(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("there are {}", quoted.join(", "))
}

impl JobStatus {
    /// Says why a step's output is no further than it is: what holds its watermark, back to the one thing
    /// that holds all. With `window` it says why that window is not out: a window as a status prints it, or
    /// an instant, which asks for all open windows that it lies in. A step may be called by a part of its
    /// name, if no other has that part.
    ///
    /// # Errors
    /// When no step, or more than one, can be meant.
    pub fn explain(&self, step: &str, window: Option<&str>) -> Result<Explanation, UnknownStep> {
        let place = self.find(step)?;
        let mut lines = Vec::new();
        self.describe(place, &mut lines);
        match window {
            Some(window) => self.explain_window(place, window, &mut lines),
            None => self.list_windows(place, &mut lines),
        }
        if !self.silent.is_empty() {
            lines.push(format!(
                "worker {} did not answer in time, and is told of as it was before: it is kept by the \
                 code of a step",
                list(&self.silent)
            ));
        }
        Ok(Explanation(lines))
    }

    fn find(&self, name: &str) -> Result<usize, UnknownStep> {
        let names = || self.steps.iter().map(|step| step.outline.name.as_str()).enumerate();
        if let Some((place, _)) = names().find(|(_, other)| *other == name) {
            return Ok(place);
        }
        let like: Vec<(usize, &str)> = names().filter(|(_, other)| other.contains(name)).collect();
        if let [(place, _)] = like.as_slice() {
            return Ok(*place);
        }
        let like = if like.is_empty() { names().collect() } else { like };
        let like = like.into_iter().take(20).map(|(_, name)| name.to_owned()).collect();
        Err(UnknownStep { name: name.to_owned(), like })
    }

    fn describe(&self, place: usize, lines: &mut Vec<String>) {
        let step = &self.steps[place];
        let (outline, status) = (&step.outline, &step.status);
        let report = &status.report;
        lines.push(format!("step `{}` ({}), {}", outline.name, outline.kind, outline.location));
        let out: u64 = report.elements_out.iter().sum();
        lines.push(format!("  elements: {} in, {out} out", report.elements_in));
        for (reason, n) in report.drops.iter() {
            lines.push(format!("  dropped:  {n} {reason}"));
        }
        if outline.is_grouping {
            let state = status.state;
            lines.push(format!(
                "  state:    {} keys and windows, {} elements that are in no pane yet",
                state.entries, state.elements
            ));
        }
        if step.waiting > 0 {
            lines.push(format!("  waiting:  {} elements on their way to it", step.waiting));
        }
        lines.push(format!("  input watermark:  {}", self.told(status.input_watermark)));
        lines.push(format!("  output watermark: {}", self.told(status.output_watermark)));
        self.tell_holders(place, lines);
    }

    /// A watermark, and how far it is behind the time of day.
    fn told(&self, at: Timestamp) -> String {
        match at {
            Timestamp::MIN => "has not begun to move".to_owned(),
            at if is_under_way(at) => {
                let behind = self.now.since(at).as_micros() / 1_000;
                format!("{at}, {} behind the clock", millis(behind))
            }
            _ => "nothing more comes".to_owned(),
        }
    }

    /// What holds a step's output watermark, and what holds that, back to where it begins.
    fn tell_holders(&self, place: usize, lines: &mut Vec<String>) {
        let mut at = place;
        loop {
            let step = &self.steps[at];
            let by = match at == place {
                true => "  held by:".to_owned(),
                false => format!("  which has come so far in `{}`, held by:", step.outline.name),
            };
            let name = |input: usize| &self.steps[input].outline.name;
            let what = match self.held_by(at) {
                HeldBy::Nothing => "nothing, its input has ended".to_owned(),
                HeldBy::Itself => self.holds(step),
                HeldBy::NewsOf(input) => {
                    let behind = self.steps[input].status.output_watermark;
                    format!(
                        "its input `{}`, whose news that it has come to {behind} is on the way",
                        name(input)
                    )
                }
                HeldBy::Input(input) => {
                    lines.push(format!("{by} its input `{}`", name(input)));
                    at = input;
                    continue;
                }
            };
            return lines.push(format!("{by} {what}"));
        }
    }

    /// What holds the output watermark in the step itself.
    fn holds(&self, step: &StepNow) -> String {
        let on = match (step.worker, self.workers) {
            (Some(worker), 2..) => format!(", on worker {worker}"),
            _ => String::new(),
        };
        match &step.status.holder {
            Holder::Input => "nothing that is known".to_owned(),
            Holder::Window { window, at } => {
                format!("window {window}, whose next pane has the time {at}{on}")
            }
            Holder::Timer { timer, window, at, due, domain } => {
                let by = match domain {
                    TimeDomain::EventTime => "the watermark passes",
                    TimeDomain::ProcessingTime => "the clock shows",
                };
                format!(
                    "timer `{timer}` in window {window}, which fires when {by} {due}, and what it puts out \
                     has the time {at}{on}"
                )
            }
            Holder::View { view, window, at } => format!(
                "elements of window {window} with the time {at}, which wait until the view `{view}` has \
                 something to show to them{on}"
            ),
            Holder::Restrictions { in_hand, at } => {
                format!("{in_hand} restrictions in hand, of which one has come to {at}")
            }
            Holder::Split { split, at, is_idle } => {
                let why = match (step.status.is_congested, is_idle) {
                    (true, _) => "not read on now, since the steps behind it are busy",
                    (_, true) => "idle, as are all others",
                    _ => "there it reads on, or waits for more",
                };
                let at = match *at {
                    Timestamp::MIN => "has told no watermark yet".to_owned(),
                    at => format!("has come to {at}"),
                };
                format!("the split {split}, which {at} ({why})")
            }
            Holder::Source => "the source itself: none of its splits is read".to_owned(),
            Holder::Script => "the test stream, which tells the watermark".to_owned(),
        }
    }

    fn list_windows(&self, place: usize, lines: &mut Vec<String>) {
        const MOST: usize = 10;
        let step = &self.steps[place];
        for open in step.status.windows.iter().take(MOST) {
            lines.push(format!("  window {}: {}", open.window, self.why(step, open)));
        }
        let more = step.status.windows.len().saturating_sub(MOST);
        if more > 0 {
            lines.push(format!("  and {more} windows more; ask for one of them"));
        }
    }

    fn explain_window(&self, place: usize, window: &str, lines: &mut Vec<String>) {
        let step = &self.steps[place];
        if !step.outline.is_grouping {
            lines.push("  it keeps no windows: it is no grouping".to_owned());
            return;
        }
        let open: Vec<&OpenWindow> =
            step.status.windows.iter().filter(|open| is_meant(&open.window, window)).collect();
        for open in &open {
            lines.push(format!("  window {}: {}", open.window, self.why(step, open)));
        }
        // There may be more than were listed.
        let all: u64 = step.status.windows.iter().map(|open| open.keys).sum();
        if open.is_empty() && all < step.status.state.entries {
            lines.push(format!(
                "  window {window}: is not among the {} that end first; there are more",
                step.status.windows.len()
            ));
        } else if open.is_empty() {
            lines.push(format!(
                "  window {window}: is not open: either nothing has come for it that was not dropped, or it \
                 is out and over. The windows of `{}` are {}",
                step.outline.name, step.outline.windowing
            ));
            if step.waiting > 0 {
                lines.push("  (what is on its way may open it)".to_owned());
            }
        }
    }

    /// Why an open window is not out, or not over.
    fn why(&self, step: &StepNow, open: &OpenWindow) -> String {
        let at = step.status.input_watermark;
        let keys = match open.keys {
            1 => "1 key".to_owned(),
            keys => format!("{keys} keys"),
        };
        let mut why = format!("{keys}, {} elements that are in no pane yet; ", open.elements);
        if open.closed == open.keys {
            why += "its trigger has finished, so nothing more comes out of it";
        } else if at < open.end {
            let left = millis(open.end.since(at).as_micros().max(0) / 1_000);
            why += &match at {
                Timestamp::MIN => {
                    "its end waits for the watermark, which has not begun to move".into()
                }
                _ => format!("its end waits for the watermark to pass {}, in {left}", open.end),
            };
        } else if open.elements > 0 {
            why += "its end is passed, and what came since waits for its trigger or its expiry";
        } else {
            why += "all that came is out";
        }
        if let Some(deadline) = open.deadline {
            why += &format!("; a trigger waits for the processing time {deadline}");
        }
        if open.expiry > open.end && at >= open.end && open.expiry < Timestamp::END_OF_GLOBAL_WINDOW
        {
            why += &format!("; late elements are taken until the watermark passes {}", open.expiry);
        }
        why
    }
}

/// Whether `text` means a window: as it is printed, spaces aside, or an instant in it.
fn is_meant(window: &Window, text: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    if plain(&window.to_string()).eq_ignore_ascii_case(&plain(text)) {
        return true;
    }
    let Ok(instant) = text.trim().parse::<Timestamp>() else { return false };
    match window {
        Window::Interval { start, end } => *start <= instant && instant < *end,
        Window::Global => true,
        Window::Custom(custom) => custom.max_timestamp == instant,
    }
}

fn list(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use watershed_core::{FixedWindows, Pipeline, combine::Sum};
    use watershed_model::seconds;

    use super::*;
    use crate::{JobHandle, Outcome, RunReport};

    /// A job with a grouping, two of whose windows are listed, of `entries` keys and windows.
    fn status(entries: u64) -> JobStatus {
        let pipeline = Pipeline::new();
        let pairs = pipeline.create([(0u8, 1i64)]).window(FixedWindows::of(seconds(10)));
        pairs.combine_per_key(Sum).named("Sums").for_each(|_| {});
        let graph = pipeline.build().unwrap();
        let job = JobHandle::spawn("test", &graph, |_| Ok(RunReport::of(Outcome::Done))).unwrap();
        let mut status = job.status(Duration::ZERO, 0);
        let grouping = status.steps.iter_mut().find(|step| step.outline.is_grouping).unwrap();
        grouping.status.state.entries = entries;
        grouping.status.windows = [0, 10].map(window).to_vec();
        status
    }

    fn window(start: i64) -> OpenWindow {
        let (start, end) = (Timestamp::from_seconds(start), Timestamp::from_seconds(start + 10));
        let window = Window::Interval { start, end };
        OpenWindow { window, end, expiry: end, keys: 1, closed: 0, elements: 3, deadline: None }
    }

    #[test]
    fn a_window_that_is_not_listed_is_said_to_be_closed_only_if_all_are() {
        let ask = |entries, window: &str| {
            status(entries).explain("Sums", Some(window)).unwrap().to_string()
        };
        let open = ask(2, "1970-01-01T00:00:12Z");
        assert!(open.contains("1 key, 3 elements that are in no pane yet"), "{open}");
        let closed = ask(2, "1970-01-01T00:00:25Z");
        assert!(closed.contains("is not open"), "{closed}");
        let unknown = ask(3, "1970-01-01T00:00:25Z");
        assert!(unknown.contains("not among the 2 that end first; there are more"), "{unknown}");
    }

    #[test]
    fn a_step_is_found_by_a_part_of_its_name_that_no_other_has() {
        let status = status(2);
        let error = status.explain("nowhere", None).unwrap_err();
        assert_eq!(error.like.len(), status.steps.len());
        assert!(status.explain("o", None).unwrap_err().like.len() > 1);
        assert!(status.explain("Sum", None).unwrap().to_string().starts_with("step `Sums"));
    }
}
