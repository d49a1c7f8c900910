//! What waits for a time in a stateful step, and what is due.
//!
//! By the watermark, in the order of times and then of setting: elements that wait for their places, timers,
//! times to live, windows that expire. A window expires after all else that is due at its expiry. Behind
//! that, what is due by the processing time. When the input has ended, a timer of processing time is called
//! once, before its window expires, since its time will not come.

use std::collections::{BTreeMap, VecDeque};

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use watershed_model::{
    Due, Duration, KeyWindow, SetTimer, TimeDomain, TimerBook, TimerName, Timestamp, Window, fault,
    micros,
};

use super::windows::Windows;
use crate::{grouping::expiry, holds::Holds};

/// What waits for a time. At one time elements come before timers, and these before a time to live.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Elements,
    Timer,
    TimeToLive,
}

/// An instant that is waited for, in the order in which they are handled.
type Waiting = (Timestamp, Rank, u64, KeyWindow);

/// All that is waited for by one time; of a timer, which it is.
type Queue = BTreeMap<Waiting, Option<SetTimer>>;

/// Where a timer stands that is set.
#[derive(Clone, Copy)]
struct Place {
    domain: TimeDomain,
    time: Timestamp,
    number: u64,
}

/// What is kept for a key and window.
pub(super) struct Kept {
    pub(super) window: usize,
    /// Its place among the keys of the window.
    place: usize,
    /// The latest element that came.
    latest: Timestamp,
    /// The timers that are set. There may be many of one key, where a family has many tags.
    timers: IndexMap<TimerName, Place, RandomState>,
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
    by_watermark: Queue,
    by_clock: Queue,
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
            by_watermark: Queue::new(),
            by_clock: Queue::new(),
            last_calls: VecDeque::new(),
            expiring: VecDeque::new(),
            holds: Holds::default(),
            settings: 0,
        }
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
        self.by_clock.first_key_value().map(|((at, ..), _)| *at)
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

    /// The timers of a kind that are set, in the order in which they are due, each with who set it.
    pub(super) fn set_timers(
        &self,
        domain: TimeDomain,
    ) -> impl Iterator<Item = (&Kept, &SetTimer)> {
        let all = self.queue(domain).iter();
        all.filter_map(|((.., at), timer)| Some((self.of(*at), timer.as_ref()?)))
    }

    fn queue(&self, domain: TimeDomain) -> &Queue {
        match domain {
            TimeDomain::EventTime => &self.by_watermark,
            TimeDomain::ProcessingTime => &self.by_clock,
        }
    }

    fn queue_mut(&mut self, domain: TimeDomain) -> &mut Queue {
        match domain {
            TimeDomain::EventTime => &mut self.by_watermark,
            TimeDomain::ProcessingTime => &mut self.by_clock,
        }
    }

    fn number(&mut self) -> u64 {
        self.settings += 1;
        self.settings
    }

    /// Takes a timer away that stands there.
    fn take(&mut self, at: KeyWindow, place: Place) -> Option<SetTimer> {
        let Place { domain, time, number } = place;
        let timer = self.queue_mut(domain).remove(&(time, Rank::Timer, number, at)).flatten()?;
        self.of_mut(at).timers.swap_remove(&timer.name);
        self.holds.change(Some(timer.output), None);
        Some(timer)
    }

    fn first_by_watermark(&self) -> Option<Waiting> {
        if fault!("timers-fire-in-the-order-of-setting") {
            let due = self.by_watermark.keys().filter(|(at, ..)| *at <= self.watermark);
            return due.min_by_key(|(_, _, number, _)| *number).copied();
        }
        self.by_watermark.first_key_value().map(|(first, _)| *first)
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
                let timer = self.take(at, Place { domain: TimeDomain::EventTime, time, number })?;
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
        self.by_watermark.insert((time, Rank::TimeToLive, number, at), None);
        self.of_mut(at).time_to_live = Some((time, number));
        if self.holds_for_expiration {
            let end = self.windows.get(self.of(at).window).window.max_timestamp();
            let before = self.of_mut(at).expiration_hold.replace(time.min(end));
            self.holds.change(before, Some(time.min(end)));
        }
    }

    /// The input has ended: timers of processing time of a window are called now or never.
    fn call_for_the_last_time(&mut self, window: usize) {
        let mut last: Vec<(KeyWindow, Place)> = Vec::new();
        for at in &self.windows.get(window).keys {
            let places = self.of(*at).timers.values();
            let by_clock = places.filter(|place| place.domain == TimeDomain::ProcessingTime);
            last.extend(by_clock.map(|place| (*at, *place)));
        }
        last.sort_unstable_by_key(|(_, place)| (place.time, place.number));
        if fault!("waiting-processing-timers-are-forgotten") {
            last.clear();
        }
        for (at, place) in last {
            if let Some(timer) = self.take(at, place) {
                self.last_calls.push_back(Due::Timer { at, timer, is_at_end: true });
            }
        }
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
        let may_hold = !is_gone && !fault!("expirations-do-not-hold");
        let holds = self.holds_for_expiration && may_hold;
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
            timers: IndexMap::default(),
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
        let place = Place { domain: timer.domain, time: timer.time, number: self.number() };
        if !fault!("timers-do-not-hold") {
            self.holds.change(None, Some(timer.output));
        }
        self.of_mut(at).timers.insert(timer.name.clone(), place);
        let queue = self.queue_mut(timer.domain);
        queue.insert((timer.time, Rank::Timer, place.number, at), Some(timer));
    }

    fn clear(&mut self, at: KeyWindow, name: &TimerName) {
        let place = self.of(at).timers.get(name).copied();
        if let Some(place) = place.filter(|_| !fault!("timers-are-not-replaced")) {
            self.take(at, place);
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
            let place = (self.place_of(window, timestamp), Rank::Elements, number, at);
            self.by_watermark.insert(place, None);
        }
        self.of_mut(at).element = after;
    }

    fn next(&mut self) -> Option<Due> {
        if let Some(due) = self.next_by_watermark() {
            return Some(due);
        }
        let (time, _, number, at) = self.by_clock.first_key_value().map(|(first, _)| *first)?;
        if time > self.now {
            return None;
        }
        let timer = self.take(at, Place { domain: TimeDomain::ProcessingTime, time, number })?;
        Some(Due::Timer { at, timer, is_at_end: false })
    }

    fn is_idle(&self, at: KeyWindow) -> bool {
        let kept = self.kept.get(at.0 as usize).and_then(Option::as_ref);
        // What expires is listed, and goes by that.
        kept.is_some_and(|kept| {
            let expires = self.windows.get(kept.window).expiry <= self.watermark;
            !expires && kept.timers.is_empty() && kept.element.is_none()
        })
    }

    fn close(&mut self, at: KeyWindow) {
        let Some(kept) = self.kept.get_mut(at.0 as usize).and_then(Option::take) else { return };
        for Place { domain, time, number } in kept.timers.values().copied() {
            let timer = self.queue_mut(domain).remove(&(time, Rank::Timer, number, at)).flatten();
            self.holds.change(timer.map(|timer| timer.output), None);
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
        let mut places: Vec<Place> = kept.timers.values().copied().collect();
        places.sort_unstable_by_key(|place| place.number);
        let timers = places.into_iter().filter_map(|Place { domain, time, number }| {
            self.queue(domain).get(&(time, Rank::Timer, number, at)).cloned().flatten()
        });
        (kept.latest, timers.collect())
    }
}
