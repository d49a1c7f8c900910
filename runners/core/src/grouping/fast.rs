//! The fast path: one hash table a window, drained whole when the watermark passes its end.

use std::collections::BTreeMap;

use watershed_model::{
    AnyBundle, BoxError, Column, Dictionary, Drops, Form, Grouping, Metadata, PaneInfo, Sign,
    TableId, Timestamp, Window, WindowSet, WindowTables,
};

use super::{
    admission::{Admission, Dropped, in_windows},
    rules::end,
};
use crate::{Account, Ledger};

/// One grouping step on one worker, or the part of it that stands before the exchange: its door, which
/// judges lateness and admits what is never judged again.
///
/// It stands where a window's contents go out once, at its end, and the window is gone then; see
/// [`is_simple`](super::is_simple).
pub struct FastGrouping {
    pub(super) tables: Box<dyn WindowTables>,
    /// The open windows, by their ends.
    pub(super) open: BTreeMap<(Timestamp, Window), OpenTable>,
    watermark: Timestamp,
    emits_identity: bool,
    dropped: Dropped,
    /// What came, was folded and has left; what is held is counted when somebody asks.
    pub(super) ledger: Ledger,
}

/// The table of an open window.
#[derive(Clone, Copy)]
pub(super) struct OpenTable {
    pub(super) table: TableId,
    /// How many elements were folded into it.
    pub(super) elements: u64,
    /// How many partials were.
    pub(super) partials: u64,
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
            ledger: Ledger::default(),
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
        self.account(form).came += in_windows(&bundle);
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
        let counts = windows.counts(bundle.len());
        let mut routes: Vec<Vec<TableId>> = Vec::with_capacity(windows.table().len());
        for (set, windows) in windows.table().iter().enumerate() {
            let open = admission.open(set as u32, windows.as_slice());
            let tables = open.map(|window| {
                let open = self.table(window);
                match form {
                    Form::Values => open.elements += counts[set],
                    Form::Partials => open.partials += counts[set],
                }
                open.table
            });
            routes.push(tables.collect());
        }
        let folded = self.tables.fold(bundle, form, &routes)?;
        self.account(form).folded += folded;
        Ok(())
    }

    fn account(&mut self, form: Form) -> &mut Account {
        match form {
            Form::Values => &mut self.ledger.elements,
            Form::Partials => &mut self.ledger.partials,
        }
    }

    fn table(&mut self, window: &Window) -> &mut OpenTable {
        let FastGrouping { tables, open, .. } = self;
        let new = || OpenTable { table: tables.open(), elements: 0, partials: 0 };
        open.entry((end(window), window.clone())).or_insert_with(new)
    }

    /// How many keys all open windows hold together.
    pub fn len(&self) -> usize {
        self.open.values().map(|open| self.tables.len(open.table)).sum()
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
        form: Form,
        limit: usize,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<(), BoxError> {
        if watermark <= self.watermark {
            return Ok(());
        }
        self.watermark = watermark;
        if watermark == Timestamp::MAX
            && std::mem::take(&mut self.emits_identity)
            && form == Form::Values
        {
            let table = self.table(&Window::Global).table;
            self.tables.insert_identity(table);
        }
        while let Some(first) = self.open.first_entry().filter(|entry| entry.key().0 <= watermark) {
            let ((_, window), open) = first.remove_entry();
            self.drain(window, open, form, limit, emit)?;
        }
        Ok(())
    }

    /// Empties all windows, whatever the watermark: what a door does when it holds too much.
    ///
    /// # Errors
    /// What the author's combiner returned.
    pub fn empty(
        &mut self,
        form: Form,
        limit: usize,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<(), BoxError> {
        for ((_, window), open) in std::mem::take(&mut self.open) {
            self.drain(window, open, form, limit, emit)?;
        }
        Ok(())
    }

    fn drain(
        &mut self,
        window: Window,
        open: OpenTable,
        form: Form,
        limit: usize,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<(), BoxError> {
        let table = open.table;
        let mut left = 0;
        let pane = match form {
            Form::Values => PaneInfo::ONLY,
            Form::Partials => PaneInfo::UNGROUPED,
        };
        let metadata = Metadata {
            timestamps: Column::Uniform(window.max_timestamp()),
            windows: Dictionary::uniform(WindowSet::One(window)),
            panes: Dictionary::uniform(pane),
            signs: Column::Uniform(Sign::Insertion),
        };
        let keys = self.tables.drain(table, form, limit, &metadata, &mut |bundle| {
            left += bundle.len();
            emit(bundle)
        })?;
        self.leave(open, keys, left);
        if form == Form::Partials {
            self.ledger.partials_sent += left as u64;
        }
        self.tables.close(table);
        Ok(())
    }

    /// A table of so many keys has been emptied. What it held has left only if all of them have.
    fn leave(&mut self, open: OpenTable, keys: Option<usize>, left: usize) {
        if keys == Some(left) {
            self.ledger.elements.left += open.elements;
            self.ledger.partials.left += open.partials;
        }
    }
}
