//! The generated events as ordinary sources.

use std::{marker::PhantomData, ops::Range};

use watershed::{
    Element, Timestamp,
    model::{Advance, BoxError, Budget, Progress, Reader, Source, SourceOutput},
};

use crate::events::{DISORDER, Event, WorkKey, chunks, event, timed_event};

/// So many generated events.
pub(crate) struct EventSource {
    pub(crate) events: u64,
}

/// The same with event times, in as many parts as there are to be splits.
pub(crate) struct TimedSource<T> {
    pub(crate) events: u64,
    pub(crate) parts: u64,
    pub(crate) form: PhantomData<fn() -> T>,
}

/// What can be made of an event.
pub(crate) trait Form: Element {
    fn of(event: Event) -> Self;
}

impl Form for Event {
    fn of(event: Event) -> Self {
        event
    }
}

/// A key, in the form that is worked with, and a value.
impl<K: WorkKey> Form for (K, u64) {
    fn of(event: Event) -> Self {
        (K::of(event.key), event.value)
    }
}

/// Part `part` of `parts`, from its chunk number `next` on.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct EventSplit {
    part: u64,
    parts: u64,
    next: u64,
    /// The newest event time so far, in milliseconds.
    newest: u64,
}

/// Makes the events of a split, with event times if `TIMED`.
pub(crate) struct EventReader<const TIMED: bool> {
    split: EventSplit,
    chunks: Box<dyn Iterator<Item = Range<u64>> + Send>,
    done: u64,
}

fn splits(parts: u64) -> Vec<EventSplit> {
    let parts = parts.max(1);
    (0..parts).map(|part| EventSplit { part, parts, next: 0, newest: 0 }).collect()
}

fn size(events: u64, split: &EventSplit) -> u64 {
    chunks(events, split.part, split.parts).map(|chunk| chunk.end - chunk.start).sum()
}

impl<const TIMED: bool> EventReader<TIMED> {
    fn open(events: u64, split: EventSplit) -> Self {
        let chunks = Box::new(chunks(events, split.part, split.parts).skip(split.next as usize));
        EventReader { split, chunks, done: 0 }
    }
}

impl Source for EventSource {
    type Element = Event;
    type Split = EventSplit;
    type Reader = EventReader<false>;

    fn describe(&self) -> String {
        format!("{} generated events", self.events)
    }
    fn splits(&self, desired: usize) -> Result<Vec<EventSplit>, BoxError> {
        Ok(splits(desired as u64))
    }
    fn size(&self, split: &EventSplit) -> Option<u64> {
        Some(size(self.events, split))
    }
    fn open(&self, split: EventSplit) -> Result<EventReader<false>, BoxError> {
        Ok(EventReader::open(self.events, split))
    }
}

impl<T: Form> Source for TimedSource<T> {
    type Element = T;
    type Split = EventSplit;
    type Reader = EventReader<true>;

    fn describe(&self) -> String {
        format!("{} generated events in event time", self.events)
    }
    fn splits(&self, _: usize) -> Result<Vec<EventSplit>, BoxError> {
        Ok(splits(self.parts))
    }
    fn size(&self, split: &EventSplit) -> Option<u64> {
        Some(size(self.events, split))
    }
    fn open(&self, split: EventSplit) -> Result<EventReader<true>, BoxError> {
        Ok(EventReader::open(self.events, split))
    }
}

impl<T: Form, const TIMED: bool> Reader<T, EventSplit> for EventReader<TIMED> {
    fn advance(&mut self, out: &mut SourceOutput<T>, _: Budget) -> Result<Advance, BoxError> {
        let Some(chunk) = self.chunks.next() else { return Ok(Advance::End) };
        self.split.next += 1;
        self.done += chunk.end - chunk.start;
        if TIMED {
            let newest = &mut self.split.newest;
            out.emit_all_at(chunk.map(|i| {
                let (event, at) = timed_event(i);
                *newest = at.max(*newest);
                (T::of(event), Timestamp::from_millis(at as i64))
            }));
        } else {
            out.emit_all(chunk.map(|i| T::of(event(i))));
        }
        Ok(Advance::More)
    }

    fn watermark(&self) -> Timestamp {
        match TIMED {
            true => Timestamp::from_millis(self.split.newest as i64 - DISORDER as i64),
            false => Timestamp::MIN,
        }
    }

    fn position(&self) -> EventSplit {
        self.split.clone()
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done }
    }
}
