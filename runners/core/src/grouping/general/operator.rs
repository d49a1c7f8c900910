//! Keys × windows: the part of a grouping that knows slots and never keys.

use slab::Slab;
use smallvec::SmallVec;
use watershed_model::{
    AnyBundle, BoxError, Cell, Drops, Grouping, KeyedTable, Placement, Slot, Timestamp, Window,
    WindowingStrategy, fault,
};

use super::{
    batch::PaneBatch,
    state::{Had, StateId, WindowState},
    times::Deadlines,
    windows::{WindowId, Windows},
};
use crate::{
    Account,
    grouping::{admission::Dropped, rules::Rules},
    holds::Holds,
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
    /// For each slot the windows that its key has, mostly one or two.
    pub(super) keys: Vec<SmallVec<[Had; 2]>>,
    pub(super) states: Slab<WindowState>,
    pub(super) windows: Windows,
    pub(super) deadlines: Deadlines,
    pub(super) holds: Holds,
    pub(super) batch: PaneBatch,
    /// Cells that nothing is kept in any more. Panes that wait in the batch may still show them.
    pub(super) unused: Vec<Cell>,
    /// Slots without windows, whose keys are forgotten once the batch is out.
    pub(super) left: Vec<Slot>,
    pub(super) most_panes: usize,
    pub(super) emits_identity: bool,
    pub(super) dropped: Dropped,
    /// Slots whose keys were forgotten in the call at hand, or the last one.
    pub(super) released: Vec<Slot>,
    /// The slots of the bundle at hand, and which of its elements they are of.
    pub(super) slots: Vec<Slot>,
    pub(super) kept: Option<Vec<u32>>,
    pub(super) placements: Vec<Placement>,
    /// The states to which elements of it came.
    pub(super) touched: Vec<StateId>,
    /// What came, was folded and has left; what is held is counted when somebody asks.
    pub(super) account: Account,
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
            states: Slab::new(),
            windows: Windows::default(),
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
            touched: Vec::new(),
            account: Account::default(),
        }
    }

    /// The slots whose keys were forgotten when a bundle was last taken in or times last moved.
    pub fn released(&self) -> &[Slot] {
        &self.released
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
        self.released.clear();
        self.watermark = self.watermark.max(watermark);
        self.now = self.now.max(now);
        if watermark == Timestamp::MAX && std::mem::take(&mut self.emits_identity) {
            self.open_identity();
        }
        while let Some(due) = self.windows.pop(self.watermark) {
            due.into_iter().try_for_each(|window| self.pass(window, emit))?;
            if fault!("a-jump-passes-one-time-only") {
                break;
            }
        }
        while let Some(state) = self.deadlines.pop(self.now) {
            self.states[state.0 as usize].deadline = None;
            self.ask(state, emit)?;
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
        self.states.is_empty()
            && self.windows.is_empty()
            && self.deadlines.first().is_none()
            && self.holds.least().is_none()
    }

    /// How much is kept, places that wait to be used again among it: keys, windows and their timers, deadlines
    /// and holds. It follows what is open at once, however much has passed.
    pub fn held(&self) -> usize {
        let states = self.keys.len() + self.states.capacity() + self.released.len();
        states + self.windows.held() + self.deadlines.len() + self.holds.len()
    }

    /// Sends the cell of one element of the last bundle through its coder; a check.
    ///
    /// # Errors
    /// When the accumulator cannot be written or read, or its bytes change on the way.
    pub fn recode(&mut self, element: usize) -> Result<(), BoxError> {
        let slot = self.slots.get(element).map(|slot| slot.0 as usize);
        let cell = slot.and_then(|slot| {
            self.keys[slot].iter().find_map(|had| self.states[had.state.0 as usize].cell)
        });
        cell.map_or(Ok(()), |cell| self.table.recode(cell))
    }

    /// What a key has of a window.
    pub(super) fn find(&mut self, slot: Slot, window: WindowId) -> Option<&mut Had> {
        let windows = self.keys[slot.0 as usize].iter_mut().rev();
        let mut of = windows.filter(|had| had.window == window || fault!("windows-share-a-cell"));
        of.next()
    }

    /// Keeps a new state.
    pub(super) fn keep(&mut self, state: WindowState) -> StateId {
        let (slot, window) = (state.slot, state.window);
        let id = StateId(self.states.insert(state) as u32);
        self.keys[slot.0 as usize].push(Had { window, state: id, left: 0, cell: Cell(0) });
        self.windows.get_mut(window).states.push(id);
        id
    }

    pub(super) fn at(&self, window: WindowId) -> At {
        self.windows.get(window).at(self.watermark, self.now)
    }

    /// Makes room for what is known of keys.
    pub(super) fn reach(&mut self, slots: usize) {
        if slots > self.keys.len() {
            self.keys.resize_with(slots, SmallVec::new);
        }
    }

    fn open_identity(&mut self) {
        if !self.states.is_empty() || fault!("no-identity-for-nothing") {
            return;
        }
        if let Some(slot) = self.table.global_slot() {
            self.reach(slot.0 as usize + 1);
            // As if something had come: its pane is the only one, on time and last. So its window is
            // opened as before the watermark moved.
            let window = self.windows.open(&Window::Global, &self.rules, Timestamp::MIN);
            let mut state = WindowState::new(slot, window, self.rules.machine.start());
            (state.cell, state.is_fresh) = (Some(self.table.open()), true);
            self.keep(state);
        }
    }

    /// What waits in the batch goes out; cells without use are freed, and keys without windows forgotten.
    pub(super) fn flush(&mut self, emit: Emit<'_>) -> Result<(), BoxError> {
        if let Some((bundle, elements)) = self.batch.take(&mut *self.table)? {
            self.account.left += elements;
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
