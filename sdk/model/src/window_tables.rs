//! One hash table a window: the fast path of a grouping, typed inside.

use std::{any::Any, sync::Arc};

use crate::{AnyBundle, BoxError, KeyShare, Metadata};

/// Makes empty tables; a runner makes one set a worker.
pub type WindowTablesFactory = Arc<dyn Fn() -> Box<dyn WindowTables> + Send + Sync>;

/// A table of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u32);

/// A table that has left its set, to be adopted by a twin of it.
pub struct LooseTable {
    table: Box<dyn Any>,
    len: usize,
}

impl LooseTable {
    /// A table of so many keys.
    pub fn new(table: impl Any, len: usize) -> Self {
        LooseTable { table: Box::new(table), len }
    }

    /// How many keys it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no key.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The table itself, by its type.
    pub fn downcast<T: 'static>(self) -> T {
        match self.table.downcast() {
            Ok(table) => *table,
            Err(_) => unreachable!("a table is adopted by a twin of the set that it left"),
        }
    }
}

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
    /// An empty set of tables that hashes as this one does, so that each may adopt the other's tables.
    fn twin(&self) -> Box<dyn WindowTables>;

    /// Opens an empty table.
    fn open(&mut self) -> TableId;

    /// Folds a bundle of the given form. `routes[i]` are the tables of the bundle's `i`th distinct
    /// window set.
    ///
    /// # Errors
    /// What the author's combiner returned.
    fn fold(
        &mut self,
        input: AnyBundle,
        form: Form,
        routes: &[Vec<TableId>],
    ) -> Result<(), BoxError>;

    /// How many keys a table holds.
    fn len(&self, table: TableId) -> usize;

    /// Puts the key that stands for all elements of a global combine, with the combiner's identity,
    /// into a table that lacks it. Does nothing if this is no global combine.
    fn insert_identity(&mut self, table: TableId);

    /// Empties a table into bundles of the given form of up to `limit` elements, which carry
    /// `metadata` (it must be uniform), and hands each to `emit`, until that returns `false`.
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
    ) -> Result<(), BoxError>;

    /// Takes out what other workers own, as bundles of partials for one worker each, of up to `limit`
    /// elements, which carry `metadata` (it must be uniform).
    ///
    /// # Errors
    /// When a key cannot be encoded.
    fn part(
        &mut self,
        table: TableId,
        share: &KeyShare,
        limit: usize,
        metadata: &Metadata,
        emit: &mut dyn FnMut(usize, AnyBundle),
    ) -> Result<(), BoxError>;

    /// Takes a table away with all it holds, which leaves an empty one.
    fn take(&mut self, table: TableId) -> LooseTable;

    /// Merges a table that a twin gave away into one of this set. What comes back is empty and has room,
    /// so that the giver's next table need not grow.
    fn adopt(&mut self, table: TableId, loose: LooseTable) -> LooseTable;

    /// Closes an empty table; its room is used again.
    fn close(&mut self, table: TableId);
}
