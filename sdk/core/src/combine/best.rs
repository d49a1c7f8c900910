//! The n best of many values, in the memory of n: a heap with the worst of the kept on top.
//!
//! The heap is a plain `Vec`, so that it can be an accumulator. A value that is no better than the
//! worst kept one, which most of many are, costs one comparison. Nothing here relies on the order
//! being total, or on a heap that was read back being one: then the result is wrong, not a panic.

use std::cmp::Ordering;

/// Keeps `value` if it is among the `limit` first of it and those that are kept.
pub(super) fn keep<T>(
    kept: &mut Vec<T>,
    limit: usize,
    value: T,
    order: impl Fn(&T, &T) -> Ordering,
) {
    if kept.len() < limit {
        kept.push(value);
        sift_up(kept, &order);
    } else if let Some(worst) = kept.first_mut()
        && order(&value, worst) == Ordering::Less
    {
        *worst = value;
        sift_down(kept, &order);
    }
}

/// Those that are kept, the first one first.
pub(super) fn sorted<T>(mut kept: Vec<T>, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    for end in (1..kept.len()).rev() {
        kept.swap(0, end);
        sift_down(&mut kept[..end], &order);
    }
    kept
}

/// Moves the last one up to its place.
fn sift_up<T>(heap: &mut [T], order: &impl Fn(&T, &T) -> Ordering) {
    let mut at = heap.len().saturating_sub(1);
    while at > 0 {
        let parent = (at - 1) / 2;
        if order(&heap[at], &heap[parent]) != Ordering::Greater {
            break;
        }
        heap.swap(at, parent);
        at = parent;
    }
}

/// Moves the top one down to its place.
fn sift_down<T>(heap: &mut [T], order: &impl Fn(&T, &T) -> Ordering) {
    let mut at = 0;
    loop {
        let mut worst = at;
        for child in [2 * at + 1, 2 * at + 2] {
            if child < heap.len() && order(&heap[child], &heap[worst]) == Ordering::Greater {
                worst = child;
            }
        }
        if worst == at {
            break;
        }
        heap.swap(at, worst);
        at = worst;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    proptest! {
        #[test]
        fn the_best_are_the_beginning_of_the_sorted(
            mut values in vec(any::<u8>(), 0..40),
            limit in 0..12usize,
        ) {
            let mut kept = Vec::new();
            for value in &values {
                keep(&mut kept, limit, *value, u8::cmp);
                prop_assert!(kept.len() <= limit);
            }
            values.sort();
            values.truncate(limit);
            prop_assert_eq!(sorted(kept, u8::cmp), values);
        }
    }

    #[test]
    fn an_order_that_is_none_gives_something_and_no_panic() {
        let mut kept = Vec::new();
        (0..100).for_each(|i| keep(&mut kept, 10, i, |_, _| Ordering::Greater));
        assert_eq!(sorted(kept, |_, _| Ordering::Less).len(), 10);
    }
}
