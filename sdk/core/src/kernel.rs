//! The border of types: a kernel made of a typed function on whole bundles.

use std::{marker::PhantomData, sync::Arc};

use watershed_model::{
    AnyBundle, BoxError, Bundle, Element, Kernel, KernelContext, KernelFactory, KernelOutput,
    Metadata, ParDo, keep_spare,
};

/// A step of stateless work. `make` gives each instance its own function from a bundle to outputs; the
/// function returns what it left of its input, if it ended its bundle early.
pub(crate) fn bundle_fn<I, F>(make: impl Fn() -> F + Send + Sync + 'static) -> ParDo
where
    I: Element,
    F: FnMut(Bundle<I>, &mut KernelOutput) -> Result<Option<Bundle<I>>, BoxError> + 'static,
{
    par_do(Arc::new(move || Box::new(BundleFn { run: make(), input: PhantomData })))
}

/// A step that makes one bundle of each, element by element.
pub(crate) fn map_bundle<I, O, F>(make: impl Fn() -> F + Send + Sync + 'static) -> ParDo
where
    I: Element,
    O: Element,
    F: FnMut(Bundle<I>) -> Result<Bundle<O>, BoxError> + 'static,
{
    bundle_fn(move || {
        let mut run = make();
        move |bundle, out: &mut KernelOutput| {
            out.put(0, AnyBundle::new(run(bundle)?));
            Ok(None)
        }
    })
}

/// A plain ParDo: not an observer, without dead letters or times of its own.
pub(crate) fn par_do(kernel: KernelFactory) -> ParDo {
    ParDo { kernel, is_observer: false, dead_letters: None, gives_times: false }
}

struct BundleFn<I, F> {
    run: F,
    input: PhantomData<fn(I)>,
}

impl<I, F> Kernel for BundleFn<I, F>
where
    I: Element,
    F: FnMut(Bundle<I>, &mut KernelOutput) -> Result<Option<Bundle<I>>, BoxError>,
{
    fn run(
        &mut self,
        input: AnyBundle,
        _: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        let rest = (self.run)(input.downcast(), out)?;
        Ok(rest.map(AnyBundle::new))
    }
}

/// What is left of a bundle that a kernel ended early, after `done` of its elements: `rest`, taken out of
/// `values`. The memory of what was done is kept for other bundles.
pub(crate) fn left_over<T: Element>(
    rest: Vec<T>,
    values: Vec<T>,
    mut metadata: Metadata,
    done: usize,
) -> Option<AnyBundle> {
    keep_spare(values);
    if rest.is_empty() {
        metadata.keep_spare();
        return None;
    }
    let carried = metadata.split_off(done);
    metadata.keep_spare();
    Some(AnyBundle::new(Bundle::new(rest, carried)))
}
