//! An input of an operator, with or without an exchange before it.

use timely::dataflow::channels::{Message, pact::Pipeline};
use timely::{
    communication::Pull,
    dataflow::{
        channels::pact::{LogPuller, ParallelizationContract},
        operators::generic::InputHandleCore,
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

pub(crate) enum Input {
    Local(Handle<LocalPuller>),
    Crossing(Handle<CrossingPuller>),
}

impl Input {
    /// Hands over each bundle that has arrived, and whether it was counted as in flight.
    pub(crate) fn for_each(&mut self, mut take: impl FnMut(AnyBundle, bool)) {
        let mut each = |parcel: &mut Parcel| {
            if let Some((bundle, counted)) = parcel.take() {
                take(bundle, counted);
            }
        };
        match self {
            Input::Local(handle) => handle.for_each(|_, parcel| each(parcel)),
            Input::Crossing(handle) => handle.for_each(|_, parcel| each(parcel)),
        }
    }
}
