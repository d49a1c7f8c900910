//! A registered test, and the bench it runs on.

use std::{fmt, sync::Arc};

use watershed::{JobHandle, RunError, RunOptions, Runner, model::Graph, testing::TestPipeline};

use crate::apart::Program;

/// Which line of the matrix: a runner, and how many share its jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineName {
    /// The runner's name.
    pub runner: &'static str,
    /// The number of workers in each process.
    pub workers: usize,
    /// The number of processes.
    pub processes: usize,
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LineName { runner, workers, processes } = self;
        match (processes, workers) {
            (1, 1) => write!(f, "{runner}, 1 worker"),
            (1, _) => write!(f, "{runner}, {workers} workers"),
            (_, 1) => write!(f, "{runner}, {processes} processes"),
            _ => write!(f, "{runner}, {processes} processes of {workers} workers"),
        }
    }
}

/// Whether combiners are folded before the exchange, and whether steps are fused: every plan there is.
pub const PLANS: [(Option<bool>, bool); 4] =
    [(Some(true), true), (Some(false), true), (Some(true), false), (Some(false), false)];

/// The runner and options under test: one line of the matrix.
#[derive(Clone)]
pub struct Bench {
    runner: Arc<dyn Runner>,
    options: RunOptions,
    program: Option<Program>,
}

impl Bench {
    /// A line of the matrix.
    pub fn new(runner: Arc<dyn Runner>, options: RunOptions) -> Self {
        Bench { runner, options, program: None }
    }

    /// This line, whose cases run in this program if they need processes of their own.
    #[must_use]
    pub fn with_program(self, program: Program) -> Self {
        Bench { program: Some(program), ..self }
    }

    /// The program whose processes run a case each; none where cases run in this one.
    pub(crate) fn program(&self) -> Option<&Program> {
        self.program.as_ref().filter(|_| self.processes() > 1)
    }

    /// Which line this is.
    pub fn line(&self) -> LineName {
        let (workers, processes) = (self.workers(), self.processes());
        LineName { runner: self.runner(), workers, processes }
    }

    /// The runner's name.
    pub fn runner(&self) -> &'static str {
        self.runner.name()
    }

    /// How many workers share a job in each process.
    pub fn workers(&self) -> usize {
        self.options.workers
    }

    /// How many processes share a job. All run the same case in step, and each sees the results of all
    /// in reports and in what was collected; but in its memory only what its own workers did.
    pub fn processes(&self) -> usize {
        self.options.processes
    }

    /// Whether all that a job does happens in this process.
    pub fn sees_all(&self) -> bool {
        self.processes() == 1
    }

    /// The options under test, to be changed for one pipeline.
    pub fn options(&self) -> RunOptions {
        self.options.clone()
    }

    /// Changes the options under test.
    pub fn change(&mut self, change: impl FnOnce(&mut RunOptions)) {
        change(&mut self.options);
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

    /// This line with bundles of about `bundle_elements`, under each plan that can be forced.
    pub fn plans(&self, bundle_elements: usize) -> impl Iterator<Item = Bench> {
        PLANS.into_iter().map(move |(lifting, fusion)| {
            let mut bench = self.clone();
            bench.options.bundle_elements = bundle_elements;
            (bench.options.lifting, bench.options.fusion) = (lifting, fusion);
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
