//! What a person chooses when a program starts.

use std::time::Duration;

use watershed_model::{GraphFormat, UserOptions};
use watershed_runner_core::{Checks, RunOptions};

#[cfg(feature = "ui")]
use crate::ui::UiAddress;

/// Which runner runs the pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum RunnerKind {
    /// In this process, on one thread, with checks: the executable specification.
    #[default]
    Direct,
    /// On timely-dataflow: many workers, many processes.
    Timely,
}

impl RunnerKind {
    /// The name by which it is chosen.
    pub fn name(self) -> &'static str {
        match self {
            RunnerKind::Direct => "direct",
            RunnerKind::Timely => "timely",
        }
    }
}

/// The form in which a pipeline's graph is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum GraphOutput {
    /// Indented text.
    Text,
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
}

/// The form in which a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum PlanOutput {
    /// Indented text.
    Text,
    /// Mermaid.
    Mermaid,
}

impl From<GraphOutput> for GraphFormat {
    fn from(output: GraphOutput) -> Self {
        match output {
            GraphOutput::Text => GraphFormat::Text,
            GraphOutput::Dot => GraphFormat::Dot,
            GraphOutput::Mermaid => GraphFormat::Mermaid,
        }
    }
}

// Included, not written here: clap takes the comment of a flattened struct for what the whole program
// says of itself under --help, but only if it stands in the source.
#[doc = include_str!("options.md")]
#[derive(Clone, Debug)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[cfg_attr(feature = "cli", command(next_help_heading = "Pipeline options"))]
pub struct PipelineOptions {
    /// The runner that runs the pipeline.
    #[cfg_attr(feature = "cli", arg(long, value_enum, default_value = "direct"))]
    pub runner: RunnerKind,

    /// How many workers share the job in each process (the direct runner has one).
    #[cfg_attr(feature = "cli", arg(long, default_value_t = 1, value_name = "N"))]
    pub workers: usize,

    /// How many processes share the job; without --hosts the others are started on this machine.
    #[cfg_attr(feature = "cli", arg(long, default_value_t = 1, value_name = "N"))]
    pub processes: usize,

    /// Where the processes of the job listen, each started by you with the same arguments but for
    /// --process-index, and with the same WATERSHED_SECRET in its environment.
    #[cfg_attr(feature = "cli", arg(long, value_delimiter = ',', value_name = "HOST:PORT,.."))]
    pub hosts: Vec<String>,

    /// Which of the hosts this process is, from 0.
    #[cfg_attr(feature = "cli", arg(long, value_name = "I", requires = "hosts"))]
    pub process_index: Option<usize>,

