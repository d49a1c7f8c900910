//! The primitives: what a runner must know how to run.

use std::{fmt, sync::Arc};

use crate::{
    AnyBundle, AnySink, AnySource, Boundedness, DropReason, Duration, ElementType, KernelFactory,
    KeyType, SplittableFactory, StatefulFactory, TableFactory, Timestamp, ViewFactory, Window,
    WindowTablesFactory,
};

/// What a step does. Each corresponds to one concept of Beam's pipeline proto.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Primitive {
    /// Reads a source.
    Read(Read),
    /// Runs a kernel on every bundle.
    ParDo(ParDo),
    /// Puts every element into windows: a ParDo that changes only the windows.
    AssignWindows(ParDo),
    /// Gathers the values of each key and window.
    GroupByKey(GroupByKey),
    /// Folds the values of each key and window.
    CombinePerKey(CombinePerKey),
    /// Runs a stateful DoFn: cells and timers of each key and window.
    Stateful(Stateful),
    /// Runs a splittable DoFn: elements with restrictions, piece by piece.
    Splittable(Splittable),
    /// Gathers panes into a view, which others read as a side input. What it puts out is no elements, but
    /// how far it has come.
    View(View),
    /// Puts its inputs together; elements are not touched.
    Flatten,
    /// Spreads elements over the workers anew; elements are not touched, and nothing is fused across.
    Reshuffle,
    /// Plays a script of elements and times; for tests.
    TestStream(TestStream),
    /// Writes to a sink.
    Write(Write),
}

impl Primitive {
    /// The primitive's name, as printed.
    pub fn kind(&self) -> &'static str {
        match self {
            Primitive::Read(_) => "Read",
            Primitive::ParDo(_) => "ParDo",
            Primitive::AssignWindows(_) => "AssignWindows",
            Primitive::GroupByKey(_) => "GroupByKey",
            Primitive::CombinePerKey(_) => "CombinePerKey",
            Primitive::Stateful(_) => "Stateful",
            Primitive::Splittable(_) => "Splittable",
            Primitive::View(_) => "View",
            Primitive::Flatten => "Flatten",
            Primitive::Reshuffle => "Reshuffle",
            Primitive::TestStream(_) => "TestStream",
            Primitive::Write(_) => "Write",
        }
    }

    /// The type of the keys by which its input is spread over workers, if it is.
    pub fn key(&self) -> Option<&Arc<dyn KeyType>> {
        match self {
            Primitive::Stateful(stateful) => Some(&stateful.key),
            other => other.grouping().map(|grouping| &grouping.key),
        }
    }

    /// The grouping in it, if it is one.
    pub fn grouping(&self) -> Option<&Grouping> {
        match self {
            Primitive::GroupByKey(group) => Some(&group.grouping),
            Primitive::CombinePerKey(combine) => Some(&combine.grouping),
            _ => None,
        }
    }
}

/// Reads a source.
#[derive(Clone)]
pub struct Read {
    /// What is read.
    pub source: Arc<dyn AnySource>,
}

/// Runs a kernel on every bundle.
#[derive(Clone)]
pub struct ParDo {
    /// Makes an instance.
    pub kernel: KernelFactory,
    /// Whether the step is run for its effects, so that a pipeline may end in it.
    pub is_observer: bool,
    /// The output port that takes failed elements, if there is one; the report counts them.
    pub dead_letters: Option<usize>,
    /// Whether the step may give its outputs event times of their own.
    pub gives_times: bool,
}

/// What every grouping has: its keys and its tables.
#[derive(Clone)]
pub struct Grouping {
    /// Reads the keys of the input's elements.
    pub key: Arc<dyn KeyType>,
    /// Makes a worker's table, for the general path.
    pub table: TableFactory,
    /// Makes a worker's tables, for the fast path.
    pub window_tables: WindowTablesFactory,
    /// Reads the keys of partials, `(K, Accumulator)`.
    pub partial_key: Arc<dyn KeyType>,
    /// What partials are.
    pub partial: ElementType,
    /// Makes the elements of output port 1, which takes what is dropped; if the author asked for it.
    pub dropped: Option<DroppedFactory>,
}

