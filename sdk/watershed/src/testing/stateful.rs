//! A stateful DoFn alone.

use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use watershed_core::{GlobalWindows, Outputs, Pipeline, StatefulDoFn, View, WindowFn};
use watershed_model::{
    AnyBundle, BoxError, DropReason, Drops, Duration, Element, Graph, KernelContext, Key, ParDo,
    Primitive, Timestamp, UserOptions,
};
use watershed_runner_core::Failure;

use super::{
    TestElement,
    do_fn::over,
    element::{bundle, with_given},
    step::{Bundles, ElementWise, WithState, assigning, last, written},
};

/// Runs one [`StatefulDoFn`] without a pipeline: hands it elements, and moves the watermark and processing
/// time. What runs it is what runners use, so timers fire, windows expire and elements are dropped as they
/// do in a job.
///
/// ```
/// use watershed::{EventTimer, FiredTimer, ValueState, prelude::*, testing::{StatefulTester, TestElement}};
///
/// /// Says how many there were once a key has been quiet for ten seconds.
/// #[derive(Clone)]
/// struct Quiet;
///
/// struct Cells {
///     count: ValueState<u64>,
///     quiet: EventTimer,
/// }
///
/// impl StatefulDoFn<String, i64> for Quiet {
///     type Outputs = One<u64>;
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
///         out.emit(cells.count.take(cx).unwrap_or_default());
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let at = Timestamp::from_seconds;
/// let score = |second| TestElement::new(("ada".to_string(), 1)).at(at(second));
/// let mut tester = StatefulTester::new(Quiet)?;
/// assert!(tester.process([score(1), score(4)])?.is_empty());
/// assert_eq!(tester.hold(), Some(at(14)));
/// assert!(tester.advance_watermark_to(at(13))?.is_empty());
/// assert_eq!(tester.advance_watermark_to(at(14))?.values(), [2]);
/// assert_eq!(tester.hold(), None);
/// # Ok(())
/// # }
/// ```
pub struct StatefulTester<K, V, D> {
    graph: Graph,
    assigning: Option<ParDo>,
    options: UserOptions,
    life: Life,
    watermark: Timestamp,
    now: Timestamp,
    drops: Drops,
    types: PhantomData<fn(K, V) -> D>,
}

enum Life {
    ToBegin,
    Ready {
        windows: Option<ElementWise>,
        step: Box<WithState>,
    },
    /// It was torn down.
    Over,
}

/// Each tester's step has a name of its own.
static STEPS: AtomicU64 = AtomicU64::new(0);

type Out<K, V, D> = <<D as StatefulDoFn<K, V>>::Outputs as Outputs>::Emitted;

impl<K: Key, V: Element, D: StatefulDoFn<K, V>> StatefulTester<K, V, D> {
    /// A tester in the global window. Both times begin at [`Timestamp::MIN`], as under a
    /// [`TestStream`](crate::TestStream).
    ///
    /// # Errors
    /// When something is wrong with what the DoFn declares.
    pub fn new(do_fn: D) -> Result<Self, BoxError> {
        StatefulTester::windowed(do_fn, GlobalWindows)
    }

    /// A tester whose elements are in these windows, unless they say otherwise:
    /// `FixedWindows::of(minutes(1)).allowed_lateness(seconds(5))`, with a trigger and mode if a lateness is
    /// given, as in a pipeline.
    ///
    /// # Errors
    /// When something is wrong with the windows or with what the DoFn declares.
    pub fn windowed(do_fn: D, windows: impl WindowFn<(K, V)>) -> Result<Self, BoxError> {
        StatefulTester::in_pipeline(&Pipeline::new(), do_fn, windows)
    }

