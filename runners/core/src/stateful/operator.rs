//! A stateful step on one worker.

use watershed_model::{
    AnyBundle, BoxError, Drops, KernelOutput, SavedState, Stateful, StatefulFactory,
    StatefulKernel, Timestamp, WindowingStrategy, fault,
};

use super::book::Book;
use crate::{
    Account, Emit, Failure,
    grouping::{Admission, Dropped, in_windows},
    guard,
};

/// One stateful step on one worker.
pub struct StatefulOperator {
    factory: StatefulFactory,
    kernel: Option<Box<dyn StatefulKernel>>,
    pub(super) book: Book,
    pub(super) step: Stateful,
    allowed_lateness: watershed_model::Duration,
    /// Which outputs somebody reads.
    wanted: Vec<bool>,
    most_elements: usize,
    dropped: Dropped,
    drops: Drops,
    pub(super) account: Account,
}

impl StatefulOperator {
    /// A step that keeps nothing yet, set up. `windowing` is that of the input; it puts out bundles of about
    /// `most_elements`, on the ports that are wanted.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn start(
        step: &Stateful,
        windowing: &WindowingStrategy,
        wanted: Vec<bool>,
        most_elements: usize,
    ) -> Result<Self, Failure> {
        let factory = step.kernel.clone();
        let allowed_lateness = windowing.allowed_lateness;
        let mut operator = StatefulOperator {
            kernel: Some(guard(|| Ok(factory()))?),
            factory,
            book: book(step, allowed_lateness),
            step: step.clone(),
            allowed_lateness,
            wanted,
            most_elements: most_elements.max(1),
            dropped: Dropped::new(None),
            drops: Drops::default(),
            account: Account::default(),
        };
        operator.call(|kernel, _| kernel.setup())?;
        Ok(operator)
    }

    /// Calls the kernel; after a failure it is torn down and gone.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut dyn StatefulKernel, &mut Book) -> Result<T, BoxError>,
    ) -> Result<T, Failure> {
        let Some(kernel) = &mut self.kernel else {
            unreachable!("a failure ends the run, so nothing is called after it")
        };
        let book = &mut self.book;
        let result = guard(|| call(&mut **kernel, book));
        if result.is_err()
            && let Some(mut failed) = self.kernel.take()
        {
            // The first failure is the one to tell.
            let _ = guard(|| failed.teardown());
        }
        result
    }

    /// Takes a bundle in: drops what is late, and hands the rest to the author's code. What is due behind it,
    /// as a timer that was set for a time that has passed, waits for [`fire`](Self::fire).
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn process(&mut self, bundle: AnyBundle, emit: Emit<'_>) -> Result<(), Failure> {
        let came = in_windows(&bundle);
        self.account.came += came;
        let (book, watermark) = (&self.book, self.book.watermark);
        let admission = Admission::of(&bundle, |window| {
            watermark >= book.expiry_of(window) && !fault!("stateful-steps-take-late-elements")
        });
        let (bundle, _) = admission.apply(bundle, watermark, &mut self.dropped);
        let mut late = self.dropped.take_drops();
        let mut rest = (!bundle.is_empty()).then(|| admission.only_open(bundle));
        while let Some(bundle) = rest {
            let mut out = KernelOutput::new(self.wanted.clone(), self.most_elements);
            rest = self.call(|kernel, book| kernel.process(bundle, book, &mut out))?;
            late.merge(&self.put_out(&mut out, emit));
        }
        self.account.folded += came - late.total();
        self.drops.merge(&late);
        Ok(())
    }

    /// Times move forward. What is due is called with [`fire`](Self::fire).
    pub fn advance(&mut self, watermark: Timestamp, now: Timestamp) {
        self.book.watermark = self.book.watermark.max(watermark);
        self.book.now = self.book.now.max(now);
    }

    /// Calls the author for what is due, first by the watermark, then by the processing time; one bundle.
    /// Whether that was all.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn fire(&mut self, emit: Emit<'_>) -> Result<bool, Failure> {
        let mut out = KernelOutput::new(self.wanted.clone(), self.most_elements);
        let is_done = self.call(|kernel, book| kernel.fire(book, &mut out))?;
        let drops = self.put_out(&mut out, emit);
        self.drops.merge(&drops);
        Ok(is_done)
    }

    fn put_out(&mut self, out: &mut KernelOutput, emit: Emit<'_>) -> Drops {
        let (bundles, drops) = out.take();
        bundles.into_iter().for_each(|(port, bundle)| emit(port, bundle));
        drops
    }

    /// Where what is kept here holds the output watermark.
    pub fn hold(&self) -> Option<Timestamp> {
        self.book.holds.least()
    }

    /// The processing time at which something is due next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.book.next_deadline()
    }

    /// What was dropped since it was last asked.
    pub fn take_drops(&mut self) -> Drops {
        std::mem::take(&mut self.drops)
    }

    pub(super) fn waiting(&self) -> u64 {
        self.kernel.as_ref().map_or(0, |kernel| kernel.waiting())
    }

    /// All that is kept, in a form that any worker of any number of them can [`load`](Self::load).
    ///
    /// # Errors
    /// When a key or a cell cannot be encoded.
    pub fn save(&mut self) -> Result<Vec<SavedState>, Failure> {
        self.call(|kernel, book| kernel.save(book))
    }

    /// Takes up what was saved, at the times at which it was.
    ///
    /// # Errors
    /// When something cannot be decoded, or is not of this step.
    pub fn load(&mut self, saved: Vec<SavedState>) -> Result<(), Failure> {
        self.call(|kernel, book| kernel.load(saved, book))
    }

    /// Ends the author's instance and begins with a new one, which takes up what the old one kept, from
    /// bytes; a check.
    ///
    /// # Errors
    /// What the author's code returned, or its panic; or when a cell does not survive.
    pub fn replace(&mut self) -> Result<(), Failure> {
        let saved = self.save()?;
        self.end()?;
        self.kernel = Some(guard(|| Ok((self.factory)()))?);
        let mut book = book(&self.step, self.allowed_lateness);
        (book.watermark, book.now) = (self.book.watermark, self.book.now);
        self.book = book;
        self.call(|kernel, _| kernel.setup())?;
        self.load(saved)
    }

    /// Tears the author's instance down, unless it was.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn end(&mut self) -> Result<(), Failure> {
        self.kernel.take().map_or(Ok(()), |mut kernel| guard(|| kernel.teardown()))
    }

    /// How much is kept, places that wait to be used again among it.
    pub fn held(&self) -> usize {
        self.book.held()
    }
}

impl Drop for StatefulOperator {
    fn drop(&mut self) {
        // Reached when another step failed; that failure is told.
        let _ = self.end();
    }
}

fn book(step: &Stateful, allowed_lateness: watershed_model::Duration) -> Book {
    Book::new(allowed_lateness, step.holds_for_expiration, step.time_to_live)
}
