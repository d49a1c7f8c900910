//! Unified batch and streaming pipelines: written once, run on any runner.
//!
//! A pipeline is made of [`PCollection`]s joined by transforms; nothing runs until a runner is chosen,
//! by a flag in a program or by a value in a test.
//!
//! ```
//! use watershed::prelude::*;
//!
//! # fn main() -> Result<(), RunError> {
//! let pipeline = Pipeline::new();
//! let counts = pipeline
//!     .create(["to be", "or not to be"].map(String::from))
//!     .flat_map_emit(|line, out| line.split(' ').for_each(|word| out.emit(word.to_string())))
//!     .count_per_element()
//!     .collect();
//! pipeline.run(&PipelineOptions::default())?;
//!
//! let mut counts = counts.values();
//! counts.sort();
//! assert_eq!(counts[0], ("be".to_string(), 2));
//! # Ok(())
//! # }
//! ```
//!
//! This crate is the door: it re-exports the authoring API of `watershed-core`, the connectors by
//! feature, and adds what ties a pipeline to a runner.

#[cfg(feature = "cli")]
mod interrupt;
#[cfg(feature = "cli")]
mod logging;
mod options;
#[cfg(feature = "cli")]
mod progress;
#[cfg(feature = "cli")]
mod report_table;
mod run;
pub mod testing;
#[cfg(feature = "ui")]
pub mod ui;

pub use options::{GraphOutput, PipelineOptions, PlanOutput, RunnerKind};
pub use run::{RunPipeline, exit_code, is_launched_child};
#[cfg(feature = "async")]
pub use watershed_core::AsyncOptions;
pub use watershed_core::{
    BagState, BundleContext, CalendarWindows, Claims, CoGroupByKey, Collected, CombiningState,
    Continuation, Create, DeclaredTimer, Deduplicate, DoFn, Dropped, ElementContext, Emitter,
    Emitters, EventTimer, EventTimerFamily, Failed, FiredTimer, FixedWindows, Four, Func,
    GenerateSequence, GlobalWindows, Group, GroupIntoBatches, Grouped, Keyed, ManualEstimator,
    MapState, MonotonicEstimator, MultimapState, NoOutputs, Observed, OffsetRange, OffsetTracker,
    One, OrderedListState, Outputs, PCollection, PTransform, PeriodicImpulse, Pipeline,
    PolicyWindows, ProcessingTimer, ProcessingTimerFamily, ReadViews, RestrictionTracker, Sessions,
    SetState, SideInputs, SlidingWindows, SplittableContext, SplittableDoFn, SplittableEmitters,
    StateContext, StateSpec, StatefulDoFn, StatefulEmitters, TestStream, Three, Two, ValueState,
    View, ViewList, ViewMap, WallClockEstimator, WatermarkEstimator, WindowExpiration, WindowExt,
    WindowFn, WindowSettings, Windowing, Written, chrono, chrono_tz, combine,
};
#[cfg(feature = "regex")]
pub use watershed_core::{Capture, Regex, RegexFind, RegexKeyValue, RegexReplace, RegexSplit};
#[cfg(feature = "text")]
pub use watershed_io_text as text;
pub use watershed_model as model;
pub use watershed_model::{
    AccumulationMode, AfterAll, AfterCount, AfterEach, AfterFirst, AfterProcessingTime,
    AfterWatermark, BoundedWindow, BoxError, BuildErrors, Counter, Distribution, DistributionValue,
    Duration, Element, FiringBehavior, Gauge, GaugeValue, GlobalWindow, GraphFormat,
    IntervalWindow, Key, Never, Owned, PaneInfo, PaneTiming, Repeatedly, StepMetrics, StringSet,
    Timestamp, TimestampCombiner, TimestampPolicy, Trigger, UserOptions, days, hours, micros,
    millis, minutes, seconds,
};
pub use watershed_runner_core::{
    Account, Acknowledged, Checks, Clock, Explanation, Holder, JobHandle, JobProgress, JobState,
    JobStatus, Ledger, OpenWindow, Outcome, Outline, RunError, RunOptions, RunReport, Runner,
    StateSize, StepNow, StepOutline, StepReport, StepStatus, UnknownStep,
};
pub use watershed_runner_direct::DirectRunner;
#[cfg(feature = "timely")]
pub use watershed_runner_timely::TimelyRunner;

/// What most pipelines need.
pub mod prelude {
    #[cfg(feature = "async")]
    pub use crate::AsyncOptions;
    #[cfg(feature = "text")]
    pub use crate::text;
    pub use crate::{
        AfterAll, AfterCount, AfterEach, AfterFirst, AfterProcessingTime, AfterWatermark, BoxError,
        CalendarWindows, CoGroupByKey, Deduplicate, DoFn, ElementContext, Emitters, FixedWindows,
        GenerateSequence, GlobalWindows, Group, GroupIntoBatches, Never, One, PCollection,
        PTransform, PeriodicImpulse, Pipeline, PipelineOptions, PolicyWindows, Repeatedly,
        RunError, RunPipeline, Sessions, SlidingWindows, StateContext, StateSpec, StatefulDoFn,
        StatefulEmitters, Timestamp, TimestampPolicy, Trigger, Two, View, ViewList, ViewMap,
        WindowExt, WindowSettings, combine::*, days, hours, millis, minutes, seconds,
    };
}

/// The programs in the README and in the book are compiled and run as tests.
#[cfg(doctest)]
mod snippets {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/first-pipeline.md")]
    struct FirstPipeline;
    #[doc = include_str!("../../../docs/event-time.md")]
    struct EventTime;
    #[doc = include_str!("../../../docs/triggers.md")]
    struct Triggers;
    #[doc = include_str!("../../../docs/state.md")]
    struct State;
    #[doc = include_str!("../../../docs/side-inputs.md")]
    struct SideInputs;
    #[doc = include_str!("../../../docs/running-job.md")]
    struct RunningJob;
    #[doc = include_str!("../../../docs/joins.md")]
    struct Joins;
    #[doc = include_str!("../../../docs/cookbook.md")]
    struct Cookbook;
    #[doc = include_str!("../../../docs/sources.md")]
    struct Sources;
    #[doc = include_str!("../../../docs/transforms.md")]
    struct Transforms;
    #[doc = include_str!("../../../docs/testing.md")]
    struct Testing;
}
