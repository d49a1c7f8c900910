//! The trait of splittable DoFns.

use watershed_model::{Boundedness, BoxError, Duration, Timestamp};

use super::{Claims, RestrictionTracker, SplittableContext, WatermarkEstimator};
use crate::{Outputs, ViewList};

/// What a splittable DoFn puts elements into.
pub type SplittableEmitters<D, In> = <<D as SplittableDoFn<In>>::Outputs as Outputs>::Emitters;

/// The restriction of a splittable DoFn.
type Restriction<D, In> = <<D as SplittableDoFn<In>>::Tracker as RestrictionTracker>::Restriction;

/// Work on an element that may be long, or never end: it is described by a *restriction*, cut into parts that
/// all workers share, and done piece by piece. A source is such work without an element. (Beam: splittable
/// `DoFn`.)
///
/// ```text
///   element → restriction → split → spread over the workers → ( process → rest )* → done
/// ```
/// A piece of work claims positions; when it is long enough the next claim fails, and what is left goes on
/// after other work had its turn. Work that has nothing more to do at present says
/// [`Resume`](Continuation::Resume).
///
/// ```
/// use watershed_core::{
///     Claims, Continuation, MonotonicEstimator, OffsetRange, OffsetTracker, One, Pipeline,
///     SplittableContext, SplittableDoFn, SplittableEmitters,
/// };
/// use watershed_model::{BoxError, Timestamp};
///
/// /// Counts up to each number.
/// #[derive(Clone)]
/// struct CountUp;
///
/// impl SplittableDoFn<i64> for CountUp {
///     type Tracker = OffsetTracker;
///     type Estimator = MonotonicEstimator;
///     type Outputs = One<i64>;
///
///     fn initial_restriction(&self, to: &i64) -> Result<OffsetRange, BoxError> {
///         Ok(OffsetRange::new(0, *to))
///     }
///     fn split(&self, _: &i64, range: OffsetRange, parts: usize) -> Result<Vec<OffsetRange>, BoxError> {
///         Ok(range.split_every((range.end - range.start) / parts as i64 + 1))
///     }
///     fn tracker(&self, _: &i64, range: OffsetRange) -> OffsetTracker {
///         range.tracker()
///     }
///     fn estimator(&self, _: &i64, timestamp: Timestamp) -> MonotonicEstimator {
///         MonotonicEstimator::at(timestamp)
///     }
///     fn process(
///         &mut self,
///         _: &i64,
///         claims: &mut Claims<'_, OffsetTracker>,
///         _: &mut SplittableContext<'_, MonotonicEstimator>,
///         out: &mut SplittableEmitters<Self, i64>,
///     ) -> Result<Continuation, BoxError> {
///         let mut number = claims.restriction().start;
///         while claims.try_claim(number)? {
///             out.emit(number);
///             number += 1;
///         }
///         Ok(Continuation::Stop)
///     }
/// }
///
/// Pipeline::new().create([3i64, 5]).split_do("CountUp", CountUp).for_each(|n| println!("{n}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a splittable DoFn for elements of type `{In}`",
    label = "not a SplittableDoFn<{In}>",
    note = "implement SplittableDoFn<{In}> for it (it must also be Clone + Send + Sync + 'static); work that is done in one go is run by .par_do(..)"
)]
pub trait SplittableDoFn<In>: Clone + Send + Sync + 'static {
    /// What follows the work on a restriction.
    type Tracker: RestrictionTracker;
    /// What says how far the output of a restriction has come.
    type Estimator: WatermarkEstimator;
    /// The step's outputs: `One<A>`, `Two<A, B>`, …, or `NoOutputs`.
    type Outputs: Outputs;

    /// What is to be done for an element.
    ///
    /// # Errors
    /// The run fails, naming the step.
    fn initial_restriction(&self, element: &In) -> Result<Restriction<Self, In>, BoxError>;

    /// Cuts a restriction into about `desired` parts, which together cover it once. By default it is not cut.
    ///
    /// # Errors
    /// The run fails, naming the step.
    fn split(
        &self,
        element: &In,
        restriction: Restriction<Self, In>,
        desired: usize,
    ) -> Result<Vec<Restriction<Self, In>>, BoxError> {
        let _ = (element, desired);
        Ok(vec![restriction])
    }

    /// Begins a piece of work.
    fn tracker(&self, element: &In, restriction: Restriction<Self, In>) -> Self::Tracker;

    /// Says how far the output of a restriction has come before any work is done on it, given the element's
    /// event time.
    fn estimator(&self, element: &In, timestamp: Timestamp) -> Self::Estimator;

    /// Whether all restrictions end. Those of an unbounded one are dropped when the job is drained.
    fn boundedness(&self) -> Boundedness {
        Boundedness::Bounded
    }

    /// What of a restriction is still done when the job is drained: by default all of it if restrictions end,
    /// and nothing of those that do not.
    ///
    /// # Errors
    /// The run fails, naming the step.
    fn truncate(
        &self,
        element: &In,
        restriction: Restriction<Self, In>,
    ) -> Result<Option<Restriction<Self, In>>, BoxError> {
        let _ = element;
        Ok((self.boundedness() == Boundedness::Bounded).then_some(restriction))
    }

    /// Readies the instance.
    ///
    /// # Errors
    /// Whatever makes the instance unusable; the run fails.
    fn setup(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Does a piece of the work: claims positions, and does what is to be done there. What it puts out carries
    /// time, windows and pane of the element, unless told otherwise.
    ///
    /// # Errors
    /// The run fails, naming the step.
    fn process(
        &mut self,
        element: &In,
        claims: &mut Claims<'_, Self::Tracker>,
        cx: &mut SplittableContext<'_, Self::Estimator>,
        out: &mut SplittableEmitters<Self, In>,
    ) -> Result<Continuation, BoxError>;

    /// Frees what `setup` took. Called once, also after an error, unless the process dies.
    ///
    /// # Errors
    /// The run fails.
    fn teardown(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// The views that it reads, with [`side_input`](SplittableContext::side_input). Each of an element's
    /// windows is then worked on by itself.
    fn side_inputs(&self) -> ViewList {
        ViewList::new()
    }

    /// How far before its element's time an output may lie.
    fn allowed_timestamp_skew(&self) -> Duration {
        Duration::ZERO
    }
}

/// How a piece of work ended. (Beam: `ProcessContinuation`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// A claim has failed, or all of the restriction is claimed.
    Stop,
    /// There is nothing more to do at present: what is left of the restriction goes on after so much
    /// processing time.
    Resume(Duration),
}
