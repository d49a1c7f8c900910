//! The stages of a graph.

use watershed_model::{CollectionId, CombinePerKey, Graph, Node, NodeId, Primitive};

use super::PlanOptions;
use crate::is_simple;

/// A stage's place in [`Plan::stages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId(pub usize);

/// An exchange's place in [`Plan::exchanges`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub usize);

/// How bundles find a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// By the key group of each element.
    ByKey,
    /// By the key group, as partials that were folded before.
    PartialsByKey,
    /// Whole bundles in turn.
    Spread,
    /// To the next stage on the same worker.
    Local,
    /// To one worker of each process, which keeps a view for all of them.
    EachProcess,
    /// No elements: how far a view has come, over all workers.
    Progress,
}

/// Where a collection's bundles go inside its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To an element-wise step or a sink that runs in this stage.
    Step(NodeId),
    /// To another stage.
    Exchange(ExchangeId),
    /// Into the fold before an exchange.
    Lift(NodeId, ExchangeId),
}

/// What runs together on one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The step that the stage begins with.
    pub head: NodeId,
    /// The steps behind it, each after those that it reads from.
    pub steps: Vec<NodeId>,
    /// For each collection made or passed in this stage, where its bundles go.
    pub targets: Vec<(CollectionId, Vec<Target>)>,
}

/// Bundles that go from one stage to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The stage that sends.
    pub from: StageId,
    /// What is sent.
    pub collection: CollectionId,
    /// The stage that receives.
    pub to: StageId,
    /// How bundles find a worker.
    pub route: Route,
}

/// A graph in stages. Stages stand in an order in which each follows those that feed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The stages.
    pub stages: Vec<Stage>,
    /// What crosses between them.
    pub exchanges: Vec<Exchange>,
}

impl Plan {
    /// The plan of a graph.
    pub fn of(graph: &Graph, options: PlanOptions) -> Self {
        let heads: Vec<NodeId> = (0..graph.nodes().len())
            .map(NodeId)
            .filter(|id| is_head(graph.node(*id), options))
            .collect();
        let mut planner = Planner { graph, options, heads: &heads, exchanges: Vec::new() };
        let stages =
            heads.iter().enumerate().map(|(place, head)| planner.stage(StageId(place), *head));
        let stages = stages.collect();
        Plan { stages, exchanges: planner.exchanges }
    }

    /// The exchanges that a stage receives from.
    pub fn inputs(&self, stage: StageId) -> impl Iterator<Item = (ExchangeId, &Exchange)> {
        let exchanges = self.exchanges.iter().enumerate();
        exchanges.filter(move |(_, e)| e.to == stage).map(|(place, e)| (ExchangeId(place), e))
    }

    /// The exchanges that a stage sends to.
    pub fn outputs(&self, stage: StageId) -> impl Iterator<Item = (ExchangeId, &Exchange)> {
        let exchanges = self.exchanges.iter().enumerate();
        exchanges.filter(move |(_, e)| e.from == stage).map(|(place, e)| (ExchangeId(place), e))
    }
}

fn is_head(node: &Node, options: PlanOptions) -> bool {
    match &node.primitive {
        Primitive::Read(_)
        | Primitive::TestStream(_)
        | Primitive::Reshuffle
        | Primitive::Splittable(_)
        | Primitive::View(_) => true,
        // Who reads views may have to wait for them.
        Primitive::ParDo(_) if !node.side_inputs.is_empty() => true,
        Primitive::ParDo(_) | Primitive::AssignWindows(_) | Primitive::Write(_) => !options.fusion,
        other => other.key().is_some(),
    }
}

struct Planner<'g> {
    graph: &'g Graph,
    options: PlanOptions,
    heads: &'g [NodeId],
    exchanges: Vec<Exchange>,
}

impl Planner<'_> {
    fn stage(&mut self, id: StageId, head: NodeId) -> Stage {
        let mut stage = Stage { head, steps: Vec::new(), targets: Vec::new() };
        let mut made: Vec<CollectionId> = self.graph.node(head).outputs.clone();
        let mut next = 0;
        while next < made.len() {
            let collection = made[next];
            next += 1;
            let targets = self.targets(id, collection);
            for target in &targets {
                if let Target::Step(step) = target
                    && !stage.steps.contains(step)
                {
                    stage.steps.push(*step);
                    made.extend(&self.graph.node(*step).outputs);
                }
            }
            stage.targets.push((collection, targets));
        }
        stage.steps.sort_unstable();
        stage
    }

    /// Who gets a collection's bundles, once for each time it reads them; flattens are looked through.
    fn targets(&mut self, from: StageId, collection: CollectionId) -> Vec<Target> {
        let mut targets = Vec::new();
        for (reader, _) in self.graph.readers(collection) {
            let node = self.graph.node(reader);
            if matches!(node.primitive, Primitive::Flatten) {
                targets.extend(node.outputs.iter().flat_map(|output| self.targets(from, *output)));
            } else if let Some(to) = self.heads.iter().position(|head| *head == reader) {
                let route = self.route(&node.primitive, node.inputs[0]);
                let exchange = ExchangeId(self.exchanges.len());
                self.exchanges.push(Exchange { from, collection, to: StageId(to), route });
                targets.push(match route {
                    Route::PartialsByKey => Target::Lift(reader, exchange),
                    _ => Target::Exchange(exchange),
                });
            } else {
                targets.push(Target::Step(reader));
            }
        }
        for (to, head) in self.heads.iter().enumerate() {
            let side_inputs = &self.graph.node(*head).side_inputs;
            if side_inputs.contains(&collection) {
                let to = StageId(to);
                targets.push(Target::Exchange(ExchangeId(self.exchanges.len())));
                self.exchanges.push(Exchange { from, collection, to, route: Route::Progress });
            }
        }
        targets
    }

    fn route(&self, primitive: &Primitive, input: CollectionId) -> Route {
        // What is folded early may not fire early, and what is dropped before the exchange reaches no
        // reader of dropped elements.
        let is_liftable = |combine: &CombinePerKey| {
            combine.grouping.dropped.is_none() && is_simple(&self.graph.collection(input).windowing)
        };
        match primitive {
            Primitive::Reshuffle | Primitive::Splittable(_) => Route::Spread,
            Primitive::View(_) => Route::EachProcess,
            Primitive::CombinePerKey(combine) if self.options.lifts() && is_liftable(combine) => {
                Route::PartialsByKey
            }
            other if other.key().is_some() => Route::ByKey,
            _ => Route::Local,
        }
    }
}
