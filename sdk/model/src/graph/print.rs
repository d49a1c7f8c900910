//! A graph for people: as text, as DOT, as Mermaid.

use std::{
    collections::HashSet,
    fmt::{self, Write as _},
};

use crate::fault;

use super::{Boundedness, CollectionId, Graph, Node, NodeId, Primitive, ScopeId};

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
            for (depth, scope) in path.iter().enumerate().skip(shared) {
                writeln!(out, "{:1$}{2}", "", 2 * depth, own_name(&self.scopes[scope.0].name))?;
            }
            let name = own_name(&node.name);
            write!(out, "{:1$}{name}", "", 2 * path.len())?;
            let what = match &node.primitive {
                Primitive::ParDo(_) => "ParDo".to_owned(),
                other => describe(other, name),
            };
            if !what.is_empty() {
                write!(out, ": {what}")?;
            }
            open = path;
            if !node.inputs.is_empty() {
                let from: Vec<_> = node.inputs.iter().map(|input| self.source_of(*input)).collect();
                write!(out, " ← {}", from.join(", "))?;
            }
            if !node.outputs.is_empty() {
                let to: Vec<_> =
                    node.outputs.iter().map(|output| self.content_of(*output, " in ")).collect();
                write!(out, " → {}", to.join(", "))?;
            }
            out.write_char('\n')?;
        }
        Ok(())
    }

    /// Who makes a collection: the step's name, with the output's number if it has several.
    fn source_of(&self, id: CollectionId) -> String {
        let collection = self.collection(id);
        format!("{}{}", self.node(collection.producer).name, self.port_of(id))
    }

    fn port_of(&self, id: CollectionId) -> String {
        let collection = self.collection(id);
        match self.node(collection.producer).outputs.len() {
            1 => String::new(),
            _ => format!(".{}", collection.port),
        }
    }

    /// Whether a collection is windowed otherwise than what it was made from. Windows are told only
    /// where they change, since they go on from there.
    fn windows_begin_at(&self, id: CollectionId) -> bool {
        let collection = self.collection(id);
        match self.node(collection.producer).inputs.first() {
            Some(input) => {
                !collection.windowing.is_compatible_with(&self.collection(*input).windowing)
            }
            None => !collection.windowing.window_fn.is_global(),
        }
    }

    /// For each collection whether it has elements without event times: a source gave none, and no step
    /// since then could.
    fn are_untimed(&self) -> Vec<bool> {
        let mut untimed = vec![false; self.collections.len()];
        for node in &self.nodes {
            let is_untimed = match &node.primitive {
                Primitive::Read(read) => !read.source.has_event_times(),
                Primitive::ParDo(par_do) if par_do.gives_times => false,
                Primitive::ParDo(_)
                | Primitive::AssignWindows(_)
                | Primitive::Flatten
                | Primitive::Reshuffle => node.inputs.iter().any(|input| untimed[input.0]),
                _ => false,
            };
            node.outputs.iter().for_each(|output| untimed[output.0] = is_untimed);
        }
        untimed
    }

    /// Whether a step here puts elements without event times into windows.
    fn lets_untimed_fall_together(&self, id: CollectionId) -> bool {
        let collection = self.collection(id);
        let producer = &self.node(collection.producer).primitive;
        matches!(producer, Primitive::AssignWindows(_))
            && !collection.windowing.window_fn.is_global()
            && self.are_untimed()[id.0]
    }

    /// What a collection holds; of its other properties only those that are not the usual ones.
    fn content_of(&self, id: CollectionId, before_windows: &str) -> String {
        let collection = self.collection(id);
        let mut content = self.port_of(id);
        if !content.is_empty() {
            content.push(' ');
        }
        content.push_str(&collection.element.name());
        if self.windows_begin_at(id) {
            content.push_str(&format!("{before_windows}{:?}", collection.windowing));
        }
        if self.lets_untimed_fall_together(id) && !fault!("untimed-elements-are-not-told") {
            content.push_str(", where elements without event times all fall together");
        }
        if collection.boundedness == Boundedness::Unbounded {
            content.push_str(", unbounded");
        }
        if collection.may_retract {
            content.push_str(", retracting");
        }
        content
    }

    fn edges(&self) -> impl Iterator<Item = (NodeId, NodeId, String)> + '_ {
        self.nodes.iter().enumerate().flat_map(move |(reader, node)| {
            node.inputs.iter().map(move |input| {
                (self.collection(*input).producer, NodeId(reader), self.content_of(*input, "\n"))
            })
        })
    }

    fn print_dot(&self, out: &mut String) -> fmt::Result {
        out.write_str("digraph pipeline {\n  node [shape=box, style=rounded];\n")?;
        self.print_scope(
            out,
            &mut Vec::new(),
            &|out, indent, scope| {
                let name = dot_quote(own_name(&self.scopes[scope.0].name));
                writeln!(out, "{:indent$}subgraph cluster_{} {{ label={name};", "", scope.0)
            },
            &|out, indent, id, node| {
                let label = dot_quote(&label(node));
                let shape = if is_at_the_border(node) { ", shape=ellipse" } else { "" };
                writeln!(out, "{:indent$}n{id} [label={label}{shape}];", "")
            },
            "}",
        )?;
        for (from, to, content) in self.edges() {
            writeln!(out, "  n{} -> n{} [label={}];", from.0, to.0, dot_quote(&content))?;
        }
        out.write_str("}\n")
    }

    fn print_mermaid(&self, out: &mut String) -> fmt::Result {
        out.write_str("flowchart TD\n")?;
        self.print_scope(
            out,
            &mut Vec::new(),
            &|out, indent, scope| {
                let name = mermaid_quote(own_name(&self.scopes[scope.0].name));
                writeln!(out, "{:indent$}subgraph s{}[{name}]", "", scope.0)
            },
            &|out, indent, id, node| {
                let label = mermaid_quote(&label(node));
                let (open, close) = if is_at_the_border(node) { ("([", "])") } else { ("[", "]") };
                writeln!(out, "{:indent$}n{id}{open}{label}{close}", "")
            },
            "end",
        )?;
        for (from, to, content) in self.edges() {
            writeln!(out, "  n{} -->|{}| n{}", from.0, mermaid_quote(&content), to.0)?;
        }
        Ok(())
    }

    /// Prints what stands in the composite at the end of `path`, in the order of the steps, inner
    /// composites as nested blocks: `open` begins one, `close` ends it, `leaf` prints a step.
    fn print_scope(
        &self,
        out: &mut String,
        path: &mut Vec<ScopeId>,
        open: &dyn Fn(&mut String, usize, ScopeId) -> fmt::Result,
        leaf: &dyn Fn(&mut String, usize, usize, &Node) -> fmt::Result,
        close: &str,
    ) -> fmt::Result {
        let (depth, indent) = (path.len(), 2 * path.len() + 2);
        let mut printed = HashSet::new();
        for (id, node) in self.nodes.iter().enumerate() {
            let around = self.path(node.scope);
            if !around.starts_with(path) {
                continue;
            }
            match around.get(depth) {
                None => leaf(out, indent, id, node)?,
                Some(inner) if printed.insert(*inner) => {
                    open(out, indent, *inner)?;
                    path.push(*inner);
                    self.print_scope(out, path, open, leaf, close)?;
                    path.pop();
                    writeln!(out, "{:indent$}{close}", "")?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

fn own_name(full: &str) -> &str {
    full.rsplit('/').next().unwrap_or(full)
}

/// Whether elements enter or leave the pipeline there.
fn is_at_the_border(node: &Node) -> bool {
    matches!(node.primitive, Primitive::Read(_) | Primitive::Write(_))
}

/// A step in a drawing: its name, and below that what it does, unless the name says it.
fn label(node: &Node) -> String {
    let name = own_name(&node.name);
    match describe(&node.primitive, name) {
        what if what.is_empty() => name.to_owned(),
        what => format!("{name}\n{what}"),
    }
}

/// What a step does, beyond what its name says.
fn describe(primitive: &Primitive, name: &str) -> String {
    let details = match primitive {
        Primitive::Read(read) => return format!("{read:?}"),
        Primitive::Write(write) => return format!("{write:?}"),
        // The commonest step is told by having nothing else to tell.
        Primitive::ParDo(_) => return String::new(),
        Primitive::GroupByKey(group) => format!("{group:?}"),
        Primitive::CombinePerKey(combine) => format!("{combine:?}"),
        Primitive::Stateful(stateful) => format!("{stateful:?}"),
        Primitive::Splittable(splittable) => format!("{splittable:?}"),
        Primitive::View(view) => format!("{view:?}"),
        Primitive::TestStream(stream) => format!("{stream:?}"),
        Primitive::AssignWindows(_) | Primitive::Flatten | Primitive::Reshuffle => String::new(),
    };
    let kind = match primitive {
        Primitive::AssignWindows(_) => "Window",
        other => other.kind(),
    };
    let says_it = name.strip_prefix(kind).is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()));
    match (says_it, details.is_empty()) {
        (true, _) => details,
        (false, true) => kind.to_owned(),
        (false, false) => format!("{kind} {details}"),
    }
}

fn dot_quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Mermaid's own entities, which work in every renderer, `#quot;` and the like.
fn mermaid_quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("<br/>"),
            '"' => quoted.push_str("#quot;"),
            '<' => quoted.push_str("#lt;"),
            '>' => quoted.push_str("#gt;"),
            '&' => quoted.push_str("#amp;"),
            '#' => quoted.push_str("#35;"),
            '`' => quoted.push_str("#96;"),
            '\\' => quoted.push_str("#92;"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
