//! A splittable step on one worker.

use std::task::Waker;

use watershed_model::{
    AnyBundle, BoxError, CollectionId, Drops, Graph, KernelOutput, NodeId, Primitive,
    SplittableKernel, SplittableKernelContext, Timestamp, WindowViews, fault,
};

use super::sharing::{Share, SharedRestrictions};
use crate::{
    Emit, Failure, Holder, Ready, Sight, StateSize, ViewReader, alive::called, guard, views::Alike,
};

/// One splittable step on one worker.
///
/// It works in rounds: in each, every restriction that is not at rest has one turn, so that none of them, and
/// nothing else that the worker has to do, waits for one that never ends.
pub struct SplittableOperator {
    kernel: Option<Box<dyn SplittableKernel>>,
    reader: Option<ViewReader>,
    /// What is shared with the other workers of the process, if there are any.
    share: Option<Share>,
    input_watermark: Timestamp,
    now: Timestamp,
    is_at_work: bool,
    wanted: Vec<bool>,
    most_elements: usize,
    drops: Drops,
}

/// How a piece of work is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Piece {
    /// Whether a round goes on until all that is left rests, as it must where each event is handled wholly.
    pub is_whole: bool,
    /// Whether what rests has a turn, too, because the time that it waits for will not come.
    pub wakes_all: bool,
    /// Where the restriction is cut while it is worked on; a check.
    pub cut: Option<(usize, f64)>,
}

