//! The generated events as an ordinary source.

use std::ops::Range;

use watershed::model::{Advance, BoxError, Budget, Progress, Reader, Source, SourceOutput};

use crate::events::{Event, chunks, event};

/// So many generated events.
pub(crate) struct EventSource {
    pub(crate) events: u64,
}

/// Part `part` of `parts`, from its chunk number `next` on.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct EventSplit {
    part: u64,
    parts: u64,
    next: u64,
}

/// Makes the events of a split.
pub(crate) struct EventReader {
    split: EventSplit,
    chunks: Box<dyn Iterator<Item = Range<u64>> + Send>,
    done: u64,
}

impl Source for EventSource {
    type Element = Event;
    type Split = EventSplit;
    type Reader = EventReader;

    fn describe(&self) -> String {
        format!("{} generated events", self.events)
    }

    fn splits(&self, desired: usize) -> Result<Vec<EventSplit>, BoxError> {
        let parts = desired.max(1) as u64;
        Ok((0..parts).map(|part| EventSplit { part, parts, next: 0 }).collect())
    }

    fn size(&self, split: &EventSplit) -> Option<u64> {
        Some(
            chunks(self.events, split.part, split.parts).map(|chunk| chunk.end - chunk.start).sum(),
        )
    }

    fn open(&self, split: EventSplit) -> Result<EventReader, BoxError> {
        let chunks = chunks(self.events, split.part, split.parts).skip(split.next as usize);
        Ok(EventReader { split, chunks: Box::new(chunks), done: 0 })
    }
}

impl Reader<Event, EventSplit> for EventReader {
    fn advance(&mut self, out: &mut SourceOutput<Event>, _: Budget) -> Result<Advance, BoxError> {
        let Some(chunk) = self.chunks.next() else { return Ok(Advance::End) };
        self.split.next += 1;
        self.done += chunk.end - chunk.start;
        out.emit_all(chunk.map(event));
        Ok(Advance::More)
    }

    fn position(&self) -> EventSplit {
        self.split.clone()
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done }
    }
}
