//! The fast path: one hash table a window, drained whole when the watermark passes its end.

use std::collections::BTreeMap;

use watershed_model::{
    AnyBundle, BoxError, Column, Dictionary, Drops, Form, Grouping, KeyShare, LooseTable, Metadata,
    PaneInfo, Sign, TableId, Timestamp, Window, WindowSet, WindowTables,
};

use super::{
    admission::{Admission, Dropped},
    rules::end,
};

/// One grouping step on one worker, or the part of it that stands before the exchange: its door, which
/// judges lateness and admits what is never judged again.
///
/// It stands where a window's contents go out once, at its end, and the window is gone then; see
/// [`is_simple`](super::is_simple).
pub struct FastGrouping {
    tables: Box<dyn WindowTables>,
    /// The open windows, by their ends.
    open: BTreeMap<(Timestamp, Window), TableId>,
    watermark: Timestamp,
    emits_identity: bool,
    dropped: Dropped,
}

/// Where what a door holds of a window goes when the window is over.
pub trait Leaving {
    /// Partials of keys that another worker owns go there.
    fn send(&mut self, worker: usize, partials: AnyBundle);

    /// What this worker owns goes, in its table, to the grouping behind the exchange, to be
    /// [adopted](FastGrouping::adopt); an empty table comes back.
    fn hand_over(&mut self, window: &Window, table: LooseTable) -> LooseTable;
}

impl FastGrouping {
    /// An empty grouping. With `emits_identity` an empty input in the global window gives the output
    /// of the combiner's identity; only one worker of a job may do that.
    pub fn new(grouping: &Grouping, emits_identity: bool) -> Self {
        FastGrouping {
            tables: (grouping.window_tables)(),
            open: BTreeMap::new(),
            watermark: Timestamp::MIN,
            emits_identity,
            dropped: Dropped::new(grouping.dropped.clone()),
        }
    }

    /// An empty part of this grouping, to stand before the exchange on the same worker: this one may
    /// [`adopt`](Self::adopt) its tables.
    pub fn door(&self) -> Self {
        FastGrouping {
            tables: self.tables.twin(),
            open: BTreeMap::new(),
            watermark: Timestamp::MIN,
            emits_identity: false,
            // Where somebody reads what is dropped, nothing is folded before the exchange.
            dropped: Dropped::new(None),
        }
    }

    /// Takes a bundle of the given form in. Elements that come after their window's end are dropped;
    /// partials were admitted before the exchange. What is dropped goes to `emit_dropped`, if anybody
    /// reads it.
    ///
    /// # Errors
    /// What the author's combiner returned.
    pub fn process(
        &mut self,
        bundle: AnyBundle,
        form: Form,
        emit_dropped: &mut dyn FnMut(AnyBundle),
    ) -> Result<(), BoxError> {
        let watermark = match form {
            Form::Values => self.watermark,
            Form::Partials => Timestamp::MIN,
        };
        let admission = Admission::of(&bundle, |window| watermark >= end(window));
        let whole = self.dropped.is_wanted().then(|| bundle.clone());
        let (bundle, _) = admission.apply(bundle, watermark, &mut self.dropped);
        if let Some(elements) = self.dropped.take_elements(whole.as_ref()) {
            emit_dropped(elements);
        }
        drop(whole);
        if bundle.is_empty() {
            return Ok(());
        }
        self.emits_identity = false;
        let windows = &bundle.metadata().windows;
        let mut routes = Vec::with_capacity(windows.table().len());
        for (set, windows) in windows.table().iter().enumerate() {
            let open = admission.open(set as u32, windows.as_slice());
            routes.push(open.map(|window| self.table(window)).collect());
        }
        self.tables.fold(bundle, form, &routes)
    }

    fn table(&mut self, window: &Window) -> TableId {
        let key = (end(window), window.clone());
        if let Some(table) = self.open.get(&key) {
            return *table;
        }
        let table = self.tables.open();
        self.open.insert(key, table);
        table
    }

