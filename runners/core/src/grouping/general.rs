//! Keys × windows: the part of a grouping that knows slots and never keys.
//!
//! ```text
//!   bundle ──locate──▶ slot of each element ─┐
//!          ──windows─▶ windows of each ──────┼─▶ cells ──fold──▶ table
//!                                            └─ merging windows: cells merge
//!   close ──▶ panes, key by key ──take──▶ bundles
//! ```
//! A cell stands for one key and window. This is the general path in its batch form: all windows
//! close when the input has ended, each with one pane, on time and last.

use std::{collections::HashMap, sync::Arc};

use watershed_model::{
    AnyBundle, AnyWindowFn, BoxError, Cell, Column, Dictionary, Grouping, KeyedTable, Metadata,
    PaneInfo, Placement, Sign, Slot, Timestamp, Window, WindowSet, WindowingStrategy, fault,
};

/// A window's place in the operator's list of those it has seen.
type WindowId = u32;

/// One grouping step on one worker.
pub struct GroupingOperator {
    table: Box<dyn KeyedTable>,
    window_fn: Arc<dyn AnyWindowFn>,
    emits_identity: bool,
    windows: Vec<Window>,
    window_ids: HashMap<Window, WindowId>,
    /// For each slot the windows that its key has open, mostly one.
    open: Vec<Vec<(WindowId, Cell)>>,
    /// The slots of the bundle at hand.
    slots: Vec<Slot>,
    placements: Vec<Placement>,
    /// How many slots have been closed.
    closed: usize,
}

impl GroupingOperator {
    /// An empty operator. `windowing` is that of the input; with `emits_identity` an empty input in
    /// the global window gives the output of the combiner's identity (on one worker of the job).
    pub fn new(grouping: &Grouping, windowing: &WindowingStrategy, emits_identity: bool) -> Self {
        GroupingOperator {
            table: (grouping.table)(),
            window_fn: windowing.window_fn.clone(),
            emits_identity,
            windows: Vec::new(),
            window_ids: HashMap::new(),
            open: Vec::new(),
            slots: Vec::new(),
            placements: Vec::new(),
            closed: 0,
        }
    }

    /// Takes a bundle in. Returns the slot of each element, in order.
    ///
    /// # Errors
    /// What the author's combiner or window function returned.
    pub fn process(&mut self, bundle: AnyBundle) -> Result<&[Slot], BoxError> {
        let windows = bundle.metadata().windows.clone();
        self.locate(bundle);
        let ids: Vec<Vec<WindowId>> = windows
            .table()
            .iter()
            .map(|set| set.as_slice().iter().map(|window| self.intern(window)).collect())
            .collect();
        let mut placements = std::mem::take(&mut self.placements);
        placements.clear();
        for element in 0..self.slots.len() {
            for window in &ids[windows.index().get(element) as usize] {
                let cell = self.cell(self.slots[element], *window);
                placements.push(Placement { element: element as u32, cell });
            }
        }
        if fault!("grouping-loses-the-last-element") {
            placements.pop();
        }
        self.table.fold(&placements)?;
        self.placements = placements;
        if self.window_fn.is_merging() {
            self.merge_windows()?;
        }
        Ok(&self.slots)
    }

