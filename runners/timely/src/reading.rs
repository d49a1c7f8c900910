//! A source on one worker: one split after the other, or several in turn if they may never end.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use timely::scheduling::SyncActivator;
use watershed_model::{Advance, Budget, Timestamp};
use watershed_runner_core::{Holder, OpenReader, RunError, StageId, Standing, at_work, guard};

use crate::{
    head::Step,
    ports::Ports,
    shared::Shared,
    splits::{Next, ReaderId, SplitQueue},
    stage::StageRun,
};

/// A source being read by one worker.
pub(crate) struct Reading {
    queue: Arc<SplitQueue>,
    worker: usize,
    /// What this worker reads, in the order in which it is asked: one split of a bounded source, this
    /// worker's share of all splits of an unbounded one.
    readers: VecDeque<(Box<OpenReader>, ReaderId)>,
    /// How many calls there were.
    calls: u64,
    /// The source's watermark as this worker has last seen it.
    pub(crate) watermark: Timestamp,
    /// How many elements were read since then.
    pub(crate) since: usize,
}

impl Reading {
    pub(crate) fn new(queue: Arc<SplitQueue>, worker: usize) -> Self {
        let watermark = Timestamp::MIN;
        Reading { queue, worker, readers: VecDeque::new(), calls: 0, watermark, since: 0 }
    }

    /// Reads one budget and puts it out.
    pub(crate) fn read(
        &mut self,
        shared: &Shared,
        stage: StageId,
        run: &mut StageRun,
        ports: &mut Ports,
        wake: &SyncActivator,
    ) -> Result<Step, RunError> {
        let id = shared.plan.stages[stage.0].head;
        let name = &shared.graph.node(id).name;
        let failed = |failure| RunError::step(name, failure);
        let is_bounded = self.queue.is_bounded();
        if !is_bounded && shared.stops_reading() {
            self.readers.clear();
            if self.queue.stop() {
                shared.was_drained();
            }
            return Ok(Step::End);
        }
        if shared.is_congested() {
            self.rest();
            return Ok(Step::Congested);
        }
        while self.readers.is_empty() || !is_bounded {
            match guard(|| self.queue.next(self.worker, self.readers.len(), wake))
                .map_err(failed)?
            {
                Next::Reader(opened, reader) => self.readers.push_back((opened, reader)),
                Next::Enough => break,
                Next::Wait => return Ok(Step::Wait),
                Next::End => return Ok(Step::End),
            }
        }
        let ready = match self.ready() {
            Ok(ready) => ready,
            Err(rest) => return Ok(Step::Rest(rest)),
        };
        let Some((mut opened, reader)) = self.readers.remove(ready) else {
            return Ok(Step::Wait);
        };
        if is_bounded
            && self.queue.wants_more()
            && let Some(rest) = guard(|| opened.try_split(0.5)).map_err(failed)?
        {
            self.queue.add(rest, &opened);
        }
        let budget = Budget { elements: shared.options.bundle_elements, ..Budget::default() };
        let now = shared.options.clock.now();
        let span = at_work(name);
        let given = guard(|| opened.advance(budget, now)).map_err(failed)?;
        drop(span);
        let read = given.bundle.len();
        shared.job.read(read as u64, given.done);
        if given.is_setback {
            run.count_setback(id);
        }
        self.queue.has_come_to(reader, opened.standing());
        run.count_in(id, read);
        run.count_drops(id, &given.drops);
        run.emit(id, 0, given.bundle, &mut |exchange, bundle| ports.send(exchange, bundle))?;
        self.since += read;
        match given.advance {
            // Only now: what was read last is on its way.
            Advance::End => self.queue.done(reader),
            Advance::More | Advance::Idle => {
                self.calls += 1;
                let is_due = |every: u64| self.calls.is_multiple_of(every.max(1));
                if self.queue.is_resumable() && shared.options.reopen_after.is_some_and(is_due) {
                    guard(|| opened.reopen()).map_err(failed)?;
                }
                self.readers.push_back((opened, reader));
            }
        }
        Ok(Step::More)
    }

    /// The first reader that has something, or may have; if there is none, how long there is none.
    fn ready(&self) -> Result<usize, Duration> {
        let at = Instant::now();
        let mut least = Duration::MAX;
        for (place, (reader, _)) in self.readers.iter().enumerate() {
            match reader.rest(at) {
                None => return Ok(place),
                Some(rest) => least = least.min(rest),
            }
        }
        Err(least)
    }

    /// Nothing is read for a while, because those behind are busy.
    fn rest(&mut self) {
        for (opened, reader) in &mut self.readers {
            if let Standing::Idle(_) = opened.standing() {
                opened.rests();
                self.queue.has_come_to(*reader, opened.standing());
            }
        }
    }

    /// What holds the source's watermark.
    pub(crate) fn holder(&self) -> Holder {
        self.queue.holder()
    }

    /// The source's watermark, over all its readers and what waits.
    pub(crate) fn look(&mut self) -> Timestamp {
        self.since = 0;
        self.watermark = self.watermark.max(self.queue.watermark());
        self.watermark
    }
}
