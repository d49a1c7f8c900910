//! DoFns whose failures go to dead letters, element by element.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use watershed_model::{
    AnyBundle, BoxError, Bundle, Element, Kernel, KernelContext, KernelOutput, attempt, fault,
};

use super::par_do::DoFnKernel;
use crate::{DoFn, Emitter, Failed, Outputs};

/// A DoFn that is tried on whole bundles. Of a bundle that fails it is tried on halves, and on halves of
/// these, until it is known which elements fail by themselves.
pub(super) struct Salvaging<In, D> {
    make: Box<dyn Fn() -> DoFnKernel<In, D>>,
    /// Gone after a failure.
    kernel: Option<DoFnKernel<In, D>>,
    step: String,
}

impl<In: Element, D: DoFn<In>> Salvaging<In, D> {
    pub(super) fn new(step: &str, make: impl Fn() -> DoFnKernel<In, D> + 'static) -> Self {
        Salvaging { kernel: Some(make()), make: Box::new(make), step: step.to_owned() }
    }

    /// Tries a bundle. What it puts out counts only if nothing fails.
    fn attempt(
        &mut self,
        bundle: AnyBundle,
        cx: &KernelContext<'_>,
        scratch: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        let kernel = match &mut self.kernel {
            Some(kernel) => kernel,
            gone => {
                let mut kernel = (self.make)();
                kernel.setup()?;
                gone.insert(kernel)
            }
        };
        let result = attempt(|| fenced(|| kernel.run(bundle, cx, scratch)));
        if result.is_err()
            && let Some(mut failed) = self.kernel.take()
        {
            // The first failure is the one to tell.
            let _ = fenced(|| failed.teardown());
        }
        result
    }

    fn salvage(
        &mut self,
        bundle: AnyBundle,
        cx: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<(), BoxError> {
        let mut rest = Some(bundle);
        while let Some(bundle) = rest.take() {
            let mut scratch = out.like();
            match self.attempt(bundle.clone(), cx, &mut scratch) {
                Ok(left) => {
                    let (bundles, drops) = scratch.take();
                    bundles.into_iter().for_each(|(port, bundle)| out.put(port, bundle));
                    drops.iter().for_each(|(reason, n)| out.dropped(reason, n));
                    rest = left;
                }
                Err(error) if bundle.len() <= 1 => self.bury(bundle, &error, out)?,
                Err(_) => {
                    let (first, second) = {
                        let half = bundle.len() / 2;
                        bundle.split_at(half)
                    };
                    self.salvage(first, cx, out)?;
                    self.salvage(second, cx, out)?;
                }
            }
        }
        Ok(())
    }

    /// An element that fails by itself.
    fn bury(
        &self,
        bundle: AnyBundle,
        error: &BoxError,
        out: &mut KernelOutput,
    ) -> Result<(), BoxError> {
        let Bundle { values, metadata } = bundle.downcast::<In>();
        let mut letters = Emitter::new(true, false);
        letters.begin(0);
        for element in values.into_iter().filter(|_| !fault!("poison-elements-are-lost")) {
            letters.emit(Failed { element, error: error.to_string(), step: self.step.clone() });
        }
        out.put(D::Outputs::COUNT, AnyBundle::new(letters.into_bundle(&metadata)?));
        Ok(())
    }
}

impl<In: Element, D: DoFn<In>> Kernel for Salvaging<In, D> {
    fn setup(&mut self) -> Result<(), BoxError> {
        self.kernel.as_mut().map_or(Ok(()), Kernel::setup)
    }

    fn run(
        &mut self,
        input: AnyBundle,
        cx: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        self.salvage(input, cx, out)?;
        Ok(None)
    }

    fn teardown(&mut self) -> Result<(), BoxError> {
        self.kernel.take().map_or(Ok(()), |mut kernel| kernel.teardown())
    }
}

/// A panic is an error, too.
fn fenced<T>(call: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result,
        Err(panic) => Err(format!("panicked: {}", said(&*panic)).into()),
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
