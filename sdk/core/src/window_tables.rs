//! The typed tables of the fast path.

use std::{hash::BuildHasher, marker::PhantomData};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use watershed_model::{
    AnyBundle, BoxError, Bundle, Column, Element, Form, Key, Metadata, TableId, WindowTables,
    keep_spare, spare_vec,
};

use crate::combine::{CombineContext, CombineFn};

const CX: CombineContext<'static> = CombineContext::without_views();

/// A hash table of keys and accumulators for each open window.
pub(crate) struct Tables<K, V, C: CombineFn<V>> {
    combiner: C,
    hasher: RandomState,
    tables: Vec<Table<K, C::Accumulator>>,
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
    ) -> u64 {
        let Bundle { mut values, metadata } = bundle;
        let folded = self.fold_values(&mut values, &metadata, routes, add);
        keep_spare(values);
        metadata.keep_spare();
        folded
    }

    fn fold_values<X: Element>(
        &mut self,
        values: &mut Vec<(K, X)>,
        metadata: &Metadata,
        routes: &[Vec<TableId>],
        add: impl Fn(&C, &mut C::Accumulator, X),
    ) -> u64 {
        let all = values.len() as u64;
        let Tables { combiner, hasher, tables, .. } = self;
        let fold = |table: &mut Table<K, C::Accumulator>, key: K, value: X| {
            let accumulator = accumulator(table, hasher, key, || combiner.create(&CX));
            add(combiner, accumulator, value);
        };
        let index = metadata.windows.index();
        // Mostly a bundle goes to one table; then nothing is looked up but keys.
        if let Column::Uniform(set) = index
            && let [table] = routes[*set as usize].as_slice()
        {
            let table = &mut tables[table.0 as usize];
            for (key, value) in values.drain(..) {
                let accumulator = accumulator(table, hasher, key, || combiner.create(&CX));
                add(combiner, accumulator, value);
            }
            return all;
        }
        // Or each element goes to one of a few.
        let single: Option<Vec<u32>> = routes
            .iter()
            .map(|route| route.first().filter(|_| route.len() == 1).map(|id| id.0))
            .collect();
        if let (Column::Each(index), Some(single)) = (index, single) {
            // Of two mostly, whose places are known then.
            if let [a, b] = single.as_slice()
                && let Ok(both) = tables.get_disjoint_mut([*a as usize, *b as usize])
            {
                for ((key, value), set) in std::iter::zip(values.drain(..), index) {
                    let table = &mut *both[usize::from(*set != 0)];
                    let accumulator = accumulator(table, hasher, key, || combiner.create(&CX));
                    add(combiner, accumulator, value);
                }
                return all;
            }
            for ((key, value), set) in std::iter::zip(values.drain(..), index) {
                let table = &mut tables[single[*set as usize] as usize];
                let accumulator = accumulator(table, hasher, key, || combiner.create(&CX));
                add(combiner, accumulator, value);
            }
            return all;
        }
        let mut folded = 0;
        for (place, (key, value)) in values.drain(..).enumerate() {
            let Some((last, others)) = routes[index.get(place) as usize].split_last() else {
                continue;
            };
            for table in others {
                fold(&mut tables[table.0 as usize], key.clone(), value.clone());
            }
            fold(&mut tables[last.0 as usize], key, value);
            folded += others.len() as u64 + 1;
        }
        folded
    }
}

type Table<K, A> = HashTable<(K, A)>;

/// The accumulator of a key, made if the key is new.
#[expect(clippy::inline_always, reason = "a call for each element shows in W1 and W3G")]
#[inline(always)]
pub(crate) fn accumulator<'t, K: Key, A>(
    table: &'t mut Table<K, A>,
    hasher: &RandomState,
    key: K,
    create: impl FnOnce() -> A,
) -> &'t mut A {
    let hash = hasher.hash_one(&key);
    // Mostly the key is there: then nothing is looked for where it could be put.
    match table.find_entry(hash, |(other, _)| *other == key) {
        Ok(found) => &mut found.into_mut().1,
        Err(absent) => {
            let of_other = |(other, _): &(K, A)| hasher.hash_one(other);
            let table = absent.into_table();
            &mut table.insert_unique(hash, (key, create()), of_other).into_mut().1
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
    ) -> Result<u64, BoxError> {
        Ok(match form {
            Form::Values => {
                self.fold_all(input.downcast::<(K, V)>(), routes, |combiner, into, value| {
                    combiner.add(into, value, &CX);
                })
            }
            Form::Partials => {
                let partials = input.downcast::<(K, C::Accumulator)>();
                self.fold_all(partials, routes, |combiner, into, partial| {
                    combiner.merge(into, partial, &CX);
                })
            }
        })
    }

    fn len(&self, table: TableId) -> usize {
        self.tables[table.0 as usize].len()
    }

    fn insert_identity(&mut self, table: TableId) {
        let Some(key) = &self.global_key else { return };
        let (key, table) = (key.clone(), &mut self.tables[table.0 as usize]);
        accumulator(table, &self.hasher, key, || self.combiner.create(&CX));
    }

    fn drain(
        &mut self,
        table: TableId,
        form: Form,
        limit: usize,
        metadata: &Metadata,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<Option<usize>, BoxError> {
        let (limit, keys) = (limit.max(1), self.len(table));
        let mut entries = self.tables[table.0 as usize].drain();
        while entries.len() > 0 {
            let slice = entries.by_ref().take(limit);
            let bundle = match form {
                Form::Partials => {
                    let mut values = spare_vec(slice.size_hint().0);
                    values.extend(slice);
                    AnyBundle::new(Bundle::new(values, metadata.clone()))
                }
                Form::Values => {
                    let mut values = spare_vec(slice.size_hint().0);
                    for (key, accumulator) in slice {
                        values.push((key, self.combiner.extract(accumulator, &CX)?));
                    }
                    AnyBundle::new(Bundle::new(values, metadata.clone()))
                }
            };
            if !emit(bundle) {
                return Ok(None);
            }
        }
        Ok(Some(keys))
    }

    fn close(&mut self, table: TableId) {
        self.free.push(table);
    }
}
