//! What a stateful step says of itself.

use watershed_model::{TimeDomain, Timestamp};

use super::{book::Kept, operator::StatefulOperator};
use crate::{Account, Holder, OpenWindow, Sight, StateSize, ViewReader, grouping::end};

impl StatefulOperator {
    /// What came, was handed to the author's code, and waits for its place in the order of times.
    pub fn account(&self) -> Account {
        let held = self.waiting();
        Account { left: self.account.folded - held, held, ..self.account }
    }

    /// How much is kept.
    pub fn state_size(&self) -> StateSize {
        let waiting = self.reader.as_ref().map_or(0, ViewReader::waiting);
        StateSize { entries: self.book.entries() as u64, elements: self.waiting() + waiting as u64 }
    }

    /// What holds the output watermark where it is, if something here does.
    pub fn holder(&self, sight: &Sight<'_>) -> Option<Holder> {
        let at = self.hold()?;
        if let Some(reader) = self.reader.as_ref().filter(|reader| reader.hold() == Some(at)) {
            return reader.holder(sight);
        }
        let window = |kept: &Kept| self.book.windows.get(kept.window).window.clone();
        let domains = [TimeDomain::EventTime, TimeDomain::ProcessingTime];
        let mut timers = domains.into_iter().flat_map(|domain| self.book.set_timers(domain));
        if let Some((kept, timer)) = timers.find(|(_, timer)| timer.output == at) {
            let name = self.step.timers.get(timer.name.id as usize).map_or("", String::as_str);
            let timer_name = match &timer.name.tag {
                Some(tag) => format!("{name}[{tag}]"),
                None => name.to_owned(),
            };
            let (window, due, domain) = (window(kept), timer.time, timer.domain);
            return Some(Holder::Timer { timer: timer_name, window, at, due, domain });
        }
        let kept = self.book.kept().find(|kept| {
            kept.element.is_some_and(|(element, _)| element == at)
                || kept.expiration_hold == Some(at)
        })?;
        Some(Holder::Window { window: window(kept), at })
    }

    /// The windows that keys have, those that end first, up to `most`.
    pub fn open_windows(&self, most: usize) -> Vec<OpenWindow> {
        let mut open: Vec<_> = self.book.windows.iter().collect();
        open.sort_unstable_by_key(|open| (open.window.max_timestamp(), &open.window));
        let open = open.into_iter().take(most).map(|open| OpenWindow {
            window: open.window.clone(),
            end: end(&open.window),
            expiry: open.expiry,
            keys: open.keys.len() as u64,
            closed: 0,
            elements: 0,
            deadline: self.deadline(&open.window),
        });
        open.collect()
    }

    /// The processing time at which the first timer of a window is due.
    fn deadline(&self, window: &watershed_model::Window) -> Option<Timestamp> {
        let mut by_clock = self.book.set_timers(TimeDomain::ProcessingTime);
        let is_of = |kept: &Kept| self.book.windows.get(kept.window).window == *window;
        by_clock.find(|(kept, _)| is_of(kept)).map(|(_, timer)| timer.time)
    }
}
