//! The fast path: one hash table a window, drained whole when the window closes.

use std::collections::BTreeMap;

use watershed_model::{
    AnyBundle, BoxError, Column, Dictionary, Form, Grouping, Metadata, PaneInfo, Sign, TableId,
    Window, WindowSet, WindowTables,
};

/// One grouping step on one worker, or the part of it that stands before the exchange.
pub struct FastGrouping {
    tables: Box<dyn WindowTables>,
    open: BTreeMap<Window, TableId>,
    emits_identity: bool,
}

impl FastGrouping {
    /// An empty grouping. With `emits_identity` an empty input in the global window gives the output
    /// of the combiner's identity; only one worker of a job may do that.
    pub fn new(grouping: &Grouping, emits_identity: bool) -> Self {
        let tables = (grouping.window_tables)();
        FastGrouping { tables, open: BTreeMap::new(), emits_identity }
    }

    /// Takes a bundle of the given form in.
    ///
    /// # Errors
    /// What the author's combiner returned.
    pub fn process(&mut self, bundle: AnyBundle, form: Form) -> Result<(), BoxError> {
        let sets = bundle.metadata().windows.table();
        let mut routes = Vec::with_capacity(sets.len());
        for set in sets {
            routes.push(set.as_slice().iter().map(|window| self.table(window)).collect());
        }
        self.tables.fold(bundle, form, &routes)
    }

    fn table(&mut self, window: &Window) -> TableId {
        if let Some(table) = self.open.get(window) {
            return *table;
        }
        let table = self.tables.open();
        self.open.insert(window.clone(), table);
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

    /// Closes all windows, in their order: their content goes to `emit` in bundles of about `limit`
    /// elements, until that returns `false`. What comes afterwards opens them anew.
    ///
    /// # Errors
    /// What the author's combiner returned.
    pub fn close(
        &mut self,
        form: Form,
        limit: usize,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<(), BoxError> {
        if std::mem::take(&mut self.emits_identity) && form == Form::Values && self.open.is_empty()
        {
            let table = self.table(&Window::Global);
            self.tables.insert_identity(table);
        }
        for (window, table) in std::mem::take(&mut self.open) {
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
            self.tables.drain(table, form, limit, &metadata, emit)?;
            self.tables.close(table);
        }
        Ok(())
    }
}
