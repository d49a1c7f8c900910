//! Authoring: typed pipelines, erased once, where a transform is recorded.
//!
//! ```text
//!   pipeline, collection, transform     what an author holds, and how composites are written
//!   element_wise, do_fn                 closures and DoFns: work on one element at a time
//!   keyed, combine, group, table        grouping by key, and the combiners of the toolbox
//!   places                              values by number, as tables and state know keys
//!   stateful                            DoFns that remember: cells and timers of each key and window
//!   window                              window functions, open to authors
//!   views                               side inputs
//!   transforms                          composites made of the above
//!   async_map                           calls to the outside, many at once
//!   create, observe, testing            elements from memory, and looking at them again
//!   generate_sequence, periodic_impulse numbers and instants as the clock goes on
//! ```
//!
//! Nothing here runs: a pipeline is built into a [`Graph`](watershed_model::Graph), which a runner
//! takes.

#[cfg(feature = "async")]
mod async_map;
mod collection;
pub mod combine;
mod create;
mod do_fn;
mod dropped;
mod element_wise;
mod gathered_tables;
mod generate_sequence;
mod group;
mod kernel;
mod keyed;
mod observe;
mod periodic_impulse;
mod pipeline;
mod places;
mod splittable;
mod stateful;
mod table;
mod test_stream;
pub mod testing;
mod transform;
mod transforms;
mod views;
mod window;
mod window_tables;

#[cfg(feature = "async")]
pub use async_map::AsyncOptions;
/// Dates and days of the week, for [`CalendarWindows`] and event times.
pub use chrono;
/// Time zones, for [`CalendarWindows`].
pub use chrono_tz;
pub use collection::PCollection;
pub use create::{Create, CreateSource};
pub use do_fn::{
    BundleContext, DoFn, ElementContext, Emitter, Emitters, Four, NoOutputs, One, Outputs, Three,
    Two,
};
pub use dropped::Dropped;
pub use element_wise::{Failed, Func};
pub use generate_sequence::GenerateSequence;
pub use group::Group;
pub use keyed::Keyed;
pub use observe::{Collected, Observed};
pub use periodic_impulse::PeriodicImpulse;
pub use pipeline::{Pipeline, Written};
pub use splittable::{
    Claims, Continuation, ManualEstimator, MonotonicEstimator, OffsetRange, OffsetTracker,
    RestrictionTracker, SplittableContext, SplittableDoFn, SplittableEmitters, WallClockEstimator,
    WatermarkEstimator,
};
pub use stateful::{
    BagState, CombiningState, DeclaredTimer, EventTimer, EventTimerFamily, FiredTimer, MapState,
    MultimapState, OrderedListState, ProcessingTimer, ProcessingTimerFamily, SetState,
    StateContext, StateSpec, StatefulDoFn, StatefulEmitters, ValueState, WindowExpiration,
};
pub use test_stream::TestStream;
pub use transform::PTransform;
#[cfg(feature = "regex")]
pub use transforms::{Capture, Regex, RegexFind, RegexKeyValue, RegexReplace, RegexSplit};
pub use transforms::{CoGroupByKey, Deduplicate, GroupIntoBatches, Grouped, PolicyWindows};
pub use views::{ReadViews, SideInputs, View, ViewList, ViewMap};
pub use window::{
    CalendarWindows, FixedWindows, GlobalWindows, Sessions, SlidingWindows, WindowExt, WindowFn,
    WindowSettings, Windowing,
};
