//! The runner's face.

use std::sync::Arc;

use watershed_model::Graph;
use watershed_runner_core::{JobHandle, RunError, RunOptions, Runner, Script};

use crate::execution::Execution;

/// Runs a graph in this process, on one thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectRunner;

impl Runner for DirectRunner {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn start(&self, graph: Arc<Graph>, options: &RunOptions) -> Result<JobHandle, RunError> {
        if options.workers != 1 {
            let problem = format!(
                "has one worker and was asked for {}: leave --workers away, or choose a runner that \
                 has more",
                options.workers
            );
            return Err(RunError::Runner { runner: self.name().into(), problem });
        }
        if options.processes != 1 || !options.hosts.is_empty() {
            let problem =
                "runs in this process alone: leave --processes and --hosts away, or choose a \
                           runner that has more"
                    .to_owned();
            return Err(RunError::Runner { runner: self.name().into(), problem });
        }
        Script::check(&graph)?;
        let options = options.clone();
        JobHandle::spawn(self.name(), &graph.clone(), move |state| {
            Execution::new(&graph, &options, &state).run()
        })
    }
}
