//! The pipeline as a graph of erased nodes, immutable once built.
//!
//! ```text
//!   GraphBuilder ──build()──▶ Graph ──▶ runners, printers
//!    (drafts,                 (names fixed,
//!     errors noted)            everything checked)
//! ```

mod builder;
mod naming;
mod node;
mod print;

use std::fmt;

pub use builder::{GraphBuilder, Subject};
pub use node::{
    CombinePerKey, DroppedFactory, DroppedFrom, GroupByKey, Grouping, ParDo, Primitive, Read,
    Splittable, Stateful, TestEvent, TestStream, View, Write,
};
pub use print::GraphFormat;

use crate::{ElementType, Location, WindowingStrategy};

/// A node's place in [`Graph::nodes`].
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct NodeId(pub usize);

/// A collection's place in [`Graph::collections`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionId(pub usize);

/// A scope's place in [`Graph::scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub usize);

/// Whether a collection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Boundedness {
    /// It has finitely many elements.
    Bounded,
    /// It may go on for ever.
    Unbounded,
}

/// One primitive step.
#[derive(Clone, Debug)]
pub struct Node {
    /// The full, unique, stable name: scopes and step joined by `/`.
    pub name: String,
    /// The composite it stands in, if any.
    pub scope: Option<ScopeId>,
    /// Where the author applied it.
    pub location: Location,
    /// What it does.
    pub primitive: Primitive,
    /// What it reads, in order.
    pub inputs: Vec<CollectionId>,
    /// The views that it reads beside them, by what their steps make.
    pub side_inputs: Vec<CollectionId>,
    /// What it makes, by output port.
    pub outputs: Vec<CollectionId>,
}

/// A composite transform: a scope of names.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The full name.
    pub name: String,
    /// The composite around it, if any.
    pub parent: Option<ScopeId>,
}

/// What flows along an edge.
#[derive(Clone, Debug)]
pub struct Collection {
    /// The node that makes it.
    pub producer: NodeId,
    /// Which of the node's outputs it is.
    pub port: usize,
    /// What its elements are.
    pub element: ElementType,
    /// How it is windowed.
    pub windowing: WindowingStrategy,
    /// Whether it ends.
    pub boundedness: Boundedness,
    /// Whether retractions may flow in it.
    pub may_retract: bool,
}

/// A pipeline, checked and named. Nodes stand in an order in which each follows what it reads.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) scopes: Vec<Scope>,
}

impl Graph {
    /// All steps; each stands behind those it reads from.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All collections.
    pub fn collections(&self) -> &[Collection] {
        &self.collections
    }

    /// All composites.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The step with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The collection with this id.
    pub fn collection(&self, id: CollectionId) -> &Collection {
        &self.collections[id.0]
    }

    /// Whether a source is read that may never end, so that the job ends only when it is told to. (A test
    /// stream ends.)
    pub fn reads_endlessly(&self) -> bool {
        self.nodes.iter().any(|node| match &node.primitive {
            Primitive::Read(read) => read.source.boundedness() == Boundedness::Unbounded,
            Primitive::Splittable(split) => split.boundedness == Boundedness::Unbounded,
            _ => false,
        })
    }

    /// Who reads a collection: each reader with the place among its inputs, twice if it reads twice.
    pub fn readers(&self, id: CollectionId) -> Vec<(NodeId, usize)> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .flat_map(|(n, node)| {
                let inputs = node.inputs.iter().enumerate();
                inputs.filter(|(_, input)| **input == id).map(move |(place, _)| (NodeId(n), place))
            })
            .collect()
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
