//! The typed tables of the fast path.

use std::{cell::Cell, hash::BuildHasher, marker::PhantomData};

use foldhash::fast::RandomState;
use hashbrown::{HashTable, hash_table::Entry};
use watershed_model::{
    AnyBundle, BinaryCoder, BoxError, Bundle, Coder, Column, Element, Form, Key, KeyShare,
    LooseTable, Metadata, TableId, WindowTables,
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
    /// Room for the owners of a table's keys.
    owners: Vec<usize>,
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
            owners: Vec::new(),
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
        let fold = |table: &mut Table<K, C::Accumulator>, key: K, value: X| {
            let accumulator = accumulator(table, hasher, key, || combiner.create(&CX));
            add(combiner, accumulator, value);
        };
        let index = bundle.metadata.windows.index();
        // Mostly a bundle goes to one table; then nothing is looked up but keys.
        if let Column::Uniform(set) = index
            && let [table] = routes[*set as usize].as_slice()
        {
            let table = &mut tables[table.0 as usize];
            for (key, value) in bundle.values {
                let accumulator = accumulator(table, hasher, key, || combiner.create(&CX));
                add(combiner, accumulator, value);
            }
            return;
        }
        // Or each element goes to one of a few.
        let single: Option<Vec<u32>> = routes
            .iter()
            .map(|route| route.first().filter(|_| route.len() == 1).map(|id| id.0))
            .collect();
        if let (Column::Each(index), Some(single)) = (index, single) {
            for ((key, value), set) in std::iter::zip(bundle.values, index) {
                let table = &mut tables[single[*set as usize] as usize];
                let accumulator = accumulator(table, hasher, key, || combiner.create(&CX));
                add(combiner, accumulator, value);
            }
            return;
        }
        for (place, (key, value)) in bundle.values.into_iter().enumerate() {
            let Some((last, others)) = routes[index.get(place) as usize].split_last() else {
                continue;
            };
            for table in others {
                fold(&mut tables[table.0 as usize], key.clone(), value.clone());
            }
            fold(&mut tables[last.0 as usize], key, value);
        }
    }
}

type Table<K, A> = HashTable<(K, A)>;

/// The accumulator of a key, made if the key is new.
#[expect(clippy::inline_always, reason = "a call for each element shows in W1 and W3G")]
#[inline(always)]
fn accumulator<'t, K: Key, A>(
    table: &'t mut Table<K, A>,
    hasher: &RandomState,
    key: K,
    create: impl FnOnce() -> A,
) -> &'t mut A {
    let hash = hasher.hash_one(&key);
    let entry = table.entry(hash, |(other, _)| *other == key, |(other, _)| hasher.hash_one(other));
    match entry {
        Entry::Occupied(found) => &mut found.into_mut().1,
        Entry::Vacant(vacant) => &mut vacant.insert((key, create())).into_mut().1,
    }
}

/// Merges a partial into that of its key, or puts it there if the key is new.
fn put<K: Key, A>(
    table: &mut Table<K, A>,
    hasher: &RandomState,
    key: K,
    partial: A,
    merge: impl FnOnce(&mut A, A),
) {
    let hash = hasher.hash_one(&key);
    let entry = table.entry(hash, |(other, _)| *other == key, |(other, _)| hasher.hash_one(other));
    match entry {
        Entry::Occupied(found) => merge(&mut found.into_mut().1, partial),
        Entry::Vacant(vacant) => drop(vacant.insert((key, partial))),
    }
}

impl<K: Key, V: Element, C: CombineFn<V>> WindowTables for Tables<K, V, C> {
    fn twin(&self) -> Box<dyn WindowTables> {
        let twin = Tables::<K, V, C>::new(self.combiner.clone(), self.global_key.clone());
        Box::new(Tables { hasher: self.hasher.clone(), ..twin })
    }

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

    fn part(
        &mut self,
        table: TableId,
        share: &KeyShare,
        limit: usize,
        metadata: &Metadata,
        emit: &mut dyn FnMut(usize, AnyBundle),
    ) -> Result<(), BoxError> {
        let Tables { tables, owners, .. } = self;
        let table = &mut tables[table.0 as usize];
        // Owners are found in a sweep of their own: half of them are not guessed, and a wrong guess then costs
        // little, since nothing has to be hashed to find out.
        let mut bytes = Vec::new();
        owners.clear();
        for (key, _) in table.iter() {
            bytes.clear();
            BinaryCoder.encode_value(key, &mut bytes)?;
            owners.push(share.owner_of(&bytes));
        }
        let limit = limit.max(1);
        // A little more than each is likely to get.
        let room = (table.len() / share.workers.max(1) * 17 / 16 + 8).min(limit);
        let mut parts: Vec<Vec<(K, C::Accumulator)>> = Vec::new();
        parts.resize_with(share.workers, Vec::new);
        // Both sweeps go through the table in the order of its buckets.
        let (mut owners, owner) = (owners.iter(), Cell::new(share.here));
        let leaves = |_: &mut (K, C::Accumulator)| {
            owner.set(owners.next().copied().unwrap_or(share.here));
            owner.get() != share.here
        };
        for entry in table.extract_if(leaves) {
            let part = &mut parts[owner.get()];
            if part.capacity() == 0 {
                part.reserve_exact(room);
            }
            part.push(entry);
            if part.len() == limit {
                let part = Bundle::new(std::mem::take(part), metadata.clone());
                emit(owner.get(), AnyBundle::new(part));
            }
        }
        for (worker, part) in parts.into_iter().enumerate() {
            if !part.is_empty() {
                emit(worker, AnyBundle::new(Bundle::new(part, metadata.clone())));
            }
        }
        Ok(())
    }