    /// As [`process`](Self::process), but folds into fresh cells first and merges those, as a runner
    /// does that folds before an exchange. A check that merging agrees with adding.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn process_apart(&mut self, bundle: AnyBundle) -> Result<&[Slot], BoxError> {
        let before = self.open.clone();
        // Hide the open cells, so that the bundle opens fresh ones.
        self.open.iter_mut().for_each(Vec::clear);
        self.process(bundle)?;
        for (slot, earlier) in before.into_iter().enumerate() {
            let fresh = std::mem::replace(&mut self.open[slot], earlier);
            for (window, cell) in fresh {
                match self.open[slot].iter().find(|(other, _)| *other == window) {
                    Some((_, into)) => self.table.merge(cell, *into)?,
                    None => self.open[slot].push((window, cell)),
                }
            }
        }
        if self.window_fn.is_merging() {
            self.merge_windows()?;
        }
        Ok(&self.slots)
    }

    /// Sends the cell of one element of the last bundle through its coder; a check.
    ///
    /// # Errors
    /// When the accumulator cannot be written or read, or its bytes change on the way.
    pub fn recode(&mut self, element: usize) -> Result<(), BoxError> {
        let slot = self.slots.get(element).map(|slot| slot.0 as usize);
        match slot.and_then(|slot| self.open[slot].first()) {
            Some((_, cell)) => self.table.recode(*cell),
            None => Ok(()),
        }
    }

    fn locate(&mut self, bundle: AnyBundle) {
        self.slots.clear();
        self.table.locate(bundle, &mut self.slots);
        let most = self.slots.iter().map(|slot| slot.0 as usize + 1).max().unwrap_or(0);
        if most > self.open.len() {
            self.open.resize_with(most, Vec::new);
        }
    }

    fn intern(&mut self, window: &Window) -> WindowId {
        if let Some(id) = self.window_ids.get(window) {
            return *id;
        }
        let id = self.windows.len() as WindowId;
        self.windows.push(window.clone());
        self.window_ids.insert(window.clone(), id);
        id
    }

    fn cell(&mut self, slot: Slot, window: WindowId) -> Cell {
        let open = &mut self.open[slot.0 as usize];
        match open.iter().find(|(other, _)| *other == window || fault!("windows-share-a-cell")) {
            Some((_, cell)) => *cell,
            None => {
                let cell = self.table.open();
                open.push((window, cell));
                cell
            }
        }
    }

    /// Merges the windows of the keys in the last bundle.
    fn merge_windows(&mut self) -> Result<(), BoxError> {
        let mut touched = self.slots.clone();
        touched.sort_unstable();
        touched.dedup();
        for slot in touched {
            let open = std::mem::take(&mut self.open[slot.0 as usize]);
            let windows: Vec<Window> =
                open.iter().map(|(id, _)| self.windows[*id as usize].clone()).collect();
            let mut left: Vec<Option<(WindowId, Cell)>> = open.into_iter().map(Some).collect();
            for merge in self.window_fn.merge(&windows)? {
                let mut parts = merge.parts.iter().filter_map(|part| left[*part].take());
                let Some((_, into)) = parts.next() else { continue };
                for (_, from) in parts {
                    self.table.merge(from, into)?;
                }
                let id = self.intern(&merge.into);
                left.push(Some((id, into)));
            }
            self.open[slot.0 as usize] = left.into_iter().flatten().collect();
        }
        Ok(())
    }

    /// The input has ended: the next bundle of about `limit` panes, or `None` when all are out.
    ///
    /// # Errors
    /// What the author's combiner returned.
    pub fn close(&mut self, limit: usize) -> Result<Option<AnyBundle>, BoxError> {
        if self.emits_identity && self.open.is_empty() && !fault!("no-identity-for-nothing") {
            self.emits_identity = false;
            if let Some(slot) = self.table.global_slot() {
                let id = self.intern(&Window::Global);
                self.open.resize_with(slot.0 as usize + 1, Vec::new);
                self.cell(slot, id);
            }
        }
        let mut panes: Vec<(Slot, WindowId, Cell)> = Vec::new();
        let first = self.closed;
        while self.closed < self.open.len() && panes.len() < limit.max(1) {
            let slot = Slot(self.closed as u32);
            let mut open = std::mem::take(&mut self.open[self.closed]);
            open.sort_by(|(a, _), (b, _)| {
                self.windows[*a as usize].cmp(&self.windows[*b as usize])
            });
            panes.extend(open.into_iter().map(|(window, cell)| (slot, window, cell)));
            self.closed += 1;
        }
        if panes.is_empty() {
            return Ok(None);
        }
        let taken: Vec<(Slot, Cell)> = panes.iter().map(|(slot, _, cell)| (*slot, *cell)).collect();
        let bundle = self.table.take(&taken, self.metadata(&panes))?;
        for slot in first..self.closed {
            self.table.release(Slot(slot as u32));
        }
        Ok(Some(bundle))
    }

    /// What panes carry: the end of their window, the window, and that they are its only pane.
    fn metadata(&self, panes: &[(Slot, WindowId, Cell)]) -> Metadata {
        let end = |window: WindowId| self.windows[window as usize].max_timestamp();
        let uniform = panes.iter().all(|(_, window, _)| *window == panes[0].1);
        let (timestamps, windows) = if uniform {
            let window = self.windows[panes[0].1 as usize].clone();
            (Column::Uniform(window.max_timestamp()), Dictionary::uniform(WindowSet::One(window)))
        } else {
            let mut table = Vec::new();
            let mut places: HashMap<WindowId, u32> = HashMap::new();
            let index = panes.iter().map(|(_, window, _)| {
                *places.entry(*window).or_insert_with(|| {
                    table.push(WindowSet::One(self.windows[*window as usize].clone()));
                    table.len() as u32 - 1
                })
            });
            let index = Column::Each(index.collect());
            let ends: Vec<Timestamp> = panes.iter().map(|(_, window, _)| end(*window)).collect();
            (Column::Each(ends), Dictionary::new(table, index))
        };
        Metadata {
            timestamps,
            windows,
            panes: Dictionary::uniform(PaneInfo::ONLY),
            signs: Column::Uniform(Sign::Insertion),
        }
    }
}
