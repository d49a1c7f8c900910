//! DoFns: element-wise work with a life cycle and several outputs.

mod context;
mod dead_letters;
mod emitter;
mod outputs;
mod par_do;

pub use context::{BundleContext, ElementContext};
pub use emitter::Emitter;
pub(crate) use emitter::Yield;
pub use outputs::{Four, NoOutputs, One, Outputs, Three, Two};
pub(crate) use par_do::one_window_each;
pub use par_do::{DoFn, Emitters};
