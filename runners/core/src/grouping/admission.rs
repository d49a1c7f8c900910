//! What is dropped as too late: counted, and put out as a collection of its own where that is wanted.

use watershed_model::{
    AnyBundle, Dictionary, DropReason, DroppedFactory, DroppedFrom, Drops, Timestamp, Window,
    WindowSet, fault,
};

/// What a grouping dropped of one bundle.
pub(crate) struct Dropped {
    factory: Option<DroppedFactory>,
    drops: Drops,
    /// The elements that were dropped, by their places in the bundle, in order.
    elements: Vec<u32>,
    from: Vec<DroppedFrom>,
}

impl Dropped {
    pub(crate) fn new(factory: Option<DroppedFactory>) -> Self {
        Dropped { factory, drops: Drops::default(), elements: Vec::new(), from: Vec::new() }
    }

    /// Whether somebody reads what is dropped.
    pub(crate) fn is_wanted(&self) -> bool {
        self.factory.is_some()
    }

    /// An element does not count in this window.
    pub(crate) fn add(
        &mut self,
        element: usize,
        window: &Window,
        reason: DropReason,
        watermark: Timestamp,
    ) {
        self.drops.add(reason, 1);
        if self.is_wanted() {
            self.elements.push(element as u32);
            self.from.push(DroppedFrom { window: window.clone(), reason, watermark });
        }
    }

    /// The dropped elements of the bundle at hand, for those who read them.
    pub(crate) fn take_elements(&mut self, bundle: Option<&AnyBundle>) -> Option<AnyBundle> {
        let (elements, from) = (std::mem::take(&mut self.elements), std::mem::take(&mut self.from));
        match (&self.factory, bundle) {
            (Some(factory), Some(bundle)) if !elements.is_empty() => {
                Some(factory(bundle.gather(&elements), &from))
            }
            _ => None,
        }
    }

    /// What was counted since it was last asked.
    pub(crate) fn take_drops(&mut self) -> Drops {
        std::mem::take(&mut self.drops)
    }
}

/// How many elements of a bundle there are, each counted once for each of its windows.
pub(crate) fn in_windows(bundle: &AnyBundle) -> u64 {
    let windows = &bundle.metadata().windows;
    let mut sizes = windows.table().iter().map(|set| set.as_slice().len() as u64);
    let first = sizes.next().unwrap_or(0);
    if sizes.all(|size| size == first) {
        return first * bundle.len() as u64;
    }
    let sizes = windows.table().iter().map(|set| set.as_slice().len() as u64);
    std::iter::zip(sizes, windows.counts(bundle.len())).map(|(size, count)| size * count).sum()
}

/// Which windows of each distinct set of a bundle are still open at a watermark.
pub(crate) struct Admission {
    /// For each distinct window set, which of its windows are open.
    open: Vec<Vec<bool>>,
    /// Whether none of any set is expired, as mostly.
    pub(crate) all: bool,
}

impl Admission {
    /// Looks at each distinct window once.
    pub(crate) fn of(bundle: &AnyBundle, is_expired: impl Fn(&Window) -> bool) -> Self {
        let mut all = true;
        let sets = bundle.metadata().windows.table().iter();
        let open = sets.map(|set| {
            let open: Vec<bool> = set.as_slice().iter().map(|window| !is_expired(window)).collect();
            all &= open.iter().all(|open| *open);
            open
        });
        let open = open.collect();
        Admission { open, all }
    }

    /// The windows of a set that are open.
    pub(crate) fn open<'w>(
        &self,
        set: u32,
        windows: &'w [Window],
    ) -> impl Iterator<Item = &'w Window> {
        std::iter::zip(&self.open[set as usize], windows)
            .filter(|(open, _)| **open)
            .map(|(_, window)| window)
    }

    /// A bundle to which this was applied, its elements only in windows that are open.
    pub(crate) fn only_open(&self, bundle: AnyBundle) -> AnyBundle {
        if self.all {
            return bundle;
        }
        let mut metadata = bundle.metadata().clone();
        let (sets, index) = (metadata.windows.table(), metadata.windows.index().clone());
        let sets =
            std::iter::zip(sets, &self.open).map(|(set, open)| match open.contains(&false) {
                // What is in no open window at all is no element's any more.
                true if open.contains(&true) => {
                    let windows = std::iter::zip(set.as_slice(), open).filter(|(_, open)| **open);
                    let windows: Vec<Window> = windows.map(|(window, _)| window.clone()).collect();
                    WindowSet::from(windows.as_slice())
                }
                _ => set.clone(),
            });
        metadata.windows = Dictionary::new(sets.collect(), index);
        bundle.with_metadata(metadata)
    }

    /// Takes out what has no open window left, and counts each expired window of each element. If
    /// something was taken out, the places of what was kept are returned beside it.
    pub(crate) fn apply(
        &self,
        bundle: AnyBundle,
        watermark: Timestamp,
        dropped: &mut Dropped,
    ) -> (AnyBundle, Option<Vec<u32>>) {
        if self.all {
            return (bundle, None);
        }
        let windows = &bundle.metadata().windows;
        let mut kept = Vec::with_capacity(bundle.len());
        for element in 0..bundle.len() {
            let set = windows.index().get(element) as usize;
            for (open, window) in std::iter::zip(&self.open[set], windows.table()[set].as_slice()) {
                if !open {
                    dropped.add(element, window, DropReason::Late, watermark);
                }
            }
            let loses_all = fault!("one-expired-window-loses-the-element");
            if self.open[set].contains(&true) && !(loses_all && self.open[set].contains(&false)) {
                kept.push(element as u32);
            }
        }
        match kept.len() == bundle.len() {
            true => (bundle, None),
            false => (bundle.gather(&kept), Some(kept)),
        }
    }
}
