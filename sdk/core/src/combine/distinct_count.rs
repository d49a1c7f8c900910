//! How many different values, near enough.
//!
//! The sketch is HyperLogLog (Flajolet and others, 2007), judged by Ertl's estimator (*New cardinality
//! estimation algorithms for HyperLogLog sketches*, 2017), which needs no tables and holds from one value to
//! 2^64. Its answer depends on the registers alone, which are a function of the set of values: so neither
//! order nor cut of the work can show, as it would with estimators that count as values come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watershed_model::{BoxError, Element, fault};
use xxhash_rust::xxh3::xxh3_64;

use super::{CombineContext, CombineFn, value_bytes::with_bytes};

/// About how many different values there are; values are the same if their bytes are. (Beam:
/// `ApproximateCountDistinct`.)
///
/// The answer's standard error is 0.81 % unless told otherwise: two of three answers are as near as that, and
/// all but three in a thousand as near as three times that. Small counts are nearly always exact. An
/// accumulator has a byte for each register that is in use, 16 KB at most.
#[derive(Clone, Copy, Debug)]
pub struct ApproximateCountDistinct {
    precision: u32,
}

impl Default for ApproximateCountDistinct {
    fn default() -> Self {
        ApproximateCountDistinct { precision: 14 }
    }
}

impl ApproximateCountDistinct {
    /// With 2^`precision` registers, which gives a standard error of 1.04 / sqrt(2^`precision`): from 4 (26 %)
    /// to 18 (0.2 %); what lies outside is taken as the nearer of these.
    #[must_use]
    pub fn with_precision(precision: u32) -> Self {
        ApproximateCountDistinct { precision: precision.clamp(4, 18) }
    }

    fn registers(&self) -> usize {
        1 << self.precision
    }

    fn set(&self, sketch: &mut Registers, register: u32, rank: u8) {
        match sketch {
            Registers::All(ranks) => {
                if let Some(kept) = ranks.get_mut(register as usize) {
                    *kept = rank.max(*kept);
                }
            }
            Registers::Few(ranks) => {
                let kept = ranks.entry(register).or_default();
                *kept = rank.max(*kept);
                // Here and nowhere else, so that equal sets are kept alike.
                if ranks.len() * 8 > self.registers() {
                    let mut all = vec![0; self.registers()];
                    ranks.iter().for_each(|(register, rank)| all[*register as usize] = *rank);
                    *sketch = Registers::All(all);
                }
            }
        }
    }
}

/// The greatest rank that each register has seen; those that have seen none are left out while they are most.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Registers {
    /// Those that are in use.
    Few(BTreeMap<u32, u8>),
    /// All of them.
    All(Vec<u8>),
}

impl<V: Element> CombineFn<V> for ApproximateCountDistinct {
    type Accumulator = Registers;
    type Output = u64;

    fn create(&self, _: &CombineContext<'_>) -> Registers {
        Registers::Few(BTreeMap::new())
    }
    fn add(&self, sketch: &mut Registers, value: V, _: &CombineContext<'_>) {
        let hash = with_bytes(&value, xxh3_64);
        let register = (hash >> (64 - self.precision)) as u32;
        // The first one among the bits behind, counted from 1; the guard ends the count.
        let guard = 1 << (self.precision - 1);
        let rank = (hash << self.precision | guard).leading_zeros() as u8 + 1;
        self.set(sketch, register, rank);
    }
    fn merge(&self, sketch: &mut Registers, other: Registers, _: &CombineContext<'_>) {
        if fault!("merged-sketches-lose-a-part") {
            return;
        }
        match other {
            Registers::Few(ranks) => {
                ranks.into_iter().for_each(|(register, rank)| self.set(sketch, register, rank));
            }
            Registers::All(ranks) => {
                let ranks = (0..).zip(ranks).filter(|(_, rank)| *rank > 0);
                ranks.for_each(|(register, rank)| self.set(sketch, register, rank));
            }
        }
    }
    fn extract(&self, sketch: Registers, _: &CombineContext<'_>) -> Result<u64, BoxError> {
        let longest = 64 - self.precision as usize;
        let mut counts = vec![0_u32; longest + 2];
        let mut count = |rank: u8| counts[usize::from(rank).min(longest + 1)] += 1;
        match &sketch {
            Registers::All(ranks) => ranks.iter().for_each(|rank| count(*rank)),
            Registers::Few(ranks) => ranks.values().for_each(|rank| count(*rank)),
        }
        counts[0] = self.registers() as u32 - counts[1..].iter().sum::<u32>();
        Ok(estimate(&counts).round() as u64)
    }
}

/// Ertl's estimate from how many registers have each rank; the last rank is that of hashes without a one.
fn estimate(counts: &[u32]) -> f64 {
    let registers = f64::from(counts.iter().sum::<u32>());
    let (last, between) = match counts {
        [_, between @ .., last] => (f64::from(*last), between),
        _ => return 0.0,
    };
    let mut sum = registers * tau(1.0 - last / registers);
    for count in between.iter().rev() {
        sum = 0.5 * (sum + f64::from(*count));
    }
    sum += registers * sigma(f64::from(counts[0]) / registers);
    registers * registers / (2.0 * std::f64::consts::LN_2 * sum)
}

/// x + Σ x^(2^k) 2^(k−1), for the registers that are not in use.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

/// (1 − x − Σ (1 − x^(2^−k))² 2^−k) / 3, for those that have seen the last rank.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::{in_order, scattered};
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn counts_of_all_sizes_are_within_three_standard_errors_nearly_always() {
        for precision in [4, 6, 10, 14] {
            let sketch = ApproximateCountDistinct::with_precision(precision);
            let error = 1.04 / f64::from(1 << precision).sqrt();
            let (mut far, mut squares, mut runs) = (0, 0.0, 0);
            for n in [0_u64, 1, 2, 5, 50, 700, 5_000, 40_000] {
                for run in 0..8_u64 {
                    let values: Vec<u64> = (0..n).map(|i| (run * 100_000 + i) * 3).collect();
                    let given: u64 = in_order(&sketch, &values).unwrap();
                    let off = (given as f64 - n as f64) / (n as f64).max(1.0) / error;
                    // A count is whole.
                    let off = if given.abs_diff(n) <= 1 { 0.0 } else { off };
                    far += u32::from(off.abs() > 3.0);
                    squares += off * off;
                    runs += 1;
                }
            }
            assert!(far <= 2, "{far} of {runs} with {precision}");
            let deviation = (squares / f64::from(runs)).sqrt();
            assert!(deviation < 1.3, "{deviation} standard errors with {precision}");
        }
    }

    proptest! {
        #[test]
        fn neither_order_nor_doubles_show(values in vec(0..200_u32, 0..300), seed: u64) {
            let sketch = ApproximateCountDistinct::with_precision(6);
            let mut once = values.clone();
            once.sort_unstable();
            once.dedup();
            let given: u64 = scattered(&sketch, &values, seed).unwrap();
            prop_assert_eq!(given, in_order(&sketch, &once).unwrap());
        }
    }
}
