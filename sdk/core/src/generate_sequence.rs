//! Numbers in sequence, as many a second as wanted.

use serde::{Deserialize, Serialize};
use watershed_model::{
    Advance, Boundedness, BoxError, Budget, Duration, Progress, Reader, Source, SourceOutput,
    Timestamp, TimestampPolicy, millis,
};

use crate::{PCollection, PTransform, Pipeline};

/// The numbers from a first one on, all at once or at a rate; what else is wanted is made of them with
/// `.map`. (Beam: `GenerateSequence`.)
///
/// ```
/// use watershed_core::{GenerateSequence, Pipeline};
/// use watershed_model::{Timestamp, seconds};
///
/// let pipeline = Pipeline::new();
/// let readings = pipeline
///     .apply(GenerateSequence::from(0).with_rate(1000, seconds(1)))
///     .map(|n| (n % 10, n as f64));
/// let replayed = pipeline.apply(
///     GenerateSequence::from(0).to(1000).with_timestamps(|n| Timestamp::from_millis(n as i64 * 10)),
/// );
/// # let _ = (readings, replayed);
/// ```
/// With an end and without a rate it is bounded. With a rate the numbers come as their times do, by the
/// job's clock; what could not be read in time is read as soon as it can be.
#[derive(Clone, Debug)]
#[must_use = "numbers are only described until they are applied to a pipeline"]
pub struct GenerateSequence {
    from: u64,
    to: u64,
    rate: Option<(u64, Duration)>,
    times: Option<TimestampPolicy<u64>>,
}

impl GenerateSequence {
    /// The numbers from this one on.
    pub fn from(first: u64) -> Self {
        GenerateSequence { from: first, to: u64::MAX, rate: None, times: None }
    }

    /// Ends before this number.
    pub fn to(self, end: u64) -> Self {
        GenerateSequence { to: end, ..self }
    }

    /// So many numbers in each period, evenly. Building the pipeline fails if either is nothing.
    pub fn with_rate(self, elements: u64, period: Duration) -> Self {
        GenerateSequence { rate: Some((elements, period)), ..self }
    }

    /// Event times, by a function that does not go back from one number to the next. (For one that
    /// does, see [`with_timestamp_policy`](Self::with_timestamp_policy).)
    pub fn with_timestamps(
        self,
        time_of: impl Fn(u64) -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let time_of = move |n: &u64| Some(time_of(*n));
        self.with_timestamp_policy(TimestampPolicy::event_time(time_of, Duration::ZERO))
    }

    /// The time that the numbers go by. A number is taken in when the rate says so, and read when there
    /// is room for it. By default it is processing time, and none at all for what is bounded.
    pub fn with_timestamp_policy(self, policy: TimestampPolicy<u64>) -> Self {
        GenerateSequence { times: Some(policy), ..self }
    }

    fn is_bounded(&self) -> bool {
        self.to != u64::MAX && self.rate.is_none()
    }
}

impl PTransform<Pipeline> for GenerateSequence {
    type Output = PCollection<u64>;

    #[track_caller]
    fn expand(mut self, pipeline: &Pipeline) -> PCollection<u64> {
        if let Some((elements, period)) = self.rate
            && (elements == 0 || !period.is_positive())
        {
            pipeline.reject(
                format!(
                    "has a rate of {elements} elements in {period}, at which none would ever come"
                ),
                "give it a positive number of elements and a positive period",
            );
        }
        if self.times.is_none() && !self.is_bounded() {
            self.times = Some(TimestampPolicy::processing_time());
        }
        pipeline.read(Sequence(self))
    }
}

/// The source behind [`GenerateSequence`].
pub(crate) struct Sequence(GenerateSequence);

/// Every `stride`th number from `next` on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SequenceSplit {
    next: u64,
    stride: u64,
    /// The processing time at which the first number of all came.
    started: Option<Timestamp>,
    /// The newest event time of the numbers so far, and of the next one.
    newest: Timestamp,
}

