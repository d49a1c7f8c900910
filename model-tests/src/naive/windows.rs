//! Windows in plain integers, from the definitions.

use std::collections::BTreeMap;

/// A second.
pub const SECOND: i64 = 1_000_000;

/// The last instant of the global window: a day before the greatest time.
const END_OF_GLOBAL_WINDOW: i64 = i64::MAX - 86_400 * SECOND;

/// Which windows an element is put into. All lengths are above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windowing {
    /// One window for all.
    Global,
    /// Side by side.
    Fixed {
        /// How long each is.
        size: i64,
        /// By how much they are moved.
        offset: i64,
    },
    /// One every period.
    Sliding {
        /// How long each is.
        size: i64,
        /// From one start to the next.
        period: i64,
        /// By how much they are moved.
        offset: i64,
    },
    /// From an element for so long; those of one key that overlap become one.
    Sessions {
        /// How long.
        gap: i64,
    },
}

/// A window: all of time, or `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// The global window.
    Global,
    /// An interval.
    Interval {
        /// The first instant inside.
        start: i64,
        /// The first instant after it.
        end: i64,
    },
}

impl Span {
    /// The last instant that belongs to it, at which an element may lie.
    pub fn last(self) -> i64 {
        match self {
            Span::Global => END_OF_GLOBAL_WINDOW,
            Span::Interval { end, .. } => (end - 1).min(END_OF_GLOBAL_WINDOW),
        }
    }

    /// The watermark at which nothing more can come, if elements may be so late.
    pub fn expiry(self, lateness: i64) -> i64 {
        match self {
            Span::Global => i64::MAX,
            interval => interval.last().saturating_add(1).saturating_add(lateness),
        }
    }
}

impl Windowing {
    /// One of each kind, with what is odd about it: times before the epoch, offsets, gaps.
    pub const SAMPLES: [Windowing; 6] = [
        Windowing::Global,
        Windowing::Fixed { size: 10 * SECOND, offset: 0 },
        Windowing::Fixed { size: 7 * SECOND, offset: -3 * SECOND },
        Windowing::Sliding { size: 10 * SECOND, period: 4 * SECOND, offset: SECOND },
        Windowing::Sliding { size: 2 * SECOND, period: 5 * SECOND, offset: 0 },
        Windowing::Sessions { gap: 2 * SECOND },
    ];

    /// Whether windows of one key can merge.
    pub fn is_merging(self) -> bool {
        matches!(self, Windowing::Sessions { .. })
    }

    /// The windows of an element at `time`, in ascending order.
    pub fn assign(self, time: i64) -> Vec<Span> {
        match self {
            Windowing::Global => vec![Span::Global],
            Windowing::Fixed { size, offset } => starts(time, size, size, offset),
            Windowing::Sliding { size, period, offset } => starts(time, size, period, offset),
            Windowing::Sessions { gap } => vec![Span::Interval { start: time, end: time + gap }],
        }
    }
}

/// Every `[start, start + size)` that holds `time`, with `start = n · period + offset`.
fn starts(time: i64, size: i64, period: i64, offset: i64) -> Vec<Span> {
    let earliest = (time - size - offset).div_euclid(period);
    let latest = (time - offset).div_euclid(period) + 1;
    (earliest..=latest)
        .map(|n| n * period + offset)
        .filter(|start| *start <= time && time < start + size)
        .map(|start| Span::Interval { start, end: start + size })
        .collect()
}

/// All the values of each key and window. With `merging` the windows of one key that overlap become
/// one, which is then the window of all that were in them.
pub fn groups<K: Ord + Clone, V: Clone>(
    elements: impl IntoIterator<Item = (K, Vec<Span>, V)>,
    merging: bool,
) -> BTreeMap<(K, Span), Vec<V>> {
    let mut by_key: BTreeMap<K, Vec<(Span, V)>> = BTreeMap::new();
    for (key, spans, value) in elements {
        let of_key = by_key.entry(key).or_default();
        of_key.extend(spans.into_iter().map(|span| (span, value.clone())));
    }
    let mut groups: BTreeMap<(K, Span), Vec<V>> = BTreeMap::new();
    for (key, elements) in by_key {
        let spans = elements.iter().map(|(span, _)| *span);
        let sessions = if merging { sessions(spans) } else { Vec::new() };
        for (span, value) in elements {
            let session = sessions.iter().find(|session| overlap(**session, span));
            groups.entry((key.clone(), *session.unwrap_or(&span))).or_default().push(value);
        }
    }
    groups
}

pub(super) fn overlap(a: Span, b: Span) -> bool {
    match (a, b) {
        (Span::Interval { start: a, end: a_end }, Span::Interval { start: b, end: b_end }) => {
            a < b_end && b < a_end
        }
        _ => a == b,
    }
}

/// Windows, none of which overlap any more: each new one swallows all that it overlaps.
fn sessions(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut apart: Vec<Span> = Vec::new();
    for mut span in spans {
        while let Some(place) = apart.iter().position(|other| overlap(*other, span)) {
            span = hull(apart.swap_remove(place), span);
        }
        apart.push(span);
    }
    apart
}

fn hull(a: Span, b: Span) -> Span {
    match (a, b) {
        (Span::Interval { start: a, end: a_end }, Span::Interval { start: b, end: b_end }) => {
            Span::Interval { start: a.min(b), end: a_end.max(b_end) }
        }
        _ => a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(start: i64, end: i64) -> Span {
        Span::Interval { start, end }
    }

    #[test]
    fn windows_hold_their_start_and_not_their_end_also_before_the_epoch() {
        let fixed = Windowing::Fixed { size: 10, offset: 3 };
        assert_eq!(fixed.assign(3), [interval(3, 13)]);
        assert_eq!(fixed.assign(12), [interval(3, 13)]);
        assert_eq!(fixed.assign(13), [interval(13, 23)]);
        assert_eq!(fixed.assign(-8), [interval(-17, -7)]);
        let sliding = Windowing::Sliding { size: 10, period: 5, offset: 0 };
        assert_eq!(sliding.assign(-1), [interval(-10, 0), interval(-5, 5)]);
        let gaps = Windowing::Sliding { size: 2, period: 5, offset: 0 };
        assert_eq!(gaps.assign(6), [interval(5, 7)]);
        assert_eq!(gaps.assign(7), []);
    }

    #[test]
    fn sessions_merge_when_they_overlap_and_not_when_they_touch() {
        let at = |time| ((), vec![interval(time, time + 5)], time);
        let found: Vec<_> =
            groups([at(0), at(5), at(14), at(10), at(9)], true).into_iter().collect();
        let expected =
            [(((), interval(0, 5)), vec![0]), (((), interval(5, 19)), vec![5, 14, 10, 9])];
        assert_eq!(found, expected);
        assert_eq!(groups([at(0), at(4)], false).len(), 2);
    }
}
