//! The trait of stateful DoFns.

use std::fmt;

use watershed_model::{BoxError, Duration, SetTimer, Timestamp};

use super::{DeclaredTimer, StateContext, StateSpec};
use crate::{BundleContext, Outputs, ViewList};

/// What a stateful DoFn's methods put elements into.
pub type StatefulEmitters<D, K, V> = <<D as StatefulDoFn<K, V>>::Outputs as Outputs>::Emitters;

/// Work on keyed elements that remembers: cells and timers of each key and window, declared once. (Beam: a
/// `DoFn` with `@StateId` and `@TimerId`.)
///
/// All elements of a key and window are handled on one worker, one after the other. What is kept is
/// forgotten when the window expires. A step is run by
/// [`stateful`](crate::PCollection::stateful).
///
/// ```
/// use watershed_core::{
///     EventTimer, FiredTimer, One, Pipeline, StateContext, StateSpec, StatefulDoFn, StatefulEmitters,
///     ValueState,
/// };
/// use watershed_model::{BoxError, seconds};
///
/// /// Says how many there were when a key has been quiet for ten seconds.
/// #[derive(Clone)]
/// struct Quiet;
///
/// struct Cells {
///     count: ValueState<u64>,
///     quiet: EventTimer,
/// }
///
/// impl StatefulDoFn<String, i64> for Quiet {
///     type Outputs = One<(String, u64)>;
///     type Cells = Cells;
///
///     fn declare(&self, spec: &mut StateSpec) -> Cells {
///         Cells { count: spec.value("count"), quiet: spec.event_timer("quiet") }
///     }
///
///     fn process(
///         &mut self,
///         _: i64,
///         cells: &Cells,
///         cx: &mut StateContext<'_, String>,
///         _: &mut StatefulEmitters<Self, String, i64>,
///     ) -> Result<(), BoxError> {
///         *cells.count.get_or_default(cx) += 1;
///         cells.quiet.set_after(cx, seconds(10))
///     }
///
///     fn on_timer(
///         &mut self,
///         _: &FiredTimer<'_>,
///         cells: &Cells,
///         cx: &mut StateContext<'_, String>,
///         out: &mut StatefulEmitters<Self, String, i64>,
///     ) -> Result<(), BoxError> {
///         out.emit((cx.key().clone(), cells.count.take(cx).unwrap_or_default()));
///         Ok(())
///     }
/// }
///
/// let pipeline = Pipeline::new();
/// let scores = pipeline.create([("ada".to_string(), 1), ("ada".to_string(), 2)]);
/// scores.stateful("Quiet", Quiet).for_each(|(name, n)| println!("{name}: {n}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stateful DoFn for keys `{K}` and values `{V}`",
    label = "not a StatefulDoFn<{K}, {V}>",
    note = "implement StatefulDoFn<{K}, {V}> for it (it must also be Clone + Send + Sync + 'static); work without state is run by .par_do(..)"
)]
pub trait StatefulDoFn<K, V>: Clone + Send + Sync + 'static {
    /// The step's outputs: `One<A>`, `Two<A, B>`, …, or `NoOutputs`.
    type Outputs: Outputs;

    /// The handles on what is declared. There is no other way to a cell or timer.
    type Cells: Send + Sync + 'static;

    /// Declares cells and timers: always the same, in the same order.
    fn declare(&self, spec: &mut StateSpec) -> Self::Cells;

    /// Readies the instance.
    ///
    /// # Errors
    /// Whatever makes the instance unusable; the run fails.
    fn setup(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Begins a bundle: of elements, or of timers that are due.
    ///
    /// # Errors
    /// The run fails.
    fn start_bundle(&mut self, cx: &BundleContext<'_>) -> Result<(), BoxError> {
        let _ = cx;
        Ok(())
    }

    /// Handles one element, once for each window that it is in.
    ///
    /// # Errors
    /// The run fails, naming the step.
    fn process(
        &mut self,
        value: V,
        cells: &Self::Cells,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, V>,
    ) -> Result<(), BoxError>;

    /// A timer has fired, or the window expires.
    ///
    /// # Errors
    /// The run fails, naming the step.
    fn on_timer(
        &mut self,
        timer: &FiredTimer<'_>,
        cells: &Self::Cells,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, V>,
    ) -> Result<(), BoxError> {
        let _ = (cells, cx, out);
        Err(format!("{timer} has fired, but on_timer is not implemented").into())
    }

    /// Ends a bundle.
    ///
    /// # Errors
    /// The run fails.
    fn finish_bundle(
        &mut self,
        cx: &BundleContext<'_>,
        out: &mut StatefulEmitters<Self, K, V>,
    ) -> Result<(), BoxError> {
        let _ = (cx, out);
        Ok(())
    }

    /// Frees what `setup` took. Called once, also after an error, unless the process dies.
    ///
    /// # Errors
    /// The run fails.
    fn teardown(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// The views that it reads, with [`side_input`](StateContext::side_input), while it handles elements and
    /// timers. Elements wait until their window's views can be read, and timers behind them.
    fn side_inputs(&self) -> ViewList {
        ViewList::new()
    }

    /// How far before its input's time an output may lie.
    fn allowed_timestamp_skew(&self) -> Duration {
        Duration::ZERO
    }
}

/// What has fired.
#[derive(Clone, Copy, Debug)]
pub struct FiredTimer<'a> {
    /// The timer, unless the window expires.
    pub(super) timer: Option<&'a SetTimer>,
    pub(super) is_at_end: bool,
}

impl FiredTimer<'_> {
    /// Whether it is this one.
    pub fn is(&self, timer: &impl DeclaredTimer) -> bool {
        timer.has_fired(self)
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.timer.map(|timer| timer.name.id)
    }

    /// The tag of a timer of a family; empty for others.
    pub fn tag(&self) -> &str {
        self.timer.and_then(|timer| timer.name.tag.as_deref()).unwrap_or_default()
    }

    /// The time that it was set for, or `None` if the window expires.
    pub fn time(&self) -> Option<Timestamp> {
        self.timer.map(|timer| timer.time)
    }

    /// Whether it is a timer of processing time that fires before its time, because the input has ended.
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }
}

impl fmt::Display for FiredTimer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timer {
            Some(timer) => write!(f, "the timer for {}", timer.time),
            None => f.write_str("the expiration of a window"),
        }
    }
}
