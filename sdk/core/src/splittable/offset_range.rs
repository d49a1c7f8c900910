//! Restrictions from one number to another.

use serde::{Deserialize, Serialize};
use watershed_model::{BoxError, fault};

use super::RestrictionTracker;

/// The numbers from `start` to before `end`: bytes of a file, offsets of a partition. One without an end of
/// its own ends at `i64::MAX`. (Beam: `OffsetRange`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetRange {
    /// The first.
    pub start: i64,
    /// Behind the last.
    pub end: i64,
}

impl OffsetRange {
    /// From `start` to before `end`; empty if that does not lie behind it.
    pub fn new(start: i64, end: i64) -> Self {
        OffsetRange { start, end: end.max(start) }
    }

    /// Without an end.
    pub fn from(start: i64) -> Self {
        OffsetRange::new(start, i64::MAX)
    }

    /// Follows the work on it.
    pub fn tracker(self) -> OffsetTracker {
        OffsetTracker { range: self, last: None }
    }

    /// Cuts it into parts of at most so many numbers.
    pub fn split_every(self, most: i64) -> Vec<OffsetRange> {
        let (mut parts, mut start) = (Vec::new(), self.start);
        while start < self.end {
            let end = start.saturating_add(most.max(1)).min(self.end);
            parts.push(OffsetRange { start, end });
            start = end;
        }
        parts
    }
}

/// Follows the work on an [`OffsetRange`]. Not every number need be claimed: a claim covers all before it.
#[derive(Clone, Debug)]
pub struct OffsetTracker {
    range: OffsetRange,
    /// The last position that was asked for.
    last: Option<i64>,
}

impl OffsetTracker {
    /// The first number that no claim covers.
    fn next(&self) -> i64 {
        self.last.map_or(self.range.start, |last| last.saturating_add(1))
    }
}

impl RestrictionTracker for OffsetTracker {
    type Restriction = OffsetRange;
    type Position = i64;

    fn try_claim(&mut self, position: i64) -> Result<bool, BoxError> {
        let OffsetRange { start, end } = self.range;
        if let Some(last) = self.last.filter(|last| position <= *last) {
            return Err(format!("claimed {position} after {last}: claim in ascending order").into());
        }
        if position < start {
            return Err(format!("claimed {position}, which lies before {start}..{end}").into());
        }
        self.last = Some(position);
        Ok(position < end)
    }

    fn restriction(&self) -> OffsetRange {
        self.range
    }

    fn try_split(&mut self, fraction: f64) -> Result<Option<OffsetRange>, BoxError> {
        let (next, end) = (self.next(), self.range.end);
        if next >= end {
            return Ok(None);
        }
        // In 128 bits: a range may be as long as all numbers.
        let left = i128::from(end) - i128::from(next);
        let kept = (left as f64 * fraction.clamp(0.0, 1.0)) as i128;
        let at = i64::try_from(i128::from(next) + kept).unwrap_or(end);
        if at >= end {
            return Ok(None);
        }
        self.range.end = at;
        let lost = i64::from(fault!("a-cut-restriction-loses-a-position"));
        Ok(Some(OffsetRange::new(at.saturating_add(lost), end)))
    }

    fn check_done(&self) -> Result<(), BoxError> {
        let OffsetRange { start, end } = self.range;
        let next = self.next();
        if next >= end || fault!("unclaimed-work-passes") {
            return Ok(());
        }
        Err(format!("of {start}..{end} the part from {next} on was not claimed").into())
    }

    fn size(restriction: &OffsetRange) -> f64 {
        (i128::from(restriction.end) - i128::from(restriction.start)) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_claimed_stays_and_the_rest_can_be_given_away() {
        let mut tracker = OffsetRange::new(10, 20).tracker();
        assert!(tracker.try_claim(10).unwrap());
        assert!(tracker.try_claim(13).unwrap());
        assert_eq!(tracker.try_split(0.5).unwrap(), Some(OffsetRange::new(17, 20)));
        assert_eq!(tracker.restriction(), OffsetRange::new(10, 17));
        assert!(tracker.check_done().unwrap_err().to_string().contains("from 14 on"));
        assert!(!tracker.try_claim(17).unwrap());
        tracker.check_done().unwrap();
        assert_eq!(tracker.try_split(0.0).unwrap(), None);
    }

    #[test]
    fn claims_that_go_back_or_lie_before_are_refused() {
        let mut tracker = OffsetRange::new(10, 20).tracker();
        assert!(tracker.try_claim(9).is_err());
        assert!(tracker.try_claim(12).unwrap());
        assert!(tracker.try_claim(12).is_err());
        assert!(tracker.try_claim(11).is_err());
    }

    #[test]
    fn nothing_claimed_gives_away_all_and_ranges_as_long_as_all_numbers_are_cut() {
        let mut tracker = OffsetRange::new(3, 5).tracker();
        assert_eq!(tracker.try_split(0.0).unwrap(), Some(OffsetRange::new(3, 5)));
        tracker.check_done().unwrap();
        let mut tracker = OffsetRange::new(i64::MIN, i64::MAX).tracker();
        let rest = tracker.try_split(0.5).unwrap().unwrap();
        assert_eq!((rest.end, tracker.restriction().end), (i64::MAX, rest.start));
        assert!(rest.start.abs() < 2048);
        assert_eq!(tracker.try_split(1.0).unwrap(), None);
    }

    #[test]
    fn parts_cover_a_range_once() {
        let parts = OffsetRange::new(0, 10).split_every(4);
        let expected = [(0, 4), (4, 8), (8, 10)].map(|(start, end)| OffsetRange { start, end });
        assert_eq!(parts, expected);
        assert!(OffsetRange::new(3, 3).split_every(0).is_empty());
    }
}
