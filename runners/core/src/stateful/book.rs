//! What waits for a time in a stateful step, and what is due.
//!
//! By the watermark, in the order of times and then of setting: elements that wait for their places, timers,
//! times to live, windows that expire. A window expires after all else that is due at its expiry. Behind
//! that, what is due by the processing time. When the input has ended, a timer of processing time is called
//! once, before its window expires, since its time will not come.

use std::collections::{BTreeSet, VecDeque};

use smallvec::SmallVec;
use watershed_model::{
    Due, Duration, KeyWindow, SetTimer, TimeDomain, TimerBook, TimerName, Timestamp, Window, fault,
    micros,
};

use super::windows::Windows;
use crate::holds::Holds;

/// What waits for a time. At one time elements come before timers, and these before a time to live.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Elements,
    Timer,
    TimeToLive,
}

/// An instant that is waited for, in the order in which they are handled.
type Waiting = (Timestamp, Rank, u64, KeyWindow);

/// What is kept for a key and window.
pub(super) struct Kept {
    pub(super) window: usize,
    /// Its place among the keys of the window.
    place: usize,
    /// The latest element that came.
    latest: Timestamp,
    pub(super) timers: SmallVec<[(u64, SetTimer); 1]>,
    /// The earliest element that waits for its place, and where it stands.
    pub(super) element: Option<(Timestamp, u64)>,
    /// When it is looked at whether its time to live has passed.
    time_to_live: Option<(Timestamp, u64)>,
    /// Where what is put out at its expiration holds the watermark.
    pub(super) expiration_hold: Option<Timestamp>,
}

/// The times of a stateful step on one worker.
pub(super) struct Book {
    pub(super) watermark: Timestamp,
    pub(super) now: Timestamp,
    allowed_lateness: Duration,
    holds_for_expiration: bool,
    time_to_live: Option<Duration>,
    pub(super) windows: Windows,
    /// By [`KeyWindow`].
    kept: Vec<Option<Kept>>,
    by_watermark: BTreeSet<Waiting>,
    by_clock: BTreeSet<Waiting>,
    /// Timers of processing time of a window that ends with the input.
    last_calls: VecDeque<Due>,
    /// Keys of a window that expires.
    expiring: VecDeque<KeyWindow>,
    pub(super) holds: Holds,
    settings: u64,
}

impl Book {
    pub(super) fn new(
        allowed_lateness: Duration,
        holds_for_expiration: bool,
        time_to_live: Option<Duration>,
    ) -> Self {
        Book {
            watermark: Timestamp::MIN,
            now: Timestamp::MIN,
            allowed_lateness,
            holds_for_expiration,
            time_to_live,
            windows: Windows::default(),
            kept: Vec::new(),
            by_watermark: BTreeSet::new(),
            by_clock: BTreeSet::new(),
            last_calls: VecDeque::new(),
            expiring: VecDeque::new(),
            holds: Holds::default(),
            settings: 0,
        }
    }

    /// When a window is complete.
    pub(super) fn end_of(&self, window: &Window) -> Timestamp {
        expiry(window, Duration::ZERO)
    }

    /// When a window is gone.
    pub(super) fn expiry_of(&self, window: &Window) -> Timestamp {
        expiry(window, self.allowed_lateness)
    }

    /// The watermark at which no element before one with this time can come any more, however late.
    fn place_of(&self, window: usize, timestamp: Timestamp) -> Timestamp {
        (timestamp + self.allowed_lateness + micros(1)).min(self.windows.get(window).expiry)
    }

