//! A combine's part before the exchange: its door. It judges lateness by its own stage's watermark and
//! folds what it admits; partials go out when their window's end is passed, and are not judged again.

use watershed_model::{AnyBundle, BoxError, Drops, Form, Timestamp, fault};
use watershed_runner_core::FastGrouping;

/// The fold before an exchange.
pub(crate) struct Lift {
    table: FastGrouping,
    elements: u64,
    partials: u64,
}

impl Lift {
    /// More keys than this are not held before the exchange.
    const MOST_KEYS: usize = 1 << 18;
    /// After so many elements it is seen whether folding is worth it.
    const TRIAL: u64 = 1 << 16;

    pub(crate) fn new(table: FastGrouping) -> Self {
        Lift { table, elements: 0, partials: 0 }
    }

    /// Folds a bundle.
    pub(crate) fn process(
        &mut self,
        bundle: AnyBundle,
        most: usize,
        send: &mut dyn FnMut(AnyBundle),
    ) -> Result<(), BoxError> {
        self.elements += bundle.len() as u64;
        self.table.process(bundle, Form::Values, &mut drop)?;
        let held = self.table.len();
        // Where more than half of the elements are first of their key, folding saves nothing: then
        // a bundle is folded by itself and goes on at once.
        let futile =
            self.elements > Self::TRIAL && 2 * (self.partials + held as u64) > self.elements;
        if futile || held > Self::MOST_KEYS {
            let partials = &mut self.partials;
            self.table
                .empty(Form::Partials, most, &mut |bundle| put_out(bundle, partials, send))?;
        }
        Ok(())
    }

    /// The watermark of the stage moves.
    pub(crate) fn advance(
        &mut self,
        watermark: Timestamp,
        most: usize,
        send: &mut dyn FnMut(AnyBundle),
    ) -> Result<(), BoxError> {
        let partials = &mut self.partials;
        self.table
            .advance(watermark, Form::Partials, most, &mut |bundle| put_out(bundle, partials, send))
    }

    /// The table, to be looked at.
    pub(crate) fn table(&self) -> &FastGrouping {
        &self.table
    }

    /// What was dropped since it was last asked.
    pub(crate) fn take_drops(&mut self) -> Drops {
        self.table.take_drops()
    }
}

fn put_out(partials: AnyBundle, count: &mut u64, send: &mut dyn FnMut(AnyBundle)) -> bool {
    *count += partials.len() as u64;
    if fault!("lifting-loses-the-last-partial") {
        let last = partials.len() - 1;
        send(partials.split_at(last).0);
    } else {
        send(partials);
    }
    true
}
