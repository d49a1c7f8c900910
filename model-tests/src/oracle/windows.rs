//! Which windows a time is in, when they end and expire, and how sessions merge.

use serde::{Deserialize, Serialize};
use watershed::model::{Duration, Timestamp, Window, micros};

/// Which windows an element is put into. All lengths are above zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Windowing {
    /// One window for all.
    Global,
    /// Side by side.
    Fixed {
        /// How long each is.
        size: Duration,
        /// By how much they are moved.
        offset: Duration,
    },
    /// One every period.
    Sliding {
        /// How long each is.
        size: Duration,
        /// From one start to the next.
        period: Duration,
        /// By how much they are moved.
        offset: Duration,
    },
    /// From an element for so long; those of one key that overlap become one.
    Sessions {
        /// How long.
        gap: Duration,
    },
    /// From each of these instants to the next, in ascending order: what a calendar comes down to.
    /// Outside them there is no window. It is for transcripts from elsewhere; none is generated.
    Calendar {
        /// The instants.
        borders: Vec<Timestamp>,
    },
}

impl Windowing {
    /// Whether windows of one key can merge.
    pub fn is_merging(&self) -> bool {
        matches!(self, Windowing::Sessions { .. })
    }

    /// The windows of an element at this time.
    pub fn assign(&self, at: Timestamp) -> Vec<Window> {
        match self {
            Windowing::Global => vec![Window::Global],
            Windowing::Fixed { size, offset } => starting(at, *size, *size, *offset),
            Windowing::Sliding { size, period, offset } => starting(at, *size, *period, *offset),
            Windowing::Sessions { gap } => vec![Window::Interval { start: at, end: at + *gap }],
            Windowing::Calendar { borders } => borders
                .windows(2)
                .filter(|pair| pair[0] <= at && at < pair[1])
                .map(|pair| Window::Interval { start: pair[0], end: pair[1] })
                .collect(),
        }
    }
}

/// Every `[start, start + size)` that holds the time, with `start ≡ offset (mod period)`.
fn starting(at: Timestamp, size: Duration, period: Duration, offset: Duration) -> Vec<Window> {
    let since_start = (at.as_micros() - offset.as_micros()).rem_euclid(period.as_micros());
    let newest = at - micros(since_start);
    let starts = (0..).map(|n| newest - micros(n * period.as_micros()));
    starts
        .take_while(|start| at < *start + size)
        .map(|start| Window::Interval { start, end: start + size })
        .collect()
}

/// The watermark at which the window is complete.
pub fn end(window: &Window) -> Timestamp {
    match window {
        Window::Global => Timestamp::MAX,
        // Behind the last legal time there is nothing to wait for.
        Window::Interval { end, .. } => (*end).min(Timestamp::END_OF_GLOBAL_WINDOW + micros(1)),
        Window::Custom(custom) => custom.max_timestamp + micros(1),
    }
}

/// The watermark at which the window is expired.
pub fn expiry(window: &Window, lateness: Duration) -> Timestamp {
    end(window) + lateness
}

/// Whether the second window lies within the first.
pub(crate) fn covers(outer: &Window, inner: &Window) -> bool {
    match (outer, inner) {
        (
            Window::Interval { start, end },
            Window::Interval { start: inner_start, end: inner_end },
        ) => start <= inner_start && inner_end <= end,
        _ => outer == inner,
    }
}

/// What these windows become when all that overlap merge. Windows that touch do not overlap.
pub(super) fn merged(windows: impl IntoIterator<Item = Window>) -> Vec<Window> {
    let mut ascending: Vec<Window> = windows.into_iter().collect();
    ascending.sort();
    let mut apart: Vec<Window> = Vec::new();
    for window in ascending {
        match (apart.last_mut(), &window) {
            (
                Some(Window::Interval { end: last_end, .. }),
                Window::Interval { start, end: window_end },
            ) if start < last_end => *last_end = (*last_end).max(*window_end),
            _ => apart.push(window),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: i64, end: i64) -> Window {
        let [start, end] = [start, end].map(Timestamp::from_micros);
        Window::Interval { start, end }
    }

    fn at(time: i64) -> Timestamp {
        Timestamp::from_micros(time)
    }

    #[test]
    fn windows_hold_their_start_and_not_their_end_also_before_the_epoch() {
        let fixed = Windowing::Fixed { size: micros(10), offset: micros(3) };
        assert_eq!(fixed.assign(at(3)), [window(3, 13)]);
        assert_eq!(fixed.assign(at(12)), [window(3, 13)]);
        assert_eq!(fixed.assign(at(13)), [window(13, 23)]);
        assert_eq!(fixed.assign(at(-8)), [window(-17, -7)]);
    }

    #[test]
    fn sliding_windows_overlap_or_leave_gaps() {
        let sliding = |size, period| Windowing::Sliding {
            size: micros(size),
            period: micros(period),
            offset: micros(0),
        };
        assert_eq!(sliding(10, 5).assign(at(-1)), [window(-5, 5), window(-10, 0)]);
        assert_eq!(sliding(2, 5).assign(at(6)), [window(5, 7)]);
        assert_eq!(sliding(2, 5).assign(at(7)), []);
    }

    #[test]
    fn a_calendar_has_no_windows_outside_its_borders() {
        let calendar = Windowing::Calendar { borders: [0, 10, 13].map(at).into() };
        assert_eq!(calendar.assign(at(10)), [window(10, 13)]);
        assert_eq!(calendar.assign(at(13)), []);
        assert_eq!(calendar.assign(at(-1)), []);
    }

    #[test]
    fn windows_merge_when_they_overlap_and_not_when_they_touch() {
        let found = merged([window(14, 19), window(0, 5), window(5, 10), window(9, 14)]);
        assert_eq!(found, [window(0, 5), window(5, 14), window(14, 19)]);
        assert_eq!(merged([window(0, 9), window(2, 4), window(5, 7)]), [window(0, 9)]);
    }

    #[test]
    fn lengths_saturate_and_the_global_window_ends_at_the_end_of_time() {
        assert_eq!(end(&Window::Global), Timestamp::MAX);
        assert_eq!(expiry(&window(0, 5), Duration::MAX), Timestamp::MAX);
        assert_eq!(expiry(&window(0, 5), micros(2)), at(7));
    }
}
