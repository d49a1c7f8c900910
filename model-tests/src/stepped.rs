//! A source for tests: each of its parts gives what it was told, a step a call, and has a watermark
//! that moves as it was told.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use watershed::{
    BoxError, Element, Timestamp,
    model::{Advance, Boundedness, Budget, Progress, Reader, Source, SourceOutput},
};

/// What readers wait for, from when the first of them does, they wait for no longer than this.
const PATIENCE: Duration = Duration::from_secs(5);

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
    waiting: Arc<OnceLock<Instant>>,
}

impl<T: Element> Stepped<T> {
    pub(crate) fn of(parts: Vec<Vec<Step<T>>>) -> Self {
        Stepped { parts: Arc::new(parts), until: None, waiting: Arc::default() }
    }

    /// Behind their last steps the parts do not end before there is such a file.
    pub(crate) fn until(self, file: &Path) -> Self {
        Stepped { until: Some(file.to_owned()), ..self }
    }
}

/// A part, and the step that comes next.
pub(crate) type Place = (usize, usize);

pub(crate) struct SteppedReader<T> {
    parts: Arc<Vec<Vec<Step<T>>>>,
    place: Place,
    until: Option<PathBuf>,
    waiting: Arc<OnceLock<Instant>>,
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

    fn splits(&self, _: usize) -> Result<Vec<Place>, BoxError> {
        Ok((0..self.parts.len()).map(|part| (part, 0)).collect())
    }

    fn open(&self, place: Place) -> Result<SteppedReader<T>, BoxError> {
        let (parts, until) = (self.parts.clone(), self.until.clone());
        Ok(SteppedReader { parts, place, until, waiting: self.waiting.clone() })
    }
}

impl<T: Element> Reader<T, Place> for SteppedReader<T> {
    fn advance(&mut self, out: &mut SourceOutput<T>, _: Budget) -> Result<Advance, BoxError> {
        let (part, next) = self.place;
        if let Some(step) = self.parts[part].get(next) {
            step.elements.iter().for_each(|(value, at)| out.emit_at(value.clone(), *at));
            self.place.1 += 1;
            return Ok(Advance::More);
        }
        match &self.until {
            Some(file) if !file.exists() => {
                match self.waiting.get_or_init(Instant::now).elapsed() < PATIENCE {
                    true => Ok(Advance::Idle),
                    false => Err(format!("nobody wrote {}", file.display()).into()),
                }
            }
            _ => Ok(Advance::End),
        }
    }

    fn position(&self) -> Place {
        self.place
    }

    fn watermark(&self) -> Timestamp {
        let (part, next) = self.place;
        let last = next.checked_sub(1).map(|last| self.parts[part][last].watermark);
        last.unwrap_or(Timestamp::MIN)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.place.1 as u64 }
    }
}
