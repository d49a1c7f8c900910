//! The cells of all keys and windows: a typed column for each cell that was declared.

use std::any::Any;

use watershed_model::{BinaryCoder, Coder, CoderError, Element, KeyWindow};

/// One declared cell, for all keys and windows.
pub(super) trait AnyColumn: Any {
    /// Empties the cell of a key and window.
    fn clear(&mut self, at: KeyWindow);
    /// Whether the cell of a key and window is empty.
    fn is_empty(&self, at: KeyWindow) -> bool;
    /// The bytes of what a cell holds, if it holds something.
    fn encode(&self, at: KeyWindow) -> Result<Option<Vec<u8>>, CoderError>;
    /// Fills a cell from bytes.
    fn decode(&mut self, at: KeyWindow, bytes: &[u8]) -> Result<(), CoderError>;
}

/// What the cells of a column hold: `None` where one is empty.
pub(super) struct Column<T>(Vec<Option<T>>);

impl<T> Default for Column<T> {
    fn default() -> Self {
        Column(Vec::new())
    }
}

impl<T> Column<T> {
    #[inline]
    fn get(&self, at: KeyWindow) -> Option<&T> {
        self.0.get(at.0 as usize).and_then(Option::as_ref)
    }

    #[inline]
    fn cell(&mut self, at: KeyWindow) -> &mut Option<T> {
        let place = at.0 as usize;
        if place >= self.0.len() {
            self.0.resize_with(place + 1, || None);
        }
        &mut self.0[place]
    }
}

impl<T: Element> AnyColumn for Column<T> {
    fn clear(&mut self, at: KeyWindow) {
        if let Some(cell) = self.0.get_mut(at.0 as usize) {
            *cell = None;
        }
    }

    fn is_empty(&self, at: KeyWindow) -> bool {
        self.get(at).is_none()
    }

    fn encode(&self, at: KeyWindow) -> Result<Option<Vec<u8>>, CoderError> {
        let Some(value) = self.get(at) else { return Ok(None) };
        let mut bytes = Vec::new();
        BinaryCoder.encode_value(value, &mut bytes)?;
        Ok(Some(bytes))
    }

    fn decode(&mut self, at: KeyWindow, bytes: &[u8]) -> Result<(), CoderError> {
        *self.cell(at) = Some(BinaryCoder.decode_value(bytes)?);
        Ok(())
    }
}

/// All declared cells.
pub(super) struct Columns {
    pub(super) all: Vec<Box<dyn AnyColumn>>,
    /// Whether a cell was emptied, or a timer cleared, since this was last set to `false`.
    pub(super) may_be_empty: bool,
}

impl Columns {
    pub(super) fn new(all: Vec<Box<dyn AnyColumn>>) -> Self {
        Columns { all, may_be_empty: false }
    }

    /// What a cell holds.
    #[inline]
    pub(super) fn get<T: 'static>(&self, id: u32, at: KeyWindow) -> Option<&T> {
        let column = self.all.get(id as usize).map(|column| {
            let column: &dyn Any = &**column;
            column.downcast_ref::<Column<T>>()
        });
        column.flatten().unwrap_or_else(|| undeclared()).get(at)
    }

    /// A cell, empty or not.
    #[inline]
    pub(super) fn cell<T: 'static>(&mut self, id: u32, at: KeyWindow) -> &mut Option<T> {
        let column = self.all.get_mut(id as usize).map(|column| {
            let column: &mut dyn Any = &mut **column;
            column.downcast_mut::<Column<T>>()
        });
        column.flatten().unwrap_or_else(|| undeclared()).cell(at)
    }

    /// Whether all cells of a key and window are empty.
    pub(super) fn are_empty(&self, at: KeyWindow) -> bool {
        self.all.iter().all(|column| column.is_empty(at))
    }

    /// Empties all cells of a key and window.
    pub(super) fn clear(&mut self, at: KeyWindow) {
        self.all.iter_mut().for_each(|column| column.clear(at));
    }
}

/// Told as an error of the run, which names the step.
#[cold]
fn undeclared() -> ! {
    panic!("a cell was used that this DoFn did not declare: use only those that `declare` returned")
}