    fn take(&mut self, table: TableId) -> LooseTable {
        let table = std::mem::take(&mut self.tables[table.0 as usize]);
        let len = table.len();
        LooseTable::new(table, len)
    }

    fn adopt(&mut self, table: TableId, loose: LooseTable) -> LooseTable {
        let own = &mut self.tables[table.0 as usize];
        let mut other = loose.downcast::<Table<K, C::Accumulator>>();
        // The fewer are looked up among the more; of two that are empty the one with more room stays. Room is
        // not made beforehand: mostly both hold the same keys.
        if (other.len(), other.capacity()) > (own.len(), own.capacity()) {
            std::mem::swap(own, &mut other);
        }
        for (key, partial) in other.drain() {
            put(own, &self.hasher, key, partial, |into, partial| {
                self.combiner.merge(into, partial, &CX);
            });
        }
        LooseTable::new(other, 0)
    }

    fn close(&mut self, table: TableId) {
        self.free.push(table);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use watershed_model::{KeyHasher, Timestamp};

    use super::*;
    use crate::combine::Sum;

    type Sums = Tables<u16, i64, Sum>;

    /// Sums some numbers in a table, and in a map beside it.
    fn add(
        tables: &mut dyn WindowTables,
        table: TableId,
        keys: usize,
        random: &mut fastrand::Rng,
        map: &mut BTreeMap<u16, i64>,
    ) {
        let pair = |_| (random.u16(0..1000), random.i64(-99..100));
        let pairs: Vec<(u16, i64)> = (0..keys).map(pair).collect();
        for (key, value) in &pairs {
            *map.entry(*key).or_default() += value;
        }
        let bundle = AnyBundle::new(Bundle::new(pairs, metadata()));
        tables.fold(bundle, Form::Values, &[vec![table]]).unwrap();
    }

    fn metadata() -> Metadata {
        Metadata::at(Timestamp::MIN)
    }

    fn drained(tables: &mut dyn WindowTables, table: TableId) -> BTreeMap<u16, i64> {
        let mut sums = BTreeMap::new();
        let mut keep = |bundle: AnyBundle| {
            for (key, sum) in bundle.downcast::<(u16, i64)>().values {
                assert_eq!(sums.insert(key, sum), None, "a key comes twice");
            }
            true
        };
        tables.drain(table, Form::Values, 7, &metadata(), &mut keep).unwrap();
        sums
    }

    #[test]
    fn tables_that_are_handed_over_hold_what_was_folded() {
        for seed in 0..200 {
            let random = &mut fastrand::Rng::with_seed(seed);
            let mut owner = Sums::new(Sum, None);
            let mut door = owner.twin();
            let mut expected = BTreeMap::new();
            let into = owner.open();
            // One after the other: into an empty one, a smaller one, a larger one.
            for _ in 0..3 {
                let table = door.open();
                let keys = random.usize(1..500);
                add(&mut *door, table, keys, random, &mut expected);
                let loose = door.take(table);
                assert_eq!(door.len(table), 0);
                let spare = owner.adopt(into, loose);
                assert!(spare.is_empty());
                door.adopt(table, spare);
                assert_eq!(door.len(table), 0);
                door.close(table);
                let keys = random.usize(0..50);
                add(&mut owner, into, keys, random, &mut expected);
            }
            assert_eq!(owner.len(into), expected.len());
            assert_eq!(drained(&mut owner, into), expected);
        }
    }

    #[test]
    fn room_goes_round() {
        let random = &mut fastrand::Rng::with_seed(1);
        let mut owner = Sums::new(Sum, None);
        let mut door = Tables { hasher: owner.hasher.clone(), ..Sums::new(Sum, None) };
        for window in 0..4 {
            let (table, into) = (door.open(), owner.open());
            let grows = door.tables[table.0 as usize].capacity() < 500;
            assert_eq!(grows, window < 2, "each of the two tables grows once");
            add(&mut door, table, 5000, random, &mut BTreeMap::new());
            let spare = owner.adopt(into, door.take(table));
            door.adopt(table, spare);
            drained(&mut owner, into);
            door.close(table);
            owner.close(into);
        }
    }

    #[test]
    fn what_others_own_leaves_and_the_rest_stays() {
        for seed in 0..100 {
            let random = &mut fastrand::Rng::with_seed(seed);
            let (workers, hasher) = (random.usize(1..5), KeyHasher::new(seed, 16));
            let share = KeyShare { hasher, workers, here: random.usize(0..workers) };
            let mut tables = Sums::new(Sum, None);
            let (table, others) = (tables.open(), tables.open());
            let mut expected = BTreeMap::new();
            add(&mut tables, table, 300, random, &mut expected);
            let (limit, mut sent) = (random.usize(1..100), Vec::new());
            let mut keep = |worker, bundle: AnyBundle| sent.push((worker, bundle));
            tables.part(table, &share, limit, &metadata(), &mut keep).unwrap();
            let is_owned = |key: &u16, worker| share.owner_of(&key.to_le_bytes()) == worker;
            for (worker, bundle) in sent {
                let keys = &bundle.as_typed::<(u16, <Sum as CombineFn<i64>>::Accumulator)>().values;
                assert!(worker != share.here && (1..=limit).contains(&keys.len()));
                assert!(keys.iter().all(|(key, _)| is_owned(key, worker)));
                tables.fold(bundle, Form::Partials, &[vec![others]]).unwrap();
            }
            let mut both = drained(&mut tables, table);
            assert!(both.keys().all(|key| is_owned(key, share.here)));
            both.extend(drained(&mut tables, others));
            assert_eq!(both, expected);
        }
    }
}
