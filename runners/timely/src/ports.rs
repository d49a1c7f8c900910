//! The outputs of an operator, and the capabilities by which it may still use them.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use timely::{
    container::NoopBuilder,
    dataflow::operators::{Capability, generic::OutputBuilder},
};
use watershed_model::{AnyBundle, Form};
use watershed_runner_core::{ExchangeId, Route, RunError, guard};

use crate::{container::Parcel, head::Head, moment::Moment, shared::Shared, stage::WorkerState};

pub(crate) type Output = OutputBuilder<Moment, NoopBuilder<Parcel>>;

/// The outputs of an operator, by exchange. For each it keeps one *base capability*, the one it was
/// given when it was built: whatever it puts out leaves at that, so that nothing that waits can be late
/// further on because of where it waited. (When something fails, bases are kept: a peer must not take
/// the silence for the end of the input.)
pub(crate) struct Ports {
    shared: Arc<Shared>,
    ports: HashMap<ExchangeId, (Output, Option<Capability<Moment>>)>,
    /// Tells those who wait for the end of an epoch that this operator is done with it.
    beat: Option<Capability<Moment>>,
    heads: Rc<Vec<RefCell<Head>>>,
    worker: Rc<RefCell<WorkerState>>,
}

impl Ports {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        outputs: Vec<(ExchangeId, Output)>,
        mut bases: Vec<Capability<Moment>>,
        heads: &Rc<Vec<RefCell<Head>>>,
        worker: &Rc<RefCell<WorkerState>>,
    ) -> Self {
        let beat = if bases.len() > outputs.len() { bases.pop() } else { None };
        let ports = std::iter::zip(outputs, bases)
            .map(|((id, output), base)| (id, (output, Some(base))))
            .collect();
        let (shared, heads, worker) = (shared.clone(), heads.clone(), worker.clone());
        Ports { shared, ports, beat, heads, worker }
    }

    pub(crate) fn send(&mut self, exchange: ExchangeId, bundle: AnyBundle) {
        if bundle.is_empty() {
            return;
        }
        self.worker.borrow_mut().count_sent(self.shared.receiver(exchange), bundle.len());
        let bundle = match self.shared.options.all_workers() {
            1 => match self.fold_at_once(exchange, bundle) {
                Some(bundle) => bundle,
                None => return,
            },
            _ => bundle,
        };
        let Some((output, Some(base))) = self.ports.get_mut(&exchange) else {
            unreachable!("a stage that has ended sends nothing")
        };
        self.shared.sent(bundle.len());
        let mut activated = output.activate();
        activated.session_with_builder(&&*base).give_container(&mut Parcel::new(exchange, bundle));
    }

    /// With one worker nothing has to cross: a grouping takes a bundle at once, while it is in the cache
    /// and before there are more of them. The channel then only tells when there is no more.
    /// Returns the bundle if no grouping of the fast path receives it.
    fn fold_at_once(&self, exchange: ExchangeId, bundle: AnyBundle) -> Option<AnyBundle> {
        let exchange = &self.shared.plan.exchanges[exchange.0];
        let mut head = self.heads[exchange.to.0].borrow_mut();
        let Head::Fast(grouping) = &mut *head else { return Some(bundle) };
        let id = self.shared.plan.stages[exchange.to.0].head;
        if self.shared.graph.node(id).outputs.len() > 1 {
            // What it drops goes to readers, which only its own operator reaches.
            return Some(bundle);
        }
        let mut worker = self.worker.borrow_mut();
        let form = form_of(exchange.route);
        worker.count_received(id, bundle.len());
        if form == Form::Values {
            worker.count_in(id, bundle.len());
        }
        match guard(|| grouping.process(bundle, form, &mut drop)) {
            Ok(()) => worker.count_drops(id, &grouping.take_drops()),
            Err(failure) => {
                self.shared.fail(RunError::step(&self.shared.graph.node(id).name, failure));
            }
        }
        worker.take_metrics(id);
        None
    }

    /// Nothing will be put out before this moment any more. A moment that lies behind the bases is
    /// passed over, as where a watermark was told that goes back.
    pub(crate) fn advance_to(&mut self, moment: Moment) {
        let bases = self.ports.values_mut().filter_map(|(_, base)| base.as_mut());
        for base in bases.chain(self.beat.as_mut()) {
            if *base.time() != moment && timely::PartialOrder::less_equal(base.time(), &moment) {
                base.downgrade(&moment);
            }
        }
    }

    pub(crate) fn release(&mut self) {
        self.ports.values_mut().for_each(|(_, base)| *base = None);
        self.beat = None;
    }
}

/// What crosses on a route.
pub(crate) fn form_of(route: Route) -> Form {
    match route {
        Route::PartialsByKey => Form::Partials,
        _ => Form::Values,
    }
}
