//! Keyed tables: typed inside, owned by something that knows slots and never keys.

use std::sync::Arc;

use crate::{AnyBundle, BoxError, Metadata};

/// A key in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// What a table keeps for one key and window: an accumulator, or a group that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub u32);

/// Where an element of a located bundle goes. An element in three windows has three placements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The element's place in the bundle that was located.
    pub element: u32,
    /// The cell that takes it.
    pub cell: Cell,
}

/// What goes out as one pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaneCell {
    /// The key.
    pub slot: Slot,
    /// Its content.
    pub cell: Cell,
    /// Whether the content stays where it is, because later panes repeat it; else the cell is freed.
    pub stays: bool,
}

/// Makes an empty table; a runner makes one a worker.
pub type TableFactory = Arc<dyn Fn() -> Box<dyn KeyedTable> + Send + Sync>;

/// The keys and cells of one grouping step on one worker.
///
/// The owner (windows, triggers, panes, holds) decides which cells there are and when they go; the
/// table knows their content. Slots are given in the order in which keys first appear, so a walk by
/// slot shows no hash order.
pub trait KeyedTable {
    /// Takes a bundle of `(K, V)` apart: one slot an element is appended to `slots`; the values stay
    /// with the table until [`fold`](KeyedTable::fold).
    fn locate(&mut self, input: AnyBundle, slots: &mut Vec<Slot>);

    /// Opens an empty cell.
    fn open(&mut self) -> Cell;

    /// Folds the located values into cells. Placements stand in ascending order of element; a value
    /// without a placement is thrown away.
    ///
    /// # Errors
    /// What the author's combiner returned.
    fn fold(&mut self, placements: &[Placement]) -> Result<(), BoxError>;

    /// Folds one cell into another and frees the first.
    ///
    /// # Errors
    /// What the author's combiner returned.
    fn merge(&mut self, from: Cell, into: Cell) -> Result<(), BoxError>;

    /// Takes the results of cells out, frees those that do not stay, and makes a bundle of
    /// `(K, Output)` that carries `metadata` (one entry a pane).
    ///
    /// # Errors
    /// What the author's combiner returned, an overflow say.
    fn take(&mut self, panes: &[PaneCell], metadata: Metadata) -> Result<AnyBundle, BoxError>;

    /// Frees a cell and what it holds.
    fn discard(&mut self, cell: Cell);

    /// Forgets a key. It has no cells any more.
    fn release(&mut self, slot: Slot);

    /// The slot of the key that stands for all elements of a global combine, or `None` if this is
    /// not one. Opening a cell there and taking it gives the output of the combiner's identity.
    fn global_slot(&mut self) -> Option<Slot>;

    /// Writes a cell's content as bytes and reads it back in its place; a check.
    ///
    /// # Errors
    /// When the content cannot be written or read, or its bytes change on the way.
    fn recode(&mut self, cell: Cell) -> Result<(), BoxError>;
}
