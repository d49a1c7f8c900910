//! The typed tables of the fast path.

use std::{hash::BuildHasher, marker::PhantomData};

use foldhash::fast::RandomState;
use hashbrown::{HashTable, hash_table::Entry};
use watershed_model::{
    AnyBundle, BoxError, Bundle, Column, Element, Form, Key, Metadata, TableId, WindowTables,
};

use crate::combine::{CombineContext, CombineFn};

const CX: CombineContext<'static> = CombineContext::without_views();

/// A hash table of keys and accumulators for each open window.
pub(crate) struct Tables<K, V, C: CombineFn<V>> {
    combiner: C,
    hasher: RandomState,
    tables: Vec<HashTable<(K, C::Accumulator)>>,
    free: Vec<TableId>,
    global_key: Option<K>,
    value: PhantomData<fn(V)>,
}

impl<K: Key, V: Element, C: CombineFn<V>> Tables<K, V, C> {
    pub(crate) fn new(combiner: C, global_key: Option<K>) -> Self {
        Tables {
            combiner,
            hasher: RandomState::default(),
            tables: Vec::new(),
            free: Vec::new(),
            global_key,
            value: PhantomData,
        }
    }

    /// Folds elements with `add` into the tables that their windows go to.
    fn fold_all<X: Element>(
        &mut self,
        bundle: Bundle<(K, X)>,
        routes: &[Vec<TableId>],
        add: impl Fn(&C, &mut C::Accumulator, X),
    ) {
        let Tables { combiner, hasher, tables, .. } = self;
        let mut into = |table: TableId, key: K, value: X| {
            let hash = hasher.hash_one(&key);
            let entry = tables[table.0 as usize].entry(
                hash,
                |(other, _)| *other == key,
                |(other, _)| hasher.hash_one(other),
            );
            match entry {
                Entry::Occupied(mut found) => add(combiner, &mut found.get_mut().1, value),
                Entry::Vacant(vacant) => {
                    let mut accumulator = combiner.create(&CX);
                    add(combiner, &mut accumulator, value);
                    vacant.insert((key, accumulator));
                }
            }
        };
        let mut route = |tables: &[TableId], key: K, value: X| {
            let Some((last, others)) = tables.split_last() else { return };
            for table in others {
                into(*table, key.clone(), value.clone());
            }
            into(*last, key, value);
        };
        match bundle.metadata.windows.index() {
            Column::Uniform(set) => {
                let tables = &routes[*set as usize];
                bundle.values.into_iter().for_each(|(key, value)| route(tables, key, value));
            }
            Column::Each(sets) => {
                for ((key, value), set) in std::iter::zip(bundle.values, sets) {
                    route(&routes[*set as usize], key, value);
                }
            }
        }
    }
}

impl<K: Key, V: Element, C: CombineFn<V>> WindowTables for Tables<K, V, C> {
    fn open(&mut self) -> TableId {
        self.free.pop().unwrap_or_else(|| {
            self.tables.push(HashTable::new());
            TableId(self.tables.len() as u32 - 1)
        })
    }

    fn fold(
        &mut self,
        input: AnyBundle,
        form: Form,
        routes: &[Vec<TableId>],
    ) -> Result<(), BoxError> {
        match form {
            Form::Values => {
                self.fold_all(input.downcast::<(K, V)>(), routes, |combiner, into, value| {
                    combiner.add(into, value, &CX);
                })
            }
            Form::Partials => {
                let partials = input.downcast::<(K, C::Accumulator)>();
                self.fold_all(partials, routes, |combiner, into, partial| {
                    combiner.merge(into, partial, &CX);
                });
            }
        }
        Ok(())
    }

    fn len(&self, table: TableId) -> usize {
        self.tables[table.0 as usize].len()
    }

    fn insert_identity(&mut self, table: TableId) {
        let Some(key) = &self.global_key else { return };
        let hasher = &self.hasher;
        let hash = hasher.hash_one(key);
        let entry = self.tables[table.0 as usize].entry(
            hash,
            |(other, _)| other == key,
            |(other, _)| hasher.hash_one(other),
        );
        entry.or_insert_with(|| (key.clone(), self.combiner.create(&CX)));
    }

    fn drain(
        &mut self,
        table: TableId,
        form: Form,
        limit: usize,
        metadata: &Metadata,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<(), BoxError> {
        let limit = limit.max(1);
        let mut entries = self.tables[table.0 as usize].drain();
        while entries.len() > 0 {
            let slice = entries.by_ref().take(limit);
            let bundle = match form {
                Form::Partials => AnyBundle::new(Bundle::new(slice.collect(), metadata.clone())),
                Form::Values => {
                    let mut values = Vec::with_capacity(slice.size_hint().0);
                    for (key, accumulator) in slice {
                        values.push((key, self.combiner.extract(accumulator, &CX)?));
                    }
                    AnyBundle::new(Bundle::new(values, metadata.clone()))
                }
            };
            if !emit(bundle) {
                break;
            }
        }
        Ok(())
    }

    fn close(&mut self, table: TableId) {
        self.free.push(table);
    }
}
