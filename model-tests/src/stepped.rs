//! A source for tests: each of its parts gives what it was told, a step a call, and has a watermark
//! that moves as it was told.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Instant,
};

use watershed::{
    BoxError, Duration, Element, Timestamp, millis,
    model::{Advance, Boundedness, Budget, Progress, Reader, Source, SourceOutput},
};

/// What readers wait for, from when the first of them does, they wait for no longer than this.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// What a part of a source gives in one call.
#[derive(Clone, Debug)]
pub(crate) struct Step<T> {
    pub(crate) elements: Vec<(T, Timestamp)>,
    /// The watermark from then on.
    pub(crate) watermark: Timestamp,
}

/// Steps, part by part. A part is one split.
pub(crate) struct Stepped<T> {
    parts: Arc<Vec<Vec<Step<T>>>>,
    until: Option<PathBuf>,
    then: Arc<Vec<Vec<Step<T>>>>,
    waiting: Arc<OnceLock<Instant>>,
    idle_after: Option<Duration>,
}

impl<T: Element> Stepped<T> {
    pub(crate) fn of(parts: Vec<Vec<Step<T>>>) -> Self {
        let (then, waiting) = (Arc::default(), Arc::default());
        Stepped { parts: Arc::new(parts), until: None, then, waiting, idle_after: None }
    }

    /// Behind their last steps the parts do not end before there is such a file.
    pub(crate) fn until(self, file: &Path) -> Self {
        Stepped { until: Some(file.to_owned()), ..self }
    }

    /// What the parts give when the file is there.
    pub(crate) fn then(self, then: Vec<Vec<Step<T>>>) -> Self {
        Stepped { then: Arc::new(then), ..self }
    }

    /// Parts that have nothing for so long are idle.
    pub(crate) fn idle_after(self, span: Duration) -> Self {
        Stepped { idle_after: Some(span), ..self }
    }
}

/// A part, and the step that comes next.
pub(crate) type Place = (usize, usize);

pub(crate) struct SteppedReader<T> {
    parts: Arc<Vec<Vec<Step<T>>>>,
    place: Place,
    until: Option<PathBuf>,
    then: Arc<Vec<Vec<Step<T>>>>,
    waiting: Arc<OnceLock<Instant>>,
}

impl<T> SteppedReader<T> {
    /// The step of this part before which the file is waited for.
    fn gate(&self) -> usize {
        self.parts[self.place.0].len()
    }

    fn step(&self, place: usize) -> Option<&Step<T>> {
        let (part, gate) = (self.place.0, self.gate());
        match place.checked_sub(gate) {
            None => self.parts[part].get(place),
            Some(behind) => self.then.get(part)?.get(behind),
        }
    }
}

impl<T: Element> Source for Stepped<T> {
    type Element = T;
    type Split = Place;
    type Reader = SteppedReader<T>;

    fn describe(&self) -> String {
        format!("{} parts in steps", self.parts.len())
    }

    fn boundedness(&self) -> Boundedness {
        Boundedness::Unbounded
    }

    fn idle_after(&self) -> Option<Duration> {
        self.idle_after
    }

    fn poll_interval(&self) -> Duration {
        millis(1)
    }

    fn splits(&self, _: usize) -> Result<Vec<Place>, BoxError> {
        Ok((0..self.parts.len()).map(|part| (part, 0)).collect())
    }

    fn open(&self, place: Place) -> Result<SteppedReader<T>, BoxError> {
        let (parts, until, then) = (self.parts.clone(), self.until.clone(), self.then.clone());
        Ok(SteppedReader { parts, place, until, then, waiting: self.waiting.clone() })
    }
}

impl<T: Element> Reader<T, Place> for SteppedReader<T> {
    fn advance(&mut self, out: &mut SourceOutput<T>, _: Budget) -> Result<Advance, BoxError> {
        let next = self.place.1;
        if let Some(file) = self.until.as_ref().filter(|file| next == self.gate() && !file.exists())
        {
            return match self.waiting.get_or_init(Instant::now).elapsed() < PATIENCE {
                true => Ok(Advance::Idle),
                false => Err(format!("nobody wrote {}", file.display()).into()),
            };
        }
        let Some(step) = self.step(next) else { return Ok(Advance::End) };
        step.elements.iter().for_each(|(value, at)| out.emit_at(value.clone(), *at));
        self.place.1 += 1;
        Ok(Advance::More)
    }

    fn position(&self) -> Place {
        self.place
    }

    fn watermark(&self) -> Timestamp {
        let last = self.place.1.checked_sub(1).and_then(|last| self.step(last));
        last.map_or(Timestamp::MIN, |step| step.watermark)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.place.1 as u64 }
    }
}
