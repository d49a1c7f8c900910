//! The window functions of the toolbox: global, fixed, sliding, sessions.

use watershed_model::{Duration, GlobalWindow, IntervalWindow, Timestamp, fault};

use super::WindowFn;

/// Everything in one window that never ends before the data does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalWindows;

impl<T> WindowFn<T> for GlobalWindows {
    type Window = GlobalWindow;
    fn assign(&self, _: &T, _: Timestamp, windows: &mut Vec<GlobalWindow>) {
        windows.push(GlobalWindow);
    }
    fn assigns_alike(&self, _: Timestamp) -> Option<(Timestamp, Timestamp)> {
        Some((Timestamp::MIN, Timestamp::MAX))
    }
    fn window_at(&self, _: Timestamp) -> Option<GlobalWindow> {
        Some(GlobalWindow)
    }
    fn is_global(&self) -> bool {
        true
    }
}

/// Windows of one size side by side: `[n·size + offset, (n+1)·size + offset)`. (Beam: `FixedWindows`;
/// elsewhere "tumbling".)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedWindows {
    size: Duration,
    offset: Duration,
}

impl FixedWindows {
    /// Windows of this size, one of which starts at the epoch.
    pub fn of(size: impl Into<Duration>) -> Self {
        FixedWindows { size: size.into(), offset: Duration::ZERO }
    }

    /// Moves all windows by `offset`.
    pub fn with_offset(self, offset: impl Into<Duration>) -> Self {
        FixedWindows { offset: offset.into(), ..self }
    }
}

/// `t − ((t − offset) mod period)` with the remainder of Euclid, so that times before the epoch fall
/// into the window that holds them (Beam's do not). Widened, since it can lie before all time.
fn last_start(timestamp: Timestamp, period: Duration, offset: Duration) -> i128 {
    let (at, period) = (timestamp.as_micros(), period.as_micros().max(1));
    if fault!("windows-round-towards-the-epoch") {
        return i128::from(at) - i128::from((at - offset.as_micros()) % period);
    }
    // Dividing wide numbers takes several times as long.
    let into = match at.checked_sub(offset.as_micros()) {
        Some(since) => i128::from(since.rem_euclid(period)),
        None => {
            let since = i128::from(at) - i128::from(offset.as_micros());
            since.rem_euclid(i128::from(period))
        }
    };
    i128::from(at) - into
}

/// The window from a start, as far as it lies within time.
fn starting(start: i128, size: Duration) -> IntervalWindow {
    let instant = |micros: i128| {
        Timestamp::from_micros(micros.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    };
    IntervalWindow::new(instant(start), instant(start + i128::from(size.as_micros())))
}

impl<T> WindowFn<T> for FixedWindows {
    type Window = IntervalWindow;
    fn assign(&self, _: &T, timestamp: Timestamp, windows: &mut Vec<IntervalWindow>) {
        windows.push(starting(last_start(timestamp, self.size, self.offset), self.size));
    }
    fn assigns_alike(&self, timestamp: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let window = starting(last_start(timestamp, self.size, self.offset), self.size);
        Some((window.start, window.end))
    }
    fn window_at(&self, at: Timestamp) -> Option<IntervalWindow> {
        Some(starting(last_start(at, self.size, self.offset), self.size))
    }
    fn check(&self) -> Result<(), (String, String)> {
        positive("size", self.size, "FixedWindows::of(seconds(10))")
    }
}

/// Windows of one size that start every period, so that they overlap (or leave gaps, if the period
/// is longer than the size; what falls into a gap is dropped, counted). (Beam: `SlidingWindows`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlidingWindows {
    size: Duration,
    period: Duration,
    offset: Duration,
}

impl SlidingWindows {
    /// Windows of `size`, one of which starts at the epoch and one every `period` from there.
    pub fn of(size: impl Into<Duration>, period: impl Into<Duration>) -> Self {
        SlidingWindows { size: size.into(), period: period.into(), offset: Duration::ZERO }
    }

    /// Moves all windows by `offset`.
    pub fn with_offset(self, offset: impl Into<Duration>) -> Self {
        SlidingWindows { offset: offset.into(), ..self }
    }
}

impl<T> WindowFn<T> for SlidingWindows {
    type Window = IntervalWindow;
    fn assign(&self, _: &T, timestamp: Timestamp, windows: &mut Vec<IntervalWindow>) {
        let (at, size) = (i128::from(timestamp.as_micros()), i128::from(self.size.as_micros()));
        let mut start = last_start(timestamp, self.period, self.offset);
        while start + size > at {
            windows.push(starting(start, self.size));
            if fault!("sliding-windows-hold-only-the-newest") {
                break;
            }
            start -= i128::from(self.period.as_micros().max(1));
        }
    }
    fn window_at(&self, at: Timestamp) -> Option<IntervalWindow> {
        let mut windows = Vec::new();
        WindowFn::<()>::assign(self, &(), at, &mut windows);
        if fault!("the-last-sliding-window-is-shown") {
            return windows.into_iter().max_by_key(|window| window.end);
        }
        windows.into_iter().min_by_key(|window| window.end)
    }
    fn check(&self) -> Result<(), (String, String)> {
        let example = "SlidingWindows::of(minutes(10), minutes(1))";
        positive("size", self.size, example)?;
        positive("period", self.period, example)
    }
}

/// Windows of activity: an element opens `[t, t + gap)`, and windows of one key that overlap become
/// one. Windows that only touch stay apart. (Beam: `Sessions`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    gap: Duration,
}

