//! The parts of a step's work that the workers of a process share: splits of a source, restrictions of a
//! splittable step.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
};

use watershed_model::Timestamp;

use crate::Standing;

/// Parts that wait, how far those in somebody's hand have come, and who has nothing to do.
///
/// A worker that has nothing in hand may get a part at any time while others have some. So it goes by
/// [`standing`](Self::standing), that of all parts of the process, and must not let its output watermark run
/// ahead of what it has last seen there.
pub struct Parts<P, H> {
    /// Each with a watermark: nothing on time that comes of it has a smaller event time.
    waiting: VecDeque<(P, Timestamp)>,
    in_hand: BTreeMap<H, Standing>,
    /// Workers that found nothing and wait to be woken, each once however often it has asked.
    idle: BTreeMap<usize, Waker>,
}

impl<P, H: Ord> Parts<P, H> {
    /// These wait, and of none is known how far it will come.
    pub fn new(waiting: impl IntoIterator<Item = P>) -> Self {
        let waiting = waiting.into_iter().map(|part| (part, Timestamp::MIN)).collect();
        Parts { waiting, in_hand: BTreeMap::new(), idle: BTreeMap::new() }
    }

    /// Takes the part that has waited longest into a hand, with its watermark.
    pub fn take(&mut self, hand: H) -> Option<(P, Timestamp)> {
        let (part, watermark) = self.waiting.pop_front()?;
        let taken = Standing::At(watermark);
        self.in_hand.entry(hand).and_modify(|at| *at = at.and(taken)).or_insert(taken);
        Some((part, watermark))
    }

    /// A part is given away: from now on it waits, and one that has nothing is woken.
    pub fn give(&mut self, part: P, watermark: Timestamp) {
        self.waiting.push_back((part, watermark));
        if let Some((_, worker)) = self.idle.pop_first() {
            worker.wake();
        }
    }

    /// How far a hand has come. When its watermark begins to move, or is left out, workers that wait are
    /// woken, since they hold it back where they have last seen it.
    pub fn has_come_to(&mut self, hand: H, standing: Standing) {
        let start = Standing::At(Timestamp::MIN);
        let before = self.in_hand.insert(hand, standing);
        if before == Some(start) && standing != start {
            self.wake_idle();
        }
    }

    /// A hand has nothing any more. With the last part all who wait are woken.
    pub fn done(&mut self, hand: &H) {
        if self.in_hand.remove(hand).is_some() && self.is_empty() {
            self.wake_idle();
        }
    }

    /// A worker has nothing to do, and waits to be woken.
    pub fn is_idle(&mut self, worker: usize, waker: Waker) {
        self.idle.insert(worker, waker);
    }

    /// A worker has something to do again.
    pub fn is_busy(&mut self, worker: usize) {
        self.idle.remove(&worker);
    }

    /// Whether somebody waits for a part, so that one should be given away.
    pub fn is_wanted(&self) -> bool {
        self.waiting.is_empty() && !self.idle.is_empty()
    }

    /// Whether nothing waits and nothing is in hand.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.in_hand.is_empty()
    }

    /// What waits, each with its watermark.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = (&P, Timestamp)> {
        self.waiting.iter().map(|(part, watermark)| (part, *watermark))
    }

    /// How far each hand has come.
    pub fn in_hand(&self) -> impl ExactSizeIterator<Item = (&H, Standing)> {
        self.in_hand.iter().map(|(hand, standing)| (hand, *standing))
    }

    /// How far all parts together have come.
    pub fn standing(&self) -> Standing {
        let waiting = self.waiting().map(|(_, watermark)| Standing::At(watermark));
        Standing::of(waiting.chain(self.in_hand().map(|(_, standing)| standing)))
    }

    /// Forgets what waits.
    pub fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    fn wake_idle(&mut self) {
        std::mem::take(&mut self.idle).into_values().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering::SeqCst},
        },
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicU32);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    #[test]
    fn what_waits_and_what_is_in_hand_holds_all() {
        let mut parts: Parts<char, u32> = Parts::new(['a']);
        assert_eq!(parts.standing(), Standing::At(Timestamp::MIN));
        assert_eq!(parts.take(1), Some(('a', Timestamp::MIN)));
        parts.has_come_to(1, Standing::At(at(9)));
        parts.give('b', at(5));
        assert_eq!(parts.standing(), Standing::At(at(5)));
        assert_eq!(parts.take(1), Some(('b', at(5))));
        assert_eq!(parts.standing(), Standing::At(at(5)));
        parts.has_come_to(1, Standing::Idle(at(9)));
        assert_eq!(parts.standing(), Standing::Idle(at(9)));
        parts.done(&1);
        assert!(parts.is_empty() && parts.standing() == Standing::Ended);
    }

    #[test]
    fn who_is_idle_is_woken_once_by_a_part_by_a_watermark_that_begins_and_by_the_end() {
        let bells: Vec<Arc<Bell>> = (0..2).map(|_| Arc::default()).collect();
        let rung = || bells.iter().map(|bell| bell.0.load(SeqCst)).collect::<Vec<_>>();
        let rest = |parts: &mut Parts<char, u32>| {
            bells.iter().enumerate().for_each(|(place, bell)| {
                parts.is_idle(place, bell.clone().into());
                parts.is_idle(place, bell.clone().into());
            });
        };
        let mut parts: Parts<char, u32> = Parts::new(['a']);
        parts.take(9);
        rest(&mut parts);
        assert!(parts.is_wanted());
        parts.give('b', at(1));
        assert!(!parts.is_wanted());
        assert_eq!(rung(), [1, 0]);
        parts.take(9);
        parts.has_come_to(9, Standing::At(at(1)));
        assert_eq!(rung(), [1, 1]);
        rest(&mut parts);
        parts.has_come_to(9, Standing::At(at(2)));
        parts.is_busy(0);
        assert_eq!(rung(), [1, 1]);
        parts.done(&9);
        assert_eq!(rung(), [1, 2]);
    }
}
