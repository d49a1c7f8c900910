//! The splits of a source: one after the other, or all in turn if they may never end.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use watershed_model::{
    Advance, AnyBundle, AnySource, AnySplit, Boundedness, BoxError, Budget, Drops, Timestamp, fault,
};
use watershed_runner_core::{Holder, JobState, OpenReader, Standing};

use crate::checks::Disturbance;

/// A source being read.
pub(crate) struct Reading {
    source: Arc<dyn AnySource>,
    /// The splits that wait, each with a watermark: nothing on time in it has a smaller event time.
    waiting: VecDeque<(AnySplit, Timestamp)>,
    /// Those that are read, in the order in which they are asked.
    open: VecDeque<OpenReader>,
    /// The greatest watermark that the source has come to; it is held there.
    watermark: Timestamp,
    /// How often a reader's watermark went back since it was last asked.
    setbacks: u64,
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
        let (open, watermark) = (VecDeque::new(), Timestamp::MIN);
        Ok(Reading { source, waiting, open, watermark, setbacks: 0 })
    }

    /// Whether the source has an end of its own.
    pub(crate) fn is_bounded(&self) -> bool {
        self.source.boundedness() == Boundedness::Bounded
    }

    /// How long the source should be left alone from `at` on; `None` if it can be read at once.
    pub(crate) fn rest(&self, at: Instant) -> Option<Duration> {
        if !self.waiting.is_empty() {
            return None;
        }
        // One that can be asked at once makes the least of all.
        let rests = self.open.iter().map(|reader| reader.rest(at).unwrap_or_default());
        rests.min().filter(|rest| !rest.is_zero())
    }

    /// Reads on. `None` when all splits have ended.
    pub(crate) fn advance(
        &mut self,
        budget: Budget,
        now: Timestamp,
        chance: &mut Disturbance,
        job: &JobState,
        wake: &Waker,
    ) -> Result<Option<(AnyBundle, Drops)>, BoxError> {
        let opens_all = !self.is_bounded();
        while (opens_all || self.open.is_empty())
            && let Some((split, watermark)) = self.waiting.pop_front()
        {
            let reader = OpenReader::open(self.source.clone(), &split, watermark, wake.clone())?;
            self.open.push_back(reader);
        }
        let at = Instant::now();
        let ready = self.open.iter().position(|reader| reader.rest(at).is_none()).unwrap_or(0);
        let Some(mut reader) = self.open.remove(ready) else { return Ok(None) };
        let given = reader.advance(budget, now)?;
        job.read(given.bundle.len() as u64, given.done);
        self.setbacks += u64::from(given.is_setback && !fault!("setbacks-are-not-counted"));
        if given.advance == Advance::More {
            self.cut_or_reopen(&mut reader, chance)?;
        }
        if given.advance != Advance::End {
            self.open.push_back(reader);
        }
        Ok(Some((given.bundle, given.drops)))
    }

    /// Nothing on time with a smaller event time will be read, as far as all splits say that are read
    /// and not idle, or wait.
    pub(crate) fn watermark(&mut self) -> Timestamp {
        let waiting = self.waiting.iter().map(|(_, watermark)| Standing::At(*watermark));
        let open = self.open.iter().map(OpenReader::standing);
        let watermark = Standing::of(waiting.chain(open)).watermark();
        self.watermark = self.watermark.max(watermark);
        self.watermark
    }

    /// What holds the source's watermark where it is.
    pub(crate) fn holder(&self) -> Holder {
        let waiting =
            self.waiting.iter().map(|(split, at)| (&*split.description, Standing::At(*at)));
        let open = self.open.iter().map(|reader| (reader.description(), reader.standing()));
        let splits: Vec<(&str, Standing)> = waiting.chain(open).collect();
        match Standing::holder(splits.iter().map(|(_, standing)| *standing)) {
            Some(place) => Holder::split(splits[place].0, splits[place].1),
            None => Holder::Source,
        }
    }

    /// How often a reader's watermark went back since this was last asked.
    pub(crate) fn take_setbacks(&mut self) -> u64 {
        std::mem::take(&mut self.setbacks)
    }

    /// What any runner may do to a running split: cut it, or close it and open its position.
    fn cut_or_reopen(
        &mut self,
        reader: &mut OpenReader,
        chance: &mut Disturbance,
    ) -> Result<(), BoxError> {
        if chance.chance(16)
            && let Some(rest) = reader.try_split(0.5)?
            && !fault!("direct-loses-a-cut-split")
        {
            self.waiting.push_back((rest, reader.watermark()));
        }
        if self.source.is_resumable() && chance.chance(16) {
            reader.reopen()?;
        }
        Ok(())
    }
}
