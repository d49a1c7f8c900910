//! The events of W2 at a rate: each comes when it is due, on a clock that nobody sets.
//!
//! Windows of a second stand for W2's of ten, so what W2 calls a millisecond is a tenth of one here.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use watershed::{
    Duration, Timestamp, micros, millis,
    model::{Advance, Boundedness, BoxError, Budget, Progress, Reader, Source, SourceOutput},
    seconds,
};

use crate::events::{DISORDER, timed_event};

/// The event time of an event that is due at the start and not delayed.
pub(crate) const BASE: Timestamp = Timestamp::from_seconds(1_600_000_000);

/// What W2 calls a millisecond, in microseconds.
const MILLI: i64 = 1000 / 10;

/// How far events are out of order, which is how far the watermark stays behind.
pub(crate) const DELAY: Duration = micros(DISORDER as i64 * MILLI);

/// The binary places of a microsecond with which the time between events is counted.
const PLACES: u32 = 20;

/// When the events began to come: when the first reader was opened.
#[derive(Clone, Default)]
pub(crate) struct Start(Arc<OnceLock<Instant>>);

impl Start {
    /// Microseconds since then.
    pub(crate) fn micros(&self) -> i64 {
        self.0.get_or_init(Instant::now).elapsed().as_micros() as i64
    }
}

/// So many events a second, for so long.
pub(crate) struct Paced {
    pub(crate) rate: u64,
    pub(crate) span: Duration,
    pub(crate) parts: u64,
    pub(crate) start: Start,
}

/// Every `parts`th event from `next` on.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct PacedSplit {
    next: u64,
    parts: u64,
}

/// Gives the events of a split when they are due.
pub(crate) struct PacedReader {
    split: PacedSplit,
    start: Start,
    /// How long it is from an event to the next of all splits.
    apart: u64,
    end: u64,
    done: u64,
    watermark: Timestamp,
}

impl Paced {
    /// How many events there are in all.
    pub(crate) fn events(&self) -> u64 {
        come(self.span.as_micros().max(0), apart(self.rate))
    }
}

fn apart(rate: u64) -> u64 {
    ((1_000_000 << PLACES) / rate).max(1)
}

/// How many events have come after so many microseconds.
fn come(micros: i64, apart: u64) -> u64 {
    (micros.cast_unsigned() << PLACES) / apart
}

impl Source for Paced {
    type Element = (u64, u64);
    type Split = PacedSplit;
    type Reader = PacedReader;

    fn describe(&self) -> String {
        format!("{} generated events a second", self.rate)
    }

    fn boundedness(&self) -> Boundedness {
        Boundedness::Unbounded
    }

    fn poll_interval(&self) -> Duration {
        millis(1)
    }

    fn splits(&self, _: usize) -> Result<Vec<PacedSplit>, BoxError> {
        Ok((0..self.parts).map(|next| PacedSplit { next, parts: self.parts }).collect())
    }

    fn open(&self, split: PacedSplit) -> Result<PacedReader, BoxError> {
        Ok(PacedReader {
            split,
            start: self.start.clone(),
            apart: apart(self.rate),
            end: self.events(),
            done: 0,
            watermark: Timestamp::MIN,
        })
    }
}

impl PacedReader {
    fn due(&self, event: u64) -> Timestamp {
        BASE + micros(((event * self.apart) >> PLACES).cast_signed())
    }
}

impl Reader<(u64, u64), PacedSplit> for PacedReader {
    fn advance(
        &mut self,
        out: &mut SourceOutput<(u64, u64)>,
        budget: Budget,
    ) -> Result<Advance, BoxError> {
        let PacedSplit { next, parts } = self.split;
        // The first is due at the start.
        let come = come(self.start.micros(), self.apart) + 1;
        let due = come.min(self.end).saturating_sub(next).div_ceil(parts);
        let taken = due.min(budget.elements as u64);
        let last = next + taken * parts;
        out.emit_all_at((next..last).step_by(parts as usize).map(|i| {
            let (event, at) = timed_event(i);
            // Its time in W2 is that of an event which is not delayed, less its own delay.
            let delay = i / 10 + DISORDER - at;
            ((event.key, event.value), self.due(i) - micros(delay as i64 * MILLI))
        }));
        self.split.next = last;
        self.done += taken;
        if taken > 0 {
            self.watermark = self.due(last - parts) - DELAY;
        }
        Ok(match () {
            () if last >= self.end => Advance::End,
            () if taken < due => Advance::More,
            () => Advance::Idle,
        })
    }

    fn watermark(&self) -> Timestamp {
        self.watermark
    }

    fn position(&self) -> PacedSplit {
        self.split.clone()
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done }
    }
}

/// When the watermark may pass this, in microseconds since the start: the event that moves it there is due.
pub(crate) fn may_pass(end: Timestamp) -> i64 {
    (end + DELAY).since(BASE).as_micros()
}

/// Whether a window that ends here had its events from the first to the last, while they came.
pub(crate) fn is_whole(end: Timestamp, span: Duration) -> bool {
    end.since(BASE) >= seconds(1) && may_pass(end) < span.as_micros()
}
