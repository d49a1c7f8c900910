//! The page of a run that was asked for with an option.

use watershed_runner_core::{JobHandle, RunError};

use super::{JobPage, Shown};
use crate::{PipelineOptions, is_launched_child};

/// Takes the port, if a page is asked for and this is the process that shows it: the first of the job.
pub(crate) fn bind(options: &PipelineOptions) -> Result<Option<JobPage>, RunError> {
    let is_first = !is_launched_child() && options.process_index.unwrap_or(0) == 0;
    let Some(address) = options.ui.as_ref().filter(|_| is_first) else { return Ok(None) };
    let page = JobPage::bind(address).map_err(|error| RunError::Runner {
        runner: options.runner.name().into(),
        problem: format!("was not started: {error}"),
    })?;
    Ok(Some(page))
}

/// Shows the page of a job that has started, and tells where it is. Without a page the job goes on.
pub(crate) fn show(page: JobPage, job: &JobHandle, options: &PipelineOptions) -> Option<Shown> {
    let was_chosen = options.ui.as_ref().is_some_and(|address| address.port == 0);
    match page.serve(job.state()) {
        Ok(shown) => {
            // A port that the system chose is known to nobody else.
            if !options.quiet || was_chosen {
                eprintln!("the job's page is {}", shown.url());
            }
            Some(shown)
        }
        Err(error) => {
            eprintln!("the job runs without its page: {error}");
            None
        }
    }
}
