//! A DoFn alone.

use std::marker::PhantomData;

use watershed_core::{DoFn, Outputs, Pipeline, View};
use watershed_model::{
    BoxError, CollectionId, Element, KernelContext, ParDo, Primitive, UserOptions, ViewContent,
};
use watershed_runner_core::Failure;

use super::{
    TestElement,
    element::{bundle, with_given},
    step::{ElementWise, last, written},
};

/// Runs one [`DoFn`] without a pipeline, as a runner would: a bundle at a time, from `setup` to `teardown`.
/// (Beam: `DoFnTester`.)
///
/// ```
/// use watershed::{prelude::*, testing::{DoFnTester, TestElement}};
///
/// /// Words of each bundle, numbered.
/// #[derive(Clone)]
/// struct Numbered(usize);
///
/// impl DoFn<String> for Numbered {
///     type Outputs = One<(usize, String)>;
///
///     fn start_bundle(&mut self, _: &watershed::BundleContext<'_>) -> Result<(), BoxError> {
///         self.0 = 0;
///         Ok(())
///     }
///
///     fn process(
///         &mut self,
///         word: String,
///         _: &ElementContext<'_>,
///         out: &mut Emitters<Self, String>,
///     ) -> Result<(), BoxError> {
///         if word.is_empty() {
///             return Err("an empty word".into());
///         }
///         self.0 += 1;
///         out.emit((self.0, word));
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let mut tester = DoFnTester::new(Numbered(0))?;
/// let out = tester.bundle(["to", "be"].map(String::from))?;
/// assert_eq!(out.values(), [(1, "to".into()), (2, "be".into())]);
///
/// // What is put out carries what its element carried.
/// let time = Timestamp::from_seconds(7);
/// let out = tester.bundle([TestElement::new("or".to_string()).at(time)])?;
/// assert_eq!((out[0].value.0, out[0].timestamp), (1, time));
///
/// let failure = tester.bundle(["".to_string()]).unwrap_err();
/// assert_eq!(failure.to_string(), "failed: an empty word");
/// # Ok(())
/// # }
/// ```
pub struct DoFnTester<In, D> {
    par_do: ParDo,
    /// The views that it reads, and what they show.
    views: Vec<(CollectionId, Option<ViewContent>)>,
    options: UserOptions,
    life: Life,
    types: PhantomData<fn(In) -> D>,
}

enum Life {
    ToBegin,
    Ready(ElementWise),
    /// It was torn down.
    Over,
}

impl<In: Element, D: DoFn<In>> DoFnTester<In, D> {
    /// A tester of this DoFn, which is not set up yet.
    ///
    /// # Errors
    /// When the DoFn reads views: it belongs [into their pipeline](Self::in_pipeline).
    pub fn new(do_fn: D) -> Result<Self, BoxError> {
        DoFnTester::in_pipeline(&Pipeline::new(), do_fn)
    }

    /// A tester of a DoFn that reads views of collections of this pipeline. Nothing of the pipeline runs;
    /// what the views show is said by [`show`](Self::show).
    ///
    /// ```
    /// use watershed::{prelude::*, testing::DoFnTester};
    ///
    /// /// Marks points above a limit.
    /// #[derive(Clone)]
    /// struct Above(View<i64>);
    ///
    /// impl DoFn<i64> for Above {
    ///     type Outputs = One<bool>;
    ///
    ///     fn process(
    ///         &mut self,
    ///         points: i64,
    ///         cx: &ElementContext<'_>,
    ///         out: &mut Emitters<Self, i64>,
    ///     ) -> Result<(), BoxError> {
    ///         out.emit(points > *cx.side_input(&self.0));
    ///         Ok(())
    ///     }
    ///
    ///     fn side_inputs(&self) -> ViewList {
    ///         ViewList::new().with(&self.0)
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// let pipeline = Pipeline::new();
    /// let limit = pipeline.create([0i64]).as_singleton();
    /// let mut tester = DoFnTester::in_pipeline(&pipeline, Above(limit.clone()))?;
    /// tester.show(&limit, 10);
    /// assert_eq!(tester.bundle([9i64, 11])?.values(), [false, true]);
    /// tester.show(&limit, 8);
    /// assert_eq!(tester.bundle([9i64])?.values(), [true]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the pipeline cannot be built.
    pub fn in_pipeline(pipeline: &Pipeline, do_fn: D) -> Result<Self, BoxError> {
        let graph = written(pipeline, || {
            pipeline.create(Vec::<In>::new()).par_do(do_fn);
        })?;
        let node = last(&graph)?;
        let Primitive::ParDo(par_do) = &node.primitive else {
            return Err("the step is no DoFn".into());
        };
        let views = node.side_inputs.iter().map(|id| (*id, None)).collect();
        let (par_do, options) = (par_do.clone(), UserOptions::default());
        Ok(DoFnTester { par_do, views, options, life: Life::ToBegin, types: PhantomData })
    }

