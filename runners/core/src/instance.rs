//! A kernel with its life cycle.

use watershed_model::{
    AnyBundle, BoxError, Kernel, KernelContext, KernelFactory, KernelOutput, fault,
};

use crate::{Failure, guard};

/// A kernel from `setup` to `teardown`, which is called once, whatever happens.
pub struct Instance {
    factory: KernelFactory,
    kernel: Option<Box<dyn Kernel>>,
}

impl Instance {
    /// A new instance, set up.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn start(factory: KernelFactory) -> Result<Self, Failure> {
        let mut instance = Instance { kernel: Some(guard(|| Ok(factory()))?), factory };
        if !fault!("setup-is-not-called") {
            instance.call(|kernel| kernel.setup())?;
        }
        Ok(instance)
    }

    /// Calls the kernel; after a failure it is torn down and gone.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut dyn Kernel) -> Result<T, BoxError>,
    ) -> Result<T, Failure> {
        let Some(kernel) = &mut self.kernel else {
            unreachable!("a failure ends the run, so nothing is called after it")
        };
        let result = guard(|| call(&mut **kernel));
        if result.is_err()
            && let Some(mut failed) = self.kernel.take()
        {
            if fault!("failed-kernel-is-not-torn-down") {
                return result;
            }
            // The first failure is the one to tell.
            let _ = guard(|| failed.teardown());
        }
        result
    }

    /// Runs one bundle, as [`Kernel::run`].
    ///
    /// # Errors
    /// What the author's code returned, or its panic; the instance is torn down then.
    pub fn run(
        &mut self,
        input: AnyBundle,
        cx: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, Failure> {
        self.call(|kernel| kernel.run(input, cx, out))
    }

    /// Ends this instance and begins a new one.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn replace(&mut self) -> Result<(), Failure> {
        self.end()?;
        *self = Instance::start(self.factory.clone())?;
        Ok(())
    }

    /// Tears the instance down, unless it was.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn end(&mut self) -> Result<(), Failure> {
        match self.kernel.take() {
            Some(_) if fault!("kernel-is-not-torn-down") => Ok(()),
            Some(mut kernel) if fault!("kernel-is-torn-down-twice") => {
                guard(|| kernel.teardown().and_then(|()| kernel.teardown()))
            }
            Some(mut kernel) => guard(|| kernel.teardown()),
            None => Ok(()),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Reached when another step failed; that failure is told.
        let _ = self.end();
    }
}
