//! Keys × windows: the part of a grouping that knows slots and never keys.

use watershed_model::{
    AnyBundle, BoxError, Cell, DropReason, Drops, Grouping, KeyedTable, Placement, Slot, Timestamp,
    Window, WindowingStrategy, fault,
};

use super::{
    batch::PaneBatch,
    state::WindowState,
    times::{Deadlines, Holds, Timers},
};
use crate::{
    grouping::{
        admission::{Admission, Dropped},
        rules::{Rules, end},
    },
    trigger::At,
};

/// Takes what a grouping puts out: panes on port 0, dropped elements on port 1.
pub type Emit<'a> = &'a mut dyn FnMut(usize, AnyBundle);

/// The elements of a bundle that a grouping took in.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The key's slot of each.
    pub slots: &'a [Slot],
    /// Their places in the bundle, if some of it was too late.
    pub kept: Option<&'a [u32]>,
}

/// One grouping step on one worker.
pub struct GroupingOperator {
    pub(super) table: Box<dyn KeyedTable>,
    pub(super) rules: Rules,
    /// The input watermark.
    pub(super) watermark: Timestamp,
    /// The processing time.
    pub(super) now: Timestamp,
    /// For each slot the windows that its key has, mostly one.
    pub(super) keys: Vec<Vec<WindowState>>,
    pub(super) timers: Timers,
    pub(super) deadlines: Deadlines,
    pub(super) holds: Holds,
    pub(super) batch: PaneBatch,
    /// Cells that nothing is kept in any more. Panes that wait in the batch may still show them.
    pub(super) unused: Vec<Cell>,
    /// Slots without windows, whose keys are forgotten once the batch is out.
    pub(super) left: Vec<Slot>,
    pub(super) most_panes: usize,
    emits_identity: bool,
    dropped: Dropped,
    /// Slots whose keys were forgotten since it was last asked.
    released: Vec<Slot>,
    /// The slots of the bundle at hand, and which of its elements they are of.
    pub(super) slots: Vec<Slot>,
    kept: Option<Vec<u32>>,
    placements: Vec<Placement>,
    /// Which bundle this is, and the states that it has touched.
    bundle: u64,
    touched: Vec<StateId>,
}

/// Where the state of a key and window is kept, until one of the key's states is made or goes.
#[derive(Clone, Copy)]
pub(super) struct StateId {
    pub(super) slot: Slot,
    pub(super) place: usize,
}

/// Where an element of the bundle at hand goes.
pub(super) struct Place {
    pub(super) element: usize,
    /// The window that it was put into.
    pub(super) assigned: Window,
    /// What that became by merging.
    pub(super) window: Window,
}

impl GroupingOperator {
    /// An empty operator. `windowing` is that of the input; with `emits_identity` an empty input in
    /// the global window gives the output of the combiner's identity (on one worker of the job);
    /// panes go out in bundles of about `most_panes`.
    pub fn new(
        grouping: &Grouping,
        windowing: &WindowingStrategy,
        emits_identity: bool,
        most_panes: usize,
    ) -> Self {
        GroupingOperator {
            table: (grouping.table)(),
            rules: Rules::new(windowing),
            watermark: Timestamp::MIN,
            now: Timestamp::MIN,
            keys: Vec::new(),
            timers: Timers::default(),
            deadlines: Deadlines::default(),
            holds: Holds::default(),
            batch: PaneBatch::default(),
            unused: Vec::new(),
            left: Vec::new(),
            most_panes: most_panes.max(1),
            emits_identity,
            dropped: Dropped::new(grouping.dropped.clone()),
            released: Vec::new(),
            slots: Vec::new(),
            kept: None,
            placements: Vec::new(),
            bundle: 0,
            touched: Vec::new(),
        }
    }

