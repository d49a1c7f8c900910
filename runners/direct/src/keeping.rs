//! Steps that keep something between bundles: stateful ones, and those that read views.

use watershed_model::{AnyBundle, KernelContext, KernelOutput, Node, Timestamp};
use watershed_runner_core::{Checks, Failure, guard, has_drained, marked};

use crate::{execution::Execution, step::Work};

impl Execution<'_> {
    /// A step that waits for the end of an event takes a bundle in.
    pub(crate) fn handle(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        match self.steps[id].work {
            Work::Stateful(_) => self.remember(id, bundle),
            Work::Reader(..) => self.look(id, Some(bundle)),
            _ => self.group(id, bundle),
        }
    }

    /// How far the views have come that a step reads.
    pub(crate) fn view_watermarks(&self, node: &Node) -> Vec<Timestamp> {
        let side_inputs = node.side_inputs.iter();
        let producers = side_inputs.map(|view| self.graph.collection(*view).producer.0);
        producers.map(|view| self.steps[view].output_watermark).collect()
    }

    /// A step that reads views takes a bundle in, or sees what need not wait any more.
    pub(crate) fn look(&mut self, id: usize, bundle: Option<AnyBundle>) -> Result<(), Failure> {
        let replace = self.chance.chance(8);
        let watermarks = self.view_watermarks(self.steps[id].node);
        let step = &mut self.steps[id];
        let wanted = step.wanted();
        let Work::Reader(instance, reader) = &mut step.work else {
            unreachable!("the caller looked")
        };
        let views = &self.views;
        let ready = guard(|| {
            let mut ready = reader.release(views, &watermarks)?;
            if let Some(bundle) = bundle {
                ready.extend(reader.take(bundle, views, &watermarks)?);
            }
            Ok(ready)
        })?;
        if replace && !ready.is_empty() {
            instance.replace()?;
        }
        let mut out = KernelOutput::new(wanted, self.options.bundle_elements.max(1));
        for (part, contents) in ready {
            let mut rest = Some(part);
            while let Some(bundle) = rest {
                rest = instance.run(bundle, &KernelContext { views: &contents }, &mut out)?;
            }
        }
        let (bundles, drops) = out.take();
        step.report.drops.merge(&drops);
        bundles.into_iter().try_for_each(|(port, bundle)| self.send(id, port, bundle))
    }

    /// A stateful step takes a bundle in.
    fn remember(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        let replace = self.chance.chance(8);
        let drained = self.drained && has_drained(&bundle);
        let step = &mut self.steps[id];
        let (Work::Stateful(operator), Some(key)) = (&mut step.work, step.node.primitive.key())
        else {
            unreachable!("the caller looked")
        };
        if self.options.checks == Checks::Full {
            guard(|| key.check(&bundle))?;
        }
        if replace {
            operator.replace()?;
        }
        operator.advance(Timestamp::MIN, self.now);
        let mut out = Vec::new();
        operator.process(bundle, &mut |port, bundle| out.push((port, marked(bundle, drained))))?;
        step.report.drops.merge(&operator.take_drops());
        out.into_iter().try_for_each(|(port, bundle)| self.send(id, port, bundle))
    }
}
