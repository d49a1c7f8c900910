//! The life of a DoFn's instances: what is called when, what a failure leaves behind, and that an
//! instance may be replaced between any two bundles.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering::SeqCst},
    mpsc::{Receiver, Sender, channel},
};

use watershed::{
    BundleContext, Collected, Outcome, model::Graph, prelude::*, testing::assert_that,
};

use crate::Bench;

crate::cases! {
    an_instance_lives_from_setup_to_teardown: "EW-02";
    a_cancelled_run_tears_its_instances_down: "EW-02";
    a_failed_instance_is_torn_down_and_its_bundle_lost: "EW-11";
    the_first_failure_is_told: "EW-11";
    counts_by_bundle_add_up_and_others_do_not: "EW-14";
    what_is_made_of_a_bundle_comes_in_several: "EQ-04";
}

/// What happened to all instances of a [`Witness`].
#[derive(Default)]
struct Life {
    setups: AtomicU64,
    teardowns: AtomicU64,
    started: AtomicU64,
    finished: AtomicU64,
    processed: AtomicU64,
    /// The elements of bundles that were not finished.
    lost: Mutex<Vec<u64>>,
    /// Calls that should not have been.
    wrong: Mutex<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Ready,
    InBundle,
    Failed,
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Setup,
    StartBundle,
    Process,
    FinishBundle,
    Teardown,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Error,
    Panic,
}

/// Notes all that happens to it, and fails on demand. It passes its elements on.
#[derive(Clone)]
struct Witness {
    life: Arc<Life>,
    stage: Stage,
    bundle: Vec<u64>,
    fails: Vec<(Call, How)>,
}

impl Witness {
    fn new(life: &Arc<Life>) -> Self {
        Witness { life: life.clone(), stage: Stage::New, bundle: Vec::new(), fails: Vec::new() }
    }

    fn failing(life: &Arc<Life>, fails: &[(Call, How)]) -> Self {
        Witness { fails: fails.to_vec(), ..Witness::new(life) }
    }

    /// A call that may come only in one of these stages.
    fn called(
        &mut self,
        call: Call,
        from: &[Stage],
        to: Stage,
        is_time_to_fail: bool,
    ) -> Result<(), BoxError> {
        if !from.contains(&self.stage) {
            let wrong = format!("{call:?} of an instance that is {:?}", self.stage);
            self.life.wrong.lock().unwrap().push(wrong);
        }
        self.stage = to;
        match self.fails.iter().find(|(failing, _)| *failing == call && is_time_to_fail) {
            None => Ok(()),
            Some((_, how)) => {
                self.stage = if call == Call::Teardown { Stage::Gone } else { Stage::Failed };
                self.life.lost.lock().unwrap().append(&mut self.bundle);
                match how {
                    How::Error => Err(format!("{call:?} will not do").into()),
                    How::Panic => panic!("{call:?} will not do"),
                }
            }
        }
    }
}

impl DoFn<u64> for Witness {
    type Outputs = One<u64>;

    fn setup(&mut self) -> Result<(), BoxError> {
        self.life.setups.fetch_add(1, SeqCst);
        self.called(Call::Setup, &[Stage::New], Stage::Ready, true)
    }
    fn start_bundle(&mut self, _: &BundleContext<'_>) -> Result<(), BoxError> {
        let nth = self.life.started.fetch_add(1, SeqCst);
        self.called(Call::StartBundle, &[Stage::Ready], Stage::InBundle, nth == 4)
    }
    fn process(
        &mut self,
        element: u64,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        self.life.processed.fetch_add(1, SeqCst);
        self.bundle.push(element);
        out.emit(element);
        self.called(Call::Process, &[Stage::InBundle], Stage::InBundle, element == 137)
    }
    fn finish_bundle(
        &mut self,
        _: &BundleContext<'_>,
        _: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        let nth = self.life.finished.fetch_add(1, SeqCst);
        self.called(Call::FinishBundle, &[Stage::InBundle], Stage::Ready, nth == 4)?;
        self.bundle.clear();
        Ok(())
    }
    fn teardown(&mut self) -> Result<(), BoxError> {
        self.life.teardowns.fetch_add(1, SeqCst);
        let is_second = self.stage == Stage::Failed;
        let is_time_to_fail = is_second || self.fails.len() == 1;
        self.called(Call::Teardown, &[Stage::Ready, Stage::Failed], Stage::Gone, is_time_to_fail)
    }
}

