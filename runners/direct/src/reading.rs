//! The splits of a source, one after the other.

use std::{collections::VecDeque, sync::Arc};

use watershed_model::{
    Advance, AnyBundle, AnyReader, AnySource, AnySplit, BoxError, Budget, Drops, Timestamp, fault,
};
use watershed_runner_core::JobState;

use crate::checks::Disturbance;

/// A source being read.
pub(crate) struct Reading {
    source: Arc<dyn AnySource>,
    /// The splits that wait, each with a watermark: nothing on time in it has a smaller event time.
    waiting: VecDeque<(AnySplit, Timestamp)>,
    current: Option<Current>,
    /// How often a reader's watermark went back since it was last asked.
    setbacks: u64,
}

struct Current {
    reader: Box<dyn AnyReader>,
    /// How much of the split has been told to those who watch.
    told: u64,
    /// The greatest watermark that the split has come to; it is held there.
    watermark: Timestamp,
}

impl Reading {
    pub(crate) fn start(
        source: Arc<dyn AnySource>,
        chance: &mut Disturbance,
        job: &JobState,
    ) -> Result<Self, BoxError> {
        let mut splits = source.splits(1 + chance.below(4))?;
        splits.iter().for_each(|split| job.found(split.size.unwrap_or(0)));
        if chance.chance(2) {
            splits.reverse();
        }
        let waiting = splits.into_iter().map(|split| (split, Timestamp::MIN)).collect();
        Ok(Reading { source, waiting, current: None, setbacks: 0 })
    }

    /// Reads on. `None` when all splits have ended.
    pub(crate) fn advance(
        &mut self,
        budget: Budget,
        chance: &mut Disturbance,
        job: &JobState,
    ) -> Result<Option<(AnyBundle, Drops)>, BoxError> {
        let current = match &mut self.current {
            Some(current) => current,
            None => {
                let Some((split, watermark)) = self.waiting.pop_front() else { return Ok(None) };
                let reader = self.source.open(&split)?;
                self.current.insert(Current { reader, told: 0, watermark })
            }
        };
        let (bundle, drops, advance) = current.reader.advance(budget)?;
        let done = current.reader.progress().done;
        job.read(bundle.len() as u64, done.saturating_sub(current.told));
        current.told = current.told.max(done);
        match advance {
            Advance::End => self.current = None,
            Advance::More | Advance::Idle => {
                let watermark = current.reader.watermark();
                let goes_back = watermark < current.watermark;
                self.setbacks += u64::from(goes_back && !fault!("setbacks-are-not-counted"));
                current.watermark = current.watermark.max(watermark);
                self.cut_or_reopen(chance)?;
            }
        }
        Ok(Some((bundle, drops)))
    }

    /// Nothing on time with a smaller event time will be read: the least watermark of all splits that
    /// are read or wait.
    pub(crate) fn watermark(&self) -> Timestamp {
        let waiting = self.waiting.iter().map(|(_, watermark)| *watermark);
        let current = self.current.iter().map(|current| current.watermark);
        waiting.chain(current).min().unwrap_or(Timestamp::MAX)
    }

    /// How often a reader's watermark went back since this was last asked.
    pub(crate) fn take_setbacks(&mut self) -> u64 {
        std::mem::take(&mut self.setbacks)
    }

    /// What any runner may do to a running split: cut it, or close it and open its position.
    fn cut_or_reopen(&mut self, chance: &mut Disturbance) -> Result<(), BoxError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if chance.chance(16)
            && let Some(rest) = current.reader.try_split(0.5)?
            && !fault!("direct-loses-a-cut-split")
        {
            self.waiting.push_back((rest, current.watermark));
        }
        if self.source.is_resumable() && chance.chance(16) {
            let reader = self.source.open(&current.reader.position()?)?;
            (current.reader, current.told) = (reader, 0);
        }
        Ok(())
    }
}
