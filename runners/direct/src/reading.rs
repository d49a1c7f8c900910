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
    waiting: VecDeque<AnySplit>,
    current: Option<Current>,
}

struct Current {
    reader: Box<dyn AnyReader>,
    /// How much of the split has been told to those who watch.
    told: u64,
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
        Ok(Reading { source, waiting: splits.into(), current: None })
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
                let Some(split) = self.waiting.pop_front() else { return Ok(None) };
                let reader = self.source.open(&split)?;
                self.current.insert(Current { reader, told: 0 })
            }
        };
        let (bundle, drops, advance) = current.reader.advance(budget)?;
        let done = current.reader.progress().done;
        job.read(bundle.len() as u64, done.saturating_sub(current.told));
        current.told = current.told.max(done);
        match advance {
            Advance::End => self.current = None,
            Advance::More | Advance::Idle => self.cut_or_reopen(chance)?,
        }
        Ok(Some((bundle, drops)))
    }

    /// Nothing on time with a smaller event time will be read. Splits that wait may hold anything.
    pub(crate) fn watermark(&self) -> Timestamp {
        match &self.current {
            _ if !self.waiting.is_empty() => Timestamp::MIN,
            Some(current) => current.reader.watermark(),
            None => Timestamp::MAX,
        }
    }

    /// What any runner may do to a running split: cut it, or close it and open its position.
    fn cut_or_reopen(&mut self, chance: &mut Disturbance) -> Result<(), BoxError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if chance.chance(16)
            && let Some(rest) = current.reader.try_split(0.5)?
            && !fault!("direct-loses-a-cut-split")
        {
            self.waiting.push_back(rest);
        }
        if self.source.is_resumable() && chance.chance(16) {
            let reader = self.source.open(&current.reader.position()?)?;
            self.current = Some(Current { reader, told: 0 });
        }
        Ok(())
    }
}
