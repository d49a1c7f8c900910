//! Stateful steps by definition: what is kept of each key and window, and what comes of it.
//!
//! What comes is handled first, then the watermark moves; so a batch is all its elements and then the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use watershed::model::PaneInfo;

use super::{Fold, Row, Span, Value, meaning::folded};

/// Running sums are taken by this, so that they stay small.
pub(super) const SUMS: i64 = 1009;

/// What a stateful step does with the numbers of a key and window. Nothing that comes out shows in which
/// order those came that no time tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stateful {
    /// They are folded as they come, and the fold comes out when the window expires.
    Folding {
        /// How.
        fold: Fold,
    },
    /// In the order of times, and at one time in the order of its bytes, each becomes the sum of all up to
    /// it. One that has the time and the number of the one before it does not count again.
    Running,
    /// Each sets a timer of its own, but those of one number and time set one together. When it fires, out
    /// comes the number, and how many different times have fired added to it.
    Timing {
        /// By how many microseconds later.
        after: i64,
    },
}

impl fmt::Display for Stateful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stateful::Folding { fold } => write!(f, "stateful(Folding({fold:?}))"),
            Stateful::Running => f.write_str("stateful(Running)"),
            Stateful::Timing { after } => write!(f, "stateful(Timing {{ after: {after} }})"),
        }
    }
}

/// A stateful step and all that it keeps.
pub(super) struct Keeping {
    stateful: Stateful,
    lateness: i64,
    watermark: i64,
    kept: BTreeMap<(i64, Span), Kept>,
    late: u64,
}

/// What is kept of a key and window.
#[derive(Default)]
struct Kept {
    numbers: Vec<i64>,
    /// Time, bytes, and what comes with them.
    waiting: Vec<(i64, [u8; 8], i64, PaneInfo)>,
    /// When it fires, and the time and the number that set it.
    timers: BTreeSet<(i64, i64, i64)>,
    sum: i64,
    last: Option<(i64, i64)>,
    last_fired: Option<i64>,
    times: i64,
}

impl Keeping {
    pub(super) fn new(stateful: Stateful, lateness: i64) -> Keeping {
        Keeping { stateful, lateness, watermark: i64::MIN, kept: BTreeMap::new(), late: 0 }
    }

    /// How much came too late.
    pub(super) fn late(&self) -> u64 {
        self.late
    }

    /// Where what is kept holds the output watermark.
    pub(super) fn hold(&self) -> Option<i64> {
        let holds = self.kept.iter().filter_map(|((_, span), kept)| match self.stateful {
            Stateful::Folding { .. } => Some(span.last()),
            Stateful::Running => kept.waiting.iter().map(|(time, ..)| *time).min(),
            Stateful::Timing { .. } => kept.timers.iter().map(put_out_at).min(),
        });
        holds.min()
    }

    /// These come, and then the watermark moves: what comes of it.
    pub(super) fn step(&mut self, rows: Vec<Row>, watermark: i64) -> Vec<Row> {
        for row in rows {
            let (key, n) = (row.value.key(), row.value.numbers()[0]);
            for span in row.spans {
                self.take(key, span, row.time, n, row.pane);
            }
        }
        self.watermark = self.watermark.max(watermark);
        let (watermark, lateness, stateful) = (self.watermark, self.lateness, self.stateful);
        let mut out = Vec::new();
        for ((key, span), kept) in &mut self.kept {
            let expires = span.expiry(lateness) <= watermark;
            let results = match stateful {
                Stateful::Folding { fold } if expires => {
                    vec![(folded(fold, &kept.numbers), span.last(), PaneInfo::UNGROUPED)]
                }
                Stateful::Folding { .. } => Vec::new(),
                Stateful::Running => kept.sums(|time| place(time, *span, lateness) <= watermark),
                Stateful::Timing { .. } => kept.fire(watermark),
            };
            let row = |(n, time, pane)| Row {
                value: Value::Pair(*key, n),
                time,
                spans: vec![*span],
                pane,
            };
            out.extend(results.into_iter().map(row));
        }
        self.kept.retain(|(_, span), _| span.expiry(lateness) > watermark);
        out
    }

