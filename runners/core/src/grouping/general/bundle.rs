//! A bundle comes: what is late is dropped, the rest goes to its keys and windows.

use watershed_model::{
    AnyBundle, BoxError, Cell, DropReason, Metadata, Placement, Timestamp, Window, fault,
};

use super::{
    operator::{Emit, GroupingOperator, Located},
    state::WindowState,
    windows::WindowId,
};
use crate::grouping::admission::{Admission, in_windows};

/// Where an element of the bundle at hand goes.
pub(super) struct Place {
    pub(super) element: usize,
    /// The window that it was put into.
    pub(super) assigned: Window,
    /// What that became by merging.
    pub(super) window: Window,
}

impl GroupingOperator {
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
        self.released.clear();
        self.account.came += in_windows(&bundle);
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

        self.placements.clear();
        match self.rules.window_fn.is_merging() {
            true => self.place_merging(&metadata, &admission)?,
            false => self.place(&metadata, &admission),
        }
        let mut placements = std::mem::take(&mut self.placements);
        if fault!("grouping-loses-the-last-element") {
            placements.pop();
        }
        self.fold(&placements, apart)?;
        self.placements = placements;
        self.put_out_dropped(kept.as_ref(), emit);
        self.ask_touched(emit)?;
        self.flush(emit)?;
        Ok(self.located())
    }

    fn located(&self) -> Located<'_> {
        Located { slots: &self.slots, kept: self.kept.as_deref() }
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
        self.reach(most);
    }

    /// Places elements whose windows stay as they are. Each distinct window is looked up once.
    fn place(&mut self, metadata: &Metadata, admission: &Admission) {
        let windows = &metadata.windows;
        let mut ids: Vec<Vec<(WindowId, &Window)>> = vec![Vec::new(); windows.table().len()];
        for element in 0..self.slots.len() {
            let set = windows.index().get(element);
            let of_set = &mut ids[set as usize];
            // Only what an element is in is opened.
            if of_set.is_empty() {
                let open = admission.open(set, windows.table()[set as usize].as_slice());
                let open = open
                    .map(|window| (self.windows.open(window, &self.rules, self.watermark), window));
                of_set.extend(open);
            }
            for (id, window) in of_set {
                self.add(element, window, *id, metadata.timestamps.get(element));
            }
        }
    }

    fn place_merging(
        &mut self,
        metadata: &Metadata,
        admission: &Admission,
    ) -> Result<(), BoxError> {
        let elements = (0..self.slots.len()).flat_map(|element| {
            let set = metadata.windows.index().get(element);
            let windows = metadata.windows.table()[set as usize].as_slice();
            admission.open(set, windows).map(move |window| (element, window))
        });
        let places = elements.map(|(element, window)| {
            let (assigned, window) = (window.clone(), window.clone());
            Place { element, assigned, window }
        });
        let mut places: Vec<Place> = places.collect();
        self.merge_for(&mut places)?;
        for Place { element, assigned, window } in places {
            let id = self.windows.open(&window, &self.rules, self.watermark);
            self.add(element, &assigned, id, metadata.timestamps.get(element));
        }
        Ok(())
    }

    /// An element of the bundle at hand comes to a key and window; it is placed there, or dropped if
    /// the trigger has finished.
    fn add(&mut self, element: usize, assigned: &Window, window: WindowId, timestamp: Timestamp) {
        let slot = self.slots[element];
        let id = match self.find(slot, window) {
            Some(had) if had.left > 0 => {
                had.left -= 1;
                let cell = had.cell;
                self.placements.push(Placement { element: element as u32, cell });
                return;
            }
            Some(had) => had.state,
            None => self.keep(WindowState::new(slot, window, self.rules.machine.start())),
        };
        // Taken apart, since all of these are touched at once.
        let Self { states, windows, rules, holds, table, watermark, .. } = self;
        let state = &mut states[id.0 as usize];
        if state.is_closed {
            let reason = match fault!("closed-drops-count-as-late") {
                true => DropReason::Late,
                false => DropReason::Closed,
            };
            self.dropped.add(element, assigned, reason, *watermark);
            return;
        }
        // At the window's end it is held by the first as by all.
        if state.came == 0 || !rules.holds_at_end() {
            let window = windows.get(window);
            let before = state.held(window);
            match *watermark >= window.end {
                true => state.holds_late = true,
                false => {
                    let combiner = rules.timestamp_combiner;
                    state.hold_for(timestamp, *watermark, window.max_timestamp, combiner);
                }
            }
            holds.change(before, state.held(window));
        }
        if state.came == 0 {
            state.is_fresh = true;
            self.touched.push(id);
        }
        state.came += 1;
        let cell = *state.cell.get_or_insert_with(|| table.open());
        self.placements.push(Placement { element: element as u32, cell });
    }

    /// Asks the trigger of each key and window to which something came.
    fn ask_touched(&mut self, emit: Emit<'_>) -> Result<(), BoxError> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.drain(..).try_for_each(|state| self.ask(state, emit))?;
        self.touched = touched;
        Ok(())
    }

    fn fold(&mut self, placements: &[Placement], apart: bool) -> Result<(), BoxError> {
        self.account.folded += placements.len() as u64;
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
}
