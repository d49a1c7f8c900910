//! What is disturbed at random, and what must not change by it.

use std::{collections::HashMap, sync::Arc};

use fastrand::Rng;
use watershed_model::{
    AnyBundle, BoxError, CoderError, Collection, Graph, KeyType, Primitive, Slot, fault,
};
use watershed_runner_core::{Checks, Located};

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
        keys: Option<&KeysOf>,
    ) -> Result<Vec<AnyBundle>, BoxError> {
        if !self.on {
            return Ok(vec![bundle]);
        }
        if let Some(keys) = keys {
            keys.check(&bundle)?;
        }
        let bundle = collection.element.round_trip(&bundle)?;
        let mut order: Vec<u32> = (0..bundle.len() as u32).collect();
        if !fault!("direct-keeps-the-order") {
            self.random.shuffle(&mut order);
        }
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

/// The keys by which a collection's elements are grouped, just as they are, further on.
pub(crate) struct KeysOf {
    key: Arc<dyn KeyType>,
    grouping: String,
}

impl KeysOf {
    /// For each collection of the graph.
    pub(crate) fn all(graph: &Graph) -> Vec<Option<Arc<KeysOf>>> {
        let mut all: Vec<Option<Arc<KeysOf>>> = vec![None; graph.collections().len()];
        // From the end, so that what passes elements on knows already where they go.
        for node in graph.nodes().iter().rev() {
            let keys = match &node.primitive {
                Primitive::Flatten | Primitive::Reshuffle | Primitive::AssignWindows(_) => {
                    node.outputs.first().and_then(|output| all[output.0].clone())
                }
                primitive => primitive.key().map(|key| {
                    let (key, grouping) = (key.clone(), node.name.clone());
                    Arc::new(KeysOf { key, grouping })
                }),
            };
            if keys.is_some() {
                node.inputs.iter().for_each(|input| all[input.0].clone_from(&keys));
            }
        }
        all
    }

    /// A key must equal what is read back from its bytes, and hash alike. Only here that shows: what
    /// went through the coder once does not change any more.
    fn check(&self, bundle: &AnyBundle) -> Result<(), BoxError> {
        if fault!("keys-may-share-bytes") || self.key.find_changed(bundle)?.is_none() {
            return Ok(());
        }
        Err(format!("{}; `{}` groups by it", self.key.changed(), self.grouping).into())
    }
}

/// Sees that equal keys have equal bytes. Tables go by `Eq`, routing by bytes: where the two disagree,
/// another runner would tear a group apart. That unequal keys have unequal bytes needs no look here:
/// both would equal what is read from those bytes, as [`KeysOf`] has seen of each.
#[derive(Default)]
pub(crate) struct KeyAgreement {
    by_slot: HashMap<Slot, Vec<u8>>,
}

impl KeyAgreement {
    /// The bytes of the keys of a bundle that is about to be grouped.
    pub(crate) fn bytes(key: &dyn KeyType, bundle: &AnyBundle) -> Result<Vec<Vec<u8>>, CoderError> {
        let mut all = Vec::with_capacity(bundle.len());
        key.visit_keys(bundle, &mut |_, bytes| all.push(bytes.to_vec()))?;
        Ok(all)
    }

    /// Keys that the table has forgotten: their slots may be given to others.
    pub(crate) fn forget(&mut self, released: &[Slot]) {
        released.iter().for_each(|slot| {
            self.by_slot.remove(slot);
        });
    }

    /// Compares with the slots that the table gave those keys.
    pub(crate) fn check(
        &mut self,
        key: &dyn KeyType,
        located: Located<'_>,
        mut keys: Vec<Vec<u8>>,
    ) -> Result<(), BoxError> {
        if let Some(kept) = located.kept {
            keys = kept.iter().filter_map(|place| keys.get(*place as usize).cloned()).collect();
        }
        for (slot, bytes) in std::iter::zip(located.slots, keys) {
            match self.by_slot.get(slot) {
                Some(others) if *others != bytes && !fault!("bytes-of-a-key-may-differ") => {
                    return Err(key.disagreement());
                }
                Some(_) => {}
                None => {
                    self.by_slot.insert(*slot, bytes);
                }
            }
        }
        Ok(())
    }
}
