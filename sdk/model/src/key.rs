//! Keys: equality for tables, bytes for routing.

use std::{collections::HashMap, hash::Hash, marker::PhantomData};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::{AnyBundle, BinaryCoder, BoxError, Coder, CoderError, Element, short_type_name};

/// What elements can be grouped by.
///
/// Tables use `Eq` and `Hash`; routing to workers and key groups goes by the coder's bytes. The two
/// must agree, and the direct runner fails a run in which they do not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    label = "not a key type",
    note = "a key needs Eq + Hash besides what every element needs (Clone + Send + Sync + 'static, Serialize + Deserialize)",
    note = "a float has no Eq: key by an integer, or by a rounded or formatted value; a HashMap or HashSet has no Hash: use a BTreeMap or a sorted Vec"
)]
pub trait Key: Element + Eq + Hash {}
impl<T: Element + Eq + Hash> Key for T {}

/// A share of the keys: what is moved, kept and restored together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyGroup(pub u32);

/// From the bytes of a key to its [`KeyGroup`], alike on every worker and process of a job.
///
/// The hash is XXH3 with the job's seed: its output is fixed by its specification, so a snapshot
/// that keeps the seed can be restored by a later build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyHasher {
    seed: u64,
    groups: u32,
}

impl KeyHasher {
    /// How many key groups a job has unless told otherwise: the most workers it can ever use.
    pub const DEFAULT_GROUPS: u32 = 1024;

    /// A hasher for a job with this seed and number of key groups (at least one).
    pub fn new(seed: u64, groups: u32) -> Self {
        KeyHasher { seed, groups: groups.max(1) }
    }

    /// How many key groups the job has.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// The group of the key with these bytes.
    pub fn group_of(&self, key: &[u8]) -> KeyGroup {
        let hash = xxh3_64_with_seed(key, self.seed);
        KeyGroup((((hash >> 32) * u64::from(self.groups)) >> 32) as u32)
    }
}

/// The erased face of a collection's key type: reads the keys of a bundle of `(K, V)`.
pub trait KeyType: Send + Sync {
    /// The key's type, as an author writes it.
    fn type_name(&self) -> String;

    /// Calls `each(i, bytes)` with the coder's bytes of every element's key, in order.
    ///
    /// # Errors
    /// When a key cannot be encoded.
    fn visit_keys(
        &self,
        bundle: &AnyBundle,
        each: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<(), CoderError>;

    /// Appends the key group of every element to `groups`, in order.
    ///
    /// # Errors
    /// When a key cannot be encoded.
    fn key_groups(
        &self,
        bundle: &AnyBundle,
        hasher: &KeyHasher,
        groups: &mut Vec<KeyGroup>,
    ) -> Result<(), CoderError>;

    /// Sees whether keys of this bundle that are equal have equal bytes, and the other way round.
    ///
    /// # Errors
    /// When a key cannot be encoded, or two keys disagree.
    fn check_agreement(&self, bundle: &AnyBundle) -> Result<(), BoxError>;
}

impl dyn KeyType + '_ {
    /// The error for two keys of which `what` is true.
    pub fn disagreement(&self, what: &str) -> BoxError {
        let name = self.type_name();
        format!(
            "two keys of type {name} {what}: keys are compared by Eq and routed by their bytes, so the \
             two must agree; let Eq and Hash look at exactly what Serialize writes"
        )
        .into()
    }
}

impl dyn KeyType {
    /// The key type of bundles of `(K, V)`.
    pub fn of<K: Key, V: Element>() -> std::sync::Arc<dyn KeyType> {
        std::sync::Arc::new(TypedKey::<K, V>(PhantomData))
    }
}

struct TypedKey<K, V>(PhantomData<fn() -> (K, V)>);

impl<K: Key, V: Element> KeyType for TypedKey<K, V> {
    fn type_name(&self) -> String {
        short_type_name::<K>()
    }

    fn visit_keys(
        &self,
        bundle: &AnyBundle,
        each: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<(), CoderError> {
        let mut bytes = Vec::new();
        for (i, (key, _)) in bundle.as_typed::<(K, V)>().values.iter().enumerate() {
            bytes.clear();
            BinaryCoder.encode_value(key, &mut bytes)?;
            each(i, &bytes);
        }
        Ok(())
    }

    fn key_groups(
        &self,
        bundle: &AnyBundle,
        hasher: &KeyHasher,
        groups: &mut Vec<KeyGroup>,
    ) -> Result<(), CoderError> {
        let mut bytes = Vec::new();
        for (key, _) in &bundle.as_typed::<(K, V)>().values {
            bytes.clear();
            BinaryCoder.encode_value(key, &mut bytes)?;
            groups.push(hasher.group_of(&bytes));
        }
        Ok(())
    }

    fn check_agreement(&self, bundle: &AnyBundle) -> Result<(), BoxError> {
        // All keys' bytes stand behind each other, so that the check allocates little.
        let keys = &bundle.as_typed::<(K, V)>().values;
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(keys.len()));
        for (key, _) in keys {
            BinaryCoder.encode_value(key, &mut bytes)?;
            ends.push(bytes.len());
        }
        let mut by_key: HashMap<&K, &[u8]> = HashMap::with_capacity(keys.len());
        let mut by_bytes: HashMap<&[u8], &K> = HashMap::with_capacity(keys.len());
        let mut start = 0;
        for ((key, _), end) in std::iter::zip(keys, ends) {
            let encoded = &bytes[start..end];
            start = end;
            if *by_key.entry(key).or_insert(encoded) != encoded {
                let what = "are equal, but their encoded bytes differ";
                return Err((self as &dyn KeyType).disagreement(what));
            }
            if *by_bytes.entry(encoded).or_insert(key) != key {
                let what = "have the same encoded bytes, but are not equal";
                return Err((self as &dyn KeyType).disagreement(what));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bundle;

    #[test]
    fn groups_are_fixed_by_seed_and_bytes_and_spread_evenly() {
        let hasher = KeyHasher::new(7, 16);
        let bundle = AnyBundle::new(Bundle::of((0..16_000u64).map(|i| (i, ())).collect()));
        let mut groups = Vec::new();
        <dyn KeyType>::of::<u64, ()>().key_groups(&bundle, &hasher, &mut groups).unwrap();
        assert_eq!(groups[5], hasher.group_of(&5u64.to_le_bytes()));
        let mut sizes = [0; 16];
        groups.iter().for_each(|group| sizes[group.0 as usize] += 1);
        assert!(sizes.iter().all(|size| (800..1200).contains(size)), "{sizes:?}");
        assert_ne!(
            KeyHasher::new(8, 1 << 20).group_of(b"k"),
            KeyHasher::new(7, 1 << 20).group_of(b"k")
        );
    }
}
