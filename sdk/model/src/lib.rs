//! What a runner sees of a pipeline, and nothing else: the graph and the things that stand in it.
//!
//! An author's types are erased once, where `watershed-core` records a transform. From there on a
//! runner moves whole *bundles* between *kernels* and never learns a type: one virtual call serves
//! thousands of elements. This crate defines the vocabulary of that border:
//!
//! ```text
//!   time, window, pane, sign       what every element carries beside its value
//!   column, metadata, bundle       how many elements carry it together: a struct of arrays
//!   spare                          the vectors of bundles that were used up, for the next ones
//!   coder, element_type, key       values as bytes; routing by the bytes of keys
//!   kernel, table, stateful        what a runner calls: element-wise work, keyed tables, keyed state
//!   splittable                     and work on elements that may be long, piece by piece
//!   source, sink                   where elements come from and go to
//!   trigger                        when a grouping puts out what it has
//!   view                           what a side input shows, window by window
//!   metrics                        what an author counts
//!   acknowledge                    what an author has called when output is durable
//!   options                        what a person gives to the author's code
//!   windowing, graph               the pipeline itself, immutable once built
//! ```
//!
//! There is no authoring here and no running. Whoever writes a runner need know only this crate.

mod acknowledge;
mod bundle;
mod coder;
mod column;
mod element_type;
mod error;
mod fault;
mod graph;
mod kernel;
mod key;
mod metadata;
mod metrics;
mod options;
mod pane;
mod sign;
mod sink;
mod source;
mod spare;
mod splittable;
mod stateful;
mod table;
mod time;
mod timestamp_policy;
mod trigger;
mod view;
mod window;
mod window_tables;
mod windowing;

pub use acknowledge::{
    Acknowledgement, acknowledgements, after_commit, forget_acknowledgements, take_acknowledgements,
};
pub use bundle::{AnyBundle, Bundle};
pub use coder::{BinaryCoder, Coder, CoderError, DecodeLimits};
pub use column::{Column, Dictionary};
pub use element_type::{Element, ElementType, Owned, short_type_name};
pub use error::{BoxError, BuildError, BuildErrors, Location};
pub use fault::{choose_fault, fault_is_chosen};
pub use graph::{
    Boundedness, Collection, CollectionId, CombinePerKey, DroppedFactory, DroppedFrom, Graph,
    GraphBuilder, GraphFormat, GroupByKey, Grouping, Node, NodeId, ParDo, Primitive, Read, Scope,
    ScopeId, Splittable, Stateful, Subject, TestEvent, TestStream, View, Write,
};
pub use kernel::{DropReason, Drops, Kernel, KernelContext, KernelFactory, KernelOutput};
pub use key::{Key, KeyGroup, KeyHasher, KeyType};
pub use metadata::Metadata;
pub use metrics::{
    Counter, Distribution, DistributionValue, Gauge, GaugeValue, StepMetrics, StringSet, attempt,
    take_metrics,
};
pub use options::UserOptions;
pub use pane::{PaneInfo, PaneTiming};
pub use sign::Sign;
pub use sink::{AnySink, AnySinkWriter, Epoch, Sink, SinkWriter, WorkerIndex, erase_sink};
pub use source::{
    Advance, AnyReader, AnySource, AnySplit, Budget, Progress, Reader, Source, SourceOutput,
    erase_source,
};
pub use spare::{keep_spare, spare_vec};
pub use splittable::{
    AnyRestriction, SplittableFactory, SplittableKernel, SplittableKernelContext,
};
pub use stateful::{
    Due, KeyWindow, SavedState, SetTimer, StatefulFactory, StatefulKernel, StatefulKernelContext,
    TimeDomain, TimerBook, TimerName, WindowViews,
};
pub use table::{Cell, KeyedTable, PaneCell, Placement, Slot, TableFactory};
pub use time::{
    Duration, DurationParseError, Timestamp, TimestampParseError, days, hours, micros, millis,
    minutes, seconds,
};
pub use timestamp_policy::TimestampPolicy;
pub use trigger::{
    AfterAll, AfterCount, AfterEach, AfterFirst, AfterProcessingTime, AfterWatermark, Never,
    Repeatedly, Trigger, TriggerParseError, TriggerProblem,
};
pub use view::{ViewBuilder, ViewContent, ViewFactory};
pub use window::{BoundedWindow, CustomWindow, GlobalWindow, IntervalWindow, Window, WindowSet};
pub use window_tables::{Form, TableId, WindowTables, WindowTablesFactory};
pub use windowing::{
    AccumulationMode, AnyWindowFn, FiringBehavior, TimestampCombiner, WindowMerge,
    WindowingStrategy,
};
