//! A bundle as timely's container.

use std::{
    cell::RefCell,
    io::Write,
    sync::{Arc, OnceLock},
};

use timely::{Accountable, bytes::arc::Bytes, dataflow::channels::ContainerBytes};
use watershed_model::{AnyBundle, BoxError, Column, ElementType, Metadata, Timestamp, fault};
use watershed_runner_core::{ExchangeId, Route, RunError};

use crate::shared::Shared;

/// One bundle on a timely channel; none by default.
#[derive(Clone, Default)]
pub(crate) struct Parcel {
    bundle: Option<AnyBundle>,
    exchange: Option<ExchangeId>,
    /// The bundle's bytes, once timely has asked how many there are.
    bytes: OnceLock<Arc<Vec<u8>>>,
    /// Whether the parcel counts as data in flight in this process.
    counted: bool,
}

impl Parcel {
    /// A bundle on an exchange, counted as in flight.
    pub(crate) fn new(exchange: ExchangeId, bundle: AnyBundle) -> Self {
        let exchange = Some(exchange);
        Parcel { bundle: Some(bundle), exchange, bytes: OnceLock::new(), counted: true }
    }

    /// The same for a part of this parcel's bundle.
    pub(crate) fn part(exchange: ExchangeId, bundle: AnyBundle, counted: bool) -> Self {
        Parcel { counted, ..Parcel::new(exchange, bundle) }
    }

    /// The bundle, and whether it was counted as in flight.
    pub(crate) fn take(&mut self) -> Option<(AnyBundle, bool)> {
        self.bundle.take().map(|bundle| (bundle, self.counted))
    }

    pub(crate) fn exchange(&self) -> Option<ExchangeId> {
        self.exchange
    }
}

impl Accountable for Parcel {
    fn record_count(&self) -> i64 {
        self.bundle.as_ref().map_or(0, |bundle| bundle.len() as i64)
    }
}

thread_local! {
    /// The run that this worker works for: the types of its exchanges, and who is told of failures.
    /// Timely turns parcels into bytes and back without any context.
    static RUN: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// Says for which run this worker works.
pub(crate) fn work_for(shared: &Arc<Shared>) {
    RUN.set(Some(shared.clone()));
}

fn element_of(shared: &Shared, exchange: ExchangeId) -> Option<&ElementType> {
    let exchange = shared.plan.exchanges.get(exchange.0)?;
    let receiver = shared.graph.node(shared.plan.stages[exchange.to.0].head);
    match (exchange.route, receiver.primitive.grouping()) {
        (Route::PartialsByKey, Some(grouping)) => Some(&grouping.partial),
        _ => Some(&shared.graph.collection(exchange.collection).element),
    }
}

/// Fails the run for what could not cross.
fn failed(exchange: ExchangeId, error: BoxError) {
    RUN.with_borrow(|run| {
        let Some(shared) = run else { return };
        let step = shared.plan.exchanges.get(exchange.0).map_or("an exchange", |exchange| {
            &shared.graph.node(shared.plan.stages[exchange.to.0].head).name
        });
        shared.fail(RunError::step(step, error));
    });
}

fn encode(exchange: ExchangeId, bundle: &AnyBundle) -> Vec<u8> {
    let mut bytes = (exchange.0 as u64).to_le_bytes().to_vec();
    bytes.extend([0; 8]);
    let encoded = RUN.with_borrow(|run| {
        let shared = run.as_ref().ok_or("this worker works for no run")?;
        let element = element_of(shared, exchange).ok_or("there is no such exchange")?;
        Ok(element.encode(bundle, &mut bytes)?)
    });
    if let Err(error) = encoded {
        failed(exchange, error);
    }
    let length = (bytes.len() - 16) as u64;
    bytes[8..16].copy_from_slice(&length.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn decode(bytes: &[u8]) -> Option<(ExchangeId, Result<AnyBundle, BoxError>)> {
    let exchange = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    let length = u64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?);
    let exchange = ExchangeId(usize::try_from(exchange).ok()?);
    let end = usize::try_from(length).ok().and_then(|length| length.checked_add(16));
    let body = end.and_then(|end| bytes.get(16..end));
    let bundle = RUN.with_borrow(|run| {
        let shared = run.as_ref().ok_or("this worker works for no run")?;
        let element = element_of(shared, exchange).ok_or("there is no such exchange")?;
        let bundle = element.decode(body.ok_or("a parcel is shorter than it says")?)?;
        if fault!("parcels-lose-their-metadata") {
            return Ok(bundle.with_metadata(Metadata::at(Timestamp::MIN)));
        }
        if fault!("parcels-lose-their-times") {
            let timestamps = Column::Uniform(Timestamp::MIN);
            let metadata = Metadata { timestamps, ..bundle.metadata().clone() };
            return Ok(bundle.with_metadata(metadata));
        }
        Ok(bundle)
    });
    Some((exchange, bundle))
}

impl ContainerBytes for Parcel {
    fn from_bytes(bytes: Bytes) -> Self {
        match decode(&bytes) {
            Some((exchange, Ok(bundle))) => Parcel::part(exchange, bundle, false),
            Some((exchange, Err(error))) => {
                failed(exchange, error);
                Parcel::default()
            }
            None if bytes.is_empty() => Parcel::default(),
            None => {
                // No exchange has this number: an error that names none.
                failed(ExchangeId(usize::MAX), "a parcel is cut off".into());
                Parcel::default()
            }
        }
    }

    fn length_in_bytes(&self) -> usize {
        match (self.exchange, &self.bundle) {
            (Some(exchange), Some(bundle)) => {
                self.bytes.get_or_init(|| Arc::new(encode(exchange, bundle))).len()
            }
            _ => 0,
        }
    }

    fn into_bytes<W: Write>(&self, writer: &mut W) {
        if self.length_in_bytes() > 0
            && let (Some(bytes), Some(exchange)) = (self.bytes.get(), self.exchange)
            && let Err(error) = writer.write_all(bytes)
        {
            failed(exchange, error.into());
        }
    }
}
