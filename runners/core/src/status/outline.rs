//! A graph without what runs: names and edges, to be kept and sent.

use serde::{Deserialize, Serialize};
use watershed_model::{Boundedness, Graph};

/// The steps of a graph, and what each reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The steps; each stands behind those it reads from.
    pub steps: Vec<StepOutline>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOutline {
    /// The step's full name.
    pub name: String,
    /// The primitive: `Read`, `ParDo`, …
    pub kind: String,
    /// Where the author applied it.
    pub location: String,
    /// The steps that it reads from, by place, in the order of its inputs.
    pub inputs: Vec<usize>,
    /// How many outputs it has.
    pub outputs: usize,
    /// Whether it keeps something for each key and window.
    pub is_grouping: bool,
    /// How its input is windowed, or its output if it has no input.
    pub windowing: String,
    /// Whether what it gives may never end.
    pub is_endless: bool,
}

impl Outline {
    /// The outline of a graph.
    pub fn of(graph: &Graph) -> Self {
        let steps = graph.nodes().iter().map(|node| {
            let collections = || node.inputs.iter().chain(&node.outputs);
            let windowing = collections().next().map(|id| &graph.collection(*id).windowing);
            StepOutline {
                name: node.name.clone(),
                kind: node.primitive.kind().to_owned(),
                location: node.location.to_string(),
                inputs: node.inputs.iter().map(|id| graph.collection(*id).producer.0).collect(),
                outputs: node.outputs.len(),
                is_grouping: node.primitive.key().is_some(),
                windowing: windowing.map_or_else(String::new, |windowing| format!("{windowing:?}")),
                is_endless: collections()
                    .any(|id| graph.collection(*id).boundedness == Boundedness::Unbounded),
            }
        });
        Outline { steps: steps.collect() }
    }
}
