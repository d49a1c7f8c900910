//! A bundle: elements that travel together, as a struct of arrays, and its erased face.

use std::{any::Any, fmt, sync::Arc};

use crate::{Element, Metadata, Timestamp, keep_spare, spare_vec};

/// Elements of one type with their metadata. One bundle is what Beam calls a bundle: a DoFn's
/// `start_bundle` and `finish_bundle` stand around it, and its outputs leave together.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle<T> {
    /// The elements' values.
    pub values: Vec<T>,
    /// What they carry; every column fits `values.len()`.
    pub metadata: Metadata,
}

impl<T> Bundle<T> {
    /// Values without event times, in the global window.
    pub fn of(values: Vec<T>) -> Self {
        Bundle { values, metadata: Metadata::at(Timestamp::MIN) }
    }

    /// Values with the given metadata.
    pub fn new(values: Vec<T>, metadata: Metadata) -> Self {
        Bundle { values, metadata }
    }
}

/// A bundle whose type only the kernels at its two ends know. Cheap to clone: the content is shared
/// until one holder takes it.
#[derive(Clone)]
pub struct AnyBundle(Arc<dyn ErasedBundle>);

impl AnyBundle {
    /// Hides the element type.
    pub fn new<T: Element>(bundle: Bundle<T>) -> Self {
        AnyBundle(Arc::new(bundle))
    }

    /// The typed bundle again; copies only what somebody else still holds.
    ///
    /// # Panics
    /// If the elements are of another type, which a graph rules out: it is typed at its edge, and
    /// this is the one place where the type is found again.
    pub fn downcast<T: Element>(self) -> Bundle<T> {
        let found = self.0.type_name();
        match self.0.into_any().downcast::<Bundle<T>>() {
            Ok(bundle) => Arc::unwrap_or_clone(bundle),
            Err(_) => mismatch(found, std::any::type_name::<T>()),
        }
    }

    /// A look at the typed bundle without taking it.
    ///
    /// # Panics
    /// As [`AnyBundle::downcast`].
    pub fn as_typed<T: Element>(&self) -> &Bundle<T> {
        match self.0.as_any().downcast_ref::<Bundle<T>>() {
            Some(bundle) => bundle,
            None => mismatch(self.0.type_name(), std::any::type_name::<T>()),
        }
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the elements carry beside their values.
    pub fn metadata(&self) -> &Metadata {
        self.0.metadata()
    }

    /// The same values with other metadata, which must fit as many elements.
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        self.0.with_metadata(metadata)
    }

    /// Cuts the bundle in two at element `at`, which must not lie behind the end.
    pub fn split_at(self, at: usize) -> (Self, Self) {
        self.0.split_at(at)
    }

    /// The bundle whose element `i` is this one's element `order[i]`.
    pub fn gather(&self, order: &[u32]) -> Self {
        self.0.gather(order)
    }

    /// One bundle for each of `parts` destinations; element `i` goes to `destinations[i]`.
    pub fn partition(self, destinations: &[u32], parts: usize) -> Vec<Self> {
        self.0.partition(destinations, parts)
    }

    /// Puts bundles of one type behind each other. `None` for no bundle at all.
    pub fn concatenate(bundles: impl IntoIterator<Item = AnyBundle>) -> Option<Self> {
        let mut bundles = bundles.into_iter();
        let first = bundles.next()?;
        Some(bundles.fold(first, |all, more| all.0.append(more)))
    }
}

impl fmt::Debug for AnyBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyBundle({} of {})", self.len(), self.0.type_name())
    }
}

fn mismatch(found: &str, wanted: &str) -> ! {
    unreachable!("a bundle of {found} reached a kernel of {wanted}: the graph is typed at its edge")
}

trait ErasedBundle: Any + Send + Sync {
    fn len(&self) -> usize;
    fn metadata(&self) -> &Metadata;
    fn type_name(&self) -> &'static str;
    fn as_any(&self) -> &(dyn Any + Send + Sync);
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    fn with_metadata(self: Arc<Self>, metadata: Metadata) -> AnyBundle;
    fn split_at(self: Arc<Self>, at: usize) -> (AnyBundle, AnyBundle);
    fn gather(&self, order: &[u32]) -> AnyBundle;
    fn partition(self: Arc<Self>, destinations: &[u32], parts: usize) -> Vec<AnyBundle>;
    fn append(self: Arc<Self>, more: AnyBundle) -> AnyBundle;
}

