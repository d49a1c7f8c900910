//! All the values of one key: chunked, shared, and iterable more than once.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
};

/// A chunk grows no further than this, so a group of millions never moves to grow.
const CHUNK: usize = 4096;

/// The values of one key and window. Cloning shares them; iterating does not use them up. Their
/// order is not promised.
#[derive(Clone)]
pub struct Group<V>(Arc<Chunks<V>>);

#[derive(Clone)]
struct Chunks<V> {
    chunks: Vec<Vec<V>>,
    len: usize,
}

impl<V> Group<V> {
    /// A group without values.
    pub fn new() -> Self {
        Group(Arc::new(Chunks { chunks: Vec::new(), len: 0 }))
    }

    /// How many values.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The values, as often as wanted.
    pub fn iter(&self) -> impl Iterator<Item = &V> + Clone {
        self.0.chunks.iter().flatten()
    }
}

impl<V: Clone> Group<V> {
    /// Adds a value. Copies the group first if it is shared.
    pub fn push(&mut self, value: V) {
        let group = Arc::make_mut(&mut self.0);
        group.len += 1;
        match group.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(value),
            _ => group.chunks.push(vec![value]),
        }
    }

    /// Adds all the values of another group.
    pub fn append(&mut self, other: Group<V>) {
        if self.is_empty() {
            *self = other;
            return;
        }
        let other = Arc::unwrap_or_clone(other.0);
        for chunk in other.chunks {
            let group = Arc::make_mut(&mut self.0);
            let room = group.chunks.last().map_or(0, |last| CHUNK.saturating_sub(last.len()));
            if chunk.len() <= room {
                chunk.into_iter().for_each(|value| self.push(value));
            } else {
                group.len += chunk.len();
                group.chunks.push(chunk);
            }
        }
    }

    /// The values as one vector; moves them if the group is not shared.
    pub fn into_vec(self) -> Vec<V> {
        let group = Arc::unwrap_or_clone(self.0);
        let mut all = Vec::with_capacity(group.len);
        group.chunks.into_iter().for_each(|mut chunk| all.append(&mut chunk));
        all
    }
}

impl<V> Default for Group<V> {
    fn default() -> Self {
        Group::new()
    }
}

impl<V: Clone> FromIterator<V> for Group<V> {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        let mut group = Group::new();
        values.into_iter().for_each(|value| group.push(value));
        group
    }
}

impl<'a, V> IntoIterator for &'a Group<V> {
    type Item = &'a V;
    type IntoIter = std::iter::Flatten<std::slice::Iter<'a, Vec<V>>>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.chunks.iter().flatten()
    }
}

impl<V: fmt::Debug> fmt::Debug for Group<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<V: Serialize> Serialize for Group<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Not collect_seq: a flattened iterator cannot tell its length, and the format wants one.
        use serde::ser::SerializeSeq;
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        for value in self {
            seq.serialize_element(value)?;
        }
        seq.end()
    }
}

impl<'de, V: Deserialize<'de> + Clone> Deserialize<'de> for Group<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values<V>(Group<V>);
        impl<'de, V: Deserialize<'de> + Clone> Visitor<'de> for Values<V> {
            type Value = Group<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence of values")
            }
            fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Group<V>, A::Error> {
                while let Some(value) = seq.next_element()? {
                    self.0.push(value);
                }
                Ok(self.0)
            }
        }
        deserializer.deserialize_seq(Values(Group::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watershed_model::{BinaryCoder, Coder};

    #[test]
    fn a_large_group_is_chunked_and_can_be_walked_twice() {
        let group: Group<u32> = (0..10_000).collect();
        assert_eq!(group.len(), 10_000);
        assert!(group.iter().copied().eq(0..10_000));
        assert!(group.iter().copied().eq(0..10_000));
        assert_eq!(group.0.chunks.iter().map(Vec::len).collect::<Vec<_>>(), [4096, 4096, 1808]);
    }

    #[test]
    fn joined_groups_hold_both() {
        let mut all: Group<u32> = (0..5_000).collect();
        all.append((5_000..5_100).collect());
        all.append(Group::new());
        all.append((5_100..12_000).collect());
        assert_eq!(all.len(), 12_000);
        assert_eq!(all.into_vec(), (0..12_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_shared_group_does_not_change_under_its_other_holder() {
        let first: Group<u8> = [1, 2].into_iter().collect();
        let mut second = first.clone();
        second.push(3);
        assert_eq!((first.into_vec(), second.into_vec()), (vec![1, 2], vec![1, 2, 3]));
    }

    #[test]
    fn groups_cross_the_coder_as_a_vector_would() {
        let group: Group<String> = ["a", "b"].into_iter().map(String::from).collect();
        let (mut bytes, mut as_vec) = (Vec::new(), Vec::new());
        BinaryCoder.encode_value(&group, &mut bytes).unwrap();
        BinaryCoder.encode_value(&["a", "b"].as_slice(), &mut as_vec).unwrap();
        assert_eq!(bytes, as_vec);
        assert_eq!(
            BinaryCoder.decode_value::<Group<String>>(&bytes).unwrap().into_vec(),
            ["a", "b"]
        );
    }
}