    /// As [`windowed`](Self::windowed), for a DoFn that reads views of collections of this pipeline. Nothing of
    /// the pipeline runs; what the views show is said by [`show`](Self::show), and elements wait until it is.
    ///
    /// ```
    /// use watershed::{ValueState, prelude::*, testing::StatefulTester};
    ///
    /// /// Says when the points of a key are together above a limit.
    /// #[derive(Clone)]
    /// struct Above(View<i64>);
    ///
    /// impl StatefulDoFn<String, i64> for Above {
    ///     type Outputs = One<String>;
    ///     type Cells = ValueState<i64>;
    ///
    ///     fn declare(&self, spec: &mut StateSpec) -> ValueState<i64> {
    ///         spec.value("points")
    ///     }
    ///
    ///     fn side_inputs(&self) -> ViewList {
    ///         ViewList::new().with(&self.0)
    ///     }
    ///
    ///     fn process(
    ///         &mut self,
    ///         points: i64,
    ///         total: &ValueState<i64>,
    ///         cx: &mut StateContext<'_, String>,
    ///         out: &mut StatefulEmitters<Self, String, i64>,
    ///     ) -> Result<(), BoxError> {
    ///         let limit = *cx.side_input(&self.0);
    ///         let total = total.get_or_default(cx);
    ///         *total += points;
    ///         if *total > limit {
    ///             out.emit(cx.key().clone());
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// let pipeline = Pipeline::new();
    /// let limit = pipeline.create([0i64]).as_singleton();
    /// let mut tester = StatefulTester::in_pipeline(&pipeline, Above(limit.clone()), GlobalWindows)?;
    /// assert!(tester.process([("ada".to_string(), 6)])?.is_empty());
    /// assert_eq!(tester.show(&limit, 5)?.values(), ["ada"]);
    /// assert!(tester.show(&limit, 9)?.is_empty());
    /// assert!(tester.process([("ada".to_string(), 3)])?.is_empty());
    /// assert_eq!(tester.process([("ada".to_string(), 1)])?.values(), ["ada"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When something is wrong with the pipeline, the windows, or what the DoFn declares.
    pub fn in_pipeline(
        pipeline: &Pipeline,
        do_fn: D,
        windows: impl WindowFn<(K, V)>,
    ) -> Result<Self, BoxError> {
        let graph = written(pipeline, || {
            let name = format!("tested {}", STEPS.fetch_add(1, Relaxed));
            pipeline.create(Vec::<(K, V)>::new()).window(windows).stateful(&name, do_fn);
        })?;
        let node = last(&graph)?;
        let Primitive::Stateful(_) = &node.primitive else {
            return Err("the step keeps no state".into());
        };
        Ok(StatefulTester {
            assigning: assigning(&graph, node),
            graph,
            options: UserOptions::default(),
            life: Life::ToBegin,
            watermark: Timestamp::MIN,
            now: Timestamp::MIN,
            drops: Drops::default(),
            types: PhantomData,
        })
    }

    /// With these [options](watershed_core::StateContext::options): `[("limit", "7")]`.
    #[must_use]
    pub fn with_options<N: Into<String>, T: Into<String>>(
        self,
        options: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        StatefulTester { options: options.into_iter().collect(), ..self }
    }

