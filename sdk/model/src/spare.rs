//! Vectors that bundles were made of, kept on their thread for the next ones.
//!
//! The columns of a full bundle are some ten to a hundred kilobytes each, made by one step and used up by
//! another a moment later. Taken anew every time they wander through the allocator's pages, out of the
//! processor's cache, and are given back to the system and cleared by it again; kept here, they stay warm.

use std::{
    any::{Any, TypeId},
    cell::RefCell,
};

/// What is smaller than this, in bytes, the allocator has at hand anyway; and a vector that holds a few
/// elements must not occupy the room of many.
const LEAST_BYTES: usize = 4 << 10;
/// What is larger is rare, and too much to keep.
const MOST_BYTES: usize = 1 << 20;
/// So many are kept of each type.
const MOST_VECTORS: usize = 4;

thread_local! {
    /// For each type a `Vec<Vec<T>>`. A worker has few types, so they are looked through.
    static SPARE: RefCell<Vec<(TypeId, Box<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

/// An empty vector with room for so many elements at least: one that was used up, if there is one.
pub fn spare_vec<T: 'static>(capacity: usize) -> Vec<T> {
    let is_wanted = (LEAST_BYTES..=MOST_BYTES).contains(&bytes::<T>(capacity));
    match is_wanted.then(|| on_shelf::<T, _>(Vec::pop)).flatten().flatten() {
        Some(mut vec) => {
            vec.reserve(capacity);
            vec
        }
        None => Vec::with_capacity(capacity),
    }
}

/// Keeps a vector that nobody needs any more. What is still in it is dropped.
pub fn keep_spare<T: 'static>(mut vec: Vec<T>) {
    // Before anything is borrowed: what is dropped may be anything.
    vec.clear();
    if (LEAST_BYTES..=MOST_BYTES).contains(&bytes::<T>(vec.capacity())) {
        on_shelf::<T, _>(|shelf| {
            if shelf.len() < MOST_VECTORS {
                shelf.push(vec);
            }
        });
    }
}

fn bytes<T>(elements: usize) -> usize {
    elements.saturating_mul(size_of::<T>())
}

/// Nothing is found while a thread ends.
fn on_shelf<T: 'static, R>(look: impl FnOnce(&mut Vec<Vec<T>>) -> R) -> Option<R> {
    let found = SPARE.try_with(|spare| {
        let spare = &mut *spare.borrow_mut();
        let place = spare.iter().position(|(id, _)| *id == TypeId::of::<T>());
        let place = place.unwrap_or_else(|| {
            spare.push((TypeId::of::<T>(), Box::new(Vec::<Vec<T>>::new())));
            spare.len() - 1
        });
        spare[place].1.downcast_mut().map(look)
    });
    found.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A type of which nobody else on this thread keeps vectors.
    #[derive(Clone)]
    struct Thing(#[expect(dead_code, reason = "only its size counts")] u64);

    fn full(things: usize) -> Vec<Thing> {
        vec![Thing(0); things]
    }

    #[test]
    fn a_vector_that_was_used_up_is_the_next_one() {
        let vec = full(4096);
        let at = vec.as_ptr();
        keep_spare(vec);
        let (again, other) = (spare_vec::<Thing>(1000), spare_vec::<Thing>(1000));
        assert_eq!((again.as_ptr(), again.len()), (at, 0));
        assert_ne!(other.as_ptr(), at);
    }

    #[test]
    fn there_is_room_for_as_many_as_were_asked_for() {
        keep_spare(full(1000));
        assert!(spare_vec::<Thing>(5000).capacity() >= 5000);
    }

    #[test]
    fn few_elements_do_not_get_the_room_of_many() {
        keep_spare(full(4096));
        assert_eq!(spare_vec::<Thing>(3).capacity(), 3);
        assert_eq!(spare_vec::<Thing>(0).capacity(), 0);
        assert!(spare_vec::<Thing>(512).capacity() >= 4096);
    }

    #[test]
    fn only_so_many_are_kept_and_none_that_is_large() {
        (0..2 * MOST_VECTORS).for_each(|_| keep_spare(full(4096)));
        keep_spare(full(MOST_BYTES));
        assert_eq!(on_shelf::<Thing, _>(|shelf| shelf.len()), Some(MOST_VECTORS));
        let room = on_shelf::<Thing, _>(|shelf| shelf.iter().map(Vec::capacity).max());
        assert_eq!(room.flatten(), Some(4096));
    }

    #[test]
    fn vectors_of_one_type_are_not_given_to_another() {
        keep_spare(vec![0u64; 4096]);
        let vec = spare_vec::<Thing>(4096);
        keep_spare(vec![0u64; 4096]);
        assert_eq!((vec.len(), vec.capacity()), (0, 4096));
        // Types without a size have nothing to keep.
        keep_spare(vec![(); 10_000]);
        assert!(spare_vec::<()>(10_000).is_empty());
    }

    #[test]
    fn what_is_still_in_it_is_dropped_and_may_itself_keep_vectors() {
        #[derive(Clone)]
        struct Holder(Vec<Thing>);
        impl Drop for Holder {
            fn drop(&mut self) {
                keep_spare(std::mem::take(&mut self.0));
            }
        }
        keep_spare(vec![Holder(full(4096)); 1024]);
        assert!(spare_vec::<Thing>(4096).capacity() >= 4096);
        assert!(spare_vec::<Holder>(1024).capacity() >= 1024);
    }
}
