//! What is disturbed at random, and what must not change by it.

use std::collections::HashMap;

use fastrand::Rng;
use watershed_model::{AnyBundle, BoxError, CoderError, Collection, KeyType, Slot, fault};
use watershed_runner_core::Checks;

/// Makes the choices that the model leaves open, from the seed.
pub(crate) struct Disturbance {
    random: Rng,
    on: bool,
}

impl Disturbance {
    pub(crate) fn new(checks: Checks, seed: u64) -> Self {
        Disturbance { random: Rng::with_seed(seed), on: checks == Checks::Full }
    }

    /// Whether to do something that is allowed but not needed, about once in `times`.
    pub(crate) fn chance(&mut self, times: u32) -> bool {
        self.on && self.random.u32(0..times) == 0
    }

    /// A number below `bound`, or 0 with checks off.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if self.on && bound > 0 { self.random.usize(0..bound) } else { 0 }
    }

    /// What a step put out: through its coder, permuted, and cut.
    pub(crate) fn disturb(
        &mut self,
        bundle: AnyBundle,
        collection: &Collection,
    ) -> Result<Vec<AnyBundle>, BoxError> {
        if !self.on {
            return Ok(vec![bundle]);
        }
        let bundle = collection.element.round_trip(&bundle)?;
        let mut order: Vec<u32> = (0..bundle.len() as u32).collect();
        self.random.shuffle(&mut order);
        let mut whole = bundle.gather(&order);
        let mut parts = Vec::new();
        while whole.len() > 1 && self.random.u32(0..4) == 0 {
            let at = self.random.usize(1..whole.len());
            let (head, tail) = whole.split_at(at);
            parts.push(head);
            whole = tail;
        }
        if !fault!("direct-loses-the-rest-of-a-cut-bundle") || parts.is_empty() {
            parts.push(whole);
        }
        Ok(parts)
    }
}

/// Sees that keys are equal exactly if their bytes are. Tables go by `Eq`, routing by bytes: where the
/// two disagree, another runner would tear a group apart or mix two.
#[derive(Default)]
pub(crate) struct KeyAgreement {
    by_slot: HashMap<Slot, Vec<u8>>,
    by_bytes: HashMap<Vec<u8>, Slot>,
}

impl KeyAgreement {
    /// The bytes of the keys of a bundle that is about to be grouped.
    pub(crate) fn bytes(key: &dyn KeyType, bundle: &AnyBundle) -> Result<Vec<Vec<u8>>, CoderError> {
        let mut all = Vec::with_capacity(bundle.len());
        key.visit_keys(bundle, &mut |_, bytes| all.push(bytes.to_vec()))?;
        Ok(all)
    }

    /// Compares with the slots that the table gave those keys.
    pub(crate) fn check(
        &mut self,
        key: &dyn KeyType,
        slots: &[Slot],
        keys: Vec<Vec<u8>>,
    ) -> Result<(), BoxError> {
        for (slot, bytes) in std::iter::zip(slots, keys) {
            let same_slot = self.by_slot.get(slot);
            if same_slot.is_some_and(|others| *others != bytes) {
                return Err(key.disagreement("are equal, but their encoded bytes differ"));
            }
            let same_bytes = self.by_bytes.get(&bytes);
            if same_bytes.is_some_and(|other| other != slot) {
                return Err(key.disagreement("have the same encoded bytes, but are not equal"));
            }
            if same_slot.is_none() {
                self.by_slot.insert(*slot, bytes.clone());
                self.by_bytes.insert(bytes, *slot);
            }
        }
        Ok(())
    }
}
