//! All values as a list.

use watershed_model::{BoxError, Element};

use super::{CombineContext, CombineFn};

/// Collects the values, in no order that is promised. (Beam: `Combine` into a list, `ToList`.)
///
/// The list must fit into memory; a group by key hands the values out without that.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToList;

impl<V: Element> CombineFn<V> for ToList {
    type Accumulator = Vec<V>;
    type Output = Vec<V>;

    fn create(&self, _: &CombineContext<'_>) -> Vec<V> {
        Vec::new()
    }
    #[inline]
    fn add(&self, list: &mut Vec<V>, value: V, _: &CombineContext<'_>) {
        list.push(value);
    }
    fn merge(&self, list: &mut Vec<V>, mut other: Vec<V>, _: &CombineContext<'_>) {
        if list.len() < other.len() {
            std::mem::swap(list, &mut other);
        }
        list.append(&mut other);
    }
    fn extract(&self, list: Vec<V>, _: &CombineContext<'_>) -> Result<Vec<V>, BoxError> {
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::scattered;
    use proptest::{collection::vec, prelude::*};

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled(mut values in vec(".{0,3}", 0..20), seed: u64) {
            let mut list = scattered(&ToList, &values, seed).unwrap();
            list.sort();
            values.sort();
            prop_assert_eq!(list, values);
        }
    }
}
