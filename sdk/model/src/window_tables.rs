//! One hash table a window: the fast path of a grouping, typed inside.

use std::sync::Arc;

use crate::{AnyBundle, BoxError, Metadata};

/// Makes empty tables; a runner makes one set a worker.
pub type WindowTablesFactory = Arc<dyn Fn() -> Box<dyn WindowTables> + Send + Sync>;

/// A table of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u32);

/// Whether elements are what an author grouped, or folds of some of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `(K, V)` going in, `(K, Output)` coming out.
    Values,
    /// `(K, Accumulator)`: folded before the exchange, to be merged behind it.
    Partials,
}

/// Where windows do not merge and nothing fires early, a grouping needs no cell for each key and
/// window: a table for each window, which is drained whole when the window closes, does.
///
/// The owner knows windows and says, for each distinct window set of a bundle, which tables take its
/// elements; the tables know keys. Their order is that of a hash table, and so is not the same in two
/// runs: a runner that must be deterministic uses [`KeyedTable`](crate::KeyedTable).
pub trait WindowTables {
    /// Opens an empty table.
    fn open(&mut self) -> TableId;

    /// Folds a bundle of the given form. `routes[i]` are the tables of the bundle's `i`th distinct
    /// window set. Returns how many elements were folded, each once for each of its tables.
    ///
    /// # Errors
    /// What the author's combiner returned.
    fn fold(
        &mut self,
        input: AnyBundle,
        form: Form,
        routes: &[Vec<TableId>],
    ) -> Result<u64, BoxError>;

    /// How many keys a table holds, or, where that is known only at its end, elements.
    fn len(&self, table: TableId) -> usize;

    /// Puts the key that stands for all elements of a global combine, with the combiner's identity,
    /// into a table that lacks it. Does nothing if this is no global combine.
    fn insert_identity(&mut self, table: TableId);

    /// Empties a table into bundles of the given form of up to `limit` elements, which carry
    /// `metadata` (it must be uniform), and hands each to `emit`, until that returns `false`. How many keys
    /// there were, if all went out.
    ///
    /// # Errors
    /// What the author's combiner returned, an overflow say.
    fn drain(
        &mut self,
        table: TableId,
        form: Form,
        limit: usize,
        metadata: &Metadata,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<Option<usize>, BoxError>;

    /// Closes an empty table; its room is used again.
    fn close(&mut self, table: TableId);
}