/// Reads a [`SequenceSplit`].
pub(crate) struct SequenceReader {
    sequence: GenerateSequence,
    split: SequenceSplit,
    done: u64,
    now: Timestamp,
}

impl Source for Sequence {
    type Element = u64;
    type Split = SequenceSplit;
    type Reader = SequenceReader;

    fn describe(&self) -> String {
        match self.0.to {
            u64::MAX => format!("the numbers from {}", self.0.from),
            to => format!("the numbers from {} to {to}", self.0.from),
        }
    }

    fn boundedness(&self) -> Boundedness {
        if self.0.is_bounded() { Boundedness::Bounded } else { Boundedness::Unbounded }
    }

    fn has_event_times(&self) -> bool {
        self.0.times.is_some()
    }

    /// About as long as until the next number, within bounds.
    fn poll_interval(&self) -> Duration {
        let Some((elements, period)) = self.0.rate else { return millis(10) };
        let each = Duration::from_micros(period.as_micros() / elements.max(1).cast_signed().max(1));
        each.clamp(millis(10), millis(100))
    }

    fn splits(&self, desired: usize) -> Result<Vec<SequenceSplit>, BoxError> {
        let (first, stride) = (self.0.from, desired.max(1) as u64);
        let starts = (0..stride).filter_map(|part| first.checked_add(part));
        let split = |next| SequenceSplit { next, stride, started: None, newest: Timestamp::MIN };
        Ok(starts.filter(|next| *next < self.0.to).map(split).collect())
    }

    fn open(&self, split: SequenceSplit) -> Result<SequenceReader, BoxError> {
        if split.stride == 0 || split.next < self.0.from {
            return Err(format!("{split:?} is no part of {}", self.describe()).into());
        }
        Ok(SequenceReader { sequence: self.0.clone(), split, done: 0, now: Timestamp::MIN })
    }
}

impl SequenceReader {
    /// The processing time at which the next number comes, if there is a rate.
    fn due(&self, started: Timestamp) -> Option<Timestamp> {
        let (elements, period) = self.sequence.rate?;
        let place = u128::from(self.split.next - self.sequence.from);
        let micros =
            place * period.as_micros().unsigned_abs() as u128 / u128::from(elements.max(1));
        Some(started + Duration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
    }

    /// The watermark waits for the next number, whose time is known before it comes.
    fn look_ahead(&mut self) {
        if self.split.next < self.sequence.to
            && let Some(times) = self.sequence.times.as_ref().filter(|times| times.is_event_time())
            && let Some(next) = times.timestamp(&self.split.next, self.now, self.now)
        {
            self.split.newest = self.split.newest.max(next);
        }
    }
}

impl Reader<u64, SequenceSplit> for SequenceReader {
    fn advance(
        &mut self,
        out: &mut SourceOutput<u64>,
        budget: Budget,
    ) -> Result<Advance, BoxError> {
        self.now = out.now();
        let started = *self.split.started.get_or_insert(self.now);
        for _ in 0..budget.elements.max(1) {
            let number = self.split.next;
            if number >= self.sequence.to {
                return Ok(Advance::End);
            }
            let due = self.due(started);
            if due.is_some_and(|due| due > self.now) {
                self.look_ahead();
                return Ok(Advance::Idle);
            }
            match &self.sequence.times {
                None => out.emit(number),
                Some(times) => match times.timestamp(&number, due.unwrap_or(self.now), self.now) {
                    Some(at) => out.emit_at(number, at),
                    None => out.dropped(watershed_model::DropReason::Undecodable, 1),
                },
            }
            self.done += 1;
            self.split.next = number.saturating_add(self.split.stride);
        }
        self.look_ahead();
        Ok(Advance::More)
    }

    fn watermark(&self) -> Timestamp {
        let Some(times) = &self.sequence.times else { return Timestamp::MIN };
        // What is due and was not read yet was taken in when it was due.
        let waiting = self.split.started.and_then(|started| self.due(started));
        times.watermark(self.split.newest, waiting.filter(|due| *due < self.now), self.now)
    }

    fn position(&self) -> SequenceSplit {
        self.split.clone()
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done }
    }
}
