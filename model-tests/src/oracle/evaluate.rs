//! The answer by definition, event by event.

use std::collections::{BTreeMap, BTreeSet};

use watershed::model::{Timestamp, Window};

use super::{
    Dropped, Drops, Element, Event, Outcome, Pane, Reason, Transcript, end, expiry,
    holding::{Cause, Clocks, Holding},
    windows::{covers, merged},
};

/// The panes of each event, and those of the end, when the watermark goes to [`Timestamp::MAX`].
pub fn evaluate(transcript: &Transcript) -> Outcome {
    let mut grouping = Grouping {
        transcript,
        clocks: Clocks { watermark: Timestamp::MIN, processing: Timestamp::MIN },
        keys: BTreeMap::new(),
        panes: Vec::new(),
        drops: Drops::default(),
    };
    let the_end = Event::Watermark(Timestamp::MAX);
    let panes = transcript.events.iter().chain([&the_end]).map(|event| {
        grouping.step(event);
        std::mem::take(&mut grouping.panes)
    });
    Outcome { panes: panes.collect(), drops: grouping.drops }
}

struct Grouping<'t> {
    transcript: &'t Transcript,
    clocks: Clocks,
    keys: BTreeMap<String, Windows>,
    /// Those of the current event.
    panes: Vec<Pane>,
    drops: Drops,
}

/// The windows of one key.
#[derive(Default)]
struct Windows {
    live: Vec<Holding>,
    /// Where the trigger has finished, until they expire.
    finished: Vec<Window>,
}

/// An element and the window that takes it.
struct Admitted<'t> {
    element: &'t Element,
    window: Window,
}

impl<'t> Grouping<'t> {
    fn step(&mut self, event: &'t Event) {
        let Clocks { watermark: old_watermark, processing: old_clock } = self.clocks;
        match event {
            Event::Elements(elements) => {
                let keys: BTreeSet<&String> = elements.iter().map(|element| &element.key).collect();
                for key in keys {
                    self.bundle(key, elements.iter().filter(|element| element.key == *key));
                }
            }
            Event::Watermark(watermark) => self.advance((*watermark).max(old_watermark), old_clock),
            Event::Clock(clock) => self.advance(old_watermark, (*clock).max(old_clock)),
            Event::Both { watermark, clock } => {
                self.advance((*watermark).max(old_watermark), (*clock).max(old_clock));
            }
        }
    }

    /// Drop what is late, merge, show every element to its window, ask every window once.
    fn bundle(&mut self, key: &str, elements: impl Iterator<Item = &'t Element>) {
        let rules = &self.transcript.rules;
        let mut arriving = self.admit(key, elements);
        if rules.windowing.is_merging() {
            arriving = self.merge(key, arriving);
        }
        let clocks = self.clocks;
        let live = &mut self.keys.entry(key.to_owned()).or_default().live;
        for Admitted { element, window } in &arriving {
            if !live.iter().any(|holding| holding.window == *window) {
                live.push(Holding::new(rules, window.clone()));
            }
            let takes = live.iter_mut().filter(|holding| holding.window == *window);
            takes.for_each(|holding| holding.add(rules, element, clocks));
        }
        let touched: BTreeSet<Window> =
            arriving.into_iter().map(|admitted| admitted.window).collect();
        for window in touched {
            self.ask(key, &window, Cause::Asked);
        }
    }

