//! The erased work of a splittable DoFn.

use watershed_model::{
    AnyBundle, AnyRestriction, BoxError, Bundle, Element, KernelOutput, SplittableKernel,
    SplittableKernelContext, Timestamp, fault,
};

use super::{
    Claims, Continuation, RestrictionTracker, SplittableContext, SplittableDoFn,
    WatermarkEstimator,
    item::{Hand, Item},
};
use crate::{Outputs, views::Looks};

type Restriction<D, In> = <<D as SplittableDoFn<In>>::Tracker as RestrictionTracker>::Restriction;

/// A splittable DoFn, and the restrictions in hand.
pub(super) struct Splitting<In, D: SplittableDoFn<In>> {
    do_fn: D,
    hand: Hand<In, Restriction<D, In>, D::Estimator>,
    looks: Looks,
}

impl<In: Element, D: SplittableDoFn<In>> Splitting<In, D> {
    pub(super) fn new(do_fn: D) -> Self {
        let looks = Looks::new(do_fn.side_inputs().ids());
        Splitting { do_fn, hand: Hand::new(), looks }
    }

    /// One call of the author's code.
    fn piece(
        &mut self,
        mut item: Item<In, Restriction<D, In>, D::Estimator>,
        cx: &SplittableKernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<(), BoxError> {
        let Item { element, metadata, restriction, estimator, .. } = &mut item;
        let estimated = estimator.clone();
        self.looks.begin();
        let views = match metadata.windows.get(0).as_slice() {
            [window, ..] => self.looks.at(window, cx.views)?,
            [] => return Ok(()),
        };
        let mut tracker = self.do_fn.tracker(element, restriction.clone());
        let mut claims = Claims::new(&mut tracker, cx.most_claims, cx.cut);
        let mut emitters = D::Outputs::open(out, false);
        D::Outputs::begin(&mut emitters, Some(0));
        let mut told = SplittableContext {
            metadata,
            now: cx.now,
            views,
            options: cx.options,
            estimator: &mut *estimator,
        };
        let ended = self.do_fn.process(element, &mut claims, &mut told, &mut emitters)?;
        // When its turn comes again, if the author said so; what was left because the piece was long enough has
        // one in the next round.
        let mut due = None;
        if let Continuation::Resume(span) = ended
            && claims.rest.is_none()
        {
            claims.rest = claims.split(0.0)?;
            due = Some(cx.now + span);
        }
        claims.check_done().map_err(|unclaimed| {
            format!(
                "has returned before its work was done: {unclaimed}; claim all of it, or return Resume if the \
                 rest is to be done later"
            )
        })?;
        let (rest, parts) = (claims.rest, claims.parts);
        // What has been put out is seen by the estimator.
        let skew = self.do_fn.allowed_timestamp_skew();
        D::Outputs::close(emitters, metadata, skew, out)?;
        if let Some(latest) = out.latest() {
            estimator.has_put_out(latest);
        }
        // Nobody knows how the times of what was cut off go on from here: it begins where this piece began.
        for part in parts {
            self.hand.next.push_back(Item {
                element: item.element.clone(),
                metadata: item.metadata.clone(),
                restriction: part,
                estimator: estimated.clone(),
                reported: item.reported,
            });
        }
        let Some(rest) = rest.filter(|_| !fault!("what-is-left-of-a-restriction-is-lost")) else {
            return Ok(());
        };
        item.restriction = rest;
        item.look(cx.now);
        match due {
            Some(due) => self.hand.resting.entry(due).or_default().push(item),
            None => self.hand.next.push_back(item),
        }
        Ok(())
    }
}

impl<In: Element, D: SplittableDoFn<In>> SplittableKernel for Splitting<In, D> {
    fn setup(&mut self) -> Result<(), BoxError> {
        self.do_fn.setup()
    }

    fn take(&mut self, input: AnyBundle) {
        let Bundle { values, metadata } = input.downcast::<(In, Restriction<D, In>)>();
        for (place, (element, restriction)) in values.into_iter().enumerate() {
            let metadata = metadata.gather(&[place as u32]);
            let timestamp = metadata.timestamps.get(0);
            let estimator = self.do_fn.estimator(&element, timestamp);
            let reported = Timestamp::MIN;
            self.hand.next.push_back(Item { element, metadata, restriction, estimator, reported });
        }
    }

    fn begin_round(&mut self, now: Timestamp) {
        self.hand.begin_round(now);
    }

    fn work(
        &mut self,
        cx: &SplittableKernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<bool, BoxError> {
        if let Some(item) = self.hand.round.pop_front() {
            self.piece(item, cx, out)?;
        }
        Ok(self.hand.round.is_empty())
    }

    fn truncate(&mut self) -> Result<usize, BoxError> {
        let mut gone = 0;
        for mut item in self.hand.take() {
            match self.do_fn.truncate(&item.element, item.restriction)? {
                Some(restriction) => {
                    item.restriction = restriction;
                    self.hand.next.push_back(item);
                }
                None => gone += 1,
            }
        }
        Ok(gone)
    }

    fn give(&mut self, now: Timestamp) -> Option<(AnyRestriction, Timestamp)> {
        if self.hand.next.len() < 2 {
            return None;
        }
        let mut item = self.hand.next.pop_back()?;
        let reported = item.look(now);
        Some((Box::new(item), reported))
    }

    fn accept(&mut self, given: AnyRestriction) {
        match given.downcast::<Item<In, Restriction<D, In>, D::Estimator>>() {
            Ok(item) => self.hand.next.push_back(*item),
            Err(_) => unreachable!("all workers of a step have kernels of one type"),
        }
    }

    fn ready(&self) -> usize {
        self.hand.ready()
    }

    fn in_hand(&self) -> usize {
        self.hand.len()
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.hand.resting.first_key_value().map(|(due, _)| *due)
    }

    fn hold(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.hand.all().map(|item| item.look(now)).min()
    }

    fn teardown(&mut self) -> Result<(), BoxError> {
        self.do_fn.teardown()
    }
}
