//! Each value once.

use watershed_model::{BoxError, Element, Key, Location};

use crate::{
    PCollection,
    combine::{CombineContext, CombineFn},
};

impl<T: Element> PCollection<T> {
    /// Each value once per window. (Beam: `Distinct`.)
    #[track_caller]
    pub fn distinct(&self) -> PCollection<T>
    where
        T: Key,
    {
        let location = Location::caller();
        self.pipeline().scoped("Distinct", location, || {
            self.map(|value| (value, ())).combined(Presence, None, location).keys()
        })
    }
}

/// That there was something.
#[derive(Clone)]
struct Presence;

impl CombineFn<()> for Presence {
    type Accumulator = ();
    type Output = ();

    fn create(&self, _: &CombineContext<'_>) {}
    fn add(&self, (): &mut (), (): (), _: &CombineContext<'_>) {}
    fn merge(&self, (): &mut (), (): (), _: &CombineContext<'_>) {}
    fn extract(&self, (): (), _: &CombineContext<'_>) -> Result<(), BoxError> {
        Ok(())
    }
}
