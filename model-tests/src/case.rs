//! A registered test, and the bench it runs on.

use std::{fmt, sync::Arc};

use watershed::{JobHandle, RunError, RunOptions, Runner, model::Graph, testing::TestPipeline};

/// The runner and options under test: one line of the matrix.
#[derive(Clone)]
pub struct Bench {
    runner: Arc<dyn Runner>,
    options: RunOptions,
}

impl Bench {
    /// A line of the matrix.
    pub fn new(runner: Arc<dyn Runner>, options: RunOptions) -> Self {
        Bench { runner, options }
    }

    /// The runner's name.
    pub fn runner(&self) -> &'static str {
        self.runner.name()
    }

    /// How many workers share a job here.
    pub fn workers(&self) -> usize {
        self.options.workers
    }

    /// The options under test, to be changed for one pipeline.
    pub fn options(&self) -> RunOptions {
        self.options.clone()
    }

    /// This line under the seeds from 0, with bundles of about `bundle_elements`: whatever the runner
    /// may choose freely, chosen differently.
    pub fn seeds(&self, seeds: u64, bundle_elements: usize) -> impl Iterator<Item = Bench> {
        (0..seeds).map(move |seed| {
            let mut bench = self.clone();
            bench.options.seed = seed;
            bench.options.bundle_elements = bundle_elements;
            bench
        })
    }

    /// Starts a job of this graph.
    ///
    /// # Errors
    /// When the runner cannot start it.
    pub fn start(&self, graph: Graph) -> Result<JobHandle, RunError> {
        self.runner.start(Arc::new(graph), &self.options)
    }

    /// An empty pipeline on this runner; it must be run.
    pub fn pipeline(&self) -> TestPipeline {
        self.pipeline_with(self.options.clone())
    }

    /// As [`pipeline`](Self::pipeline), with other options.
    pub fn pipeline_with(&self, options: RunOptions) -> TestPipeline {
        TestPipeline::on(self.runner.clone(), options)
    }
}

/// A test of the model. It fails by panicking.
#[derive(Clone, Copy)]
pub struct Case {
    /// What it shows, as a sentence in a function's name.
    pub name: &'static str,
    /// The ids of the behaviours that it shows.
    pub ids: &'static [&'static str],
    /// The test.
    pub run: fn(&Bench),
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name, self.ids)
    }
}

/// Registers functions as cases: `cases! { empty_input_gives_nothing: "EW-08", "GP-06"; … }` makes
/// `pub const CASES` of the functions with these names.
#[macro_export]
macro_rules! cases {
    ($($function:ident: $($id:literal),+;)*) => {
        /// The cases of this category.
        pub const CASES: &[$crate::Case] = &[$(
            $crate::Case { name: stringify!($function), ids: &[$($id),+], run: $function },
        )*];
    };
}
