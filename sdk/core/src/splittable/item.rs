//! Restrictions in hand.

use std::collections::{BTreeMap, VecDeque};

use watershed_model::{Metadata, Timestamp};

use super::WatermarkEstimator;

/// A restriction in hand, with its element.
pub(super) struct Item<In, R, E> {
    pub(super) element: In,
    /// What the element carries.
    pub(super) metadata: Metadata,
    pub(super) restriction: R,
    pub(super) estimator: E,
    /// How far its output was said to have come. It never goes back.
    pub(super) reported: Timestamp,
}

impl<In, R, E: WatermarkEstimator> Item<In, R, E> {
    /// Notes how far its output has come.
    pub(super) fn look(&mut self, now: Timestamp) -> Timestamp {
        // As long as it is in hand something may come.
        let watermark = self.estimator.watermark(now).min(Timestamp::END_OF_GLOBAL_WINDOW);
        self.reported = self.reported.max(watermark);
        self.reported
    }
}

/// What one worker has in hand.
pub(super) struct Hand<In, R, E> {
    /// What has a turn in this round.
    pub(super) round: VecDeque<Item<In, R, E>>,
    /// What has one in the next.
    pub(super) next: VecDeque<Item<In, R, E>>,
    /// What rests, by when it is due.
    pub(super) resting: BTreeMap<Timestamp, Vec<Item<In, R, E>>>,
}

impl<In, R, E: WatermarkEstimator> Hand<In, R, E> {
    pub(super) fn new() -> Self {
        Hand { round: VecDeque::new(), next: VecDeque::new(), resting: BTreeMap::new() }
    }

    /// All that can be worked on has a turn, and so has what rests and is due.
    pub(super) fn begin_round(&mut self, now: Timestamp) {
        self.round.append(&mut self.next);
        while let Some(first) = self.resting.first_entry().filter(|first| *first.key() <= now) {
            self.round.extend(first.remove());
        }
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Item<In, R, E>> {
        let resting = self.resting.values_mut().flatten();
        self.round.iter_mut().chain(&mut self.next).chain(resting)
    }

    /// Takes all of it.
    pub(super) fn take(&mut self) -> Vec<Item<In, R, E>> {
        let resting = std::mem::take(&mut self.resting).into_values().flatten();
        self.round.drain(..).chain(self.next.drain(..)).chain(resting).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.ready() + self.resting.values().map(Vec::len).sum::<usize>()
    }

    pub(super) fn ready(&self) -> usize {
        self.round.len() + self.next.len()
    }
}
