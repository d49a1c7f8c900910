//! The typed tables of the fast path where all values are kept.
//!
//! Of a combiner that keeps all its values nothing is won by folding them as they come: every value then goes
//! to a place of its own in a large table, which no cache holds. Here elements are kept as they come, in the
//! bundles that brought them. When their window closes they are spread over partitions by the hash of their keys,
//! each small enough for a cache, and grouped one partition after the other. (Partitioned hash joins do so:
//! Shatdal, Kant and Naughton, *Cache conscious algorithms for relational query processing*, VLDB 1994.)
//!
//! The work is done at once at the end, so a pane comes later than it would; hence only for what ends.

use std::{hash::BuildHasher, marker::PhantomData};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use watershed_model::{
    AnyBundle, BoxError, Bundle, Column, Element, Form, Key, Metadata, TableId, WindowTables,
};

use crate::{
    combine::{CombineContext, CombineFn},
    window_tables::accumulator,
};

/// About so many elements are grouped at a time.
const PARTITION: usize = 32 << 10;

/// No more partitions than this are filled at once.
const MOST_PARTITIONS: usize = 512;

/// Bundles of fewer elements than this are put together.
const SMALL: usize = 512;

const CX: CombineContext<'static> = CombineContext::without_views();

/// The elements of each open window.
pub(crate) struct GatheredTables<K, V, C: CombineFn<V>> {
    combiner: C,
    hasher: RandomState,
    logs: Vec<Log<K, V>>,
    free: Vec<TableId>,
    groups: PhantomData<fn() -> C>,
}

/// Elements as they came.
struct Log<K, V> {
    chunks: Vec<Vec<(K, V)>>,
    len: usize,
}

impl<K, V> Log<K, V> {
    fn new() -> Self {
        Log { chunks: Vec::new(), len: 0 }
    }

    fn push(&mut self, element: (K, V)) {
        self.len += 1;
        match self.chunks.last_mut() {
            Some(last) if last.len() < last.capacity() => last.push(element),
            _ => {
                let mut chunk = Vec::with_capacity(if self.len == 1 { 4 } else { SMALL });
                chunk.push(element);
                self.chunks.push(chunk);
            }
        }
    }

    fn append(&mut self, elements: Vec<(K, V)>) {
        if elements.len() < SMALL {
            return elements.into_iter().for_each(|element| self.push(element));
        }
        self.len += elements.len();
        self.chunks.push(elements);
    }
}

impl<K: Key, V: Element, C: CombineFn<V>> GatheredTables<K, V, C> {
    pub(crate) fn new(combiner: C) -> Self {
        GatheredTables {
            combiner,
            hasher: RandomState::default(),
            logs: Vec::new(),
            free: Vec::new(),
            groups: PhantomData,
        }
    }
}

/// Elements by the hashes of their keys, each part small.
fn partitions<K: Key, V>(log: Log<K, V>, hasher: &RandomState) -> Vec<Vec<(K, V)>> {
    let count = (log.len / PARTITION).next_power_of_two().min(MOST_PARTITIONS);
    let each = log.len / count + log.len / count / 8 + 8;
    let mut parts: Vec<Vec<(K, V)>> = Vec::with_capacity(count);
    parts.resize_with(count, || Vec::with_capacity(each));
    for element in log.chunks.into_iter().flatten() {
        // Not the bits by which a part's own table goes.
        let part = (hasher.hash_one(&element.0) >> 32) as usize & (count - 1);
        parts[part].push(element);
    }
    parts
}

impl<K: Key, V: Element, C: CombineFn<V>> WindowTables for GatheredTables<K, V, C> {
    fn open(&mut self) -> TableId {
        self.free.pop().unwrap_or_else(|| {
            self.logs.push(Log::new());
            TableId(self.logs.len() as u32 - 1)
        })
    }

    fn fold(
        &mut self,
        input: AnyBundle,
        form: Form,
        routes: &[Vec<TableId>],
    ) -> Result<u64, BoxError> {
        if form == Form::Partials {
            unreachable!("of what is gathered nothing is folded before the exchange");
        }
        let Bundle { values, metadata } = input.downcast::<(K, V)>();
        let index = metadata.windows.index();
        if let Column::Uniform(set) = index
            && let [table] = routes[*set as usize].as_slice()
        {
            let all = values.len() as u64;
            self.logs[table.0 as usize].append(values);
            return Ok(all);
        }
        let mut folded = 0;
        for (place, element) in values.into_iter().enumerate() {
            let Some((last, others)) = routes[index.get(place) as usize].split_last() else {
                continue;
            };
            for table in others {
                self.logs[table.0 as usize].push(element.clone());
            }
            self.logs[last.0 as usize].push(element);
            folded += others.len() as u64 + 1;
        }
        Ok(folded)
    }