impl Life {
    /// What must hold after every run, however it ended. A process need not have had an instance if
    /// another one failed early.
    fn check(&self, bench: &Bench) {
        assert_eq!(*self.wrong.lock().unwrap(), Vec::<String>::new());
        let (setups, teardowns) = (self.setups.load(SeqCst), self.teardowns.load(SeqCst));
        assert_eq!(setups, teardowns, "so many were set up, and so many torn down");
        assert!(setups > 0 || !bench.sees_all(), "none was set up");
    }
}

fn an_instance_lives_from_setup_to_teardown(bench: &Bench) {
    for bench in bench.seeds(8, 8) {
        let life = Arc::new(Life::default());
        let pipeline = bench.pipeline();
        let passed = pipeline.create(0..400).par_do(Witness::new(&life));
        assert_that(&passed).contains_in_any_order(0..400);
        let report = pipeline.run();
        life.check(&bench);
        assert_eq!(report.step("Witness").unwrap().elements_in, 400);
        let processed = life.processed.load(SeqCst);
        assert!(processed == 400 || (!bench.sees_all() && processed < 400), "{processed}");
        let (started, finished) = (life.started.load(SeqCst), life.finished.load(SeqCst));
        assert_eq!(started, finished);
        assert!(started > 1 || !bench.sees_all(), "{started} started");
    }
}

fn a_cancelled_run_tears_its_instances_down(bench: &Bench) {
    for bench in bench.seeds(4, 8) {
        let life = Arc::new(Life::default());
        let (arrived, arrival) = channel();
        let (go_on, may_go_on) = channel::<()>();
        let (graph, passed) = gated(&life, arrived, may_go_on);
        let job = bench.start(graph).unwrap();
        // Where another process has cancelled before, nobody may come here; then the job drops its end.
        let arrived = arrival.recv();
        assert!(arrived.is_ok() || !bench.sees_all());
        job.state().cancel();
        drop(go_on);
        assert_eq!(job.wait().unwrap().outcome, Outcome::Cancelled);
        life.check(&bench);
        assert_eq!(life.started.load(SeqCst), life.finished.load(SeqCst));
        assert_eq!(passed.values(), [0; 0]);
    }
}

/// A pipeline whose elements say that they have arrived, and wait until they may go on.
fn gated(
    life: &Arc<Life>,
    arrived: Sender<()>,
    may_go_on: Receiver<()>,
) -> (Graph, Collected<u64>) {
    let pipeline = Pipeline::new();
    let gate = Arc::new(Mutex::new(may_go_on));
    let passed = pipeline.create(0..400).par_do(Witness::new(life));
    passed.for_each(move |_| wait_at(&arrived, &gate));
    let passed = passed.collect();
    (pipeline.build().unwrap(), passed)
}

/// Says that it is here, and waits until it may go on.
fn wait_at(arrived: &Sender<()>, gate: &Mutex<Receiver<()>>) {
    arrived.send(()).unwrap();
    // Fails when the other end is dropped, which says the same as a word.
    let _ = gate.lock().unwrap().recv();
}

/// Composites around a DoFn, so that its name has several parts.
struct Outer(Witness);
struct Inner(Witness);

impl PTransform<PCollection<u64>> for Outer {
    type Output = PCollection<u64>;
    fn expand(self, numbers: &PCollection<u64>) -> PCollection<u64> {
        numbers.apply(Inner(self.0))
    }
}
impl PTransform<PCollection<u64>> for Inner {
    type Output = PCollection<u64>;
    fn expand(self, numbers: &PCollection<u64>) -> PCollection<u64> {
        numbers.par_do(self.0)
    }
}

