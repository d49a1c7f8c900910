//! For tests: a runner in small, which deals values to accumulators at random, sends these through
//! the coder now and then, and merges them at random.

use std::fmt::Debug;

use serde::Serialize;
use watershed_model::{BinaryCoder, BoxError, Coder, Element};

use super::{CombineContext, CombineFn, Retract};

const CX: CombineContext<'_> = CombineContext::without_views();

/// The bytes of a value.
pub(super) fn bytes_of<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    BinaryCoder.encode_value(value, &mut bytes).unwrap();
    bytes
}

/// The value, written and read.
fn sent<T: Element>(value: T) -> T {
    let bytes = bytes_of(&value);
    let back: T = BinaryCoder.decode_value(&bytes).unwrap();
    assert_eq!(bytes_of(&back), bytes, "what was read back is written differently");
    back
}

/// Splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % end as u64) as usize
    }
}

/// What the combiner gives when one accumulator takes the values in their order.
pub(super) fn in_order<V: Clone, C: CombineFn<V>>(
    combiner: &C,
    values: &[V],
) -> Result<C::Output, BoxError> {
    let mut accumulator = combiner.create(&CX);
    values.iter().for_each(|value| combiner.add(&mut accumulator, value.clone(), &CX));
    combiner.extract(accumulator, &CX)
}

/// What it gives when the work is cut and ordered by the seed.
pub(super) fn scattered<V: Clone + Debug, C: CombineFn<V>>(
    combiner: &C,
    values: &[V],
    seed: u64,
) -> Result<C::Output, BoxError> {
    combiner.extract(scattered_with_retractions(combiner, values, &[], seed), &CX)
}

/// The accumulator when the values stay and others are added and taken back, these perhaps before
/// they are added, in another accumulator.
pub(super) fn scattered_with_retractions<V: Clone + Debug, C: CombineFn<V>>(
    combiner: &C,
    values: &[V],
    gone: &[V],
    seed: u64,
) -> C::Accumulator {
    let mut dice = Dice(seed);
    let added = values.iter().chain(gone).map(|value| (value, true));
    let mut steps: Vec<(&V, bool)> = added.chain(gone.iter().map(|value| (value, false))).collect();
    for i in (1..steps.len()).rev() {
        steps.swap(i, dice.below(i + 1));
    }
    let mut accumulators: Vec<C::Accumulator> =
        (0..=dice.below(5)).map(|_| combiner.create(&CX)).collect();
    for (value, is_added) in steps {
        let chosen = dice.below(accumulators.len());
        let mut accumulator = accumulators.swap_remove(chosen);
        if is_added {
            combiner.add(&mut accumulator, value.clone(), &CX);
        } else {
            let retract = combiner.retract(&mut accumulator, value.clone(), &CX);
            assert_eq!(retract, Retract::Done);
        }
        accumulators.push(if dice.below(4) == 0 { sent(accumulator) } else { accumulator });
    }
    while accumulators.len() > 1 {
        let other = accumulators.swap_remove(dice.below(accumulators.len()));
        let mut accumulator = accumulators.swap_remove(dice.below(accumulators.len()));
        combiner.merge(&mut accumulator, other, &CX);
        accumulators.push(if dice.below(2) == 0 { sent(accumulator) } else { accumulator });
    }
    accumulators.remove(0)
}
