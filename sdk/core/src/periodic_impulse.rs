//! An element every so often.

use serde::{Deserialize, Serialize};
use watershed_model::{
    Advance, Boundedness, BoxError, Budget, Duration, Progress, Reader, Source, SourceOutput,
    Timestamp, millis,
};

use crate::{PCollection, PTransform, Pipeline};

/// An instant every so often, as an element with itself as its event time. (Beam: `PeriodicImpulse`.)
///
/// Each comes when the job's clock reaches it; those that it has passed come at once, so that a start in
/// the past catches up. It has no end unless one is given.
#[derive(Clone, Debug)]
#[must_use = "impulses are only described until they are applied to a pipeline"]
pub struct PeriodicImpulse {
    interval: Duration,
    start: Option<Timestamp>,
    stop: Timestamp,
}

impl PeriodicImpulse {
    /// An element each `interval`, from the time on at which the job begins. Building the pipeline fails
    /// if the interval is not positive.
    pub fn every(interval: Duration) -> Self {
        PeriodicImpulse { interval, start: None, stop: Timestamp::END_OF_GLOBAL_WINDOW }
    }

    /// The first instant.
    pub fn start_at(self, start: Timestamp) -> Self {
        PeriodicImpulse { start: Some(start), ..self }
    }

    /// No instant lies behind this one.
    pub fn stop_at(self, stop: Timestamp) -> Self {
        PeriodicImpulse { stop: stop.min(Timestamp::END_OF_GLOBAL_WINDOW), ..self }
    }
}

impl PTransform<Pipeline> for PeriodicImpulse {
    type Output = PCollection<Timestamp>;

    #[track_caller]
    fn expand(self, pipeline: &Pipeline) -> PCollection<Timestamp> {
        if !self.interval.is_positive() {
            pipeline.reject(
                format!("has an interval of {}", self.interval),
                "give it a positive interval",
            );
        }
        pipeline.read(Impulses(self))
    }
}

/// The source behind [`PeriodicImpulse`].
pub(crate) struct Impulses(PeriodicImpulse);

/// The instants from the next one on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ImpulseSplit {
    next: Option<Timestamp>,
}

/// Reads an [`ImpulseSplit`].
pub(crate) struct ImpulseReader {
    impulse: PeriodicImpulse,
    split: ImpulseSplit,
    done: u64,
}

impl Source for Impulses {
    type Element = Timestamp;
    type Split = ImpulseSplit;
    type Reader = ImpulseReader;

    fn describe(&self) -> String {
        format!("an impulse every {}", self.0.interval)
    }

    fn boundedness(&self) -> Boundedness {
        Boundedness::Unbounded
    }

    fn poll_interval(&self) -> Duration {
        self.0.interval.clamp(millis(1), millis(50))
    }

    fn splits(&self, _: usize) -> Result<Vec<ImpulseSplit>, BoxError> {
        Ok(vec![ImpulseSplit { next: self.0.start }])
    }

    fn open(&self, split: ImpulseSplit) -> Result<ImpulseReader, BoxError> {
        Ok(ImpulseReader { impulse: self.0.clone(), split, done: 0 })
    }
}

impl Reader<Timestamp, ImpulseSplit> for ImpulseReader {
    fn advance(
        &mut self,
        out: &mut SourceOutput<Timestamp>,
        budget: Budget,
    ) -> Result<Advance, BoxError> {
        let next = self.split.next.get_or_insert(out.now());
        for _ in 0..budget.elements.max(1) {
            if *next > self.impulse.stop {
                return Ok(Advance::End);
            }
            if *next > out.now() {
                return Ok(Advance::Idle);
            }
            out.emit_at(*next, *next);
            *next = *next + self.impulse.interval;
            self.done += 1;
        }
        Ok(Advance::More)
    }

    fn watermark(&self) -> Timestamp {
        self.split.next.unwrap_or(Timestamp::MIN)
    }

    fn position(&self) -> ImpulseSplit {
        self.split
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done }
    }
}
