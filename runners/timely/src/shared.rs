//! What all workers of a run know together.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering::SeqCst},
    },
    task::Waker,
};

use watershed_model::{Boundedness, Graph, NodeId, Primitive};
use watershed_runner_core::{
    ExchangeId, JobState, Plan, RunError, RunOptions, Script, SharedRestrictions, ViewStore,
};

/// More elements than this on the way between stages and sources wait, for each worker.
const MOST_IN_FLIGHT: i64 = 64 * 4096;

/// The state of one run.
pub(crate) struct Shared {
    pub(crate) graph: Arc<Graph>,
    pub(crate) plan: Plan,
    /// The test streams of the graph, if there are any.
    pub(crate) script: Option<Arc<Script>>,
    pub(crate) options: RunOptions,
    pub(crate) job: Arc<JobState>,
    failure: Mutex<Option<RunError>>,
    aborted: AtomicBool,
    /// Whether the workers of this process have ended, and with them all that they had of links.
    workers_gone: AtomicBool,
    in_flight: AtomicI64,
    /// What views show.
    pub(crate) views: ViewStore,
    /// What workers share of each splittable step of which they do.
    restrictions: HashMap<NodeId, SharedRestrictions>,
    /// Whether the graph has a source that may never end.
    is_endless: bool,
    /// Whether all processes know of a drain, so that sources may stop.
    stops_reading: AtomicBool,
    /// Whether a source was stopped before its end.
    was_drained: AtomicBool,
    /// Those who have to know when sources stop.
    drain_wakers: Mutex<Vec<Waker>>,
    /// Which process of the job this is.
    process: OnceLock<usize>,
}

impl Shared {
    pub(crate) fn new(
        graph: Arc<Graph>,
        plan: Plan,
        options: RunOptions,
        job: Arc<JobState>,
    ) -> Self {
        let script = Script::of(&graph).map(Arc::new);
        // An event of a test stream is over when each worker is done with what it has.
        let restrictions = match script {
            None if options.workers > 1 => shared_restrictions(&graph),
            _ => HashMap::new(),
        };
        Shared {
            script,
            restrictions,
            is_endless: graph.reads_endlessly(),
            views: ViewStore::new(&graph, options.workers, options.max_view_bytes),
            graph,
            plan,
            options,
            job,
            failure: Mutex::new(None),
            aborted: AtomicBool::new(false),
            workers_gone: AtomicBool::new(false),
            in_flight: AtomicI64::new(0),
            stops_reading: AtomicBool::new(false),
            was_drained: AtomicBool::new(false),
            drain_wakers: Mutex::default(),
            process: OnceLock::new(),
        }
    }

    /// The run has failed. The first failure is the one to tell; every worker stops soon. What fails
    /// in a run that was cancelled fails because of that, and is not told.
    pub(crate) fn fail(&self, error: RunError) {
        if !self.job.is_cancelled() {
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
        self.aborted.store(true, SeqCst);
        self.job.ring();
    }

    /// Looks at how the run has failed, if it has.
    pub(crate) fn see_failure<T>(&self, see: impl FnOnce(&RunError) -> T) -> Option<T> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(see)
    }

    pub(crate) fn take_failure(&self) -> Option<RunError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether something has gone wrong, be it because the run was cancelled.
    pub(crate) fn is_aborted(&self) -> bool {
        self.aborted.load(SeqCst)
    }

    /// All workers of this process have ended.
    pub(crate) fn workers_are_gone(&self) {
        self.workers_gone.store(true, SeqCst);
    }

    /// Whether all workers of this process have ended.
    pub(crate) fn are_workers_gone(&self) -> bool {
        self.workers_gone.load(SeqCst)
    }

    /// Whether workers should drop what they do: the run has failed or was cancelled.
    pub(crate) fn is_over(&self) -> bool {
        self.aborted.load(SeqCst) || self.job.is_cancelled()
    }

    /// All processes know of a drain.
    pub(crate) fn stop_reading(&self) {
        self.stops_reading.store(true, SeqCst);
        let wakers = self.drain_wakers.lock().unwrap_or_else(PoisonError::into_inner);
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    /// What the workers share of a splittable step, if they do.
    pub(crate) fn restrictions(&self, step: NodeId) -> Option<SharedRestrictions> {
        self.restrictions.get(&step).cloned()
    }

    /// Wakes this one when sources stop.
    pub(crate) fn tell_of_drain(&self, waker: Waker) {
        self.drain_wakers.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// Whether sources that may never end stop. When one does, all processes know why.
    pub(crate) fn stops_reading(&self) -> bool {
        self.stops_reading.load(SeqCst)
    }

    /// Whether windows that close at the end do so because of a drain.
    pub(crate) fn closes_early(&self) -> bool {
        self.is_endless && self.job.is_draining()
    }

    /// A source was stopped before its end.
    pub(crate) fn was_drained(&self) {
        self.was_drained.store(true, SeqCst);
    }

    /// Whether a source was stopped in this process before its end.
    pub(crate) fn is_drained(&self) -> bool {
        self.was_drained.load(SeqCst)
    }

    /// Says which process of the job this is; the first, if nobody says.
    pub(crate) fn set_process(&self, index: usize) {
        // Said once, by the one who starts the run.
        let _ = self.process.set(index);
    }

    /// Whether a worker, counted over all processes, runs in this one.
    pub(crate) fn is_here(&self, worker: usize) -> bool {
        worker / self.options.workers == self.process.get().copied().unwrap_or(0)
    }

    /// The step that an exchange leads to.
    pub(crate) fn receiver(&self, exchange: ExchangeId) -> NodeId {
        self.plan.stages[self.plan.exchanges[exchange.0].to.0].head
    }

    pub(crate) fn sent(&self, elements: usize) {
        self.in_flight.fetch_add(elements as i64, SeqCst);
    }

    /// A stage has taken elements over, to fold them, to keep them or to pass them on.
    pub(crate) fn taken(&self, elements: usize) {
        self.in_flight.fetch_sub(elements as i64, SeqCst);
    }

    /// Whether so much is on its way that sources should wait. Timely's queues have no bound of their
    /// own. A watermark would be the wrong measure: an open window's hold would stop the very source
    /// that must close it.
    pub(crate) fn is_congested(&self) -> bool {
        self.in_flight.load(SeqCst) > MOST_IN_FLIGHT * self.options.workers as i64
    }
}

/// Those of each splittable step that ends.
fn shared_restrictions(graph: &Graph) -> HashMap<NodeId, SharedRestrictions> {
    let nodes = graph.nodes().iter().enumerate();
    let ends = nodes.filter(|(_, node)| {
        matches!(&node.primitive, Primitive::Splittable(step) if step.boundedness == Boundedness::Bounded)
    });
    ends.map(|(id, _)| (NodeId(id), SharedRestrictions::default())).collect()
}
