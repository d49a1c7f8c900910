//! A kernel with its life cycle.

use watershed_model::{
    AnyBundle, BoxError, Kernel, KernelContext, KernelFactory, KernelOutput, attempt, fault,
};

use crate::{Failure, alive::called, guard};

/// A kernel from `setup` to `teardown`, which is called once, whatever happens.
pub struct Instance {
    factory: KernelFactory,
    kernel: Option<Box<dyn Kernel>>,
    /// How often a bundle that failed is tried again.
    most_retries: u32,
    /// How often one was since this was last asked.
    retries: u64,
}

impl Instance {
    /// A new instance, set up.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn start(factory: KernelFactory, most_retries: u32) -> Result<Self, Failure> {
        let kernel = Some(guard(|| Ok(factory()))?);
        let mut instance = Instance { kernel, factory, most_retries, retries: 0 };
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
        called(
            &mut self.kernel,
            |kernel| call(kernel),
            |failed| {
                if fault!("failed-kernel-is-not-torn-down") {
                    return Ok(());
                }
                failed.teardown()
            },
        )
    }

    /// Runs one bundle, as [`Kernel::run`]. One that fails is tried again by a new instance, as often as is
    /// allowed; what the failed attempt put out and told is forgotten.
    ///
    /// # Errors
    /// What the author's code returned the last time, or its panic; the instance is torn down then.
    pub fn run(
        &mut self,
        input: AnyBundle,
        cx: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, Failure> {
        let (mut input, mut left) = (input, self.most_retries);
        while left > 0 {
            let again = input.clone();
            match attempt(|| self.call(|kernel| kernel.run(input, cx, out))) {
                Ok(rest) => return Ok(rest),
                Err(failure) => {
                    tracing::warn!(left, "a bundle {failure}; it is tried again");
                    out.take();
                    self.begin_anew()?;
                    (input, left, self.retries) = (again, left - 1, self.retries + 1);
                }
            }
        }
        self.call(|kernel| kernel.run(input, cx, out))
    }

    /// How often a bundle was tried again since this was last asked.
    pub fn take_retries(&mut self) -> u64 {
        std::mem::take(&mut self.retries)
    }

    /// A new instance in the place of this one.
    fn begin_anew(&mut self) -> Result<(), Failure> {
        let retries = self.retries;
        let new = Instance::start(self.factory.clone(), self.most_retries)?;
        *self = new;
        self.retries = retries;
        Ok(())
    }

    /// Ends this instance and begins a new one.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn replace(&mut self) -> Result<(), Failure> {
        self.end()?;
        self.begin_anew()
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
