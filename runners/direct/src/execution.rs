//! One run, from the first split to the commit.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    task::{Wake, Waker},
    thread::Thread,
    time::{Duration, Instant},
};

use watershed_model::{
    AnyBundle, Budget, Epoch, Graph, KernelContext, KernelOutput, Metadata, NodeId, Primitive,
    Timestamp, fault, take_acknowledgements,
};
use watershed_runner_core::{
    Checks, Failure, JobState, Outcome, RunError, RunOptions, RunReport, Script, ScriptEvent,
    Sight, Sizes, ViewStore, acknowledge, at_work, audit, guard, marked, std_duration,
};

use crate::{
    checks::{Disturbance, KeysOf},
    step::{Step, Work},
};

/// How long a run that waits for its sources sleeps at most. A source that has something wakes it, and so
/// does whoever wants something of the job.
const NAP: Duration = Duration::from_secs(1);

/// How often it looks at a clock that a test tells.
const LOOK: Duration = Duration::from_millis(20);

/// A run in progress.
///
/// ```text
///   an event: a bundle from a source, or the next event of the test streams
///     │ bundles run first, the one nearest the end before all others, so queues stay short
///     ▼ when none waits: step by step, in order, watermarks move and groupings put out what is due
///   the next event
/// ```
/// So every event is handled wholly before the next.
pub(crate) struct Execution<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) options: &'g RunOptions,
    pub(crate) job: &'g JobState,
    pub(crate) chance: Disturbance,
    /// By which keys each collection will be grouped.
    keys: Vec<Option<Arc<KeysOf>>>,
    pub(crate) steps: Vec<Step<'g>>,
    /// Steps that have a bundle waiting.
    ready: BTreeSet<usize>,
    /// Sources that have not ended, in the order in which they are read from.
    reading: VecDeque<usize>,
    /// Wakes this run when it waits for its sources.
    waker: Waker,
    /// Whether a source was stopped because of a drain.
    pub(crate) drained: bool,
    /// What views show.
    pub(crate) views: ViewStore,
    /// The events of test streams that are still to come; `None` if there are no test streams.
    script: Option<VecDeque<ScriptEvent>>,
    /// The processing time of the event at hand.
    pub(crate) now: Timestamp,
    /// The step whose times move next.
    pub(crate) settling: usize,
    started: Instant,
    /// The mean sizes of elements.
    sizes: Sizes,
    /// The question about this run that was answered last.
    pub(crate) answered: u64,
}

impl<'g> Execution<'g> {
    pub(crate) fn new(graph: &'g Graph, options: &'g RunOptions, job: &'g JobState) -> Self {
        Execution {
            graph,
            options,
            job,
            chance: Disturbance::new(options.checks, options.seed),
            keys: KeysOf::all(graph),
            steps: Vec::new(),
            ready: BTreeSet::new(),
            reading: VecDeque::new(),
            waker: Arc::new(Unpark(std::thread::current())).into(),
            drained: false,
            views: ViewStore::new(graph, 1, options.max_view_bytes),
            script: Script::of(graph).map(|script| script.events.into()),
            now: Timestamp::MIN,
            settling: 0,
            started: Instant::now(),
            sizes: Sizes::of(graph),
            answered: 0,
        }
    }

    pub(crate) fn run(mut self) -> Result<RunReport, RunError> {
        for id in 0..self.graph.nodes().len() {
            let step =
                Step::start(self.graph, NodeId(id), &mut self.chance, self.options, self.job)
                    .map_err(|failure| RunError::step(&self.graph.nodes()[id].name, failure))?;
            if let Work::Read(_) = step.work {
                self.reading.push_back(id);
            }
            self.steps.push(step);
            self.take_metrics(id);
        }
        self.job.listen();
        loop {
            self.answer();
            if self.job.is_cancelled() {
                return Ok(self.report(Outcome::Cancelled));
            }
            let Some((id, did)) = self.next() else { break };
            self.take_metrics(id);
            if did.is_err() && fault!("a-failed-run-commits") {
                self.commit()?;
            }
            did.map_err(|failure| RunError::step(&self.steps[id].node.name, failure))?;
        }
        let reports: Vec<_> = self.steps.iter().map(|step| step.report()).collect();
        audit(self.graph, &reports)?;
        self.commit()?;
        let acknowledged = acknowledge(take_acknowledgements());
        let report = self.report(match self.drained && !fault!("a-drain-is-told-as-done") {
            true => Outcome::Drained,
            false => Outcome::Done,
        });
        Ok(RunReport { acknowledged, ..report })
    }

