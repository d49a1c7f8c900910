//! How many bytes elements take, by a sample.

use watershed_model::{AnyBundle, CollectionId, Graph, fault};

use crate::guard;

/// The mean size of each collection's elements, as one worker has seen it.
pub struct Sizes {
    of: Vec<Sample>,
}

#[derive(Clone, Copy, Default)]
struct Sample {
    bundles: u64,
    elements: u64,
    bytes: u64,
}

impl Sizes {
    /// Of each of the first bundles, and then of one in this many, some elements are measured.
    const EVERY: u64 = 64;
    /// How many elements of a bundle are measured, at most.
    const ELEMENTS: usize = 16;

    /// Nothing seen yet.
    pub fn of(graph: &Graph) -> Self {
        Sizes { of: vec![Sample::default(); graph.collections().len()] }
    }

    /// How many bytes a collection's bundle takes, as far as the sample tells: exactly where all elements
    /// take the same.
    pub fn bytes(&mut self, graph: &Graph, collection: CollectionId, bundle: &AnyBundle) -> u64 {
        let sample = &mut self.of[collection.0];
        sample.bundles += 1;
        if fault!("bytes-are-not-counted") {
            return 0;
        }
        // Often at first, since little is known then.
        if sample.bundles.is_power_of_two() || sample.bundles.is_multiple_of(Self::EVERY) {
            let nth = bundle.len().div_ceil(Self::ELEMENTS);
            let element = &graph.collection(collection).element;
            // What an author's Serialize cannot do is told where it matters, at an exchange.
            let sampled = guard(|| Ok(element.sample_sizes(bundle, nth)));
            let (elements, bytes) = sampled.unwrap_or_default();
            sample.elements += elements;
            sample.bytes = sample.bytes.saturating_add(bytes);
        }
        let all = u128::from(sample.bytes) * bundle.len() as u128;
        u64::try_from(all / u128::from(sample.elements.max(1))).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use watershed_core::Pipeline;
    use watershed_model::Bundle;

    use super::*;

    #[test]
    fn sizes_are_exact_where_all_take_the_same_and_near_otherwise() {
        let pipeline = Pipeline::new();
        pipeline.create([0u64]).for_each(|_| {});
        pipeline.create([String::new()]).for_each(|_| {});
        let graph = pipeline.build().unwrap();
        let mut sizes = Sizes::of(&graph);
        let bytes =
            sizes.bytes(&graph, CollectionId(0), &AnyBundle::new(Bundle::of(vec![7u64; 100])));
        assert_eq!(bytes, 800);
        let strings =
            graph.collections().iter().position(|c| c.element.name() == "String").unwrap();
        let words = (0..1000).map(|i| "x".repeat(i % 10)).collect();
        let bytes = sizes.bytes(&graph, CollectionId(strings), &AnyBundle::new(Bundle::of(words)));
        assert!((10_000..15_000).contains(&bytes), "{bytes}");
    }
}