impl SplittableOperator {
    /// A step of a graph on a worker, with nothing in hand, set up. A piece of its work makes about
    /// `most_elements` claims.
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
        let Primitive::Splittable(step) = &node.primitive else {
            unreachable!("only a splittable step is run by this")
        };
        let is_read = |output: &CollectionId| !graph.readers(*output).is_empty();
        let mut operator = SplittableOperator {
            kernel: Some(guard(|| Ok((step.kernel)()))?),
            reader: ViewReader::new(graph, id, worker),
            share: None,
            input_watermark: Timestamp::MIN,
            now: Timestamp::MIN,
            is_at_work: false,
            wanted: node.outputs.iter().map(is_read).collect(),
            most_elements: most_elements.max(1),
            drops: Drops::default(),
        };
        operator.call(|kernel| kernel.setup())?;
        Ok(operator)
    }

    /// Shares restrictions with the other workers of the process. `waker` is called when it is worth to
    /// [`work`](Self::work) again.
    pub fn share(&mut self, all: SharedRestrictions, worker: usize, waker: Waker) {
        self.share = Some(Share { all, worker, waker });
    }

    /// Calls the kernel; after a failure it is torn down and gone.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut dyn SplittableKernel) -> Result<T, BoxError>,
    ) -> Result<T, Failure> {
        called(&mut self.kernel, |kernel| call(kernel), |failed| failed.teardown())
    }

    fn kernel(&self) -> Option<&dyn SplittableKernel> {
        self.kernel.as_deref()
    }

    /// Takes a bundle in: what has to wait for a view waits, the rest is in hand.
    ///
    /// # Errors
    /// When a view has nothing to show.
    pub fn process(&mut self, bundle: AnyBundle, sight: &Sight<'_>) -> Result<(), Failure> {
        match &mut self.reader {
            None => self.call(|kernel| {
                kernel.take(bundle);
                Ok(())
            })?,
            Some(reader) => {
                let ready = guard(|| reader.take(bundle, sight))?;
                self.take(ready)?;
            }
        }
        self.tell_hold();
        Ok(())
    }

    fn take(&mut self, ready: Ready) -> Result<(), Failure> {
        ready.into_iter().try_for_each(|(part, _)| {
            self.call(|kernel| {
                kernel.take(part);
                Ok(())
            })
        })
    }

    /// Times move forward.
    pub fn advance(&mut self, watermark: Timestamp, now: Timestamp) {
        self.input_watermark = self.input_watermark.max(watermark);
        self.now = self.now.max(now);
    }

    /// Does a piece of work, if there is some. Whether the round is over.
    ///
    /// # Errors
    /// What the author's code returned, or its panic; or when a view has nothing to show.
    pub fn work(
        &mut self,
        sight: &Sight<'_>,
        piece: Piece,
        emit: Emit<'_>,
    ) -> Result<bool, Failure> {
        if let Some(reader) = &mut self.reader {
            let ready = guard(|| reader.release(sight))?;
            self.take(ready)?;
        }
        if !std::mem::replace(&mut self.is_at_work, true) {
            let due = if piece.wakes_all { Timestamp::MAX } else { self.now };
            self.call(|kernel| {
                kernel.begin_round(due);
                Ok(())
            })?;
        }
        let mut out = KernelOutput::new(self.wanted.clone(), self.most_elements);
        let (now, most_claims) = (self.now, self.most_elements);
        // Half of what is left is for a worker that has nothing; but each piece does something, or the last of
        // the work would go to and fro.
        let is_wanted = self.share.as_ref().is_some_and(Share::is_wanted);
        let cut = piece.cut.or_else(|| is_wanted.then_some((1, 0.5)));
        let is_over = {
            let looking = self.reader.as_ref().map(|reader| reader.at(sight));
            let views: &dyn WindowViews = match &looking {
                Some(looking) => looking,
                None => &Alike(&[]),
            };
            let options = sight.options;
            let cx = SplittableKernelContext { views, options, now, most_claims, cut };
            called(
                &mut self.kernel,
                |kernel| kernel.work(&cx, &mut out),
                |failed| failed.teardown(),
            )?
        };
        let (bundles, drops) = out.take();
        self.drops.merge(&drops);
        bundles.into_iter().for_each(|(port, bundle)| emit(port, bundle));
        self.tell_hold();
        if !is_over {
            return Ok(false);
        }
        self.is_at_work = false;
        // Who has become idle says so at once.
        self.balance()?;
        // What is in hand, with whomever, looks at the views of its window for as long as it is.
        if let Some(reader) = self.reader.as_ref().filter(|_| self.is_done()) {
            reader.has_come_to(sight.store, self.input_watermark);
        }
        Ok(!(piece.is_whole && self.ready() > 0))
    }

    /// A worker that has nothing takes what another gave away; one that has several restrictions gives one away
    /// if somebody waits for it.
    fn balance(&mut self) -> Result<(), Failure> {
        let Some(share) = &self.share else { return Ok(()) };
        if self.kernel().is_none_or(|kernel| kernel.in_hand() == 0) {
            let Some(given) = share.take() else { return Ok(()) };
            return self.call(|kernel| {
                kernel.accept(given);
                Ok(())
            });
        }
        if share.is_wanted() {
            let now = self.now;
            let given = self.call(|kernel| Ok(kernel.give(now)))?;
            if let (Some(share), Some((given, at))) = (&self.share, given) {
                share.give(given, at);
            }
        }
        Ok(())
    }

    /// The others may have to know where what this worker has holds the output watermark.
    fn tell_hold(&mut self) {
        // Those that share with nobody are not asked for it at each piece.
        let hold = self.share.is_some().then(|| self.own_hold());
        if let (Some(share), Some(hold)) = (&self.share, hold) {
            hold.map_or_else(|| share.has_nothing(), |at| share.has_come_to(at));
        }
    }

    /// Drops what never ends, since the job comes to an end. Whether something went.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn truncate(&mut self) -> Result<bool, Failure> {
        Ok(self.call(|kernel| kernel.truncate())? > 0)
    }

    fn hold_in_hand(&mut self) -> Option<Timestamp> {
        let now = self.now;
        let kernel = self.kernel.as_mut()?;
        kernel.hold(now).filter(|_| !fault!("restrictions-do-not-hold"))
    }

    /// Where what this worker has in hand, and what waits here, holds the output watermark.
    fn own_hold(&mut self) -> Option<Timestamp> {
        let waits = self.reader.as_ref().and_then(ViewReader::hold);
        self.hold_in_hand().into_iter().chain(waits).min()
    }

    /// Where what is in hand, and what waits, holds the output watermark: with what other workers have that share
    /// with this one, who may get it.
    pub fn hold(&mut self) -> Option<Timestamp> {
        if self.share.is_none() || fault!("who-may-get-restrictions-does-not-hold") {
            return self.own_hold();
        }
        self.tell_hold();
        self.share.as_ref().and_then(Share::hold)
    }

    /// How many restrictions can be worked on at once.
    pub fn ready(&self) -> usize {
        self.kernel().map_or(0, SplittableKernel::ready)
    }

    fn has_nothing(&self) -> bool {
        let waiting = self.reader.as_ref().map_or(0, ViewReader::waiting);
        waiting == 0 && self.kernel().is_none_or(|kernel| kernel.in_hand() == 0)
    }

    /// Whether nothing is in hand, and nothing waits, here and with those who share with this worker.
    pub fn is_done(&self) -> bool {
        self.has_nothing() && self.share.as_ref().is_none_or(Share::is_done)
    }

    /// Whether there is nothing to do here, but there may be when others give something away.
    pub fn may_be_given(&self) -> bool {
        self.has_nothing() && !self.is_done()
    }

    /// The processing time at which there is something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let kernel = self.kernel()?;
        if kernel.ready() > 0 { Some(self.now) } else { kernel.next_due() }
    }

    /// How much is kept.
    pub fn state_size(&self) -> StateSize {
        let waiting = self.reader.as_ref().map_or(0, ViewReader::waiting) as u64;
        let in_hand = self.kernel().map_or(0, SplittableKernel::in_hand) as u64;
        StateSize { entries: in_hand, elements: waiting }
    }

    /// What holds the output watermark where it is, at `at`, if something here does.
    pub fn holder(&self, sight: &Sight<'_>, at: Timestamp) -> Option<Holder> {
        if let Some(reader) = self.reader.as_ref().filter(|reader| reader.hold() == Some(at)) {
            return reader.holder(sight);
        }
        let in_hand = self.kernel()?.in_hand() as u64;
        (in_hand > 0).then_some(Holder::Restrictions { in_hand, at })
    }

    /// What was dropped since it was last asked.
    pub fn take_drops(&mut self) -> Drops {
        std::mem::take(&mut self.drops)
    }

    /// Tears the author's instance down, unless it was.
    ///
    /// # Errors
    /// What the author's code returned, or its panic.
    pub fn end(&mut self) -> Result<(), Failure> {
        self.kernel.take().map_or(Ok(()), |mut kernel| guard(|| kernel.teardown()))
    }
}

impl Drop for SplittableOperator {
    fn drop(&mut self) {
        // Reached when another step failed; that failure is told.
        let _ = self.end();
    }
}
