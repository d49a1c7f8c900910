//! Each value once.

use watershed_model::{
    AnyBundle, BoxError, Bundle, Duration, Element, Key, Location, Primitive, Trigger, fault,
};

use crate::{
    PCollection,
    combine::{CombineContext, CombineFn},
    kernel::map_bundle,
};

impl<T: Element> PCollection<T> {
    /// Each value once per window, in the first pane that has it: later panes do not say it again.
    /// Where windows merge, what a window will be is known only at its end, so there neither early nor
    /// late firings are allowed. (Beam: `Distinct`.)
    #[track_caller]
    pub fn distinct(&self) -> PCollection<T>
    where
        T: Key,
    {
        let location = Location::caller();
        let may_repeat = {
            let graph = self.pipeline().graph();
            let windowing = &graph.collection(self.id()).windowing;
            let is_once = windowing.trigger == Trigger::Default
                && windowing.allowed_lateness == Duration::ZERO;
            windowing.window_fn.is_merging() && !is_once
        };
        self.pipeline().scoped("Distinct", location, || {
            if may_repeat {
                self.pipeline().reject(
                    "windows merge, and a value that was put out for a part would come again for the whole",
                    "use the default trigger without allowed lateness before it, or windows that do not \
                     merge",
                );
            }
            let seen = self.map(|value| (value, ())).combined(Presence, None, location);
            let first = Primitive::ParDo(map_bundle(|| |bundle: Bundle<(T, ())>| Ok(first_panes(bundle))));
            let first: PCollection<(T, ())> =
                self.pipeline().add_step("FirstPanes", location, first, seen.id());
            first.keys()
        })
    }
}

/// What came in the first pane of its key and window.
fn first_panes<T: Element>(bundle: Bundle<T>) -> Bundle<T> {
    let panes = &bundle.metadata.panes;
    if panes.table().iter().all(|pane| pane.is_first) || fault!("distinct-says-it-again") {
        return bundle;
    }
    let is_first = |place: &u32| panes.get(*place as usize).is_first;
    let first: Vec<u32> = (0..bundle.values.len() as u32).filter(is_first).collect();
    AnyBundle::new(bundle).gather(&first).downcast()
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
