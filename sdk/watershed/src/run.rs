//! Running a pipeline: the one place where authoring meets runners.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use watershed_core::Pipeline;
use watershed_model::Graph;
use watershed_runner_core::{
    JobHandle, Outcome, Plan, PlanOptions, RunError, RunOptions, RunReport, Runner,
};
use watershed_runner_direct::DirectRunner;

use crate::{PipelineOptions, PlanOutput, RunnerKind};

/// Runs pipelines on the runner that the options name.
pub trait RunPipeline {
    /// Builds the pipeline, starts it and returns a handle at once.
    ///
    /// # Errors
    /// All that is wrong with the pipeline, or why the runner cannot be started.
    fn start(&self, options: &PipelineOptions) -> Result<JobHandle, RunError>;

    /// Builds the pipeline and runs it to its end. On a terminal a progress bar shows how far it is,
    /// and one line tells the outcome, both on standard error, unless the options say quiet. With
    /// `show_graph` or `show_plan` it prints the graph or the plan instead of running. Ctrl-C cancels
    /// the run; a second one ends the program. A run that reads without end is drained by the first,
    /// cancelled by the second, and the third ends the program. With `ui` the job's page is shown as long
    /// as it runs, and a line tells where.
    ///
    /// # Errors
    /// All that is wrong with the pipeline, or why the run failed; then nothing was written.
    fn run(&self, options: &PipelineOptions) -> Result<RunReport, RunError>;
}

impl RunPipeline for Pipeline {
    fn start(&self, options: &PipelineOptions) -> Result<JobHandle, RunError> {
        start(Arc::new(self.build()?), options.runner, &options.run_options())
    }

    fn run(&self, options: &PipelineOptions) -> Result<RunReport, RunError> {
        let graph = self.build()?;
        if let Some(form) = options.show_graph {
            return print(&graph.print(form.into()), options);
        }
        if let Some(form) = options.show_plan {
            let workers = options.run_options().all_workers();
            let plan = Plan::of(&graph, PlanOptions::for_workers(workers));
            let plan = match form {
                PlanOutput::Text => plan.print_text(&graph, workers),
                PlanOutput::Mermaid => plan.print_mermaid(&graph, workers),
            };
            return print(&plan, options);
        }
        #[cfg(feature = "cli")]
        if let Some(levels) = &options.log {
            crate::logging::install(levels);
        }
        // Before anything runs: a port that is in use is told at once.
        #[cfg(feature = "ui")]
        let page = crate::ui::bind(options)?;
        #[cfg(feature = "cli")]
        let is_endless = graph.reads_endlessly();
        let run_options = options.run_options();
        let starting = || start(Arc::new(graph), options.runner, &run_options);
        #[cfg(feature = "cli")]
        let (job, _interruptible) = crate::interrupt::start(is_endless, starting)?;
        #[cfg(not(feature = "cli"))]
        let job = starting()?;
        #[cfg(feature = "ui")]
        let _shown = page.and_then(|page| crate::ui::show(page, &job, options));
        #[cfg(feature = "cli")]
        let watched = (!options.quiet && options.log.is_none() && !is_launched_child())
            .then(|| crate::progress::watch(&job));
        let result = job.wait();
        #[cfg(feature = "cli")]
        if let Some(watched) = watched {
            watched.finish(result.as_ref().ok());
        }
        #[cfg(feature = "cli")]
        if let (true, false, Ok(report)) = (options.report, is_launched_child(), &result) {
            eprint!("{}", crate::report_table::of(report));
        }
        if !options.quiet {
            tell_unasked(&run_options, &result);
        }
        result
    }
}

/// Tells of options that no step has asked for. (Of several processes each knows of its own steps alone.)
fn tell_unasked(options: &RunOptions, result: &Result<RunReport, RunError>) {
    let is_done = matches!(result, Ok(report) if report.outcome == Outcome::Done);
    if !is_done || options.all_workers() > options.workers {
        return;
    }
    for name in options.user_options.unasked() {
        eprintln!("warning: --option {name} was given, but no step has asked for it");
    }
}

/// Prints the graph. If its reader goes away (`| head`), it had enough.
fn print(graph: &str, options: &PipelineOptions) -> Result<RunReport, RunError> {
    let mut out = io::stdout().lock();
    match out.write_all(graph.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(RunError::Runner {
            runner: options.runner.name().into(),
            problem: format!("was not started: the graph could not be printed: {error}"),
        }),
        _ => Ok(RunReport::of(Outcome::NotRun)),
    }
}

fn start(graph: Arc<Graph>, kind: RunnerKind, options: &RunOptions) -> Result<JobHandle, RunError> {
    let runner: &dyn Runner = match kind {
        RunnerKind::Direct => &DirectRunner,
        #[cfg(feature = "timely")]
        RunnerKind::Timely => &watershed_runner_timely::TimelyRunner,
        #[cfg(not(feature = "timely"))]
        RunnerKind::Timely => {
            return Err(RunError::Runner {
                runner: kind.name().into(),
                problem:
                    "is not part of this program: build it with the feature `timely` of watershed"
                        .into(),
            });
        }
    };
    runner.start(graph, options)
}

/// Whether another process has launched this one to share its jobs; it leaves the talking to the first.
/// It runs the whole program: what a program says or writes after a run, beside its sinks, it should
/// say only if this is false.
pub fn is_launched_child() -> bool {
    #[cfg(feature = "timely")]
    return watershed_runner_timely::is_launched_child();
    #[cfg(not(feature = "timely"))]
    false
}

/// The exit code of a run that was cancelled: that of a program which Ctrl-C ended.
const CANCELLED: u8 = 130;

/// The exit code of a run that was drained.
const DRAINED: u8 = 3;

/// The exit code of a program that ran a pipeline: 0 if it came to its end, 3 if it was drained, 130 if
/// it was cancelled, or 1 after the error was told on standard error, with all its causes. (2 is for
/// arguments that are wrong.)
pub fn exit_code(result: Result<RunReport, RunError>) -> ExitCode {
    let error = match result {
        Ok(report) if report.outcome == Outcome::Cancelled => return ExitCode::from(CANCELLED),
        Ok(report) if report.outcome == Outcome::Drained => return ExitCode::from(DRAINED),
        Ok(_) => return ExitCode::SUCCESS,
        Err(_) if is_launched_child() => return ExitCode::FAILURE,
        Err(error) => error,
    };
    let told = error.to_string();
    eprintln!("error: {told}");
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        let why = next.to_string();
        // Many errors tell their cause in their own words.
        if !told.contains(&why) {
            eprintln!("  caused by: {why}");
        }
        cause = next.source();
    }
    ExitCode::FAILURE
}
