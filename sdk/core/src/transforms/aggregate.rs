//! Folding whole collections, by the combiners of the toolbox. What is folded per key is written
//! `.combine_per_key(Sum)`; the methods here are for what has no key, or is its own.

use watershed_model::{Element, Key, Location};

use crate::{
    PCollection,
    combine::{Averageable, CombineFn, Count, Max, Mean, Min, Ordered, Sample, Sum, Summable, Top},
};

impl<T: Element> PCollection<T> {
    /// Folds all elements of each window into one. In the global window an empty collection gives the
    /// output of the combiner's identity, in others nothing. (Beam: `Combine.globally`.)
    #[track_caller]
    pub fn combine_globally<C: CombineFn<T>>(&self, combiner: C) -> PCollection<C::Output> {
        self.folded("CombineGlobally", combiner, true, Location::caller())
    }

    /// As [`combine_globally`](Self::combine_globally), but an empty collection gives nothing.
    /// (Beam: `withoutDefaults`.)
    #[track_caller]
    pub fn combine_globally_without_defaults<C: CombineFn<T>>(
        &self,
        combiner: C,
    ) -> PCollection<C::Output> {
        self.folded("CombineGlobally", combiner, false, Location::caller())
    }

    /// How many elements there are.
    #[track_caller]
    pub fn count_globally(&self) -> PCollection<u64> {
        self.folded("Count", Count, true, Location::caller())
    }

    /// How often each value occurs.
    #[track_caller]
    pub fn count_per_element(&self) -> PCollection<(T, u64)>
    where
        T: Key,
    {
        let location = Location::caller();
        self.pipeline().scoped("CountPerElement", location, || {
            self.map(|value| (value, ())).combined(Count, None, location)
        })
    }

    /// The sum of all elements; of integers it fails if it overflows, of floats it is exact and
    /// rounded once.
    #[track_caller]
    pub fn sum_globally(&self) -> PCollection<T>
    where
        T: Summable,
    {
        self.folded("Sum", Sum, true, Location::caller())
    }

    /// The mean of all elements; of none it is NaN.
    #[track_caller]
    pub fn mean_globally(&self) -> PCollection<f64>
    where
        T: Averageable,
    {
        self.folded("Mean", Mean, true, Location::caller())
    }

    /// The least element; `None` for none.
    #[track_caller]
    pub fn min_globally(&self) -> PCollection<Option<T>>
    where
        T: Ordered,
    {
        self.folded("Min", Min, true, Location::caller())
    }

    /// The greatest element; `None` for none.
    #[track_caller]
    pub fn max_globally(&self) -> PCollection<Option<T>>
    where
        T: Ordered,
    {
        self.folded("Max", Max, true, Location::caller())
    }

    /// The `n` greatest elements, the greatest first.
    #[track_caller]
    pub fn largest_globally(&self, n: usize) -> PCollection<Vec<T>>
    where
        T: Ordered,
    {
        self.folded("Largest", Top::largest(n), true, Location::caller())
    }

    /// The `n` least elements, the least first.
    #[track_caller]
    pub fn smallest_globally(&self, n: usize) -> PCollection<Vec<T>>
    where
        T: Ordered,
    {
        self.folded("Smallest", Top::smallest(n), true, Location::caller())
    }

    /// A random sample of `n` elements, fixed by `seed`. See [`Sample`].
    #[track_caller]
    pub fn sample_globally(&self, n: usize, seed: u64) -> PCollection<Vec<T>> {
        self.folded("Sample", Sample::of(n).seed(seed), true, Location::caller())
    }

    pub(super) fn folded<C: CombineFn<T>>(
        &self,
        name: &str,
        combiner: C,
        defaults: bool,
        location: Location,
    ) -> PCollection<C::Output> {
        let is_global = {
            let graph = self.pipeline().graph();
            graph.collection(self.id()).windowing.window_fn.is_global()
        };
        let global_key = (defaults && is_global).then_some(());
        self.pipeline().scoped(name, location, || {
            self.with_keys(()).combined(combiner, global_key, location).values()
        })
    }
}
