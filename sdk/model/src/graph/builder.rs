//! Records transforms as an author applies them, and notes what is wrong instead of failing.

use std::{collections::HashMap, thread::ThreadId};

use super::{
    Boundedness, Collection, CollectionId, Graph, Node, NodeId, Primitive, Scope, ScopeId,
    naming::{Draft, name_all},
};
use crate::{BuildError, BuildErrors, ElementType, Location, WindowingStrategy};

/// What an error or a name is about: a step or a composite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A primitive step.
    Node(NodeId),
    /// A composite.
    Scope(ScopeId),
}

struct NodeDraft {
    draft: Draft,
    primitive: Primitive,
    inputs: Vec<CollectionId>,
    side_inputs: Vec<CollectionId>,
    outputs: Vec<CollectionId>,
}

struct Problem {
    subject: Subject,
    problem: String,
    mend: String,
}

/// A graph that grows. Nothing here fails: [`build`](GraphBuilder::build) reports all at once.
#[derive(Default)]
pub struct GraphBuilder {
    nodes: Vec<NodeDraft>,
    scopes: Vec<Draft>,
    collections: Vec<Collection>,
    problems: Vec<Problem>,
    /// The composites being expanded, innermost last; by thread, since pipelines are shared.
    expanding: HashMap<ThreadId, Vec<ScopeId>>,
}

impl GraphBuilder {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens a composite: what this thread adds until [`leave_scope`](Self::leave_scope) stands in it.
    pub fn enter_scope(&mut self, base: impl Into<String>, location: Location) -> ScopeId {
        let id = ScopeId(self.scopes.len());
        self.scopes.push(Draft::new(base.into(), self.current_scope(), location));
        self.expanding.entry(std::thread::current().id()).or_default().push(id);
        id
    }

    /// Closes the innermost composite that this thread has open.
    pub fn leave_scope(&mut self) {
        let thread = std::thread::current().id();
        if let Some(open) = self.expanding.get_mut(&thread) {
            open.pop();
            if open.is_empty() {
                self.expanding.remove(&thread);
            }
        }
    }

    /// The innermost composite that this thread has open.
    pub fn current_scope(&self) -> Option<ScopeId> {
        self.expanding.get(&std::thread::current().id()).and_then(|open| open.last().copied())
    }

    /// Adds a step; its automatic name is `base`, with an ordinal if the scope has several.
    pub fn add_node(
        &mut self,
        base: impl Into<String>,
        location: Location,
        primitive: Primitive,
        inputs: Vec<CollectionId>,
    ) -> NodeId {
        let id = NodeId(self.nodes.len());
        let draft = Draft::new(base.into(), self.current_scope(), location);
        let (side_inputs, outputs) = (Vec::new(), Vec::new());
        self.nodes.push(NodeDraft { draft, primitive, inputs, side_inputs, outputs });
        id
    }

    /// Lets a step read a view, which the step `view` makes.
    pub fn add_side_input(&mut self, node: NodeId, view: CollectionId) {
        self.nodes[node.0].side_inputs.push(view);
    }

    /// Adds the next output of a step.
    pub fn add_output(
        &mut self,
        producer: NodeId,
        element: ElementType,
        windowing: WindowingStrategy,
        boundedness: Boundedness,
    ) -> CollectionId {
        let id = CollectionId(self.collections.len());
        let port = self.nodes[producer.0].outputs.len();
        let may_retract =
            self.nodes[producer.0].inputs.iter().any(|input| self.collections[input.0].may_retract);
        self.collections.push(Collection {
            producer,
            port,
            element,
            windowing,
            boundedness,
            may_retract,
        });
        self.nodes[producer.0].outputs.push(id);
        id
    }

    /// The step that was added last.
    pub fn last_node(&self) -> Option<NodeId> {
        self.nodes.len().checked_sub(1).map(NodeId)
    }

    /// The collection with this id.
    pub fn collection(&self, id: CollectionId) -> &Collection {
        &self.collections[id.0]
    }

    /// What an author means by "the step that made this": the outermost composite around `node` that
    /// was applied where this thread now stands, or the node itself.
    pub fn step_of(&self, node: NodeId) -> Subject {
        let here = self.current_scope();
        let mut subject = Subject::Node(node);
        let mut around = self.nodes[node.0].draft.scope;
        while around != here {
            let Some(scope) = around else { break };
            subject = Subject::Scope(scope);
            around = self.scopes[scope.0].scope;
        }
        subject
    }