    fn len(&self, table: TableId) -> usize {
        self.logs[table.0 as usize].len
    }

    fn insert_identity(&mut self, _: TableId) {}

    fn drain(
        &mut self,
        table: TableId,
        _: Form,
        limit: usize,
        metadata: &Metadata,
        emit: &mut dyn FnMut(AnyBundle) -> bool,
    ) -> Result<Option<usize>, BoxError> {
        let log = std::mem::replace(&mut self.logs[table.0 as usize], Log::new());
        let (limit, mut keys, mut out) = (limit.max(1), 0, Vec::new());
        let parts = match log.len {
            ..PARTITION => log.chunks,
            _ => partitions(log, &self.hasher),
        };
        let mut groups: HashTable<(K, C::Accumulator)> = HashTable::new();
        // Of a small log all chunks are one part.
        let are_apart = parts.len() > 1 && parts.iter().map(Vec::len).sum::<usize>() >= PARTITION;
        let mut parts = parts.into_iter().peekable();
        while let Some(part) = parts.next() {
            for (key, value) in part {
                let new = || self.combiner.create(&CX);
                let into = accumulator(&mut groups, &self.hasher, key, new);
                self.combiner.add(into, value, &CX);
            }
            if !are_apart && parts.peek().is_some() {
                continue;
            }
            keys += groups.len();
            for (key, group) in groups.drain() {
                out.push((key, self.combiner.extract(group, &CX)?));
                if out.len() >= limit {
                    let full = std::mem::replace(&mut out, Vec::with_capacity(limit));
                    if !emit(AnyBundle::new(Bundle::new(full, metadata.clone()))) {
                        return Ok(None);
                    }
                }
            }
        }
        if !out.is_empty() && !emit(AnyBundle::new(Bundle::new(out, metadata.clone()))) {
            return Ok(None);
        }
        Ok(Some(keys))
    }

    fn close(&mut self, table: TableId) {
        self.free.push(table);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use watershed_model::Timestamp;

    use super::*;
    use crate::combine::ToList;

    fn grouped(bundles: &[Vec<(u64, u32)>], limit: usize) -> BTreeMap<u64, Vec<u32>> {
        let mut tables = GatheredTables::<u64, u32, ToList>::new(ToList);
        let table = tables.open();
        for bundle in bundles {
            let bundle = AnyBundle::new(Bundle::of(bundle.clone()));
            tables.fold(bundle, Form::Values, &[vec![table]]).unwrap();
        }
        let mut groups = BTreeMap::new();
        let metadata = Metadata::at(Timestamp::MIN);
        let drained = tables.drain(table, Form::Values, limit, &metadata, &mut |bundle| {
            assert!(bundle.len() <= limit);
            for (key, mut values) in bundle.downcast::<(u64, Vec<u32>)>().values {
                values.sort_unstable();
                assert!(groups.insert(key, values).is_none(), "{key} comes twice");
            }
            true
        });
        assert_eq!(drained.unwrap(), Some(groups.len()));
        assert_eq!(tables.len(table), 0);
        groups
    }

    fn by_hand(bundles: &[Vec<(u64, u32)>]) -> BTreeMap<u64, Vec<u32>> {
        let mut groups: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for (key, value) in bundles.iter().flatten() {
            groups.entry(*key).or_default().push(*value);
        }
        groups.values_mut().for_each(|values| values.sort_unstable());
        groups
    }

    proptest! {
        #[test]
        fn groups_are_those_by_hand(
            bundles in prop::collection::vec(prop::collection::vec((0u64..20, any::<u32>()), 0..700), 0..6),
            limit in 1usize..9,
        ) {
            prop_assert_eq!(grouped(&bundles, limit), by_hand(&bundles));
        }
    }

    #[test]
    fn many_elements_are_grouped_in_parts() {
        let spread = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 50_000;
        let bundle = |from: u64| (from..from + 4_096).map(|n| (spread(n), n as u32)).collect();
        let bundles: Vec<Vec<(u64, u32)>> = (0..100).map(|n| bundle(n * 4_096)).collect();
        assert_eq!(grouped(&bundles, 1_000), by_hand(&bundles));
        // One key that has them all.
        let hot = vec![(0..100_000).map(|n| (7, n)).collect::<Vec<_>>()];
        assert_eq!(grouped(&hot, 1_000), by_hand(&hot));
    }
}
