//! How a tester gets at its step. It writes the step into a pipeline as an author would, and takes it out of
//! the graph; what runs it is what runners use. Whatever changes between kernels and runners, the testers
//! meet it here.

use watershed_core::Pipeline;
use watershed_model::{
    AnyBundle, BoxError, BuildErrors, Graph, KernelContext, KernelOutput, Node, ParDo, Primitive,
    Stateful, Timestamp, ViewContent, WindowingStrategy,
};
use watershed_runner_core::{Failure, Instance, StatefulOperator};

/// Bundles by the output that they came out of.
pub(super) type Bundles = Vec<(usize, AnyBundle)>;

/// As many outputs as a DoFn can have; a tester reads them all.
const WANTED: [bool; 4] = [true; 4];

/// A pipeline in which one step more is written, as a graph; and that step, which was written last.
pub(super) fn written(pipeline: &Pipeline, write: impl FnOnce()) -> Result<Graph, BuildErrors> {
    // A graph needs an end, and the step need not be one.
    pipeline.create([()]).for_each(|()| {});
    write();
    pipeline.build()
}

/// The step of the graph that was written last.
pub(super) fn last(graph: &Graph) -> Result<&Node, BoxError> {
    graph.nodes().last().ok_or_else(|| "there is no step".into())
}

/// The windows of a step's input, and, if a step before it assigns them, what does.
pub(super) fn windows_of(graph: &Graph, node: &Node) -> (WindowingStrategy, Option<ParDo>) {
    let Some(input) = node.inputs.first() else { return (WindowingStrategy::global(), None) };
    let input = graph.collection(*input);
    let assigning = match &graph.node(input.producer).primitive {
        Primitive::AssignWindows(assign) => Some(assign.clone()),
        _ => None,
    };
    (input.windowing.clone(), assigning)
}

/// Element-wise work from its setup to its teardown.
pub(super) struct ElementWise(Instance);

impl ElementWise {
    pub(super) fn start(par_do: &ParDo) -> Result<Self, Failure> {
        Instance::start(par_do.kernel.clone()).map(ElementWise)
    }

    /// Runs elements as one bundle.
    pub(super) fn run(
        &mut self,
        bundle: AnyBundle,
        views: &[ViewContent],
    ) -> Result<Bundles, Failure> {
        let (mut rest, mut bundles) = (Some(bundle), Bundles::new());
        while let Some(bundle) = rest {
            let mut out = KernelOutput::new(WANTED.to_vec(), usize::MAX);
            rest = self.0.run(bundle, &KernelContext { views }, &mut out)?;
            bundles.extend(out.take().0);
        }
        Ok(bundles)
    }

    pub(super) fn end(&mut self) -> Result<(), Failure> {
        self.0.end()
    }
}

/// Work with state from its setup to its teardown.
pub(super) struct WithState(pub(super) StatefulOperator);

impl WithState {
    pub(super) fn start(
        stateful: &Stateful,
        windowing: &WindowingStrategy,
    ) -> Result<Self, Failure> {
        let wanted = WANTED.to_vec();
        StatefulOperator::start(stateful, windowing, wanted, usize::MAX).map(WithState)
    }

    /// Runs elements as one bundle.
    pub(super) fn run(&mut self, bundle: AnyBundle, bundles: &mut Bundles) -> Result<(), Failure> {
        self.0.process(bundle, &mut |port, bundle| bundles.push((port, bundle)))
    }

    /// Calls the DoFn for all that is due at these times.
    pub(super) fn advance(
        &mut self,
        watermark: Timestamp,
        now: Timestamp,
        bundles: &mut Bundles,
    ) -> Result<(), Failure> {
        self.0.advance(watermark, now);
        while !self.0.fire(&mut |port, bundle| bundles.push((port, bundle)))? {}
        Ok(())
    }
}