    /// Gives a step or composite a name of the author's.
    pub fn rename(&mut self, subject: Subject, name: impl Into<String>) {
        let name = name.into();
        if name.is_empty() || name.contains(|c: char| c == '/' || c.is_control()) {
            self.problem(
                subject,
                format!("{name:?} cannot be a step's name"),
                "give a name that is not empty and has no '/', which separates scopes, and no line end",
            );
            return;
        }
        match subject {
            Subject::Node(id) => self.nodes[id.0].draft.explicit = Some(name),
            Subject::Scope(id) => self.scopes[id.0].explicit = Some(name),
        }
    }

    /// Notes that something is wrong with a step, and how to mend it.
    pub fn problem(
        &mut self,
        subject: Subject,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let (problem, mend) = (problem.into(), mend.into());
        self.problems.push(Problem { subject, problem, mend });
    }

    fn draft(&self, subject: Subject) -> &Draft {
        match subject {
            Subject::Node(id) => &self.nodes[id.0].draft,
            Subject::Scope(id) => &self.scopes[id.0],
        }
    }

    /// Names everything, checks everything, and fixes the graph.
    ///
    /// # Errors
    /// All that is wrong with the pipeline, in the order in which it was written.
    pub fn build(&self) -> Result<Graph, BuildErrors> {
        let node_drafts: Vec<&Draft> = self.nodes.iter().map(|node| &node.draft).collect();
        let names = name_all(&node_drafts, &self.scopes);
        let name_of = |subject: Subject| match subject {
            Subject::Node(id) => names.nodes[id.0].clone(),
            Subject::Scope(id) => names.scopes[id.0].clone(),
        };

        let noted = self.problems.iter().map(|noted| BuildError {
            transform: name_of(noted.subject),
            location: self.draft(noted.subject).location,
            problem: noted.problem.clone(),
            mend: noted.mend.clone(),
        });
        let doubled = names.doubled.iter().map(|(subject, first)| BuildError {
            transform: name_of(*subject),
            location: self.draft(*subject).location,
            problem: format!("another step has this name too (applied at {first})"),
            mend: "give one of them another name with .named(..): state and metrics are addressed by it"
                .into(),
        });
        let without_an_end = self.without_an_end().map(|last| BuildError {
            transform: name_of(last),
            location: self.draft(last).location,
            problem: "the pipeline writes nothing and observes nothing, so running it has no effect"
                .into(),
            mend: "end it in a sink, .apply(text::write(..)) say, in .for_each(..), or in an assertion"
                .into(),
        });
        let errors: Vec<BuildError> = noted.chain(doubled).chain(without_an_end).collect();
        if !errors.is_empty() {
            return Err(BuildErrors(errors));
        }

        let nodes = std::iter::zip(&self.nodes, names.nodes).map(|(node, name)| Node {
            name,
            scope: node.draft.scope,
            location: node.draft.location,
            primitive: node.primitive.clone(),
            inputs: node.inputs.clone(),
            side_inputs: node.side_inputs.clone(),
            outputs: node.outputs.clone(),
        });
        let scopes = std::iter::zip(&self.scopes, names.scopes)
            .map(|(scope, name)| Scope { name, parent: scope.scope });
        Ok(Graph {
            nodes: nodes.collect(),
            collections: self.collections.clone(),
            scopes: scopes.collect(),
        })
    }

    /// A pipeline that only computes is a mistake; one without any step is not. Returns what the author
    /// applied last: the outermost composite, not what it is made of.
    fn without_an_end(&self) -> Option<Subject> {
        let has_an_end = self.nodes.iter().any(|node| match &node.primitive {
            Primitive::Write(_) => true,
            Primitive::ParDo(par_do) => par_do.is_observer,
            Primitive::Stateful(stateful) => stateful.is_observer,
            Primitive::Splittable(splittable) => splittable.is_observer,
            _ => false,
        });
        let last = self.nodes.len().checked_sub(1).filter(|_| !has_an_end)?;
        let mut subject = Subject::Node(NodeId(last));
        while let Some(scope) = self.draft(subject).scope {
            subject = Subject::Scope(scope);
        }
        Some(subject)
    }
}
