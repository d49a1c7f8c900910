//! What a step keeps while it runs.

use std::collections::VecDeque;

use watershed_model::{
    AnyBundle, AnySinkWriter, BoxError, Graph, Kernel, KernelFactory, KernelOutput, Node, NodeId,
    Primitive, WorkerIndex, fault,
};
use watershed_runner_core::{Failure, GroupingOperator, JobState, StepReport, guard};

use crate::{
    checks::{Disturbance, KeyAgreement},
    reading::Reading,
};

/// A step, its queue, and what it has counted.
pub(crate) struct Step<'g> {
    pub(crate) node: &'g Node,
    pub(crate) work: Work,
    /// Bundles that came in and wait.
    pub(crate) queue: VecDeque<AnyBundle>,
    /// How many of its inputs may still bring something.
    pub(crate) open_inputs: usize,
    /// Who reads each output, once for each time it does.
    pub(crate) readers: Vec<Vec<NodeId>>,
    pub(crate) report: StepReport,
}

/// What a step does.
pub(crate) enum Work {
    Read(Reading),
    Kernel(Instance),
    Group {
        operator: Box<GroupingOperator>,
        agreement: KeyAgreement,
    },
    /// Flatten and reshuffle: elements go on as they are.
    Pass,
    Write(Option<Box<dyn AnySinkWriter>>),
    /// The step has ended.
    Ended,
}

impl<'g> Step<'g> {
    pub(crate) fn start(
        graph: &'g Graph,
        id: NodeId,
        chance: &mut Disturbance,
        job: &JobState,
    ) -> Result<Self, Failure> {
        let node = graph.node(id);
        let work = match &node.primitive {
            Primitive::Read(read) => {
                Work::Read(guard(|| Reading::start(read.source.clone(), chance, job))?)
            }
            Primitive::ParDo(par_do) | Primitive::AssignWindows(par_do) => {
                Work::Kernel(Instance::start(par_do.kernel.clone())?)
            }
            Primitive::GroupByKey(_) | Primitive::CombinePerKey(_) => {
                let Some(grouping) = node.primitive.grouping() else {
                    unreachable!("both primitives are groupings")
                };
                let emits_identity = matches!(
                    &node.primitive, Primitive::CombinePerKey(combine) if combine.emits_identity
                );
                let windowing = &graph.collection(node.inputs[0]).windowing;
                let operator = GroupingOperator::new(grouping, windowing, emits_identity);
                Work::Group { operator: Box::new(operator), agreement: KeyAgreement::default() }
            }
            Primitive::Flatten | Primitive::Reshuffle => Work::Pass,
            Primitive::Write(write) => {
                let worker = WorkerIndex { index: 0, count: 1 };
                Work::Write(Some(guard(|| write.sink.writer(worker))?))
            }
            other => {
                let kind = other.kind();
                return Err(Failure::Error(
                    format!("is a {kind}, which the direct runner does not know").into(),
                ));
            }
        };
        let readers: Vec<Vec<NodeId>> = node
            .outputs
            .iter()
            .map(|output| graph.readers(*output).into_iter().map(|(reader, _)| reader).collect())
            .collect();
        let report = StepReport {
            step: node.name.clone(),
            elements_out: vec![0; node.outputs.len()],
            ..StepReport::default()
        };
        Ok(Step {
            node,
            work,
            queue: VecDeque::new(),
            open_inputs: node.inputs.len(),
            readers,
            report,
        })
    }

    /// For each port whether anybody reads it, or counts it.
    pub(crate) fn wanted(&self) -> Vec<bool> {
        let dead_letters = match &self.node.primitive {
            Primitive::ParDo(par_do) => par_do.dead_letters,
            _ => None,
        };
        let ports = self.readers.iter().enumerate();
        ports.map(|(port, readers)| !readers.is_empty() || dead_letters == Some(port)).collect()
    }
}

/// A kernel from `setup` to `teardown`, which is called once, whatever happens.
pub(crate) struct Instance {
    factory: KernelFactory,
    kernel: Option<Box<dyn Kernel>>,
}

impl Instance {
    fn start(factory: KernelFactory) -> Result<Self, Failure> {
        let mut instance = Instance { kernel: Some(guard(|| Ok(factory()))?), factory };
        if !fault!("setup-is-not-called") {
            instance.call(|kernel| kernel.setup())?;
        }
        Ok(instance)
    }

    /// Calls the kernel; after a failure it is torn down and gone.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut dyn Kernel) -> Result<T, BoxError>,
    ) -> Result<T, Failure> {
        let Some(kernel) = &mut self.kernel else {
            unreachable!("a failure ends the run, so nothing is called after it")
        };
        let result = guard(|| call(&mut **kernel));
        if result.is_err()
            && let Some(mut failed) = self.kernel.take()
        {
            if fault!("failed-kernel-is-not-torn-down") {
                return result;
            }
            // The first failure is the one to tell.
            let _ = guard(|| failed.teardown());
        }
        result
    }

    pub(crate) fn run(
        &mut self,
        input: AnyBundle,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, Failure> {
        self.call(|kernel| kernel.run(input, out))
    }

    /// Ends this instance and begins a new one.
    pub(crate) fn replace(&mut self) -> Result<(), Failure> {
        self.end()?;
        *self = Instance::start(self.factory.clone())?;
        Ok(())
    }

    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        match self.kernel.take() {
            Some(_) if fault!("kernel-is-not-torn-down") => Ok(()),
            Some(mut kernel) if fault!("kernel-is-torn-down-twice") => {
                guard(|| kernel.teardown().and_then(|()| kernel.teardown()))
            }
            Some(mut kernel) => guard(|| kernel.teardown()),
            None => Ok(()),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Reached when another step failed; that failure is told.
        let _ = self.end();
    }
}
