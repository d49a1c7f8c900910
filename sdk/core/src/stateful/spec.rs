//! What a stateful DoFn declares.

use std::hash::Hash;

use watershed_model::{Duration, Element, Key, TimeDomain};

use super::{
    BagState, CombiningState, EventTimer, EventTimerFamily, MapState, MultimapState,
    OrderedListState, ProcessingTimer, ProcessingTimerFamily, SetState, ValueState,
    WindowExpiration,
    cells::{List, Map, Multimap, Set},
    columns::{AnyColumn, Column},
};
use crate::combine::CombineFn;

/// Takes the cells and timers of a [`StatefulDoFn`](super::StatefulDoFn). Each has a name of its own, by
/// which it is found again in what was saved.
#[derive(Default)]
pub struct StateSpec {
    pub(super) cells: Vec<DeclaredCell>,
    pub(super) timers: Vec<(String, TimeDomain)>,
    pub(super) expires: bool,
    pub(super) time_to_live: Option<Duration>,
    pub(super) sorts_input: bool,
}

/// A cell, and how its column is made.
pub(super) struct DeclaredCell {
    pub(super) name: String,
    pub(super) column: fn() -> Box<dyn AnyColumn>,
}

fn column<T: Element>() -> Box<dyn AnyColumn> {
    Box::new(Column::<T>::default())
}

impl StateSpec {
    fn cell<T: Element>(&mut self, name: &str) -> u32 {
        self.cells.push(DeclaredCell { name: name.to_owned(), column: column::<T> });
        self.cells.len() as u32 - 1
    }

    fn timer(&mut self, name: &str, domain: TimeDomain) -> u32 {
        self.timers.push((name.to_owned(), domain));
        self.timers.len() as u32 - 1
    }

    /// One value.
    pub fn value<T: Element>(&mut self, name: &str) -> ValueState<T> {
        ValueState::new(self.cell::<T>(name))
    }

    /// Values, equal ones too, in no promised order.
    pub fn bag<T: Element>(&mut self, name: &str) -> BagState<T> {
        BagState::new(self.cell::<Vec<T>>(name))
    }

    /// Values, each once.
    pub fn set<T: Key>(&mut self, name: &str) -> SetState<T> {
        SetState::new(self.cell::<Set<T>>(name))
    }

    /// A value for each key of a map.
    pub fn map<K: Key, V: Element>(&mut self, name: &str) -> MapState<K, V> {
        MapState::new(self.cell::<Map<K, V>>(name))
    }

    /// Values for each key of a map.
    pub fn multimap<K: Key, V: Element>(&mut self, name: &str) -> MultimapState<K, V> {
        MultimapState::new(self.cell::<Multimap<K, V>>(name))
    }

    /// Values in the order of their event times.
    pub fn ordered_list<T: Element>(&mut self, name: &str) -> OrderedListState<T> {
        OrderedListState::new(self.cell::<List<T>>(name))
    }

    /// What a combiner makes of values.
    pub fn combining<V, C: CombineFn<V>>(
        &mut self,
        name: &str,
        combiner: C,
    ) -> CombiningState<V, C> {
        CombiningState::new(self.cell::<C::Accumulator>(name), combiner)
    }

    /// A timer of event time.
    pub fn event_timer(&mut self, name: &str) -> EventTimer {
        EventTimer::new(self.timer(name, TimeDomain::EventTime))
    }

    /// A timer of processing time.
    pub fn processing_timer(&mut self, name: &str) -> ProcessingTimer {
        ProcessingTimer::new(self.timer(name, TimeDomain::ProcessingTime))
    }

    /// Timers of event time, any number, told apart by tags.
    pub fn event_timer_family(&mut self, name: &str) -> EventTimerFamily {
        EventTimerFamily::new(self.timer(name, TimeDomain::EventTime))
    }

    /// Timers of processing time, any number, told apart by tags.
    pub fn processing_timer_family(&mut self, name: &str) -> ProcessingTimerFamily {
        ProcessingTimerFamily::new(self.timer(name, TimeDomain::ProcessingTime))
    }

    /// Has [`on_timer`](super::StatefulDoFn::on_timer) called once before a key and window is forgotten,
    /// while its state can still be read: the last chance to put something out, at the window's last instant.
    /// With allowed lateness that holds the output watermark there until the window expires. (Beam:
    /// `@OnWindowExpiration`.)
    pub fn on_window_expiration(&mut self) -> WindowExpiration {
        self.expires = true;
        WindowExpiration(())
    }

    /// A key and window to which nothing came for so much event time is forgotten, as if its window had
    /// expired: its cells are emptied, its timers cleared. What comes later begins anew.
    pub fn time_to_live(&mut self, span: Duration) {
        self.time_to_live = Some(span);
    }

    /// Elements of a key and window are handled in the order of their event times, and those of one time in the
    /// order of their bytes. Each waits until the watermark has passed its time and the allowed lateness; one
    /// whose place has passed is dropped as late, and counted. (Beam: `@RequiresTimeSortedInput`.)
    pub fn time_sorted_input(&mut self) {
        self.sorts_input = true;
    }

    /// What is wrong with it, and how to mend it.
    pub(super) fn problem(&self) -> Option<(String, &'static str)> {
        let cells = self.cells.iter().map(|cell| &cell.name);
        if let Some(name) = doubled(cells.chain(self.timers.iter().map(|(name, _)| name))) {
            let problem = format!("declares two cells or timers called {name:?}");
            return Some((problem, "give each a name of its own: state is found again by it"));
        }
        let span = self.time_to_live.filter(|span| *span <= Duration::ZERO)?;
        let problem = format!("declares a time to live of {span}");
        Some((problem, "give a time to live above zero, or none"))
    }
}

fn doubled<T: Eq + Hash>(mut names: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = std::collections::HashSet::new();
    names.find_map(|name| match seen.contains(&name) {
        true => Some(name),
        false => {
            seen.insert(name);
            None
        }
    })
}