    /// How many keys all open windows hold together.
    pub fn len(&self) -> usize {
        self.open.values().map(|table| self.tables.len(*table)).sum()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// What was dropped since it was last asked.
    pub fn take_drops(&mut self) -> Drops {
        self.dropped.take_drops()
    }

    /// The watermark moves: windows that it passes close, in the order of their ends. Their content goes
    /// to `emit` in bundles of about `limit` elements, until that returns `false`.
    ///
    /// # Errors
    /// What the author's combiner returned.
    pub fn advance(
        &mut self,
        watermark: Timestamp,
        limit: usize,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<(), BoxError> {
        if watermark <= self.watermark {
            return Ok(());
        }
        self.watermark = watermark;
        if watermark == Timestamp::MAX && std::mem::take(&mut self.emits_identity) {
            let table = self.table(&Window::Global);
            self.tables.insert_identity(table);
        }
        while let Some(((_, window), table)) = self.pop_closed() {
            self.drain(window, table, Form::Values, limit, emit)?;
        }
        Ok(())
    }

    /// The watermark moves before the exchange: of the windows that it passes, what other workers own is
    /// sent as partials, in bundles of up to `limit` for one worker each, and what this worker owns stays in
    /// its table, which is handed over.
    ///
    /// # Errors
    /// When a key cannot be encoded.
    pub fn hand_over(
        &mut self,
        watermark: Timestamp,
        share: &KeyShare,
        limit: usize,
        leaving: &mut dyn Leaving,
    ) -> Result<(), BoxError> {
        self.watermark = self.watermark.max(watermark);
        while let Some(((_, window), table)) = self.pop_closed() {
            let metadata = metadata(window.clone(), Form::Partials);
            self.tables.part(table, share, limit, &metadata, &mut |worker, partials| {
                leaving.send(worker, partials);
            })?;
            if self.tables.len(table) > 0 {
                let spare = leaving.hand_over(&window, self.tables.take(table));
                self.tables.adopt(table, spare);
            }
            self.tables.close(table);
        }
        Ok(())
    }

    /// Takes in what a [`door`](Self::door) of this grouping holds of a window that is open here, and gives
    /// an empty table with room back.
    pub fn adopt(&mut self, window: &Window, loose: LooseTable) -> LooseTable {
        self.emits_identity = false;
        let table = self.table(window);
        self.tables.adopt(table, loose)
    }

    /// The first of the windows that the watermark has passed, which is open no more.
    fn pop_closed(&mut self) -> Option<((Timestamp, Window), TableId)> {
        let first = self.open.first_entry()?;
        (first.key().0 <= self.watermark).then(|| first.remove_entry())
    }

    /// Empties all windows into partials, whatever the watermark: what a door does when it holds too much.
    ///
    /// # Errors
    /// What the author's combiner returned.
    pub fn empty(
        &mut self,
        limit: usize,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<(), BoxError> {
        for ((_, window), table) in std::mem::take(&mut self.open) {
            self.drain(window, table, Form::Partials, limit, emit)?;
        }
        Ok(())
    }

    fn drain(
        &mut self,
        window: Window,
        table: TableId,
        form: Form,
        limit: usize,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<(), BoxError> {
        self.tables.drain(table, form, limit, &metadata(window, form), emit)?;
        self.tables.close(table);
        Ok(())
    }
}

/// What all elements carry that a window is emptied into.
fn metadata(window: Window, form: Form) -> Metadata {
    let pane = match form {
        Form::Values => PaneInfo::ONLY,
        Form::Partials => PaneInfo::UNGROUPED,
    };
    Metadata {
        timestamps: Column::Uniform(window.max_timestamp()),
        windows: Dictionary::uniform(WindowSet::One(window)),
        panes: Dictionary::uniform(pane),
        signs: Column::Uniform(Sign::Insertion),
    }
}