    /// Takes a bundle in: drops what is late, merges windows, folds, and asks the trigger of each key
    /// and window that was touched, once.
    ///
    /// # Errors
    /// What the author's combiner or window function returned.
    pub fn process(&mut self, bundle: AnyBundle, emit: Emit<'_>) -> Result<Located<'_>, BoxError> {
        self.take_in(bundle, false, emit)
    }

    /// As [`process`](Self::process), but folds into fresh cells first and merges those, as a runner
    /// does that folds before an exchange. A check that merging agrees with adding.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn process_apart(
        &mut self,
        bundle: AnyBundle,
        emit: Emit<'_>,
    ) -> Result<Located<'_>, BoxError> {
        self.take_in(bundle, true, emit)
    }

    fn take_in(
        &mut self,
        bundle: AnyBundle,
        apart: bool,
        emit: Emit<'_>,
    ) -> Result<Located<'_>, BoxError> {
        let (rules, watermark) = (&self.rules, self.watermark);
        let admission = Admission::of(&bundle, |window| {
            watermark >= rules.expiry(window) && !fault!("late-elements-pass")
        });
        let whole = self.dropped.is_wanted().then(|| bundle.clone());
        let (bundle, kept) = admission.apply(bundle, watermark, &mut self.dropped);
        self.kept = kept;
        self.put_out_dropped(whole.as_ref(), emit);
        self.slots.clear();
        if bundle.is_empty() {
            return Ok(self.located());
        }
        let kept = self.dropped.is_wanted().then(|| bundle.clone());
        let metadata = bundle.metadata().clone();
        self.locate(bundle);

        self.bundle += 1;
        self.placements.clear();
        let elements = (0..self.slots.len()).flat_map(|element| {
            let set = metadata.windows.index().get(element);
            let windows = metadata.windows.table()[set as usize].as_slice();
            admission.open(set, windows).map(move |window| (element, window))
        });
        if self.rules.window_fn.is_merging() {
            let places = elements.map(|(element, window)| {
                let (assigned, window) = (window.clone(), window.clone());
                Place { element, assigned, window }
            });
            let mut places: Vec<Place> = places.collect();
            self.merge_for(&mut places)?;
            for Place { element, assigned, window } in places {
                self.add(element, &assigned, &window, metadata.timestamps.get(element));
            }
        } else {
            for (element, window) in elements {
                self.add(element, window, window, metadata.timestamps.get(element));
            }
        }
        let mut placements = std::mem::take(&mut self.placements);
        if fault!("grouping-loses-the-last-element") {
            placements.pop();
        }
        self.fold(&placements, apart)?;
        self.placements = placements;
        self.put_out_dropped(kept.as_ref(), emit);

        let mut touched = std::mem::take(&mut self.touched);
        for state in touched.drain(..) {
            self.ask(state, emit)?;
        }
        self.touched = touched;
        self.flush(emit)?;
        Ok(self.located())
    }

    fn located(&self) -> Located<'_> {
        Located { slots: &self.slots, kept: self.kept.as_deref() }
    }

    /// The slots whose keys were forgotten since it was last asked.
    pub fn take_released(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.released)
    }

    /// Times move forward: what is due goes out, first by the watermark, then by the processing time.
    ///
    /// # Errors
    /// What the author's combiner returned.
    pub fn advance(
        &mut self,
        watermark: Timestamp,
        now: Timestamp,
        emit: Emit<'_>,
    ) -> Result<(), BoxError> {
        self.watermark = self.watermark.max(watermark);
        self.now = self.now.max(now);
        if watermark == Timestamp::MAX && std::mem::take(&mut self.emits_identity) {
            self.open_identity();
        }
        while let Some(due) = self.timers.pop(self.watermark) {
            for (slot, window) in due {
                self.pass(slot, &window, emit)?;
            }
            if fault!("a-jump-passes-one-time-only") {
                break;
            }
        }
        while let Some((slot, window)) = self.deadlines.pop(self.now) {
            if let Some(state) = self.find(slot, &window) {
                self.state(state).deadline = None;
                self.ask(state, emit)?;
            }
        }
        self.flush(emit)
    }

    /// Where what is kept here holds the output watermark.
    pub fn hold(&self) -> Option<Timestamp> {
        self.holds.least()
    }

    /// The processing time at which something is due next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first()
    }

    /// What was dropped since it was last asked.
    pub fn take_drops(&mut self) -> Drops {
        self.dropped.take_drops()
    }

    /// Whether nothing is kept any more: no window, timer, deadline or hold.
    pub fn is_empty(&self) -> bool {
        self.keys.iter().all(Vec::is_empty)
            && self.timers.is_empty()
            && self.deadlines.first().is_none()
            && self.holds.least().is_none()
    }

    /// How much is kept, places that wait to be used again among it: windows and their timers, deadlines
    /// and holds. It follows what is open at once, however much has passed.
    pub fn held(&self) -> usize {
        let windows: usize = self.keys.iter().map(Vec::capacity).sum();
        self.keys.len() + windows + self.timers.len() + self.deadlines.len() + self.holds.len()
    }

    /// Sends the cell of one element of the last bundle through its coder; a check.
    ///
    /// # Errors
    /// When the accumulator cannot be written or read, or its bytes change on the way.
    pub fn recode(&mut self, element: usize) -> Result<(), BoxError> {
        let slot = self.slots.get(element).map(|slot| slot.0 as usize);
        let cell = slot.and_then(|slot| self.keys[slot].iter().find_map(|state| state.cell));
        cell.map_or(Ok(()), |cell| self.table.recode(cell))
    }

    fn put_out_dropped(&mut self, bundle: Option<&AnyBundle>, emit: Emit<'_>) {
        if let Some(elements) = self.dropped.take_elements(bundle)
            && !fault!("dropped-elements-are-not-told")
        {
            emit(1, elements);
        }
    }

    fn locate(&mut self, bundle: AnyBundle) {
        self.emits_identity = false;
        self.table.locate(bundle, &mut self.slots);
        let most = self.slots.iter().map(|slot| slot.0 as usize + 1).max().unwrap_or(0);
        if most > self.keys.len() {
            self.keys.resize_with(most, Vec::new);
        }
    }

    fn fold(&mut self, placements: &[Placement], apart: bool) -> Result<(), BoxError> {
        if !apart {
            return self.table.fold(placements);
        }
        let mut fresh: Vec<(Cell, Cell)> = Vec::new();
        let mut moved = placements.to_vec();
        for placement in &mut moved {
            let known = fresh.iter().find(|(into, _)| *into == placement.cell);
            let cell = known.map_or_else(|| self.table.open(), |(_, cell)| *cell);
            if known.is_none() {
                fresh.push((placement.cell, cell));
            }
            placement.cell = cell;
        }
        self.table.fold(&moved)?;
        fresh.into_iter().try_for_each(|(into, from)| self.table.merge(from, into))
    }

    /// Where a key keeps the state of a window.
    pub(super) fn find(&self, slot: Slot, window: &Window) -> Option<StateId> {
        let place = self.keys[slot.0 as usize]
            .iter()
            .rposition(|state| state.window == *window || fault!("windows-share-a-cell"))?;
        Some(StateId { slot, place })
    }

    pub(super) fn state(&mut self, id: StateId) -> &mut WindowState {
        &mut self.keys[id.slot.0 as usize][id.place]
    }

    pub(super) fn at(&self, window: &Window) -> At {
        At { is_complete: self.watermark >= end(window), now: self.now }
    }

    /// The state of a key and window, made if there is none.
    fn open(&mut self, slot: Slot, window: &Window) -> StateId {
        self.find(slot, window).unwrap_or_else(|| {
            let is_complete = self.watermark >= end(window);
            let timer = if is_complete { self.rules.expiry(window) } else { end(window) };
            let trigger = self.rules.machine.start();
            self.timers.set(timer, slot, window.clone());
            let states = &mut self.keys[slot.0 as usize];
            states.push(WindowState::new(window.clone(), trigger, timer));
            StateId { slot, place: states.len() - 1 }
        })
    }

    /// An element of the bundle at hand comes to a key and window; it is placed there, or dropped if
    /// the trigger has finished.
    fn add(&mut self, element: usize, assigned: &Window, window: &Window, timestamp: Timestamp) {
        let (at, slot) = (self.at(window), self.slots[element]);
        let id = self.open(slot, window);
        // Taken apart, since all of these are touched at once.
        let Self { keys, rules, holds, table, watermark, .. } = self;
        let state = &mut keys[slot.0 as usize][id.place];
        if state.is_closed {
            let reason = match fault!("closed-drops-count-as-late") {
                true => DropReason::Late,
                false => DropReason::Closed,
            };
            self.dropped.add(element, assigned, reason, *watermark);
            return;
        }
        let before = state.held(rules);
        state.is_fresh = true;
        match at.is_complete {
            true => state.holds_late = true,
            false => state.hold_for(timestamp, *watermark, rules.timestamp_combiner),
        }
        holds.change(before, state.held(rules));
        rules.machine.on_element(&mut state.trigger, at);
        let cell = *state.cell.get_or_insert_with(|| table.open());
        self.placements.push(Placement { element: element as u32, cell });
        if state.touched_in != self.bundle {
            state.touched_in = self.bundle;
            self.touched.push(id);
        }
    }

    fn open_identity(&mut self) {
        if !self.keys.iter().all(Vec::is_empty) || fault!("no-identity-for-nothing") {
            return;
        }
        if let Some(slot) = self.table.global_slot() {
            self.keys.resize_with((slot.0 as usize + 1).max(self.keys.len()), Vec::new);
            let cell = self.table.open();
            let window = Window::Global;
            // As if something had come: its pane is the only one, on time and last.
            let timer = end(&window);
            self.timers.set(timer, slot, window.clone());
            let mut state = WindowState::new(window, self.rules.machine.start(), timer);
            (state.cell, state.is_fresh) = (Some(cell), true);
            self.keys[slot.0 as usize].push(state);
        }
    }

    /// What waits in the batch goes out; cells without use are freed, and keys without windows forgotten.
    pub(super) fn flush(&mut self, emit: Emit<'_>) -> Result<(), BoxError> {
        if let Some(bundle) = self.batch.take(&mut *self.table)? {
            emit(0, bundle);
        }
        self.unused.drain(..).for_each(|cell| self.table.discard(cell));
        for slot in self.left.drain(..) {
            if self.keys[slot.0 as usize].is_empty() {
                self.table.release(slot);
                self.released.push(slot);
            }
        }
        Ok(())
    }
}