    /// Takes up what the author has counted in the step that just ran.
    fn take_metrics(&mut self, id: usize) {
        if let Some(told) = watershed_model::take_metrics() {
            self.steps[id].report.metrics.merge(&told);
        }
    }

    /// Does one thing, and says at which step; `None` when there is nothing left to do.
    fn next(&mut self) -> Option<(usize, Result<(), Failure>)> {
        if let Some(id) = self.ready.pop_last() {
            let Some(bundle) = self.steps[id].queue.pop_front() else {
                unreachable!("a step is ready only while its queue holds something")
            };
            if !self.steps[id].queue.is_empty() {
                self.ready.insert(id);
            }
            return Some((id, self.process(id, bundle)));
        }
        if self.settling < self.steps.len() {
            let id = self.settling;
            return Some((id, self.settle(id)));
        }
        self.settling = 0;
        if let Some(id) = self.next_source() {
            self.tell_the_time();
            return Some((id, self.read(id)));
        }
        if let Some(event) = self.script.as_mut().and_then(VecDeque::pop_front) {
            let id = event.node.0;
            return Some((id, self.play(event)));
        }
        // Nothing comes any more, but some work is not done, which may rest.
        let is_left =
            |step: &Step<'_>| matches!(&step.work, Work::Splittable(work) if !work.is_done());
        if !self.steps.iter().any(is_left) {
            return None;
        }
        if !self.has_script() {
            let rest = self.until_due();
            if !rest.is_zero() {
                std::thread::park_timeout(rest);
            }
            self.tell_the_time();
        }
        Some((0, self.settle(0)))
    }

    /// Whether a test stream tells the times.
    pub(crate) fn has_script(&self) -> bool {
        self.script.is_some()
    }

    /// Whether all events of the test streams have come.
    pub(crate) fn script_has_ended(&self) -> bool {
        self.script.as_ref().is_some_and(VecDeque::is_empty)
    }