    /// The elements with those of their windows, as assigned, that are neither expired nor finished.
    fn admit(
        &mut self,
        key: &str,
        elements: impl Iterator<Item = &'t Element>,
    ) -> Vec<Admitted<'t>> {
        let rules = &self.transcript.rules;
        let finished = &self.keys.entry(key.to_owned()).or_default().finished;
        let mut admitted = Vec::new();
        for element in elements {
            let windows = rules.windowing.assign(element.at);
            if windows.is_empty() {
                drop_element(&mut self.drops, element, None, Reason::NoWindow);
            }
            for window in windows {
                if self.clocks.watermark >= expiry(&window, rules.lateness) {
                    drop_element(&mut self.drops, element, Some(window), Reason::Late);
                } else if finished.contains(&window) {
                    drop_element(&mut self.drops, element, Some(window), Reason::Closed);
                } else {
                    admitted.push(Admitted { element, window });
                }
            }
        }
        admitted
    }

    /// Merges live windows with those that arrive, where they overlap, and says in which window each
    /// element is then. What would become a finished window is dropped, and its parts stay.
    fn merge(&mut self, key: &str, arriving: Vec<Admitted<'t>>) -> Vec<Admitted<'t>> {
        let Windows { live, finished } = self.keys.entry(key.to_owned()).or_default();
        let there = live.iter().map(|holding| holding.window.clone());
        let new = arriving.iter().map(|admitted| admitted.window.clone());
        let unions = merged(there.chain(new));
        let mut taken = Vec::new();
        for union in unions {
            let new: Vec<&Admitted> =
                arriving.iter().filter(|admitted| covers(&union, &admitted.window)).collect();
            if new.is_empty() {
                continue;
            }
            if finished.contains(&union) {
                for Admitted { element, window } in new {
                    let window = Some(window.clone());
                    drop_element(&mut self.drops, element, window, Reason::Closed);
                }
                continue;
            }
            // A window that keeps its bounds was not merged.
            if !live.iter().any(|holding| holding.window == union) {
                let is_part = |holding: &mut Holding| covers(&union, &holding.window);
                let parts: Vec<Holding> = live.extract_if(.., is_part).collect();
                if !parts.is_empty() {
                    let rules = &self.transcript.rules;
                    live.push(Holding::merge(rules, union.clone(), &parts, self.clocks));
                }
            }
            let in_union =
                |new: &Admitted<'t>| Admitted { element: new.element, window: union.clone() };
            taken.extend(new.into_iter().map(in_union));
        }
        taken
    }

    /// Both clocks go on: first what the watermark has passed, then the deadlines, each in its order.
    fn advance(&mut self, watermark: Timestamp, clock: Timestamp) {
        let before = self.clocks;
        self.clocks = Clocks { watermark, processing: clock };
        for (_, key, window, cause) in self.passed_since(before.watermark) {
            self.ask(&key, &window, cause);
        }
        let lateness = self.transcript.rules.lateness;
        for windows in self.keys.values_mut() {
            windows.finished.retain(|window| watermark < expiry(window, lateness));
        }
        for (deadline, key, window) in self.due_since(before.processing) {
            // An earlier one may have fired what waited for this one.
            let holding = self.find(&key, &window);
            if holding.is_some_and(|holding| holding.deadlines().contains(&deadline)) {
                self.ask(&key, &window, Cause::Asked);
            }
        }
    }

    /// The windows whose end or expiry the watermark has passed since it was there, in time order.
    fn passed_since(&self, before: Timestamp) -> Vec<(Timestamp, String, Window, Cause)> {
        let passed = |time: Timestamp| before < time && time <= self.clocks.watermark;
        let mut found = Vec::new();
        for (key, holding) in self.live() {
            let window = &holding.window;
            let (end, expiry) = (end(window), expiry(window, self.transcript.rules.lateness));
            let (time, cause) = match (passed(end), passed(expiry)) {
                (true, true) => (end, Cause::EndAndExpiry),
                (true, false) => (end, Cause::End),
                (false, true) => (expiry, Cause::Expiry),
                (false, false) => continue,
            };
            found.push((time, key.clone(), window.clone(), cause));
        }
        found.sort();
        found
    }

    /// The deadlines that processing time has passed since it was there, in time order.
    fn due_since(&self, before: Timestamp) -> BTreeSet<(Timestamp, String, Window)> {
        let now = self.clocks.processing;
        let mut found = BTreeSet::new();
        for (key, holding) in self.live() {
            for deadline in holding.deadlines() {
                if before < deadline && deadline <= now {
                    found.insert((deadline, key.clone(), holding.window.clone()));
                }
            }
        }
        found
    }

    fn live(&self) -> impl Iterator<Item = (&String, &Holding)> {
        self.keys
            .iter()
            .flat_map(|(key, windows)| windows.live.iter().map(move |holding| (key, holding)))
    }

    fn find(&self, key: &str, window: &Window) -> Option<&Holding> {
        self.keys.get(key)?.live.iter().find(|holding| holding.window == *window)
    }

    /// Asks the trigger of a live window; a pane goes out if it fires, or at the expiry in any case.
    fn ask(&mut self, key: &str, window: &Window, cause: Cause) {
        let (rules, clocks) = (&self.transcript.rules, self.clocks);
        let Windows { live, finished } = self.keys.entry(key.to_owned()).or_default();
        let Some(place) = live.iter().position(|holding| holding.window == *window) else { return };
        let holding = &mut live[place];
        let fires = holding.is_ready(rules, clocks);
        let expires = matches!(cause, Cause::Expiry | Cause::EndAndExpiry);
        if !fires && !expires {
            return;
        }
        if !expires {
            holding.fire(rules, clocks);
        }
        let pane = holding.take_pane(rules, cause, fires, clocks);
        if let Some((timestamp, pane, value)) = pane {
            let (key, window) = (key.to_owned(), window.clone());
            self.panes.push(Pane { key, window, timestamp, pane, value });
        }
        if expires {
            live.remove(place);
        } else if holding.is_finished() {
            live.remove(place);
            finished.push(window.clone());
        }
    }
}

fn drop_element(drops: &mut Drops, element: &Element, window: Option<Window>, reason: Reason) {
    drops.elements.push(Dropped { element: element.clone(), window, reason });
}
