//! One run, from the first split to the commit.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use watershed_model::{
    AnyBundle, BoxError, Budget, Epoch, Graph, KernelOutput, Metadata, NodeId, Primitive,
    Timestamp, fault,
};
use watershed_runner_core::{Failure, JobState, Outcome, RunError, RunOptions, RunReport, guard};

use crate::{
    checks::{Disturbance, KeyAgreement, KeysOf},
    step::{Step, Work},
};

/// A run in progress. The step that runs next is the one nearest the end that has a bundle waiting,
/// so queues stay short and memory does not grow with the input.
pub(crate) struct Execution<'g> {
    graph: &'g Graph,
    options: &'g RunOptions,
    job: &'g JobState,
    chance: Disturbance,
    /// By which keys each collection will be grouped.
    keys: Vec<Option<Arc<KeysOf>>>,
    steps: Vec<Step<'g>>,
    /// Steps that have a bundle waiting.
    ready: BTreeSet<usize>,
    /// Steps that have not ended.
    running: BTreeSet<usize>,
    started: Instant,
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
            running: BTreeSet::new(),
            started: Instant::now(),
        }
    }

    pub(crate) fn run(mut self) -> Result<RunReport, RunError> {
        for id in 0..self.graph.nodes().len() {
            let step = Step::start(self.graph, NodeId(id), &mut self.chance, self.job)
                .map_err(|failure| RunError::step(&self.graph.nodes()[id].name, failure))?;
            self.steps.push(step);
            self.running.insert(id);
        }
        while !self.running.is_empty() {
            if self.job.is_cancelled() {
                return Ok(self.report(Outcome::Cancelled));
            }
            let (id, did) = self.next();
            if did.is_err() && fault!("a-failed-run-commits") {
                self.commit()?;
            }
            did.map_err(|failure| RunError::step(&self.steps[id].node.name, failure))?;
        }
        self.commit()?;
        Ok(self.report(Outcome::Done))
    }

    /// Does one thing, and says at which step.
    fn next(&mut self) -> (usize, Result<(), Failure>) {
        if let Some(id) = self.ready.pop_last() {
            let Some(bundle) = self.steps[id].queue.pop_front() else {
                unreachable!("a step is ready only while its queue holds something")
            };
            if !self.steps[id].queue.is_empty() {
                self.ready.insert(id);
            }
            return (id, self.process(id, bundle));
        }
        // Nothing waits anywhere. What has no open input can only be read from or closed; the first
        // such step is always there, since every step follows its inputs.
        let ended = self.running.iter().copied().find(|id| self.steps[*id].open_inputs == 0);
        let Some(id) = ended else { unreachable!("the first running step has no running input") };
        (id, self.advance_or_close(id))
    }

    fn process(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        let step = &mut self.steps[id];
        match &mut step.work {
            Work::Kernel(_) => self.run_kernel(id, bundle),
            Work::Group { operator, agreement } => {
                step.report.elements_in += bundle.len() as u64;
                let element = &self.graph.collection(step.node.inputs[0]).element;
                self.options.check_sizes(element, &bundle)?;
                let Some(grouping) = step.node.primitive.grouping() else {
                    unreachable!("only groupings group")
                };
                let keys = match self.options.checks {
                    watershed_runner_core::Checks::Full => {
                        KeyAgreement::bytes(&*grouping.key, &bundle).map_err(BoxError::from)?
                    }
                    watershed_runner_core::Checks::Off => Vec::new(),
                };
                let (apart, element) = (self.chance.chance(8), self.chance.below(bundle.len()));
                let slots = guard(|| match apart {
                    true => operator.process_apart(bundle),
                    false => operator.process(bundle),
                })?;
                agreement.check(&*grouping.key, slots, keys)?;
                if self.chance.chance(8) {
                    guard(|| operator.recode(element))?;
                }
                Ok(())
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
            Work::Read(_) | Work::Ended => unreachable!("nothing is sent to such a step"),
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
        let most = self.options.bundle_elements.max(1);
        let mut out = KernelOutput::new(step.wanted(), most);
        let step = &mut self.steps[id];
        let Work::Kernel(instance) = &mut step.work else { unreachable!("the caller looked") };
        let rest = instance.run(bundle, &mut out)?;
        let left = rest.as_ref().map_or(0, |rest| rest.len() as u64);
        // What is left is counted when it runs. It can be more than came in, where elements were taken apart
        // by window; over all runs the sum is right.
        step.report.elements_in = step.report.elements_in.wrapping_add(size).wrapping_sub(left);
        if let Some(rest) = rest {
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

    /// A step without open inputs reads on, puts out its next panes, or ends.
    fn advance_or_close(&mut self, id: usize) -> Result<(), Failure> {
        let step = &mut self.steps[id];
        match &mut step.work {
            Work::Read(reading) => {
                let elements = 1 + self.chance.below(self.options.bundle_elements);
                let budget = match self.options.checks {
                    watershed_runner_core::Checks::Full => Budget { elements, ..Budget::default() },
                    watershed_runner_core::Checks::Off => {
                        Budget { elements: self.options.bundle_elements, ..Budget::default() }
                    }
                };
                match guard(|| reading.advance(budget, &mut self.chance, self.job))? {
                    Some((bundle, drops)) => {
                        step.report.elements_in += bundle.len() as u64;
                        step.report.drops.merge(&drops);
                        return self.send(id, 0, bundle);
                    }
                    None => step.work = Work::Ended,
                }
            }
            Work::Group { operator, .. } => {
                match guard(|| operator.close(self.options.bundle_elements))? {
                    Some(bundle) => return self.send(id, 0, bundle),
                    None => step.work = Work::Ended,
                }
            }
            Work::Kernel(instance) => {
                instance.end()?;
                step.work = Work::Ended;
            }
            // A writer is kept for the commit.
            Work::Pass | Work::Write(_) | Work::Ended => {}
        }
        self.running.remove(&id);
        for reader in self.steps[id].readers.clone().into_iter().flatten() {
            self.steps[reader.0].open_inputs -= 1;
        }
        Ok(())
    }

    /// Hands a bundle to all who read this port.
    fn send(&mut self, id: usize, port: usize, bundle: AnyBundle) -> Result<(), Failure> {
        if bundle.is_empty() {
            return Ok(());
        }
        let step = &mut self.steps[id];
        step.report.elements_out[port] += bundle.len() as u64;
        let readers = step.readers[port].clone();
        if readers.is_empty() {
            return Ok(());
        }
        let output = step.node.outputs[port];
        let (collection, keys) = (self.graph.collection(output), self.keys[output.0].as_deref());
        let bundles = guard(|| self.chance.disturb(bundle, collection, keys))?;
        for (nth, reader) in readers.iter().enumerate() {
            if nth > 0 && fault!("direct-serves-only-the-first-reader") {
                break;
            }
            self.steps[reader.0].queue.extend(bundles.iter().cloned());
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
        let steps = self.steps.iter().map(|step| step.report.clone()).collect();
        let (read, elapsed) = (self.job.progress().elements_read, self.started.elapsed());
        RunReport::of_steps(outcome, self.graph, steps, read, elapsed)
    }
}