    /// The processing time at which something is due next.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.by_clock.first().map(|(at, ..)| *at)
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter().flatten()
    }

    /// How many keys and windows there are.
    pub(super) fn entries(&self) -> usize {
        self.windows.iter().map(|open| open.keys.len()).sum()
    }

    /// How much is kept, places that wait to be used again among it.
    pub(super) fn held(&self) -> usize {
        self.kept.len() + self.windows.len() + self.by_watermark.len() + self.by_clock.len()
    }

    fn of(&self, at: KeyWindow) -> &Kept {
        match &self.kept[at.0 as usize] {
            Some(kept) => kept,
            None => unreachable!("a kernel uses only keys and windows that it has opened"),
        }
    }

    fn of_mut(&mut self, at: KeyWindow) -> &mut Kept {
        match &mut self.kept[at.0 as usize] {
            Some(kept) => kept,
            None => unreachable!("a kernel uses only keys and windows that it has opened"),
        }
    }

    fn waiting(&mut self, domain: TimeDomain) -> &mut BTreeSet<Waiting> {
        match domain {
            TimeDomain::EventTime => &mut self.by_watermark,
            TimeDomain::ProcessingTime => &mut self.by_clock,
        }
    }

    fn number(&mut self) -> u64 {
        self.settings += 1;
        self.settings
    }

    /// Takes a timer away that is set under this number.
    fn take(&mut self, at: KeyWindow, number: u64) -> Option<SetTimer> {
        let timers = &mut self.of_mut(at).timers;
        let place = timers.iter().position(|(other, _)| *other == number)?;
        let (_, timer) = timers.remove(place);
        self.waiting(timer.domain).remove(&(timer.time, Rank::Timer, number, at));
        self.holds.change(Some(timer.output), None);
        Some(timer)
    }

    fn first_by_watermark(&self) -> Option<Waiting> {
        if fault!("timers-fire-in-the-order-of-setting") {
            let due = self.by_watermark.iter().filter(|(at, ..)| *at <= self.watermark);
            return due.min_by_key(|(_, _, number, _)| *number).copied();
        }
        self.by_watermark.first().copied()
    }

    /// What is due of what waits for the watermark.
    fn next_by_watermark(&mut self) -> Option<Due> {
        loop {
            if let Some(at) = self.expiring.pop_front() {
                let output = self.windows.get(self.of(at).window).window.max_timestamp();
                return Some(Due::Expiration { at, output });
            }
            let watermark = self.watermark;
            let expires = self.windows.first().filter(|(expiry, _)| *expiry <= watermark);
            let until = expires.map_or(watermark, |(expiry, _)| expiry);
            if let Some(first) = self.first_by_watermark().filter(|(at, ..)| *at <= until) {
                match self.is_due(first) {
                    Some(due) => return Some(due),
                    None => continue,
                }
            }
            if let Some(due) = self.last_calls.pop_front() {
                return Some(due);
            }
            let (_, window) = expires?;
            if watermark == Timestamp::MAX && !self.windows.get(window).is_ending {
                self.windows.get_mut(window).is_ending = true;
                self.call_for_the_last_time(window);
                continue;
            }
            self.expiring.extend(self.windows.get(window).keys.iter().copied());
        }
    }

    /// An instant has come.
    fn is_due(&mut self, (time, rank, number, at): Waiting) -> Option<Due> {
        match rank {
            Rank::Timer => {
                let timer = self.take(at, number)?;
                Some(Due::Timer { at, timer, is_at_end: false })
            }
            Rank::Elements => {
                let until = self.of(at).element.map_or(Timestamp::MIN, |(element, _)| element);
                self.wait_for(at, None);
                Some(Due::Elements { at, until })
            }
            Rank::TimeToLive => {
                self.by_watermark.remove(&(time, rank, number, at));
                let kept = self.of_mut(at);
                kept.time_to_live = None;
                let latest = kept.latest;
                if let Some(span) = self.time_to_live
                    && latest + span > time
                {
                    self.live_until(at, latest + span);
                    return None;
                }
                Some(Due::Expiration { at, output: time.min(Timestamp::END_OF_GLOBAL_WINDOW) })
            }
        }
    }

    fn live_until(&mut self, at: KeyWindow, time: Timestamp) {
        let number = self.number();
        self.by_watermark.insert((time, Rank::TimeToLive, number, at));
        self.of_mut(at).time_to_live = Some((time, number));
        if self.holds_for_expiration {
            let before = self.of_mut(at).expiration_hold.replace(time);
            self.holds.change(before, Some(time));
        }
    }

    /// The input has ended: timers of processing time of a window are called now or never.
    fn call_for_the_last_time(&mut self, window: usize) {
        let mut last: Vec<Waiting> = Vec::new();
        for at in &self.windows.get(window).keys {
            let timers = self.of(*at).timers.iter();
            let timers = timers.filter(|(_, timer)| timer.domain == TimeDomain::ProcessingTime);
            last.extend(timers.map(|(number, timer)| (timer.time, Rank::Timer, *number, *at)));
        }
        last.sort_unstable();
        if fault!("waiting-processing-timers-are-forgotten") {
            last.clear();
        }
        for (_, _, number, at) in last {
            if let Some(timer) = self.take(at, number) {
                self.last_calls.push_back(Due::Timer { at, timer, is_at_end: true });
            }
        }
    }
}

fn expiry(window: &Window, allowed_lateness: Duration) -> Timestamp {
    match window {
        Window::Global => Timestamp::MAX,
        window => window.max_timestamp() + micros(1) + allowed_lateness,
    }
}

impl TimerBook for Book {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn open(&mut self, at: KeyWindow, window: &Window) {
        let lateness = self.allowed_lateness;
        let (id, place) = self.windows.enter(at, window, |window| expiry(window, lateness));
        let is_gone = self.windows.get(id).expiry <= self.watermark;
        let holds = self.holds_for_expiration && self.time_to_live.is_none() && !is_gone;
        let expiration_hold = holds.then(|| window.max_timestamp());
        self.holds.change(None, expiration_hold);
        let room = at.0 as usize + 1;
        if self.kept.len() < room {
            self.kept.resize_with(room, || None);
        }
        self.kept[at.0 as usize] = Some(Kept {
            window: id,
            place,
            latest: Timestamp::MIN,
            timers: SmallVec::new(),
            element: None,
            time_to_live: None,
            expiration_hold,
        });
    }

