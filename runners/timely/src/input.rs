//! An input of an operator, with or without an exchange before it.

use std::collections::VecDeque;

use timely::dataflow::channels::{Message, pact::Pipeline};
use timely::{
    communication::Pull,
    dataflow::{
        channels::pact::{LogPuller, ParallelizationContract},
        operators::{InputCapability, generic::InputHandleCore},
    },
};
use watershed_model::{AnyBundle, CollectionId, Form};

use crate::{container::Parcel, moment::Moment};

type Handle<P> = InputHandleCore<Moment, Parcel, P>;
type LocalPuller = <Pipeline as ParallelizationContract<Moment, Parcel>>::Puller;
type CrossingPuller = LogPuller<Box<dyn Pull<Message<Moment, Parcel>>>>;

/// What comes by an input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Elements, in this form.
    Elements(Form),
    /// How far this view has come.
    View(CollectionId),
}

/// An input, and what has arrived by it and was not handed over yet.
pub(crate) struct Input {
    port: Port,
    arrived: VecDeque<Arrived>,
}

pub(crate) enum Port {
    Local(Handle<LocalPuller>),
    Crossing(Handle<CrossingPuller>),
}

/// A bundle, whether it was counted as in flight, and what keeps the frontier from passing it.
type Arrived = (AnyBundle, bool, InputCapability<Moment>);

impl Input {
    pub(crate) fn new(port: Port) -> Self {
        Input { port, arrived: VecDeque::new() }
    }

    /// Hands over each bundle that has arrived, and whether it was counted as in flight, as long as `goes_on`
    /// says so between two of them; whether any are left. What arrives meanwhile is left, too: another worker
    /// may send for ever as fast as this one takes.
    pub(crate) fn take_some(
        &mut self,
        mut take: impl FnMut(AnyBundle, bool),
        mut goes_on: impl FnMut() -> bool,
    ) -> bool {
        let Input { port, arrived } = self;
        let mut keep = |capability, parcel: &mut Parcel| {
            arrived.extend(parcel.take().map(|(bundle, counted)| (bundle, counted, capability)));
        };
        match port {
            Port::Local(handle) => handle.for_each(&mut keep),
            Port::Crossing(handle) => handle.for_each(&mut keep),
        }
        while let Some((bundle, counted, capability)) = arrived.pop_front() {
            take(bundle, counted);
            drop(capability);
            if !arrived.is_empty() && !goes_on() {
                return true;
            }
        }
        false
    }
}
