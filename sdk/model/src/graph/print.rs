//! A graph for people: as text, as DOT, as Mermaid.

use std::fmt::{self, Write as _};

use super::{Boundedness, Graph, Node, NodeId, Primitive, ScopeId};

/// The forms in which a graph prints itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GraphFormat {
    /// Indented text, a line a step.
    Text,
    /// Graphviz.
    Dot,
    /// Mermaid, which code hosts draw.
    Mermaid,
}

impl Graph {
    /// The graph in the given form.
    pub fn print(&self, format: GraphFormat) -> String {
        let mut out = String::new();
        // Writing into a String cannot fail.
        let _ = match format {
            GraphFormat::Text => self.print_text(&mut out),
            GraphFormat::Dot => self.print_dot(&mut out),
            GraphFormat::Mermaid => self.print_mermaid(&mut out),
        };
        out
    }

    fn depth(&self, scope: Option<ScopeId>) -> usize {
        scope.map_or(0, |id| 1 + self.depth(self.scopes[id.0].parent))
    }

    /// The composites around a step, outermost first.
    fn path(&self, scope: Option<ScopeId>) -> Vec<ScopeId> {
        let mut path = scope.map_or(Vec::new(), |id| self.path(self.scopes[id.0].parent));
        path.extend(scope);
        path
    }

    fn print_text(&self, out: &mut String) -> fmt::Result {
        let mut open: Vec<ScopeId> = Vec::new();
        for node in &self.nodes {
            let path = self.path(node.scope);
            let shared = std::iter::zip(&open, &path).take_while(|(a, b)| a == b).count();
            for scope in &path[shared..] {
                let indent = 2 * self.depth(self.scopes[scope.0].parent);
                let name = own_name(&self.scopes[scope.0].name);
                writeln!(out, "{:indent$}{name}", "")?;
            }
            open = path;
            let indent = 2 * self.depth(node.scope);
            write!(out, "{:indent$}{}: {}", "", own_name(&node.name), describe(&node.primitive))?;
            if !node.inputs.is_empty() {
                let from: Vec<_> =
                    node.inputs.iter().map(|input| self.producer_name(*input)).collect();
                write!(out, " ← {}", from.join(", "))?;
            }
            for output in &node.outputs {
                let collection = self.collection(*output);
                write!(out, " → {} [{:?}", collection.element, collection.windowing)?;
                if collection.boundedness == Boundedness::Unbounded {
                    out.write_str(", unbounded")?;
                }
                if collection.may_retract {
                    out.write_str(", retracting")?;
                }
                out.write_char(']')?;
            }
            out.write_char('\n')?;
        }
        Ok(())
    }

    fn producer_name(&self, id: super::CollectionId) -> String {
        let collection = self.collection(id);
        let node = self.node(collection.producer);
        match node.outputs.len() {
            1 => node.name.clone(),
            _ => format!("{}.{}", node.name, collection.port),
        }
    }

    fn edges(&self) -> impl Iterator<Item = (NodeId, NodeId, String)> + '_ {
        self.nodes.iter().enumerate().flat_map(move |(reader, node)| {
            node.inputs.iter().map(move |input| {
                let collection = self.collection(*input);
                (collection.producer, NodeId(reader), collection.element.name())
            })
        })
    }

    fn print_dot(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "digraph pipeline {{\n  rankdir=TB; node [shape=box, style=rounded];")?;
        self.print_scope(
            out,
            None,
            1,
            &|out, indent, scope| {
                let name = dot_quote(own_name(&self.scopes[scope.0].name));
                writeln!(out, "{:indent$}subgraph cluster_{} {{ label={name};", "", scope.0)
            },
            &|out, indent, id, node| {
                let label =
                    dot_quote(&format!("{}\n{}", own_name(&node.name), describe(&node.primitive)));
                writeln!(out, "{:indent$}n{id} [label={label}];", "")
            },
            "}",
        )?;
        for (from, to, label) in self.edges() {
            writeln!(out, "  n{} -> n{} [label={}];", from.0, to.0, dot_quote(&label))?;
        }
        out.write_str("}\n")
    }

    fn print_mermaid(&self, out: &mut String) -> fmt::Result {
        out.write_str("flowchart TD\n")?;
        self.print_scope(
            out,
            None,
            1,
            &|out, indent, scope| {
                let name = mermaid_quote(own_name(&self.scopes[scope.0].name));
                writeln!(out, "{:indent$}subgraph s{}[{name}]", "", scope.0)
            },
            &|out, indent, id, node| {
                let text = format!(
                    "{}<br/>{}",
                    mermaid_text(own_name(&node.name)),
                    mermaid_text(&describe(&node.primitive))
                );
                writeln!(out, "{:indent$}n{id}[\"{text}\"]", "")
            },
            "end",
        )?;
        for (from, to, label) in self.edges() {
            writeln!(out, "  n{} -->|{}| n{}", from.0, mermaid_quote(&label), to.0)?;
        }
        Ok(())
    }

    /// Walks the scopes as nested blocks: `open` begins one, `close` ends it, `leaf` prints a step.
    fn print_scope(
        &self,
        out: &mut String,
        scope: Option<ScopeId>,
        depth: usize,
        open: &dyn Fn(&mut String, usize, ScopeId) -> fmt::Result,
        leaf: &dyn Fn(&mut String, usize, usize, &Node) -> fmt::Result,
        close: &str,
    ) -> fmt::Result {
        let indent = 2 * depth;
        for (id, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.scope == scope) {
            leaf(out, indent, id, node)?;
        }
        for (id, inner) in self.scopes.iter().enumerate() {
            // A composite may return its input unchanged and so hold no step.
            let holds_a_step =
                || self.nodes.iter().any(|n| self.path(n.scope).contains(&ScopeId(id)));
            if inner.parent == scope && holds_a_step() {
                open(out, indent, ScopeId(id))?;
                self.print_scope(out, Some(ScopeId(id)), depth + 1, open, leaf, close)?;
                writeln!(out, "{:indent$}{close}", "")?;
            }
        }
        Ok(())
    }
}

fn own_name(full: &str) -> &str {
    full.rsplit('/').next().unwrap_or(full)
}

fn describe(primitive: &Primitive) -> String {
    match primitive {
        Primitive::Read(read) => format!("{read:?}"),
        Primitive::Write(write) => format!("{write:?}"),
        Primitive::GroupByKey(group) => format!("GroupByKey {group:?}"),
        Primitive::CombinePerKey(combine) => format!("CombinePerKey {combine:?}"),
        other => other.kind().to_owned(),
    }
}

fn dot_quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn mermaid_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

fn mermaid_quote(text: &str) -> String {
    format!("\"{}\"", mermaid_text(text))
}