    /// With these [options](watershed_core::ElementContext::options): `[("limit", "7")]`.
    #[must_use]
    pub fn with_options<N: Into<String>, T: Into<String>>(
        self,
        options: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        DoFnTester { options: options.into_iter().collect(), ..self }
    }

    /// What a view shows to the bundles that come.
    pub fn show<C: Send + Sync + 'static>(&mut self, view: &View<C>, content: C) {
        let content: ViewContent = std::sync::Arc::new(content);
        for (id, shown) in &mut self.views {
            if *id == view.id() {
                *shown = Some(content.clone());
            }
        }
    }

    /// Sets the DoFn up, unless it is; the first bundle does so too.
    ///
    /// # Errors
    /// What `setup` returned, or its panic; or when it was torn down.
    pub fn setup(&mut self) -> Result<(), Failure> {
        match self.life {
            Life::ToBegin => self.life = Life::Ready(ElementWise::start(&self.par_do)?),
            Life::Ready(_) => {}
            Life::Over => return Err(over()),
        }
        Ok(())
    }

    /// Runs elements as one bundle: `start_bundle`, `process` for each, `finish_bundle`. What was put out
    /// is returned: a list, or for several outputs a tuple of lists.
    ///
    /// # Errors
    /// What the DoFn returned, or its panic; then it is torn down, as a runner does, and can be used no
    /// more. Also when it reads a view that shows nothing yet.
    pub fn bundle<E: Into<TestElement<In>>>(
        &mut self,
        elements: impl IntoIterator<Item = E>,
    ) -> Result<<D::Outputs as Outputs>::Emitted, Failure> {
        let shown = self.views.iter().map(|(_, shown)| shown.clone());
        let Some(views) = shown.collect::<Option<Vec<_>>>() else {
            let problem = "the DoFn reads a view that shows nothing yet: say what, with .show(..)";
            return Err(Failure::Error(problem.into()));
        };
        self.setup()?;
        let Life::Ready(step) = &mut self.life else { return Err(over()) };
        let (bundle, given) = bundle(elements);
        let cx = KernelContext { views: &views, options: &self.options };
        match step.run(with_given(bundle, given)?, &cx) {
            Ok(bundles) => Ok(D::Outputs::emitted(&bundles)),
            Err(failure) => {
                self.life = Life::Over;
                Err(failure)
            }
        }
    }

    /// Tears the DoFn down, if it was set up and is not yet.
    ///
    /// # Errors
    /// What `teardown` returned, or its panic.
    pub fn teardown(&mut self) -> Result<(), Failure> {
        match std::mem::replace(&mut self.life, Life::Over) {
            Life::Ready(mut step) => step.end(),
            Life::ToBegin | Life::Over => Ok(()),
        }
    }
}

pub(super) fn over() -> Failure {
    Failure::Error("the DoFn was torn down, and is never used again".into())
}

#[cfg(test)]
#[path = "tests/do_fn.rs"]
mod tests;