    /// The first source that has something, or may have. If none has, waits for a while, or until one
    /// has; then it is the turn of the one that may have something soonest, since the clock is looked at
    /// too. `None` only if all have ended: each is looked at once, whoever wakes it meanwhile.
    fn next_source(&mut self) -> Option<usize> {
        let (at, drains) = (Instant::now(), self.job.is_draining());
        let rest = |id: &usize| match &self.steps[*id].work {
            Work::Read(reading) if !drains => reading.rest(at).unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let (place, rest) =
            self.reading.iter().map(rest).enumerate().min_by_key(|(_, rest)| *rest)?;
        if !rest.is_zero() {
            std::thread::park_timeout(rest.min(self.until_due()));
        }
        self.reading.remove(place)
    }

    /// How long nothing is due by the clock.
    fn until_due(&self) -> Duration {
        let clock = &self.options.clock;
        if clock.is_told() {
            return LOOK;
        }
        let deadlines = self.steps.iter().filter_map(|step| match &step.work {
            Work::Group { operator, .. } => operator.next_deadline(),
            Work::Stateful(operator) => operator.next_deadline(),
            Work::Splittable(operator) => operator.next_deadline(),
            _ => None,
        });
        let until = deadlines.min().map(|deadline| std_duration(deadline.since(clock.now())));
        until.unwrap_or(NAP).min(NAP)
    }

    /// What waits for processing time goes by the clock, unless a test stream tells the time.
    fn tell_the_time(&mut self) {
        if self.script.is_none() {
            self.now = self.options.clock.now();
        }
    }

    /// Nothing waits before this step: what came to it during this event is handled, and its times
    /// move. What it puts out runs before the steps behind it settle.
    fn settle(&mut self, id: usize) -> Result<(), Failure> {
        let _span = at_work(&self.steps[id].node.name);
        let aside = AnyBundle::concatenate(self.steps[id].set_aside.drain(..));
        if let Work::Reader(..) = self.steps[id].work {
            // What came in this event sees what the views show at its end.
            self.look(id, aside)?;
        } else if let Some(bundle) = aside {
            return self.handle(id, bundle);
        }
        let step = &mut self.steps[id];
        self.settling += 1;
        let inputs = step.node.inputs.iter();
        let producers = inputs.map(|input| self.graph.collection(*input).producer);
        let producers: Vec<usize> = producers.map(|producer| producer.0).collect();
        let mut watermarks =
            producers.iter().map(|producer| self.steps[*producer].output_watermark);
        let least = match fault!("the-watermark-is-that-of-one-input") {
            true => watermarks.next(),
            false => watermarks.min(),
        };
        // What has no inputs moves by itself; a flatten of nothing has ended.
        let watermark = match (least, &self.steps[id].work) {
            (Some(least), _) => least,
            (None, Work::Read(_) | Work::Script) => return Ok(()),
            (None, _) => Timestamp::MAX,
        };
        let now = self.now;
        let closes_early = self.drained && watermark == Timestamp::MAX;
        if let Work::Splittable(_) = self.steps[id].work {
            let step = &mut self.steps[id];
            step.input_watermark = step.input_watermark.max(watermark);
            return self.split(id, watermark);
        }
        let view_watermarks = self.view_watermarks(self.steps[id].node);
        let options = &self.options.user_options;
        let sight = Sight { store: &self.views, watermarks: &view_watermarks, options };
        let step = &mut self.steps[id];
        step.input_watermark = step.input_watermark.max(watermark);
        let mut out = Vec::new();
        match &mut step.work {
            Work::Group { operator, agreement } => {
                guard(|| {
                    operator.advance(watermark, now, &mut |port, bundle| {
                        out.push((port, marked(bundle, closes_early)));
                    })
                })?;
                let hold = operator.hold().filter(|_| !fault!("holds-are-ignored"));
                let hold = hold.unwrap_or(Timestamp::MAX);
                let watermark = step.input_watermark.min(hold);
                step.output_watermark = step.output_watermark.max(watermark);
                step.report.drops.merge(&operator.take_drops());
                agreement.forget(operator.released());
            }
            Work::Stateful(operator) => {
                operator.advance(watermark, now);
                let is_done = operator.fire(&sight, &mut |port, bundle| {
                    out.push((port, marked(bundle, closes_early)));
                })?;
                step.report.drops.merge(&operator.take_drops());
                if is_done {
                    let hold = operator.hold().unwrap_or(Timestamp::MAX);
                    let watermark = step.input_watermark.min(hold);
                    step.output_watermark = step.output_watermark.max(watermark);
                    if step.output_watermark == Timestamp::MAX {
                        operator.end()?;
                        step.report.ledger.elements = operator.account();
                        step.work = Work::Ended;
                    }
                } else {
                    // What it puts out now goes on first.
                    self.settling -= 1;
                }
            }
            Work::Reader(instance, reader) => {
                let watermark = step.input_watermark.min(reader.hold().unwrap_or(Timestamp::MAX));
                step.output_watermark = step.output_watermark.max(watermark);
                reader.has_come_to(&self.views, step.input_watermark);
                if step.output_watermark == Timestamp::MAX {
                    instance.end()?;
                    step.work = Work::Ended;
                }
            }
            Work::Kernel(instance) => {
                step.output_watermark = step.input_watermark;
                if step.input_watermark == Timestamp::MAX {
                    instance.end()?;
                    step.work = Work::Ended;
                }
            }
            _ => step.output_watermark = step.input_watermark,
        }
        out.into_iter().try_for_each(|(port, bundle)| self.send(id, port, bundle))
    }

    /// A source gives a bundle.
    fn read(&mut self, id: usize) -> Result<(), Failure> {
        let _span = at_work(&self.steps[id].node.name);
        let elements = match self.options.checks {
            Checks::Full => 1 + self.chance.below(self.options.bundle_elements),
            Checks::Off => self.options.bundle_elements,
        };
        let budget = Budget { elements, ..Budget::default() };
        let step = &mut self.steps[id];
        let Work::Read(reading) = &mut step.work else { unreachable!("only sources are read") };
        if self.job.is_draining() && !reading.is_bounded() {
            self.drained = true;
            step.output_watermark = Timestamp::MAX;
            step.work = Work::Ended;
            return Ok(());
        }
        if reading.rest(Instant::now()).is_some() {
            self.reading.push_back(id);
            step.output_watermark = step.output_watermark.max(reading.watermark());
            return Ok(());
        }
        let (now, chance, waker) = (self.now, &mut self.chance, &self.waker);
        let read = guard(|| reading.advance(budget, now, chance, self.job, waker))?;
        let Some((bundle, drops)) = read else {
            step.output_watermark = Timestamp::MAX;
            return Ok(());
        };
        step.report.watermark_setbacks += reading.take_setbacks();
        if !bundle.is_empty() || !fault!("only-elements-move-the-watermark") {
            step.output_watermark = step.output_watermark.max(reading.watermark());
        }
        step.report.elements_in += bundle.len() as u64;
        step.report.drops.merge(&drops);
        self.reading.push_back(id);
        self.send(id, 0, bundle)
    }

    /// The next event of the test streams.
    fn play(&mut self, event: ScriptEvent) -> Result<(), Failure> {
        self.now = event.now;
        let step = &mut self.steps[event.node.0];
        step.output_watermark = event.watermark.unwrap_or(step.output_watermark);
        let Some(bundle) = event.elements else { return Ok(()) };
        step.report.elements_in += bundle.len() as u64;
        self.job.read(bundle.len() as u64, 0);
        self.send(event.node.0, 0, bundle)
    }

    fn process(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        let _span = at_work(&self.steps[id].node.name);
        let step = &mut self.steps[id];
        step.report.received += bundle.len() as u64;
        match &mut step.work {
            Work::Kernel(_) => self.run_kernel(id, bundle),
            Work::Group { .. } | Work::Stateful(_) => {
                step.report.elements_in += bundle.len() as u64;
                let element = &self.graph.collection(step.node.inputs[0]).element;
                self.options.check_sizes(element, &bundle)?;
                if self.script.is_some() && !fault!("events-come-in-parts") {
                    step.set_aside.push(bundle);
                    return Ok(());
                }
                self.handle(id, bundle)
            }
            Work::Reader(..) | Work::Splittable(_) => {
                step.report.elements_in += bundle.len() as u64;
                if self.script.is_some() {
                    step.set_aside.push(bundle);
                    return Ok(());
                }
                self.handle(id, bundle)
            }
            Work::View => {
                step.report.elements_in += bundle.len() as u64;
                let view = step.node.outputs[0];
                guard(|| self.views.publish(view, bundle))
            }
            Work::Pass => {
                step.report.elements_in += bundle.len() as u64;
                if fault!("passing-on-loses-metadata") {
                    return self.send(id, 0, bundle.with_metadata(Metadata::at(Timestamp::MIN)));
                }
                self.send(id, 0, bundle)
            }
            Work::Write(writer) => {
                step.report.elements_in += bundle.len() as u64;
                let Some(writer) = writer else {
                    unreachable!("a sink that has ended gets nothing")
                };
                guard(|| writer.write(bundle))
            }
            Work::Read(_) | Work::Script | Work::Ended => {
                unreachable!("nothing is sent to such a step")
            }
        }
    }

    fn run_kernel(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        let replace = self.chance.chance(8);
        let step = &mut self.steps[id];
        let Work::Kernel(instance) = &mut step.work else { unreachable!("the caller looked") };
        if replace && !fault!("direct-keeps-its-instances") {
            instance.replace()?;
        }
        let size = bundle.len() as u64;
        let cx = KernelContext { views: &[], options: &self.options.user_options };
        let most = self.options.bundle_elements.max(1);
        let mut out = KernelOutput::new(step.wanted(), most);
        let step = &mut self.steps[id];
        let Work::Kernel(instance) = &mut step.work else { unreachable!("the caller looked") };
        let ran = instance.run(bundle, &cx, &mut out);
        step.report.retries += instance.take_retries();
        let rest = ran?;
        let left = rest.as_ref().map_or(0, |rest| rest.len() as u64);
        // What is left is counted when it runs. It can be more than came in, where elements were taken apart
        // by window; over all runs the sum is right.
        step.report.elements_in = step.report.elements_in.wrapping_add(size).wrapping_sub(left);
        if let Some(rest) = rest {
            step.report.sent += rest.len() as u64;
            step.queue.push_front(rest);
            self.ready.insert(id);
        }
        let (bundles, drops) = out.take();
        step.report.drops.merge(&drops);
        for (port, bundle) in bundles {
            self.send(id, port, bundle)?;
        }
        Ok(())
    }

    /// Hands a bundle to all who read this port.
    pub(crate) fn send(
        &mut self,
        id: usize,
        port: usize,
        bundle: AnyBundle,
    ) -> Result<(), Failure> {
        if bundle.is_empty() {
            return Ok(());
        }
        let output = self.steps[id].node.outputs[port];
        let bytes = self.sizes.bytes(self.graph, output, &bundle);
        let step = &mut self.steps[id];
        step.report.elements_out[port] += bundle.len() as u64;
        step.report.bytes_out[port] += bytes;
        let readers = step.readers[port].clone();
        if readers.is_empty() {
            return Ok(());
        }
        let (collection, keys) = (self.graph.collection(output), self.keys[output.0].as_deref());
        let bundles = guard(|| self.chance.disturb(bundle, collection, keys))?;
        for (nth, reader) in readers.iter().enumerate() {
            if nth > 0 && fault!("direct-serves-only-the-first-reader") {
                break;
            }
            let reading = &mut self.steps[reader.0];
            reading.report.sent += bundles.iter().map(|bundle| bundle.len() as u64).sum::<u64>();
            reading.report.bytes_in += bytes;
            reading.queue.extend(bundles.iter().cloned());
            self.ready.insert(reader.0);
        }
        Ok(())
    }

    /// All sinks prepare; only when none has failed does any commit.
    fn commit(&mut self) -> Result<(), RunError> {
        let mut prepared = Vec::new();
        for step in &mut self.steps {
            let (Primitive::Write(write), Work::Write(writer)) =
                (&step.node.primitive, &mut step.work)
            else {
                continue;
            };
            let Some(mut writer) = writer.take() else { continue };
            match guard(|| writer.prepare(Epoch(0))) {
                Ok(committables) => prepared.push((step.node, write.sink.clone(), committables)),
                Err(failure) => {
                    if !fault!("prepared-output-is-left") {
                        prepared.iter().for_each(|(_, sink, prepared)| sink.discard(prepared));
                    }
                    return Err(RunError::step(&step.node.name, failure));
                }
            }
        }
        for place in 0..prepared.len() {
            let (node, sink, committables) = &prepared[place];
            if let Err(failure) = guard(|| sink.commit(Epoch(0), committables)) {
                prepared[place..].iter().for_each(|(_, sink, left)| sink.discard(left));
                return Err(RunError::step(&node.name, failure));
            }
        }
        Ok(())
    }

    fn report(&self, outcome: Outcome) -> RunReport {
        let steps = self.steps.iter().map(Step::report).collect();
        self.job.board().answer_last(0, self.status());
        let (read, elapsed) = (self.job.progress().elements_read, self.started.elapsed());
        RunReport::of_steps(outcome, self.graph, steps, read, elapsed)
    }
}

/// Wakes the thread that runs.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