    /// What a view shows from now on, to all windows. Elements that waited for it are handed over now.
    ///
    /// # Errors
    /// As [`process`](Self::process); or when the DoFn does not read the view.
    pub fn show<C: Send + Sync + 'static>(
        &mut self,
        view: &View<C>,
        content: C,
    ) -> Result<Out<K, V, D>, Failure> {
        let (watermark, now) = (self.watermark, self.now);
        self.run(|_, step, bundles| {
            step.show(view.id(), Arc::new(content))?;
            step.advance(watermark, now, bundles)
        })
    }

    /// Sets the DoFn up, unless it is; whatever is done first with the tester does so too.
    ///
    /// # Errors
    /// What `setup` returned, or its panic; or when it was torn down.
    pub fn setup(&mut self) -> Result<(), Failure> {
        match self.life {
            Life::ToBegin => {
                let windows = self.assigning.as_ref().map(ElementWise::start).transpose()?;
                let step = Box::new(WithState::start(&self.graph, &self.options)?);
                self.life = Life::Ready { windows, step };
            }
            Life::Ready { .. } => {}
            Life::Over => return Err(over()),
        }
        Ok(())
    }

    /// Hands over elements as one bundle, then calls the DoFn for what is due behind it, such as a timer
    /// that was set for a time that has passed. What was put out is returned: a list, or for several
    /// outputs a tuple of lists.
    ///
    /// # Errors
    /// What the DoFn returned, or its panic; then it is torn down, as a runner does, and can be used no
    /// more.
    pub fn process<E: Into<TestElement<(K, V)>>>(
        &mut self,
        elements: impl IntoIterator<Item = E>,
    ) -> Result<Out<K, V, D>, Failure> {
        let (bundle, given) = bundle(elements);
        let (watermark, now) = (self.watermark, self.now);
        self.run(|windows, step, bundles| {
            if let Some(bundle) = assigned(windows, bundle)? {
                step.run(with_given(bundle, given)?, bundles)?;
            }
            step.advance(watermark, now, bundles)
        })
    }

    /// Moves the watermark, and calls the DoFn for the timers that are due and the windows that expire.
    ///
    /// # Errors
    /// As [`process`](Self::process); or when it would go back.
    pub fn advance_watermark_to(&mut self, watermark: Timestamp) -> Result<Out<K, V, D>, Failure> {
        self.advance_both_to(watermark, self.now)
    }

    /// The input has ended.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn advance_watermark_to_infinity(&mut self) -> Result<Out<K, V, D>, Failure> {
        self.advance_watermark_to(Timestamp::MAX)
    }

    /// Moves processing time, and calls the DoFn for the timers that are due.
    ///
    /// # Errors
    /// As [`process`](Self::process); or when it would go back.
    pub fn advance_processing_time_to(&mut self, time: Timestamp) -> Result<Out<K, V, D>, Failure> {
        self.advance_both_to(self.watermark, time)
    }

    /// Lets processing time pass.
    ///
    /// # Errors
    /// As [`process`](Self::process); or when it would go back.
    pub fn advance_processing_time(
        &mut self,
        span: impl Into<Duration>,
    ) -> Result<Out<K, V, D>, Failure> {
        self.advance_processing_time_to(self.now + span.into())
    }

    /// Moves both times at once.
    ///
    /// # Errors
    /// As [`process`](Self::process); or when one would go back.
    pub fn advance_both_to(
        &mut self,
        watermark: Timestamp,
        processing_time: Timestamp,
    ) -> Result<Out<K, V, D>, Failure> {
        for (what, from, to) in [
            ("the watermark", self.watermark, watermark),
            ("processing time", self.now, processing_time),
        ] {
            if to < from {
                let problem =
                    format!("{what} goes back from {from} to {to}; times move forward only");
                return Err(Failure::Error(problem.into()));
            }
        }
        (self.watermark, self.now) = (watermark, processing_time);
        self.run(|_, step, bundles| step.advance(watermark, processing_time, bundles))
    }

    /// Ends the DoFn's instance and goes on with a new one, which takes up what was kept, from bytes: state
    /// that does not survive a move to another worker is found so.
    ///
    /// # Errors
    /// What the DoFn returned, or its panic; or when a cell cannot be written or read again.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.run(|_, step, _| step.operator.replace()).map(|_| ())
    }

    /// Where what is kept holds the output watermark, if it does: the earliest time at which a timer may
    /// still put something out.
    pub fn hold(&self) -> Option<Timestamp> {
        match &self.life {
            Life::Ready { step, .. } => step.operator.hold(),
            Life::ToBegin | Life::Over => None,
        }
    }

    /// How many elements were dropped as late so far.
    pub fn dropped_late(&self) -> u64 {
        self.drops.count(DropReason::Late)
    }

    /// Tears the DoFn down, if it was set up and is not yet. What it keeps is gone.
    ///
    /// # Errors
    /// What `teardown` returned, or its panic.
    pub fn teardown(&mut self) -> Result<(), Failure> {
        match std::mem::replace(&mut self.life, Life::Over) {
            Life::Ready { mut step, .. } => step.operator.end(),
            Life::ToBegin | Life::Over => Ok(()),
        }
    }

    fn run(
        &mut self,
        work: impl FnOnce(&mut Option<ElementWise>, &mut WithState, &mut Bundles) -> Result<(), Failure>,
    ) -> Result<Out<K, V, D>, Failure> {
        self.setup()?;
        let Life::Ready { windows, step } = &mut self.life else { return Err(over()) };
        let mut bundles = Bundles::new();
        let worked = work(windows, step, &mut bundles);
        self.drops.merge(&step.operator.take_drops());
        match worked {
            Ok(()) => Ok(D::Outputs::emitted(&bundles)),
            Err(failure) => {
                self.life = Life::Over;
                Err(failure)
            }
        }
    }
}

/// Elements in the windows of the tester, if there are any.
fn assigned(
    windows: &mut Option<ElementWise>,
    bundle: AnyBundle,
) -> Result<Option<AnyBundle>, Failure> {
    match windows {
        Some(windows) => {
            Ok(windows.run(bundle, &KernelContext::default())?.pop().map(|(_, bundle)| bundle))
        }
        None => Ok(Some(bundle)),
    }
}

#[cfg(test)]
#[path = "tests/stateful.rs"]
mod tests;
