//! What a step keeps while it runs.

use std::collections::VecDeque;

use watershed_model::{
    AnyBundle, AnySinkWriter, Graph, Node, NodeId, Primitive, Timestamp, WorkerIndex,
};
use watershed_runner_core::{
    Failure, GroupingOperator, Instance, JobState, RunOptions, SplittableOperator,
    StatefulOperator, StepReport, ViewReader, guard,
};

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
    /// What came in during the event at hand, where a grouping waits for its end.
    pub(crate) set_aside: Vec<AnyBundle>,
    /// The least watermark of what it reads, as far as it was told.
    pub(crate) input_watermark: Timestamp,
    /// Nothing on time with a smaller event time will come from here.
    pub(crate) output_watermark: Timestamp,
    /// Who reads each output, once for each time it does.
    pub(crate) readers: Vec<Vec<NodeId>>,
    pub(crate) report: StepReport,
}

/// What a step does.
pub(crate) enum Work {
    Read(Reading),
    /// A test stream: its elements come from the script.
    Script,
    Kernel(Instance),
    Group {
        operator: Box<GroupingOperator>,
        agreement: KeyAgreement,
    },
    Stateful(Box<StatefulOperator>),
    Splittable(Box<SplittableOperator>),
    /// A kernel that reads views.
    Reader(Instance, Box<ViewReader>),
    /// What others read as a side input.
    View,
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
        options: &RunOptions,
        job: &JobState,
    ) -> Result<Self, Failure> {
        let node = graph.node(id);
        let work = match &node.primitive {
            Primitive::Read(read) => {
                Work::Read(guard(|| Reading::start(read.source.clone(), chance, job))?)
            }
            Primitive::ParDo(par_do) | Primitive::AssignWindows(par_do) => {
                let instance = Instance::start(par_do.kernel.clone(), options.retries)?;
                match ViewReader::new(graph, id, 0) {
                    Some(reader) => Work::Reader(instance, Box::new(reader)),
                    None => Work::Kernel(instance),
                }
            }
            Primitive::GroupByKey(_) | Primitive::CombinePerKey(_) => {
                let Some(grouping) = node.primitive.grouping() else {
                    unreachable!("both primitives are groupings")
                };
                let emits_identity = matches!(
                    &node.primitive, Primitive::CombinePerKey(combine) if combine.emits_identity
                );
                let windowing = &graph.collection(node.inputs[0]).windowing;
                let most = options.bundle_elements;
                let operator = GroupingOperator::new(grouping, windowing, emits_identity, most);
                Work::Group { operator: Box::new(operator), agreement: KeyAgreement::default() }
            }
            Primitive::Stateful(_) => {
                let operator = StatefulOperator::start(graph, id, 0, options.bundle_elements)?;
                Work::Stateful(Box::new(operator))
            }
            Primitive::Splittable(_) => {
                let operator = SplittableOperator::start(graph, id, 0, options.bundle_elements)?;
                Work::Splittable(Box::new(operator))
            }
            Primitive::View(_) => Work::View,
            Primitive::TestStream(_) => Work::Script,
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
        let report = StepReport::of(&node.name, node.outputs.len());
        Ok(Step {
            node,
            work,
            queue: VecDeque::new(),
            set_aside: Vec::new(),
            input_watermark: Timestamp::MIN,
            output_watermark: Timestamp::MIN,
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
