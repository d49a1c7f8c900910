//! How bundles find a worker.

use std::sync::Arc;

use timely::{
    communication::Push,
    dataflow::channels::{Message, pushers::exchange::Distributor},
    progress::Stamp,
};
use watershed_model::{AnyBundle, KeyGroup, KeyHasher, KeyType};
use watershed_runner_core::{ExchangeId, RunError};

use crate::{container::Parcel, shared::Shared};

/// The worker that a key group belongs to: each has a run of adjacent groups.
pub(crate) fn owner(group: KeyGroup, hasher: KeyHasher, peers: usize) -> usize {
    (u64::from(group.0) * peers as u64 / u64::from(hasher.groups())) as usize
}

/// Splits bundles by key group.
pub(crate) struct ByKey {
    key: Arc<dyn KeyType>,
    hasher: KeyHasher,
    shared: Arc<Shared>,
    /// The step that receives, for errors.
    step: String,
    most_elements: usize,
    exchange: ExchangeId,
    /// The worker that each key group belongs to.
    owners: Vec<u32>,
    groups: Vec<KeyGroup>,
    destinations: Vec<u32>,
    /// For each worker what waits to become a full bundle.
    waiting: Vec<Option<AnyBundle>>,
}

impl ByKey {
    pub(crate) fn new(
        exchange: ExchangeId,
        key: Arc<dyn KeyType>,
        shared: Arc<Shared>,
        step: String,
        peers: usize,
    ) -> Self {
        let hasher = shared.options.key_hasher();
        let of_group = |group| owner(KeyGroup(group), hasher, peers) as u32;
        ByKey {
            key,
            hasher,
            owners: (0..hasher.groups()).map(of_group).collect(),
            most_elements: shared.options.bundle_elements,
            shared,
            step,
            exchange,
            groups: Vec::new(),
            destinations: Vec::new(),
            waiting: (0..peers).map(|_| None).collect(),
        }
    }
}

/// Hands a part of a parcel to a worker. What leaves the process is no longer in flight in it.
fn push<T: Clone, P: Push<Message<T, Parcel>>>(
    shared: &Shared,
    exchange: ExchangeId,
    bundle: AnyBundle,
    stamp: &Stamp<T>,
    pushers: &mut [P],
    peer: usize,
) {
    let stays = shared.is_here(peer);
    if !stays {
        shared.taken(bundle.len());
    }
    let parcel = Parcel::part(exchange, bundle, stays);
    pushers[peer].push(&mut Some(Message::new(stamp.clone(), parcel)));
}

impl Distributor<Parcel> for ByKey {
    fn partition<T: Clone, P: Push<Message<T, Parcel>>>(
        &mut self,
        parcel: &mut Parcel,
        stamp: &Stamp<T>,
        pushers: &mut [P],
    ) {
        let Some((bundle, _)) = parcel.take() else { return };
        let peers = pushers.len();
        self.groups.clear();
        if let Err(error) = self.key.key_groups(&bundle, &self.hasher, &mut self.groups) {
            // The elements must still arrive somewhere, or timely would wait for them for ever; the
            // run is over, so it does not matter where.
            self.shared.fail(RunError::step(&self.step, watershed_model::BoxError::from(error)));
            push(&self.shared, self.exchange, bundle, stamp, pushers, 0);
            return;
        }
        self.destinations.clear();
        self.destinations.extend(self.groups.iter().map(|group| self.owners[group.0 as usize]));
        for (peer, part) in bundle.partition(&self.destinations, peers).into_iter().enumerate() {
            if part.is_empty() {
                continue;
            }
            let whole = AnyBundle::concatenate(self.waiting[peer].take().into_iter().chain([part]));
            self.waiting[peer] = whole;
            if let Some(full) = self.waiting[peer].take_if(|b| b.len() >= self.most_elements) {
                push(&self.shared, self.exchange, full, stamp, pushers, peer);
            }
        }
    }

    fn flush<T: Clone, P: Push<Message<T, Parcel>>>(
        &mut self,
        stamp: &Stamp<T>,
        pushers: &mut [P],
    ) {
        for peer in 0..self.waiting.len() {
            if let Some(bundle) = self.waiting[peer].take() {
                push(&self.shared, self.exchange, bundle, stamp, pushers, peer);
            }
        }
    }
}

/// Sends whole bundles to one worker of each process.
pub(crate) struct EachProcess {
    shared: Arc<Shared>,
}

impl EachProcess {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        EachProcess { shared }
    }
}

impl Distributor<Parcel> for EachProcess {
    fn partition<T: Clone, P: Push<Message<T, Parcel>>>(
        &mut self,
        parcel: &mut Parcel,
        stamp: &Stamp<T>,
        pushers: &mut [P],
    ) {
        let Some(exchange) = parcel.exchange() else { return };
        let Some((bundle, _)) = parcel.take() else { return };
        for peer in (0..pushers.len()).step_by(self.shared.options.workers.max(1)) {
            // The one that stays here is what was counted as in flight.
            let stays = self.shared.is_here(peer);
            let parcel = Parcel::part(exchange, bundle.clone(), stays);
            pushers[peer].push(&mut Some(Message::new(stamp.clone(), parcel)));
        }
    }

    fn flush<T: Clone, P: Push<Message<T, Parcel>>>(&mut self, _: &Stamp<T>, _: &mut [P]) {}
}

/// Sends nothing: only progress passes, over all workers.
pub(crate) struct Nothing;

impl Distributor<Parcel> for Nothing {
    fn partition<T: Clone, P: Push<Message<T, Parcel>>>(
        &mut self,
        _: &mut Parcel,
        _: &Stamp<T>,
        _: &mut [P],
    ) {
    }

    fn flush<T: Clone, P: Push<Message<T, Parcel>>>(&mut self, _: &Stamp<T>, _: &mut [P]) {}
}

/// Sends whole bundles to the workers in turn.
pub(crate) struct Spread {
    shared: Arc<Shared>,
    next: usize,
}

impl Spread {
    /// Begins behind worker `first`.
    pub(crate) fn new(shared: Arc<Shared>, first: usize) -> Self {
        Spread { shared, next: first }
    }
}

impl Distributor<Parcel> for Spread {
    fn partition<T: Clone, P: Push<Message<T, Parcel>>>(
        &mut self,
        parcel: &mut Parcel,
        stamp: &Stamp<T>,
        pushers: &mut [P],
    ) {
        let Some(exchange) = parcel.exchange() else { return };
        let Some((bundle, _)) = parcel.take() else { return };
        self.next = (self.next + 1) % pushers.len();
        push(&self.shared, exchange, bundle, stamp, pushers, self.next);
    }

    fn flush<T: Clone, P: Push<Message<T, Parcel>>>(&mut self, _: &Stamp<T>, _: &mut [P]) {}
}