/// Runs a pipeline in which a [`Witness`] fails. Gives what happened, what was told, and what came to
/// the step behind it.
#[track_caller]
fn run_failing(bench: &Bench, fails: &[(Call, How)]) -> (Arc<Life>, RunError, Vec<u64>) {
    let life = Arc::new(Life::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = seen.clone();
    let pipeline = bench.pipeline();
    let passed = pipeline.create(0..400).apply(Outer(Witness::failing(&life, fails)));
    passed.for_each(move |element| sees.lock().unwrap().push(element));
    let (collected, other) = (passed.collect(), pipeline.create([1]).collect());
    let error = pipeline.try_run().unwrap_err();
    assert_eq!((collected.values(), other.values()), (vec![], vec![]), "{fails:?}");
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (life, error, seen)
}

fn a_failed_instance_is_torn_down_and_its_bundle_lost(bench: &Bench) {
    let calls = [Call::Setup, Call::StartBundle, Call::Process, Call::FinishBundle, Call::Teardown];
    for bench in bench.seeds(4, 8) {
        for call in calls {
            for how in [How::Error, How::Panic] {
                let (life, error, seen) = run_failing(&bench, &[(call, how)]);
                life.check(&bench);
                assert_eq!(error.failed_step(), Some("Outer/Inner/Witness"));
                assert!(error.to_string().contains(&format!("{call:?} will not do")), "{error}");
                let lost = life.lost.lock().unwrap();
                assert!(lost.iter().all(|element| !seen.contains(element)), "{call:?} {how:?}");
                let loses = matches!(call, Call::Process | Call::FinishBundle);
                // Where another process failed first, nothing is lost here.
                let fits = lost.is_empty() != loses || (lost.is_empty() && !bench.sees_all());
                assert!(fits, "{call:?} {how:?}: {lost:?}");
            }
        }
    }
}

fn the_first_failure_is_told(bench: &Bench) {
    for bench in bench.seeds(4, 8) {
        for fails in [
            [(Call::Process, How::Error), (Call::Teardown, How::Panic)],
            [(Call::Process, How::Panic), (Call::Teardown, How::Error)],
            [(Call::Setup, How::Error), (Call::Teardown, How::Error)],
        ] {
            let (life, error, _) = run_failing(&bench, &fails);
            life.check(&bench);
            let first = fails[0].0;
            assert!(error.to_string().contains(&format!("{first:?} will not do")), "{error}");
        }
    }
}

/// Counts the elements of a bundle; right.
#[derive(Clone, Default)]
struct CountsBundles {
    count: u64,
}

impl DoFn<u64> for CountsBundles {
    type Outputs = One<u64>;
    fn start_bundle(&mut self, _: &BundleContext<'_>) -> Result<(), BoxError> {
        self.count = 0;
        Ok(())
    }
    fn process(
        &mut self,
        _: u64,
        _: &ElementContext<'_>,
        _: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        self.count += 1;
        Ok(())
    }
    fn finish_bundle(
        &mut self,
        _: &BundleContext<'_>,
        out: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        out.emit_in(self.count, Timestamp::MIN, watershed::model::Window::Global);
        Ok(())
    }
}

/// Counts on from bundle to bundle; wrong, since an instance may be replaced.
#[derive(Clone, Default)]
struct CountsOn {
    count: u64,
}

impl DoFn<u64> for CountsOn {
    type Outputs = One<u64>;
    fn process(
        &mut self,
        _: u64,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, u64>,
    ) -> Result<(), BoxError> {
        self.count += 1;
        out.emit(self.count);
        Ok(())
    }
}

fn counts_by_bundle_add_up_and_others_do_not(bench: &Bench) {
    let mut highest = Vec::new();
    for bench in bench.seeds(16, 8) {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create(0..400);
        let total = numbers.par_do(CountsBundles::default()).sum_globally();
        assert_that(&total).is_singleton(400);
        let counts = numbers.par_do(CountsOn::default()).collect();
        pipeline.run();
        highest.push(counts.values().into_iter().max());
    }
    // Only the direct runner promises to replace instances; elsewhere one may live as long as a run.
    if bench.runner() == "direct" {
        assert!(highest.iter().any(|highest| *highest != Some(400)), "{highest:?}");
    }
}

/// However much a step makes of each element, with a view or without.
fn what_is_made_of_a_bundle_comes_in_several(bench: &Bench) {
    const MADE: u64 = 100;
    let mut options = bench.options();
    options.bundle_elements = 10;
    let pipeline = bench.pipeline_with(options);
    let numbers = pipeline.create(0..9u64);
    let most = pipeline.create([MADE]).as_singleton();
    let plain = numbers.flat_map(|n| (0..MADE).map(move |made| n + made));
    let looking = numbers.flat_map_with(&most, |n, most| (0..*most).map(move |made| n + made));
    let counts = [plain, looking].map(|made| made.par_do(CountsBundles::default()).collect());
    pipeline.run();
    for counts in counts {
        let counts = counts.values();
        assert_eq!(counts.iter().sum::<u64>(), 9 * MADE);
        // What is made of one element comes at once; a runner may cut it.
        assert!(counts.iter().all(|count| *count <= MADE), "{counts:?}");
    }
}
