//! Timely's time in Watershed's dataflows.

use serde::{Deserialize, Serialize};
use timely::{
    PartialOrder,
    progress::{PathSummary, Timestamp as TimelyTimestamp, timestamp::Refines},
};
use watershed_model::{Epoch, Timestamp};

/// An epoch and a watermark, in product order: neither runs ahead of the other's frontier.
///
/// With the watermark alone an open window's hold would pin the frontier, and nobody could see that
/// an epoch has drained; in lexicographic order a worker in a later epoch would hide the lower
/// watermark of another, and windows would fire early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Moment {
    pub(crate) epoch: Epoch,
    pub(crate) watermark: Timestamp,
}

impl PartialOrder for Moment {
    fn less_equal(&self, other: &Self) -> bool {
        self.epoch <= other.epoch && self.watermark <= other.watermark
    }
}

impl TimelyTimestamp for Moment {
    type Summary = ();
    fn minimum() -> Self {
        Moment { epoch: Epoch(0), watermark: Timestamp::MIN }
    }
}

impl PathSummary<Moment> for () {
    fn results_in(&self, moment: &Moment) -> Option<Moment> {
        Some(*moment)
    }
    fn followed_by(&self, (): &()) -> Option<()> {
        Some(())
    }
}

impl Refines<()> for Moment {
    fn to_inner((): ()) -> Self {
        Moment::minimum()
    }
    fn to_outer(self) {}
    fn summarize((): ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_partial_and_agrees_with_the_total_one() {
        let moment = |epoch, watermark| Moment {
            epoch: Epoch(epoch),
            watermark: Timestamp::from_micros(watermark),
        };
        assert!(!moment(0, 100).less_equal(&moment(1, 50)));
        assert!(!moment(1, 50).less_equal(&moment(0, 100)));
        for (a, b) in [((0, 1), (0, 2)), ((0, 1), (1, 1)), ((2, 2), (2, 2))] {
            let (a, b) = (moment(a.0, a.1), moment(b.0, b.1));
            assert!(a.less_equal(&b) && a <= b);
        }
    }
}