    fn take(&mut self, key: i64, span: Span, time: i64, n: i64, pane: PaneInfo) {
        let expiry = span.expiry(self.lateness);
        // The place of one that comes sorted may have passed before its window.
        let closes = match self.stateful {
            Stateful::Running => place(time, span, self.lateness),
            _ => expiry,
        };
        if closes <= self.watermark {
            self.late += 1;
            return;
        }
        let kept = self.kept.entry((key, span)).or_default();
        match self.stateful {
            Stateful::Folding { .. } => kept.numbers.push(n),
            Stateful::Running => kept.waiting.push((time, n.to_le_bytes(), n, pane)),
            Stateful::Timing { after } => {
                kept.timers.insert((time.saturating_add(after).min(expiry), time, n));
            }
        }
    }
}

/// The watermark at which it is the turn of what waits with this time.
fn place(time: i64, span: Span, lateness: i64) -> i64 {
    time.saturating_add(lateness).saturating_add(1).min(span.expiry(lateness))
}

/// The time of what a timer puts out: when it fires, but not before what set it.
fn put_out_at(&(fires, time, _): &(i64, i64, i64)) -> i64 {
    fires.max(time).min(Span::Global.last())
}

impl Kept {
    /// Those whose turn it is, in their order.
    fn sums(&mut self, is_due: impl Fn(i64) -> bool) -> Vec<(i64, i64, PaneInfo)> {
        self.waiting.sort();
        let (due, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(time, ..)| is_due(*time));
        self.waiting = waiting;
        let due: Vec<(i64, [u8; 8], i64, PaneInfo)> = due;
        let sums = due.into_iter().map(|(time, _, n, pane)| {
            if self.last.replace((time, n)) != Some((time, n)) {
                self.sum = (self.sum + n).rem_euclid(SUMS);
            }
            (self.sum, time, pane)
        });
        sums.collect()
    }

    /// The timers whose time has come, in its order.
    fn fire(&mut self, watermark: i64) -> Vec<(i64, i64, PaneInfo)> {
        let (due, later): (BTreeSet<_>, BTreeSet<_>) =
            self.timers.iter().partition(|(fires, ..)| *fires <= watermark);
        self.timers = later;
        let fired = due.into_iter().map(|timer| {
            let (fires, _, n) = timer;
            self.times += i64::from(self.last_fired.replace(fires) != Some(fires));
            (n + self.times, put_out_at(&timer), PaneInfo::UNGROUPED)
        });
        fired.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: i64, time: i64) -> Row {
        let spans = vec![Span::Interval { start: 0, end: 10 }];
        Row { value: Value::Pair(7, n), time, spans, pane: PaneInfo::UNGROUPED }
    }

    fn told(rows: &[Row]) -> Vec<(i64, i64)> {
        rows.iter().map(|row| (row.value.numbers()[0], row.time)).collect()
    }

    #[test]
    fn a_fold_comes_out_when_its_window_expires() {
        let mut keeping = Keeping::new(Stateful::Folding { fold: Fold::Sum }, 5);
        assert_eq!(keeping.step(vec![row(3, 1), row(4, 9)], 14), []);
        assert_eq!(keeping.hold(), Some(9));
        assert_eq!(told(&keeping.step(vec![row(5, 2)], 15)), [(12, 9)]);
        assert_eq!(keeping.step(vec![row(6, 2)], 16), []);
        assert_eq!((keeping.late(), keeping.hold()), (1, None));
    }

    #[test]
    fn sums_run_in_the_order_of_times_and_bytes() {
        let mut keeping = Keeping::new(Stateful::Running, 0);
        // In bytes, the least first, 256 comes before 1.
        let found = keeping.step(vec![row(1, 4), row(2, 3), row(256, 4), row(1, 4)], 5);
        assert_eq!(told(&found), [(2, 3), (258, 4), (259, 4), (259, 4)]);
        assert_eq!(told(&keeping.step(vec![row(9, 4), row(9, 5)], 6)), [(268, 5)]);
        assert_eq!(keeping.late(), 1);
    }

    #[test]
    fn timers_fire_in_the_order_of_times_and_no_later_than_the_window_expires() {
        let mut keeping = Keeping::new(Stateful::Timing { after: 4 }, 0);
        assert_eq!(keeping.step(vec![row(30, 8), row(20, 3), row(20, 3), row(10, 1)], 4), []);
        assert_eq!(keeping.hold(), Some(5));
        assert_eq!(told(&keeping.step(Vec::new(), 7)), [(11, 5), (22, 7)]);
        // Behind the watermark, at once.
        assert_eq!(told(&keeping.step(vec![row(40, 2)], 7)), [(43, 6)]);
        assert_eq!(told(&keeping.step(Vec::new(), 10)), [(34, 10)]);
    }
}
