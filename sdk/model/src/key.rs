//! Keys: equality for tables, bytes for routing.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash},
    marker::PhantomData,
};

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
    note = "a key needs Eq + Hash besides what every element needs: on a type of your own, #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]",
    note = "a float has no Eq: key by an integer, or by a rounded or formatted value; a HashMap or HashSet has no Hash: use a BTreeMap or a sorted Vec"
)]
pub trait Key: Element + Eq + Hash {}
// The notes above say more than that `f64: Eq` does not hold.
#[diagnostic::do_not_recommend]
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

    /// Writes every key and reads it back. The place of the first that does not equal what came back, or
    /// hashes otherwise: `Eq` or `Hash` then looks at something that `Serialize` does not write.
    ///
    /// # Errors
    /// When a key cannot be written or read.
    fn find_changed(&self, bundle: &AnyBundle) -> Result<Option<usize>, CoderError>;

    /// Sees whether every key is what is read back from its bytes, and whether keys of this bundle that
    /// are equal have equal bytes.
    ///
    /// # Errors
    /// When a key cannot be encoded, or does not pass.
    fn check(&self, bundle: &AnyBundle) -> Result<(), BoxError>;
}

const MEND: &str = "let Eq and Hash look at exactly what Serialize writes";

fn changed(name: &str) -> BoxError {
    let what = "is not the key that is read back from its bytes, by Eq or by Hash";
    format!("a key of type {name} {what}; {MEND}").into()
}

fn disagreement(name: &str) -> BoxError {
    format!(
        "two keys of type {name} are equal, but their encoded bytes differ: keys are compared by Eq and \
         routed by their bytes, so the two must agree; {MEND}"
    )
    .into()
}

impl dyn KeyType + '_ {
    /// The error for a key that is not what is read back from its bytes.
    pub fn changed(&self) -> BoxError {
        changed(&self.type_name())
    }

    /// The error for keys that are equal and have different bytes.
    pub fn disagreement(&self) -> BoxError {
        disagreement(&self.type_name())
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

    fn check(&self, bundle: &AnyBundle) -> Result<(), BoxError> {
        if self.find_changed(bundle)?.is_some() {
            return Err(changed(&self.type_name()));
        }
        // All keys' bytes stand behind each other, so that the check allocates little.
        let keys = &bundle.as_typed::<(K, V)>().values;
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(keys.len()));
        for (key, _) in keys {
            BinaryCoder.encode_value(key, &mut bytes)?;
            ends.push(bytes.len());
        }
        let mut by_key: HashMap<&K, &[u8]> = HashMap::with_capacity(keys.len());
        let mut start = 0;
        for ((key, _), end) in std::iter::zip(keys, ends) {
            let encoded = &bytes[start..end];
            start = end;
            if *by_key.entry(key).or_insert(encoded) != encoded {
                return Err(disagreement(&self.type_name()));
            }
        }
        Ok(())
    }

    fn find_changed(&self, bundle: &AnyBundle) -> Result<Option<usize>, CoderError> {
        let mut bytes = Vec::new();
        for (i, (key, _)) in bundle.as_typed::<(K, V)>().values.iter().enumerate() {
            bytes.clear();
            BinaryCoder.encode_value(key, &mut bytes)?;
            let back: K = BinaryCoder.decode_value(&bytes)?;
            let hash = |key: &K| BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
            if back != *key || hash(&back) != hash(key) {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bundle;

    /// Equal by both fields, hashed by both, written without the second.
    #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
    struct Hiding(u8, #[serde(skip)] u8);

    #[test]
    fn a_key_that_its_bytes_do_not_restore_is_found() {
        let keys = <dyn KeyType>::of::<Hiding, ()>();
        let bundle = |hidden: [u8; 2]| {
            AnyBundle::new(Bundle::of(hidden.map(|hidden| (Hiding(1, hidden), ())).to_vec()))
        };
        assert_eq!(keys.find_changed(&bundle([0, 0])), Ok(None));
        assert_eq!(keys.find_changed(&bundle([0, 7])), Ok(Some(1)));
    }

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