    /// How long the processes of the job wait for each other at its start.
    #[cfg_attr(feature = "cli", arg(
        long, default_value = "20", value_name = "SECONDS", value_parser = parse_seconds
    ))]
    pub join_limit: Duration,

    /// Fixes all that a runner may choose freely: the same seed gives the same run.
    #[cfg_attr(feature = "cli", arg(long, default_value_t = 0, value_name = "N"))]
    pub seed: u64,

    /// How much the direct runner checks: coders, bundle cuts, order, replaced instances, keys.
    #[cfg_attr(feature = "cli", arg(long, default_value = "full", value_name = "full|off", value_parser = parse_checks))]
    pub checks: Checks,

    /// About how many elements travel in a bundle.
    #[cfg_attr(feature = "cli", arg(long, default_value_t = 4096, value_name = "N"))]
    pub bundle_elements: usize,

    /// The most bytes that one element may take where elements are grouped.
    #[cfg_attr(feature = "cli", arg(long, default_value_t = 64 << 20, value_name = "BYTES"))]
    pub max_element_bytes: usize,

    /// The most bytes that a side input may take in all its windows; each process keeps it in memory.
    #[cfg_attr(feature = "cli", arg(long, default_value_t = 1 << 30, value_name = "BYTES"))]
    pub max_view_bytes: usize,

    /// How often a bundle that fails in an element-wise step is tried again before the run fails.
    #[cfg_attr(feature = "cli", arg(long, default_value_t = 0, value_name = "N"))]
    pub retries: u32,

    /// An option of the program's own steps, which they read by its name; may be given several times.
    #[cfg_attr(feature = "cli", arg(long = "option", value_name = "NAME=VALUE", value_parser = parse_option))]
    pub options: Vec<(String, String)>,

    /// Print the pipeline's graph on standard output instead of running it.
    #[cfg_attr(feature = "cli", arg(
        long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "text",
        value_name = "FORM"
    ))]
    pub show_graph: Option<GraphOutput>,

    /// Print the plan by which the timely runner would run the pipeline, instead of running it.
    #[cfg_attr(feature = "cli", arg(
        long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "text",
        value_name = "FORM"
    ))]
    pub show_plan: Option<PlanOutput>,

    /// Show the job's page at a port of this machine, such as 7000, or at HOST:PORT, until the run ends;
    /// 0 lets the system choose a port.
    #[cfg(feature = "ui")]
    #[cfg_attr(feature = "cli", arg(long, value_name = "PORT|HOST:PORT"))]
    pub ui: Option<UiAddress>,

    /// Log to standard error: a level (error, warn, info, debug, trace), or levels by target. What steps log
    /// names the step. (With the feature `cli`.)
    #[cfg_attr(feature = "cli", arg(long, value_name = "LEVEL|TARGET=LEVEL,..", value_parser = crate::logging::parse))]
    pub log: Option<String>,

    /// Print a table of what passed each step, on standard error, when the run has ended. (With the feature
    /// `cli`.)
    #[cfg_attr(feature = "cli", arg(long))]
    pub report: bool,

    /// No progress bar, and no line at the end.
    #[cfg_attr(feature = "cli", arg(long))]
    pub quiet: bool,
}

#[cfg(feature = "cli")]
fn parse_checks(text: &str) -> Result<Checks, String> {
    match text {
        "full" => Ok(Checks::Full),
        "off" => Ok(Checks::Off),
        _ => Err("possible values: full, off".to_owned()),
    }
}

#[cfg(feature = "cli")]
fn parse_option(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().into(), value.into())),
        _ => Err("a name and a value are meant, like limit=5".to_owned()),
    }
}

#[cfg(feature = "cli")]
fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|limit| *limit <= MOST_JOIN_LIMIT)
        .ok_or_else(|| {
            "a number of seconds is meant, at most those of a day, like 20 or 0.5".to_owned()
        })
}

/// To wait longer than a day is a mistake in a number.
#[cfg(feature = "cli")]
const MOST_JOIN_LIMIT: Duration = Duration::from_secs(86_400);

impl Default for PipelineOptions {
    /// The direct runner with all checks, quietly: what a test or a library wants.
    fn default() -> Self {
        let run = RunOptions::default();
        PipelineOptions {
            runner: RunnerKind::Direct,
            workers: run.workers,
            processes: run.processes,
            hosts: Vec::new(),
            process_index: None,
            join_limit: run.join_limit,
            seed: run.seed,
            checks: run.checks,
            bundle_elements: run.bundle_elements,
            max_element_bytes: run.max_element_bytes,
            max_view_bytes: run.max_view_bytes,
            retries: run.retries,
            options: Vec::new(),
            show_graph: None,
            show_plan: None,
            #[cfg(feature = "ui")]
            ui: None,
            log: None,
            report: false,
            quiet: true,
        }
    }
}

impl PipelineOptions {
    /// The part that concerns the runner.
    pub fn run_options(&self) -> RunOptions {
        let mut run = RunOptions::default();
        run.workers = self.workers;
        run.processes = self.processes;
        run.hosts.clone_from(&self.hosts);
        run.process_index = self.process_index;
        run.join_limit = self.join_limit;
        run.seed = self.seed;
        run.checks = self.checks;
        run.bundle_elements = self.bundle_elements;
        run.max_element_bytes = self.max_element_bytes;
        run.max_view_bytes = self.max_view_bytes;
        run.retries = self.retries;
        run.user_options = self.options.iter().cloned().collect::<UserOptions>();
        run
    }
}
