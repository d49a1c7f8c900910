//! A plan for people: its stages as written, and unrolled over the workers.

use std::fmt::{self, Write as _};

use watershed_model::{CollectionId, Graph, NodeId};

use super::build::{Plan, Route, Stage, StageId, Target};

impl Plan {
    /// The plan as text: its stages, and behind them instances and routes for so many workers.
    pub fn print_text(&self, graph: &Graph, workers: usize) -> String {
        let mut out = String::new();
        // Writing into a String cannot fail.
        let _ = self.write_text(graph, workers, &mut out);
        out
    }

    /// The plan as a Mermaid flowchart, every stage a box a worker.
    pub fn print_mermaid(&self, graph: &Graph, workers: usize) -> String {
        let mut out = String::new();
        let _ = self.write_mermaid(graph, workers, &mut out);
        out
    }

    fn write_text(&self, graph: &Graph, workers: usize, out: &mut String) -> fmt::Result {
        for (place, stage) in self.stages.iter().enumerate() {
            let head = graph.node(stage.head);
            writeln!(out, "stage {place}: {} ({})", head.name, head.primitive.kind())?;
            for output in &head.outputs {
                self.write_targets(graph, stage, *output, 1, out)?;
            }
        }
        writeln!(out, "\non {workers} worker{}:", if workers == 1 { "" } else { "s" })?;
        for (place, stage) in self.stages.iter().enumerate() {
            let steps = 1 + stage.steps.len();
            writeln!(
                out,
                "  stage {place} × {workers}: {steps} step{}",
                if steps == 1 { "" } else { "s" }
            )?;
            for (_, exchange) in self.outputs(StageId(place)) {
                let route = describe(exchange.route, workers);
                writeln!(out, "    → stage {}, {route}", exchange.to.0)?;
            }
        }
        Ok(())
    }

    fn write_targets(
        &self,
        graph: &Graph,
        stage: &Stage,
        collection: CollectionId,
        depth: usize,
        out: &mut String,
    ) -> fmt::Result {
        let indent = 2 * depth;
        let Some((_, targets)) = stage.targets.iter().find(|(made, _)| *made == collection) else {
            return Ok(());
        };
        for target in targets {
            match target {
                Target::Step(step) => {
                    let node = graph.node(*step);
                    writeln!(out, "{:indent$}{} ({})", "", node.name, node.primitive.kind())?;
                    for output in &node.outputs {
                        self.write_targets(graph, stage, *output, depth + 1, out)?;
                    }
                }
                Target::Exchange(exchange) => {
                    let to = self.exchanges[exchange.0].to;
                    writeln!(out, "{:indent$}→ stage {}", "", to.0)?;
                }
                Target::Lift(node, exchange) => {
                    let to = self.exchanges[exchange.0].to;
                    writeln!(out, "{:indent$}lift {} → stage {}", "", name(graph, *node), to.0)?;
                }
            }
        }
        Ok(())
    }

    fn write_mermaid(&self, graph: &Graph, workers: usize, out: &mut String) -> fmt::Result {
        out.write_str("flowchart LR\n")?;
        for (place, stage) in self.stages.iter().enumerate() {
            let steps: Vec<&str> = std::iter::once(&stage.head)
                .chain(&stage.steps)
                .map(|step| name(graph, *step))
                .collect();
            let label = steps.join("<br/>").replace('"', "&quot;");
            writeln!(out, "  subgraph S{place}[\"stage {place}\"]")?;
            for worker in 0..workers {
                writeln!(out, "    s{place}w{worker}[\"{label}<br/>worker {worker}\"]")?;
            }
            out.write_str("  end\n")?;
        }
        for exchange in &self.exchanges {
            let (from, to) = (exchange.from.0, exchange.to.0);
            for sender in 0..workers {
                for receiver in 0..workers {
                    if exchange.route == Route::Local && sender != receiver {
                        continue;
                    }
                    writeln!(out, "  s{from}w{sender} --> s{to}w{receiver}")?;
                }
            }
        }
        Ok(())
    }
}

fn name(graph: &Graph, node: NodeId) -> &str {
    &graph.node(node).name
}

fn describe(route: Route, workers: usize) -> String {
    match route {
        Route::ByKey => format!("by key group, to {workers}"),
        Route::PartialsByKey => format!("folded first, by key group, to {workers}"),
        Route::Spread => format!("spread, to {workers}"),
        Route::Local => "on the same worker".to_owned(),
        Route::EachProcess => "to one worker of each process".to_owned(),
        Route::Progress => "as a view".to_owned(),
    }
}