/// Turns elements that a grouping dropped into elements of their own kind: one for each element of the
/// bundle, which was in the window beside it.
pub type DroppedFactory = Arc<dyn Fn(AnyBundle, &[DroppedFrom]) -> AnyBundle + Send + Sync>;

/// Why an element does not count in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedFrom {
    /// The window.
    pub window: Window,
    /// The reason: late, or after the trigger had finished.
    pub reason: DropReason,
    /// The grouping's input watermark at that moment.
    pub watermark: Timestamp,
}

/// Plays a script. All scripts of a pipeline are played as one: in turn, an event of each.
#[derive(Clone)]
pub struct TestStream {
    /// What happens, in order; it ends with the watermark at MAX.
    pub events: Arc<[TestEvent]>,
}

/// One event of a script. Every step handles it wholly before the next.
#[derive(Clone, Debug)]
pub enum TestEvent {
    /// Elements arrive, in one bundle.
    Elements(AnyBundle),
    /// Times move forward: the stream's watermark, and the processing time of the whole job.
    Advance {
        /// The new watermark, if it moves.
        watermark: Option<Timestamp>,
        /// The new processing time, if it moves.
        processing_time: Option<Timestamp>,
    },
}

/// Gathers the values of each key and window.
#[derive(Clone)]
pub struct GroupByKey {
    /// Keys and table.
    pub grouping: Grouping,
}

/// Folds the values of each key and window.
#[derive(Clone)]
pub struct CombinePerKey {
    /// Keys and table.
    pub grouping: Grouping,
    /// The combiner's name, as printed.
    pub combiner: String,
    /// Whether an empty input in the global window still gives the output of the identity.
    pub emits_identity: bool,
}

/// Runs a stateful DoFn.
#[derive(Clone)]
pub struct Stateful {
    /// Reads the keys of the input's elements.
    pub key: Arc<dyn KeyType>,
    /// Makes an instance, without any state.
    pub kernel: StatefulFactory,
    /// Whether the step is run for its effects, so that a pipeline may end in it.
    pub is_observer: bool,
    /// Whether what is put out when a window expires holds the watermark at the window's end until then.
    pub holds_for_expiration: bool,
    /// How much event time after its last element a key and window is forgotten, if it is.
    pub time_to_live: Option<Duration>,
    /// The names of the timers, in the order of their declaration.
    pub timers: Arc<[String]>,
}

/// Runs a splittable DoFn.
#[derive(Clone)]
pub struct Splittable {
    /// Makes an instance, with nothing in hand.
    pub kernel: SplittableFactory,
    /// Whether all restrictions end.
    pub boundedness: Boundedness,
    /// Whether the step is run for its effects, so that a pipeline may end in it.
    pub is_observer: bool,
}

/// Gathers panes into a view.
#[derive(Clone)]
pub struct View {
    /// What kind of view, as printed.
    pub kind: &'static str,
    /// Makes what gathers the content of one window.
    pub builder: ViewFactory,
    /// Whether it shows what it has of a window only when nothing more can come there, however late.
    pub waits_for_end: bool,
}

/// Writes to a sink.
#[derive(Clone)]
pub struct Write {
    /// What is written to.
    pub sink: Arc<dyn AnySink>,
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.describe())
    }
}

impl fmt::Debug for ParDo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParDo")
    }
}

impl fmt::Debug for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by {}", self.key.type_name())
    }
}

impl fmt::Debug for GroupByKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.grouping.fmt(f)
    }
}

impl fmt::Debug for CombinePerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.combiner, self.grouping)
    }
}

impl fmt::Debug for Stateful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by {}", self.key.type_name())
    }
}

impl fmt::Debug for Splittable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.boundedness)
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)
    }
}

impl fmt::Debug for TestStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events", self.events.len())
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sink.describe())
    }
}
