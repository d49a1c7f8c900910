//! How a tester gets at its step. It writes the step into a pipeline as an author would, and takes it out of
//! the graph; what runs it is what runners use. Whatever changes between kernels and runners, the testers
//! meet it here.

use watershed_core::Pipeline;
use watershed_model::{
    AnyBundle, BoxError, BuildErrors, CollectionId, Graph, KernelContext, KernelOutput, Node,
    NodeId, ParDo, Primitive, Timestamp, UserOptions, ViewContent,
};
use watershed_runner_core::{Failure, Instance, Sight, StatefulOperator, ViewStore};

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

/// What assigns the windows of a step's input, if a step before it does.
pub(super) fn assigning(graph: &Graph, node: &Node) -> Option<ParDo> {
    let input = graph.collection(*node.inputs.first()?);
    match &graph.node(input.producer).primitive {
        Primitive::AssignWindows(assign) => Some(assign.clone()),
        _ => None,
    }
}

/// Element-wise work from its setup to its teardown.
pub(super) struct ElementWise(Instance);

impl ElementWise {
    pub(super) fn start(par_do: &ParDo) -> Result<Self, Failure> {
        Instance::start(par_do.kernel.clone(), 0).map(ElementWise)
    }

    /// Runs elements as one bundle.
    pub(super) fn run(
        &mut self,
        bundle: AnyBundle,
        cx: &KernelContext<'_>,
    ) -> Result<Bundles, Failure> {
        let (mut rest, mut bundles) = (Some(bundle), Bundles::new());
        while let Some(bundle) = rest {
            let mut out = KernelOutput::new(WANTED.to_vec(), usize::MAX);
            rest = self.0.run(bundle, cx, &mut out)?;
            bundles.extend(out.take().0);
        }
        Ok(bundles)
    }

    pub(super) fn end(&mut self) -> Result<(), Failure> {
        self.0.end()
    }
}

/// Work with state from its setup to its teardown.
pub(super) struct WithState {
    pub(super) operator: StatefulOperator,
    views: ViewStore,
    /// Nothing that feeds a view runs, so none has come anywhere.
    view_watermarks: Vec<Timestamp>,
    /// Those that the step reads.
    reads: Vec<CollectionId>,
    options: UserOptions,
}

impl WithState {
    /// The step of the graph that was written last.
    pub(super) fn start(graph: &Graph, options: &UserOptions) -> Result<Self, Failure> {
        let id = NodeId(graph.nodes().len().saturating_sub(1));
        let mut operator = StatefulOperator::start(graph, id, 0, usize::MAX)?;
        operator.want_all();
        let views = ViewStore::new(graph, 1, usize::MAX);
        let reads = graph.node(id).side_inputs.clone();
        let view_watermarks = vec![Timestamp::MIN; reads.len()];
        Ok(WithState { operator, views, view_watermarks, reads, options: options.clone() })
    }

    /// What a view shows from now on.
    pub(super) fn show(&mut self, view: CollectionId, content: ViewContent) -> Result<(), Failure> {
        if !self.reads.contains(&view) {
            let problem = "the DoFn does not read this view: name it in `side_inputs`";
            return Err(Failure::Error(problem.into()));
        }
        self.views.show(view, content);
        Ok(())
    }

    /// Runs elements as one bundle.
    pub(super) fn run(&mut self, bundle: AnyBundle, bundles: &mut Bundles) -> Result<(), Failure> {
        let WithState { operator, views, view_watermarks, options, .. } = self;
        let sight = Sight { store: views, watermarks: view_watermarks, options };
        operator.process(bundle, &sight, &mut |port, bundle| bundles.push((port, bundle)))
    }

    /// Calls the DoFn for all that is due at these times.
    pub(super) fn advance(
        &mut self,
        watermark: Timestamp,
        now: Timestamp,
        bundles: &mut Bundles,
    ) -> Result<(), Failure> {
        let WithState { operator, views, view_watermarks, options, .. } = self;
        let sight = Sight { store: views, watermarks: view_watermarks, options };
        operator.advance(watermark, now);
        while !operator.fire(&sight, &mut |port, bundle| bundles.push((port, bundle)))? {}
        Ok(())
    }
}