impl<T: Element> ErasedBundle for Bundle<T> {
    fn len(&self) -> usize {
        self.values.len()
    }
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }
    fn type_name(&self) -> &'static str {
        std::any::type_name::<T>()
    }
    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
    fn with_metadata(self: Arc<Self>, metadata: Metadata) -> AnyBundle {
        let Bundle { values, .. } = Arc::unwrap_or_clone(self);
        AnyBundle::new(Bundle { values, metadata })
    }
    fn split_at(self: Arc<Self>, at: usize) -> (AnyBundle, AnyBundle) {
        let mut head = Arc::unwrap_or_clone(self);
        let tail =
            Bundle { values: head.values.split_off(at), metadata: head.metadata.split_off(at) };
        (AnyBundle::new(head), AnyBundle::new(tail))
    }
    fn gather(&self, order: &[u32]) -> AnyBundle {
        let mut values = spare_vec(order.len());
        for place in order {
            values.push(self.values[*place as usize].clone());
        }
        AnyBundle::new(Bundle { values, metadata: self.metadata.gather(order) })
    }
    fn partition(self: Arc<Self>, destinations: &[u32], parts: usize) -> Vec<AnyBundle> {
        let Bundle { mut values, metadata } = Arc::unwrap_or_clone(self);
        // Plain loops here and below: they are compiled for every element type.
        let mut split = Vec::with_capacity(parts);
        // Twice what is expected: mostly a part is put behind what waits, or gets more behind itself.
        split.resize_with(parts, || spare_vec(2 * values.len() / parts.max(1)));
        for (place, value) in values.drain(..).enumerate() {
            split[destinations[place] as usize].push(value);
        }
        keep_spare(values);
        let metadata = metadata.partition(destinations, parts);
        let mut bundles = Vec::with_capacity(parts);
        for (values, metadata) in std::iter::zip(split, metadata) {
            bundles.push(AnyBundle::new(Bundle { values, metadata }));
        }
        bundles
    }
    fn append(self: Arc<Self>, more: AnyBundle) -> AnyBundle {
        let mut all = Arc::unwrap_or_clone(self);
        let mut more = more.downcast::<T>();
        all.metadata.append(all.values.len(), more.metadata, more.values.len());
        all.values.append(&mut more.values);
        keep_spare(more.values);
        AnyBundle::new(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Column;

    fn timed(values: &[i64]) -> AnyBundle {
        let mut bundle = Bundle::of(values.to_vec());
        bundle.metadata.timestamps =
            Column::Each(values.iter().map(|v| Timestamp::from_micros(*v)).collect());
        AnyBundle::new(bundle)
    }

    fn agrees(bundle: &AnyBundle, values: &[i64]) {
        let typed = bundle.as_typed::<i64>();
        assert_eq!(typed.values, values);
        for (i, value) in values.iter().enumerate() {
            assert_eq!(typed.metadata.timestamps.get(i), Timestamp::from_micros(*value));
        }
    }

    #[test]
    fn metadata_follows_its_element_through_every_cut() {
        let (head, tail) = timed(&[1, 2, 3, 4, 5]).split_at(2);
        agrees(&head, &[1, 2]);
        agrees(&tail, &[3, 4, 5]);
        agrees(&tail.gather(&[2, 0]), &[5, 3]);
        let parts = timed(&[1, 2, 3, 4]).partition(&[1, 0, 1, 1], 3);
        agrees(&parts[0], &[2]);
        agrees(&parts[1], &[1, 3, 4]);
        assert!(parts[2].is_empty());
        let all = AnyBundle::concatenate([tail, head, parts[1].clone()]).unwrap();
        agrees(&all, &[3, 4, 5, 1, 2, 1, 3, 4]);
    }

    #[test]
    fn a_shared_bundle_is_copied_only_when_taken() {
        let bundle = timed(&[1, 2]);
        let other = bundle.clone();
        assert_eq!(bundle.downcast::<i64>().values, [1, 2]);
        agrees(&other, &[1, 2]);
    }

    #[test]
    #[should_panic(expected = "typed at its edge")]
    fn a_wrong_type_is_a_bug_that_names_both() {
        timed(&[1]).downcast::<String>();
    }
}
