//! A bundle as timely's container.

use std::io::Write;

use timely::{Accountable, bytes::arc::Bytes, dataflow::channels::ContainerBytes};
use watershed_model::AnyBundle;

/// One bundle on a timely channel; none by default.
#[derive(Clone, Default)]
pub(crate) struct Parcel {
    pub(crate) bundle: Option<AnyBundle>,
}

impl Parcel {
    pub(crate) fn of(bundle: AnyBundle) -> Self {
        Parcel { bundle: Some(bundle) }
    }
}

impl Accountable for Parcel {
    fn record_count(&self) -> i64 {
        self.bundle.as_ref().map_or(0, |bundle| bundle.len() as i64)
    }
}

/// Timely asks for these of everything that may be exchanged. Inside a process bundles move, and a
/// job has one process yet, so no parcel is ever turned into bytes.
impl ContainerBytes for Parcel {
    fn from_bytes(_: Bytes) -> Self {
        unreachable!("{ONE_PROCESS}")
    }
    fn length_in_bytes(&self) -> usize {
        unreachable!("{ONE_PROCESS}")
    }
    fn into_bytes<W: Write>(&self, _: &mut W) {
        unreachable!("{ONE_PROCESS}")
    }
}

const ONE_PROCESS: &str = "the workers of a job are threads of one process";