impl Sessions {
    /// Sessions that end when nothing came for `gap`.
    pub fn with_gap(gap: impl Into<Duration>) -> Self {
        Sessions { gap: gap.into() }
    }
}

impl<T> WindowFn<T> for Sessions {
    type Window = IntervalWindow;
    fn assign(&self, _: &T, timestamp: Timestamp, windows: &mut Vec<IntervalWindow>) {
        windows.push(IntervalWindow::new(timestamp, timestamp + self.gap));
    }
    fn is_merging(&self) -> bool {
        !fault!("sessions-never-merge")
    }
    fn merge(&self, windows: &[IntervalWindow]) -> Vec<(Vec<usize>, IntervalWindow)> {
        let mut order: Vec<usize> = (0..windows.len()).collect();
        order.sort_by_key(|place| windows[*place]);
        let mut merges: Vec<(Vec<usize>, IntervalWindow)> = Vec::new();
        for place in order {
            let window = windows[place];
            match merges.last_mut() {
                Some((parts, session))
                    if window.start < session.end
                        || (window.start == session.end && fault!("touching-sessions-merge")) =>
                {
                    parts.push(place);
                    session.end = session.end.max(window.end);
                }
                _ => merges.push((vec![place], window)),
            }
        }
        merges.retain(|(parts, _)| parts.len() > 1);
        merges
    }
    fn check(&self) -> Result<(), (String, String)> {
        positive("gap", self.gap, "Sessions::with_gap(minutes(10))")
    }
}

fn positive(what: &str, span: Duration, example: &str) -> Result<(), (String, String)> {
    if span.is_positive() {
        return Ok(());
    }
    Err((format!("the windows' {what} is {span}"), format!("give a {what} above zero: {example}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use watershed_model::{micros, seconds};

    fn at(t: i64) -> Timestamp {
        Timestamp::from_seconds(t)
    }
    fn interval(start: i64, end: i64) -> IntervalWindow {
        IntervalWindow::new(at(start), at(end))
    }
    fn assigned(
        window_fn: &impl WindowFn<(), Window = IntervalWindow>,
        t: Timestamp,
    ) -> Vec<IntervalWindow> {
        let mut windows = Vec::new();
        window_fn.assign(&(), t, &mut windows);
        windows
    }

    #[test]
    fn fixed_windows_hold_their_start_and_not_their_end_also_before_the_epoch() {
        let fixed = FixedWindows::of(seconds(10)).with_offset(seconds(3));
        assert_eq!(assigned(&fixed, at(3)), [interval(3, 13)]);
        assert_eq!(assigned(&fixed, at(13) - micros(1)), [interval(3, 13)]);
        assert_eq!(assigned(&fixed, at(13)), [interval(13, 23)]);
        assert_eq!(assigned(&fixed, at(-1)), [interval(-7, 3)]);
        assert_eq!(assigned(&fixed, at(-7)), [interval(-7, 3)]);
    }

    #[test]
    fn sliding_windows_overlap_or_leave_gaps() {
        let sliding = SlidingWindows::of(seconds(10), seconds(5));
        assert_eq!(assigned(&sliding, at(12)), [interval(10, 20), interval(5, 15)]);
        assert_eq!(assigned(&sliding, at(-1)), [interval(-5, 5), interval(-10, 0)]);
        let gaps = SlidingWindows::of(seconds(2), seconds(5));
        assert_eq!(assigned(&gaps, at(6)), [interval(5, 7)]);
        assert_eq!(assigned(&gaps, at(7)), []);
    }

    #[test]
    fn the_ends_of_time_neither_overflow_nor_loop() {
        for t in [Timestamp::MIN, Timestamp::MAX, Timestamp::END_OF_GLOBAL_WINDOW] {
            assert_eq!(
                assigned(&FixedWindows::of(seconds(10)).with_offset(seconds(7)), t).len(),
                1
            );
            assert_eq!(assigned(&SlidingWindows::of(seconds(10), seconds(5)), t).len(), 2);
            assert_eq!(assigned(&Sessions::with_gap(seconds(1)), t).len(), 1);
        }
        // The first window is cut off where time begins, and the second is whole.
        let fixed = FixedWindows::of(seconds(10));
        let first = assigned(&fixed, Timestamp::MIN)[0];
        assert_eq!(first.start, Timestamp::MIN);
        assert_eq!(assigned(&fixed, first.end - micros(1)), [first]);
        let second = IntervalWindow::new(first.end, first.end + seconds(10));
        assert_eq!(assigned(&fixed, first.end), [second]);
        assert_eq!(second.start.as_micros() % 10_000_000, 0);
    }

    #[test]
    fn sessions_merge_when_they_overlap_and_not_when_they_touch() {
        let merged = |windows: &[IntervalWindow]| {
            WindowFn::<()>::merge(&Sessions::with_gap(seconds(5)), windows)
        };
        assert_eq!(merged(&[interval(0, 5), interval(5, 10)]), []);
        assert_eq!(
            merged(&[
                interval(20, 25),
                interval(0, 5),
                interval(9, 14),
                interval(4, 9),
                interval(8, 13)
            ]),
            [(vec![1, 3, 4, 2], interval(0, 14))]
        );
    }

    #[test]
    fn sizes_must_be_above_zero() {
        assert!(WindowFn::<()>::check(&FixedWindows::of(seconds(0))).is_err());
        assert!(WindowFn::<()>::check(&SlidingWindows::of(seconds(1), seconds(-1))).is_err());
        assert!(WindowFn::<()>::check(&Sessions::with_gap(seconds(0))).is_err());
        assert!(WindowFn::<()>::check(&Sessions::with_gap(micros(1))).is_ok());
    }
}
