//! A stateful step on one worker.

use watershed_model::{
    AnyBundle, BoxError, CollectionId, Drops, Graph, KernelOutput, NodeId, Primitive, SavedState,
    Stateful, StatefulFactory, StatefulKernel, StatefulKernelContext, Timestamp, UserOptions,
    ViewContent, WindowViews, fault,
};

use super::book::Book;
use crate::{
    Account, Emit, Failure, Ready, Sight, ViewReader,
    alive::called,
    grouping::{Admission, Dropped, in_windows},
    guard,
    views::Alike,
};

/// One stateful step on one worker.
pub struct StatefulOperator {
    factory: StatefulFactory,
    kernel: Option<Box<dyn StatefulKernel>>,
    pub(super) book: Book,
    pub(super) step: Stateful,
    allowed_lateness: watershed_model::Duration,
    /// Sees to the views, if the step reads some.
    pub(super) reader: Option<ViewReader>,
    input_watermark: Timestamp,
    /// Which outputs somebody reads.
    wanted: Vec<bool>,
    most_elements: usize,
    dropped: Dropped,
    drops: Drops,
    pub(super) account: Account,
}

impl StatefulOperator {
    /// A step of a graph on a worker, that keeps nothing yet, set up. It puts out bundles of about
    /// `most_elements`, on the ports that somebody reads.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn start(
        graph: &Graph,
        id: NodeId,
        worker: usize,
        most_elements: usize,
    ) -> Result<Self, Failure> {
        let node = graph.node(id);
        let Primitive::Stateful(step) = &node.primitive else {
            unreachable!("only a stateful step is run by this")
        };
        let factory = step.kernel.clone();
        let allowed_lateness = graph.collection(node.inputs[0]).windowing.allowed_lateness;
        let is_read = |output: &CollectionId| !graph.readers(*output).is_empty();
        let mut operator = StatefulOperator {
            kernel: Some(guard(|| Ok(factory()))?),
            factory,
            book: book(step, allowed_lateness),
            step: step.clone(),
            allowed_lateness,
            reader: ViewReader::new(graph, id, worker),
            input_watermark: Timestamp::MIN,
            wanted: node.outputs.iter().map(is_read).collect(),
            most_elements: most_elements.max(1),
            dropped: Dropped::new(None),
            drops: Drops::default(),
            account: Account::default(),
        };
        operator.call(|kernel, _| kernel.setup())?;
        Ok(operator)
    }

    /// Makes all outputs, whether somebody reads them or not: for those who look at them by themselves.
    pub fn want_all(&mut self) {
        self.wanted.fill(true);
    }

    /// Calls the kernel; after a failure it is torn down and gone.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut dyn StatefulKernel, &mut Book) -> Result<T, BoxError>,
    ) -> Result<T, Failure> {
        let book = &mut self.book;
        called(&mut self.kernel, |kernel| call(kernel, book), |failed| failed.teardown())
    }

    /// Takes a bundle in: what has to wait for a view waits, what is late is dropped, and the rest goes to the
    /// author's code. What is due behind it, as a timer that was set for a time that has passed, waits for
    /// [`fire`](Self::fire).
    ///
    /// # Errors
    /// What the author's code returned, or its panic; or when a view has nothing to show.
    pub fn process(
        &mut self,
        bundle: AnyBundle,
        sight: &Sight<'_>,
        emit: Emit<'_>,
    ) -> Result<(), Failure> {
        let Some(reader) = &mut self.reader else {
            return self.handle(bundle, &[], sight.options, emit);
        };
        let ready = guard(|| reader.take(bundle, sight))?;
        self.handle_all(ready, sight.options, emit)
    }

    fn handle_all(
        &mut self,
        ready: Ready,
        options: &UserOptions,
        emit: Emit<'_>,
    ) -> Result<(), Failure> {
        ready.into_iter().try_for_each(|(part, contents)| {
            self.handle(part, &contents, options, &mut |port, bundle| emit(port, bundle))
        })
    }

    /// Elements that wait for no view.
    fn handle(
        &mut self,
        bundle: AnyBundle,
        contents: &[ViewContent],
        options: &UserOptions,
        emit: Emit<'_>,
    ) -> Result<(), Failure> {
        let came = in_windows(&bundle);
        self.account.came += came;
        let (book, watermark) = (&self.book, self.book.watermark);
        let admission = Admission::of(&bundle, |window| {
            watermark >= book.expiry_of(window) && !fault!("stateful-steps-take-late-elements")
        });
        let (bundle, _) = admission.apply(bundle, watermark, &mut self.dropped);
        let mut late = self.dropped.take_drops();
        let mut rest = (!bundle.is_empty()).then(|| admission.only_open(bundle));
        let views = Alike(contents);
        let cx = StatefulKernelContext { views: &views, options };
        while let Some(bundle) = rest {
            let mut out = KernelOutput::new(self.wanted.clone(), self.most_elements);
            rest = self.call(|kernel, book| kernel.process(bundle, &cx, book, &mut out))?;
            late.merge(&self.put_out(&mut out, emit));
        }
        self.account.folded += came - late.total();
        self.drops.merge(&late);
        Ok(())
    }

    /// Times move forward. What is due is called with [`fire`](Self::fire).
    pub fn advance(&mut self, watermark: Timestamp, now: Timestamp) {
        self.input_watermark = self.input_watermark.max(watermark);
        self.book.now = self.book.now.max(now);
        self.go_on();
    }

    /// The step has come as far as its input, but for what waits for a view: to that, no time passes
    /// meanwhile.
    fn go_on(&mut self) {
        let hold = self.reader.as_ref().and_then(ViewReader::hold);
        let hold = hold.filter(|_| !fault!("windows-pass-what-waits-for-a-view"));
        let watermark = self.input_watermark.min(hold.unwrap_or(Timestamp::MAX));
        self.book.watermark = self.book.watermark.max(watermark);
    }

    /// Handles what need not wait for views any more, then calls the author for what is due, first by the
    /// watermark, then by the processing time; one bundle. Whether that was all.
    ///
    /// # Errors
    /// What the author's code returned, or its panic; or when a view has nothing to show.
    pub fn fire(&mut self, sight: &Sight<'_>, emit: Emit<'_>) -> Result<bool, Failure> {
        if let Some(reader) = &mut self.reader {
            let ready = guard(|| reader.release(sight))?;
            self.handle_all(ready, sight.options, emit)?;
            self.go_on();
        }
        let mut out = KernelOutput::new(self.wanted.clone(), self.most_elements);
        let looking = self.reader.as_ref().map(|reader| reader.at(sight));
        let views: &dyn WindowViews = match &looking {
            Some(looking) => looking,
            None => &Alike(&[]),
        };
        let cx = StatefulKernelContext { views, options: sight.options };
        let book = &mut self.book;
        let is_done = called(
            &mut self.kernel,
            |kernel| kernel.fire(&cx, book, &mut out),
            |failed| failed.teardown(),
        )?;
        drop(looking);
        if let Some(reader) = self.reader.as_ref().filter(|_| is_done) {
            reader.has_come_to(sight.store, self.book.watermark);
        }
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
        let waits = self.reader.as_ref().and_then(ViewReader::hold);
        self.book.holds.least().into_iter().chain(waits).min()
    }

    /// The processing time at which something is due next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.book.next_deadline()
    }

    /// What was dropped since it was last asked.
    pub fn take_drops(&mut self) -> Drops {
        std::mem::take(&mut self.drops)
    }

    /// How many elements wait to be handled in the order of their times.
    pub(super) fn waiting(&self) -> u64 {
        self.kernel.as_ref().map_or(0, |kernel| kernel.waiting())
    }

    /// Whether the step reads views.
    pub fn reads_views(&self) -> bool {
        self.reader.is_some()
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
