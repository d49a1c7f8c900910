//! Values by their bytes: the order of last resort, and what sampling hashes.

use std::{cell::Cell, cmp::Ordering};

use serde::Serialize;
use watershed_model::{BinaryCoder, Coder, fault};

/// A buffer larger than this is not kept for the next value.
const LARGEST_KEPT: usize = 1 << 16;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Calls `read` with the coder's bytes of a value.
///
/// A value whose `Serialize` refuses is taken by what it wrote until then, which is a function of
/// the value too; the run fails where such a value is really written.
pub(super) fn with_bytes<V: Serialize, R>(value: &V, read: impl FnOnce(&[u8]) -> R) -> R {
    // Taken, so that a call within this one finds another buffer and not this one in use.
    let mut buffer = BUFFER.take();
    buffer.clear();
    let _ = BinaryCoder.encode_value(value, &mut buffer);
    let result = read(&buffer);
    if buffer.capacity() <= LARGEST_KEPT {
        BUFFER.set(buffer);
    }
    result
}

/// A value's bytes, for what is compared many times.
pub(crate) fn bytes_of<V: Serialize>(value: &V) -> Box<[u8]> {
    with_bytes(value, |bytes| bytes.into())
}

/// The order of two values' bytes; equal for values that nothing can tell apart.
pub(crate) fn compare_bytes<V: Serialize>(a: &V, b: &V) -> Ordering {
    if fault!("ties-stay-unbroken") {
        return Ordering::Equal;
    }
    with_bytes(a, |a| with_bytes(b, |b| a.cmp(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_compared_as_bytes() {
        // Little endian, so the order is not that of the numbers.
        assert_eq!(compare_bytes(&256u16, &1u16), Ordering::Less);
        assert_eq!(compare_bytes(&-0.0f64, &0.0f64), Ordering::Greater);
        assert_eq!(compare_bytes(&"same", &"same"), Ordering::Equal);
    }

    #[test]
    fn a_value_within_a_value_has_its_own_buffer() {
        let lengths =
            with_bytes(&1u64, |outer| with_bytes(&"ab", |inner| (outer.len(), inner.len())));
        assert_eq!(lengths, (8, 10));
    }
}
