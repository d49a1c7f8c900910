//! The trait by which a runner is started.

use std::{sync::Arc, time::Duration};

use watershed_model::{AnyBundle, BoxError, ElementType, Graph, KeyHasher, UserOptions};

use crate::{Clock, JobHandle, RunError};

/// How much a runner checks of what it is entitled to assume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    /// Everything: coders, bundle cuts, order, replaced instances, keys.
    #[default]
    Full,
    /// Nothing.
    Off,
}

/// What every runner can be told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunOptions {
    /// How many workers share the job in each process; at least one.
    pub workers: usize,
    /// How many processes share the job. Without [`hosts`](Self::hosts) the first starts the others
    /// on this machine, as the same program with the same arguments.
    pub processes: usize,
    /// The `host:port` of every process of the job, each started by somebody else.
    pub hosts: Vec<String>,
    /// Which of the hosts this process is, from 0.
    pub process_index: Option<usize>,
    /// How long the processes of a job wait for each other at its start.
    pub join_limit: Duration,
    /// Fixes whatever the runner may choose freely, and the routing of keys.
    pub seed: u64,
    /// How much is checked, by a runner that checks.
    pub checks: Checks,
    /// About how many elements travel in a bundle.
    pub bundle_elements: usize,
    /// After how many bundles a source closes an epoch; by default none is closed before the end. An
    /// epoch's end settles what came in it, and changes no pane. (A test stream has its own epochs, one
    /// an event; the direct runner settles after every bundle anyway.)
    pub epoch_bundles: Option<u64>,
    /// The most bytes that one element may take where elements are grouped.
    pub max_element_bytes: usize,
    /// The most bytes that a view may take in all its windows, as its coder would write them; each process keeps
    /// it in memory.
    pub max_view_bytes: usize,
    /// Whether combiners are folded before an exchange; by default where that can save something.
    pub lifting: Option<bool>,
    /// Whether element-wise steps run in the stage that feeds them. The direct runner never does that.
    pub fusion: bool,
    /// What processing time goes by, where no test stream tells it.
    pub clock: Clock,
    /// How often a bundle that fails in an element-wise step is tried again before the run fails.
    pub retries: u32,
    /// After how many calls a reader is closed, and its position opened; by default never. (A check. The direct
    /// runner does so at random.)
    pub reopen_after: Option<u64>,
    /// What a person gives to the steps themselves.
    pub user_options: UserOptions,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            workers: 1,
            processes: 1,
            hosts: Vec::new(),
            process_index: None,
            join_limit: Duration::from_secs(20),
            seed: 0,
            checks: Checks::Full,
            bundle_elements: 4096,
            epoch_bundles: None,
            max_element_bytes: 64 << 20,
            max_view_bytes: 1 << 30,
            lifting: None,
            fusion: true,
            clock: Clock::default(),
            retries: 0,
            reopen_after: None,
            user_options: UserOptions::default(),
        }
    }
}

impl RunOptions {
    /// How many workers the job has in all its processes.
    pub fn all_workers(&self) -> usize {
        self.workers * self.hosts.len().max(self.processes)
    }

    /// Sees that no element of a bundle that is to be grouped is larger than allowed.
    ///
    /// # Errors
    /// When one is, or one cannot be encoded.
    pub fn check_sizes(&self, element: &ElementType, bundle: &AnyBundle) -> Result<(), BoxError> {
        let limit = self.max_element_bytes;
        match element.find_larger(bundle, limit)? {
            None => Ok(()),
            Some((_, size)) => Err(format!(
                "got an element of type {element} that takes {size} bytes, above the limit of {limit} for \
                 elements that are grouped; raise it with --max-element-bytes if that is meant"
            )
            .into()),
        }
    }

    /// From the bytes of keys to their groups, for this job.
    pub fn key_hasher(&self) -> KeyHasher {
        KeyHasher::new(self.seed, KeyHasher::DEFAULT_GROUPS)
    }
}

/// Something that can run a graph.
pub trait Runner: Send + Sync {
    /// The name by which it is chosen: `direct`.
    fn name(&self) -> &'static str;

    /// Starts a job and returns at once.
    ///
    /// # Errors
    /// When it cannot be started with these options. What fails later is told by
    /// [`JobHandle::wait`].
    fn start(&self, graph: Arc<Graph>, options: &RunOptions) -> Result<JobHandle, RunError>;
}
