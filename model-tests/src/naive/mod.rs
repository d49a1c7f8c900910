//! What a pipeline means, worked out the slow way: sorted vectors and plain integers, no engine.
//!
//! A [`Program`] is a pipeline as data. It can be applied to a real pipeline, as a batch or as a stream,
//! evaluated straight from the definitions, printed, and made smaller while it still fails. Where engine
//! and evaluator disagree, one of the two misreads the definitions.
//!
//! ```text
//!   windows       which windows a time falls into; sessions; the groups of keys and windows
//!   value         the three kinds of element that programs work on
//!   operation     what one step does, and which inputs it fits
//!   program       steps and what they read; which programs are sound; how they print
//!   meaning       what a step does to an element, and a grouping to its values
//!   keeping       what a stateful step keeps, and what comes of it
//!   looking       what a view shows to the elements of another collection
//!   evaluate      the answer by definition ┐
//!   streamed      likewise as a stream     │
//!   feed          sources that stream what a program creates
//!   apply         the answer by a runner   ┴▶ compare: the difference, for reading
//!   keeper        likewise of a stateful step
//!   looker        likewise of a look at a view
//!   net           what panes come to, however many there are
//!   generate      programs by seed, and the histogram of what was generated
//!   shrink        the small program inside a large one that fails
//! ```
//!
//! Times are microseconds. Nothing in `windows`, `meaning`, `keeping`, `looking`, `evaluate` and `streamed`
//! calls the engine.

mod apply;
mod compare;
mod evaluate;
mod feed;
mod generate;
mod histogram;
mod keeper;
mod keeping;
mod looker;
mod looking;
mod meaning;
mod net;
mod operation;
mod program;
mod shrink;
mod streamed;
mod value;
mod windows;

pub use apply::run;
pub(crate) use apply::run_with;
pub use compare::difference;
pub use evaluate::{Row, evaluate};
pub(crate) use feed::{Feed, From};
pub use generate::generate;
pub use histogram::Histogram;
pub use keeping::Stateful;
pub use looking::SideView;
pub use net::{Net, net, nets};
pub use operation::{Fold, Function, Kind, Unary};
pub use program::{Op, Output, Program, Step};
pub use shrink::shrink;
pub(crate) use shrink::{fewer, smallest};
pub(crate) use streamed::evaluate_streamed;
pub use value::{Item, Shape, Value};
pub use windows::{SECOND, Span, Windowing, groups};
