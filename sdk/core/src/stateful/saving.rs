//! All that a stateful step keeps, as bytes and back: by key and window, so that any worker can take it up.

use watershed_model::{BinaryCoder, BoxError, Coder, Element, Key, SavedState, TimerBook};

use super::{
    StatefulDoFn,
    kernel::{Sorted, Work},
};

impl<K: Key, V: Element, D: StatefulDoFn<K, V>> Work<K, V, D> {
    /// All keys and windows.
    pub(super) fn saved(&self, book: &dyn TimerBook) -> Result<Vec<SavedState>, BoxError> {
        let places = self.keys.places();
        places
            .map(|at| {
                let (key, window) = self.keys.get(at);
                let mut bytes = Vec::new();
                BinaryCoder.encode_value(key, &mut bytes)?;
                let mut cells = Vec::new();
                for (cell, column) in std::iter::zip(&self.spec.cells, &self.columns.all) {
                    let encoded = column.encode(at);
                    let encoded = encoded.map_err(|error| of_cell(&cell.name, &error))?;
                    cells.extend(encoded.map(|bytes| (cell.name.clone(), bytes)));
                }
                let mut waiting = Vec::new();
                if let Some(sorted) = self.sorted.get(at.0 as usize).filter(|all| !all.is_empty()) {
                    BinaryCoder.encode_value(sorted, &mut waiting)?;
                }
                let (latest, timers) = book.timers(at);
                Ok(SavedState {
                    key: bytes,
                    window: window.clone(),
                    latest,
                    cells,
                    waiting,
                    timers,
                })
            })
            .collect()
    }

    /// Takes up one key and window.
    pub(super) fn restore(
        &mut self,
        saved: SavedState,
        book: &mut dyn TimerBook,
    ) -> Result<(), BoxError> {
        let SavedState { key, window, latest, cells, waiting, timers } = saved;
        let window = self.keys.window(&window);
        let key = BinaryCoder.decode_value(&key)?;
        let at = self.place(key, window, book);
        book.came(at, latest);
        for (name, bytes) in cells {
            let declared = self.spec.cells.iter().position(|cell| cell.name == name);
            let Some(id) = declared else {
                return Err(format!(
                    "what was saved has a cell {name:?}, which the DoFn does not declare: declare it, or \
                     begin without what was saved"
                )
                .into());
            };
            self.columns.all[id].decode(at, &bytes).map_err(|error| of_cell(&name, &error))?;
        }
        if !waiting.is_empty() {
            let sorted: Sorted<V> = BinaryCoder.decode_value(&waiting)?;
            self.waiting += sorted.values().map(|elements| elements.len() as u64).sum::<u64>();
            book.wait_for(at, sorted.first_key_value().map(|(first, _)| *first));
            if self.sorted.len() <= at.0 as usize {
                self.sorted.resize_with(at.0 as usize + 1, Sorted::new);
            }
            self.sorted[at.0 as usize] = sorted;
        }
        for timer in timers {
            if timer.name.id as usize >= self.spec.timers.len() {
                return Err("what was saved has a timer that the DoFn does not declare".into());
            }
            book.set(at, timer);
        }
        Ok(())
    }
}

fn of_cell(name: &str, error: &dyn std::error::Error) -> BoxError {
    format!("the cell {name:?} does not survive being saved: {error}").into()
}
