//! A combine's part before the exchange: its door. It judges lateness by its own stage's watermark and
//! folds what it admits; partials go out when their window's end is passed, and are not judged again.
//! What the worker owns itself does not go out: it is handed over to the grouping, table by table.

use watershed_model::{
    AnyBundle, BoxError, Drops, Form, KeyShare, LooseTable, Timestamp, Window, fault,
};
use watershed_runner_core::{ExchangeId, FastGrouping, Leaving};

use crate::ports::Ports;

/// The fold before an exchange.
pub(crate) struct Lift {
    table: FastGrouping,
    share: KeyShare,
    elements: u64,
    partials: u64,
}

impl Lift {
    /// More keys than this are not held before the exchange.
    const MOST_KEYS: usize = 1 << 18;
    /// After so many elements it is seen whether folding is worth it.
    const TRIAL: u64 = 1 << 16;

    pub(crate) fn new(table: FastGrouping, share: KeyShare) -> Self {
        Lift { table, share, elements: 0, partials: 0 }
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
            self.table.empty(most, &mut |bundle| put_out(bundle, partials, send))?;
        }
        Ok(())
    }

    /// The watermark of the stage moves.
    pub(crate) fn advance(
        &mut self,
        watermark: Timestamp,
        most: usize,
        exchange: ExchangeId,
        ports: &mut Ports,
    ) -> Result<(), BoxError> {
        let partials = &mut self.partials;
        let mut leaving = Way { exchange, ports, partials };
        self.table.hand_over(watermark, &self.share, most, &mut leaving)
    }

    /// What was dropped since it was last asked.
    pub(crate) fn take_drops(&mut self) -> Drops {
        self.table.take_drops()
    }
}

/// The way from a door to its grouping.
struct Way<'a> {
    exchange: ExchangeId,
    ports: &'a mut Ports,
    partials: &'a mut u64,
}

impl Leaving for Way<'_> {
    fn send(&mut self, worker: usize, partials: AnyBundle) {
        put_out(partials, self.partials, &mut |partials| {
            self.ports.send_to(Some(worker), self.exchange, partials);
        });
    }

    fn hand_over(&mut self, window: &Window, table: LooseTable) -> LooseTable {
        *self.partials += table.len() as u64;
        self.ports.hand_over(self.exchange, window, table)
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
