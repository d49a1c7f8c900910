//! One grouping, event by event.

use std::collections::{BTreeMap, BTreeSet};

use watershed::model::{Timestamp, Window};

use super::{
    Dropped, Drops, Element, Pane, Reason, Rules, end, expiry,
    holding::{Cause, Clocks, Holding},
    windows::{covers, merged},
};

/// An element that arrives, and the windows that it was put into.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) element: Element,
    pub(crate) windows: Vec<Window>,
}

/// A grouping. What comes of an event is taken out of it before the next.
#[derive(Debug)]
pub(crate) struct Grouping {
    rules: Rules,
    clocks: Clocks,
    keys: BTreeMap<String, Windows>,
    /// Those of the current event.
    panes: Vec<Pane>,
    drops: Drops,
}

/// The windows of one key.
#[derive(Debug, Default)]
struct Windows {
    live: Vec<Holding>,
    /// Where the trigger has finished, until they expire.
    finished: Vec<Window>,
}

/// An element and the window that takes it.
struct Admitted {
    element: Element,
    window: Window,
}

impl Grouping {
    pub(crate) fn new(rules: Rules) -> Grouping {
        let clocks = Clocks { watermark: Timestamp::MIN, processing: Timestamp::MIN };
        let (keys, panes, drops) = (BTreeMap::new(), Vec::new(), Drops::default());
        Grouping { rules, clocks, keys, panes, drops }
    }

    /// Elements arrive in one event: a bundle to each key.
    pub(crate) fn arrive(&mut self, arrivals: Vec<Arrival>) {
        let mut by_key: BTreeMap<String, Vec<Arrival>> = BTreeMap::new();
        for arrival in arrivals {
            by_key.entry(arrival.element.key.clone()).or_default().push(arrival);
        }
        by_key.into_iter().for_each(|(key, arrivals)| self.bundle(&key, arrivals));
    }

    /// The panes that have gone out since it was last asked.
    pub(crate) fn take_panes(&mut self) -> Vec<Pane> {
        std::mem::take(&mut self.panes)
    }

    /// All that was dropped.
    pub(crate) fn drops(&self) -> &Drops {
        &self.drops
    }

    /// Where what has not gone out holds the output watermark.
    pub(crate) fn hold(&self) -> Option<Timestamp> {
        self.live().filter_map(|(_, holding)| holding.held(&self.rules)).min()
    }

    /// Drop what is late, merge, show every element to its window, ask every window once.
    fn bundle(&mut self, key: &str, arrivals: Vec<Arrival>) {
        let mut arriving = self.admit(key, arrivals);
        if self.rules.windowing.is_merging() {
            arriving = self.merge(key, arriving);
        }
        let (rules, clocks) = (&self.rules, self.clocks);
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
    fn admit(&mut self, key: &str, arrivals: Vec<Arrival>) -> Vec<Admitted> {
        let finished = &self.keys.entry(key.to_owned()).or_default().finished;
        let mut admitted = Vec::new();
        for Arrival { element, windows } in arrivals {
            if windows.is_empty() {
                drop_element(&mut self.drops, &element, None, Reason::NoWindow);
            }
            for window in windows {
                if self.clocks.watermark >= expiry(&window, self.rules.lateness) {
                    drop_element(&mut self.drops, &element, Some(window), Reason::Late);
                } else if finished.contains(&window) {
                    drop_element(&mut self.drops, &element, Some(window), Reason::Closed);
                } else {
                    admitted.push(Admitted { element: element.clone(), window });
                }
            }
        }
        admitted
    }

    /// Merges live windows with those that arrive, where they overlap, and says in which window each
    /// element is then. What would become a finished window is dropped, and its parts stay.
    fn merge(&mut self, key: &str, arriving: Vec<Admitted>) -> Vec<Admitted> {
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
                    let rules = &self.rules;
                    live.push(Holding::merge(rules, union.clone(), &parts, self.clocks));
                }
            }
            let in_union =
                |new: &Admitted| Admitted { element: new.element.clone(), window: union.clone() };
            taken.extend(new.into_iter().map(in_union));
        }
        taken
    }

    /// Both clocks go on, or stay: first what the watermark has passed, then the deadlines, each in its
    /// order.
    pub(crate) fn advance(&mut self, watermark: Timestamp, clock: Timestamp) {
        let before = self.clocks;
        let watermark = watermark.max(before.watermark);
        let clock = clock.max(before.processing);
        self.clocks = Clocks { watermark, processing: clock };
        for (_, key, window, cause) in self.passed_since(before.watermark) {
            self.ask(&key, &window, cause);
        }
        let lateness = self.rules.lateness;
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
            let (end, expiry) = (end(window), expiry(window, self.rules.lateness));
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
        let (rules, clocks) = (&self.rules, self.clocks);
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