    fn came(&mut self, at: KeyWindow, timestamp: Timestamp) {
        let kept = self.of_mut(at);
        kept.latest = kept.latest.max(timestamp);
        let (latest, lives) = (kept.latest, kept.time_to_live.is_some());
        if let Some(span) = self.time_to_live.filter(|_| !lives) {
            self.live_until(at, latest + span);
        }
    }

    fn set(&mut self, at: KeyWindow, timer: SetTimer) {
        self.clear(at, &timer.name);
        let open = self.windows.get(self.of(at).window);
        let will_not_come = match timer.domain {
            TimeDomain::ProcessingTime => open.is_ending,
            // A timer that sets itself again would go on to the end of time, where the window has no end:
            // there it stops with the elements.
            TimeDomain::EventTime => {
                let end = match fault!("timers-loop-on") {
                    true => self.of(at).latest + watershed_model::hours(1),
                    false => self.of(at).latest,
                };
                timer.by_timer
                    && self.watermark == Timestamp::MAX
                    && open.window == Window::Global
                    && timer.time > end
            }
        };
        if will_not_come {
            return;
        }
        let number = self.number();
        self.waiting(timer.domain).insert((timer.time, Rank::Timer, number, at));
        if !fault!("timers-do-not-hold") {
            self.holds.change(None, Some(timer.output));
        }
        self.of_mut(at).timers.push((number, timer));
    }

    fn clear(&mut self, at: KeyWindow, name: &TimerName) {
        let set = self.of(at).timers.iter().find(|(_, timer)| timer.name == *name);
        if let Some((number, _)) = set
            && !fault!("timers-are-not-replaced")
        {
            let number = *number;
            self.take(at, number);
        }
    }

    fn expiry(&self, at: KeyWindow) -> Timestamp {
        self.windows.get(self.of(at).window).expiry
    }

    fn is_too_late(&self, at: KeyWindow, timestamp: Timestamp) -> bool {
        self.place_of(self.of(at).window, timestamp) <= self.watermark
    }

    fn wait_for(&mut self, at: KeyWindow, timestamp: Option<Timestamp>) {
        let Kept { element: before, window, .. } = *self.of(at);
        if before.map(|(before, _)| before) == timestamp {
            return;
        }
        if let Some((before, number)) = before {
            self.by_watermark.remove(&(self.place_of(window, before), Rank::Elements, number, at));
        }
        self.holds.change(before.map(|(before, _)| before), timestamp);
        let after = timestamp.map(|timestamp| (timestamp, self.number()));
        if let Some((timestamp, number)) = after {
            self.by_watermark.insert((
                self.place_of(window, timestamp),
                Rank::Elements,
                number,
                at,
            ));
        }
        self.of_mut(at).element = after;
    }

    fn next(&mut self) -> Option<Due> {
        if let Some(due) = self.next_by_watermark() {
            return Some(due);
        }
        let now = self.now;
        let (_, _, number, at) = self.by_clock.first().copied().filter(|(at, ..)| *at <= now)?;
        let timer = self.take(at, number)?;
        Some(Due::Timer { at, timer, is_at_end: false })
    }

    fn close(&mut self, at: KeyWindow) {
        let Some(kept) = self.kept.get_mut(at.0 as usize).and_then(Option::take) else { return };
        for (number, timer) in &kept.timers {
            self.waiting(timer.domain).remove(&(timer.time, Rank::Timer, *number, at));
            self.holds.change(Some(timer.output), None);
        }
        if let Some((element, number)) = kept.element {
            self.by_watermark.remove(&(
                self.place_of(kept.window, element),
                Rank::Elements,
                number,
                at,
            ));
            self.holds.change(Some(element), None);
        }
        if let Some((time, number)) = kept.time_to_live {
            self.by_watermark.remove(&(time, Rank::TimeToLive, number, at));
        }
        self.holds.change(kept.expiration_hold, None);
        if let Some(moved) = self.windows.leave(kept.window, kept.place) {
            self.of_mut(moved).place = kept.place;
        }
    }

    fn timers(&self, at: KeyWindow) -> (Timestamp, Vec<SetTimer>) {
        let kept = self.of(at);
        let mut timers: Vec<&(u64, SetTimer)> = kept.timers.iter().collect();
        timers.sort_unstable_by_key(|(number, _)| *number);
        (kept.latest, timers.into_iter().map(|(_, timer)| timer.clone()).collect())
    }
}
