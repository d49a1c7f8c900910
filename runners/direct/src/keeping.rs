//! Steps that keep something between bundles: groupings, stateful steps, and those that read views.

use watershed_model::{AnyBundle, BoxError, KernelContext, KernelOutput, Node, Timestamp};
use watershed_runner_core::{Checks, Failure, Piece, Sight, guard, has_drained, marked};

use crate::{checks::KeyAgreement, execution::Execution, step::Work};

impl Execution<'_> {
    /// A step that waits for the end of an event takes a bundle in.
    pub(crate) fn handle(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        match self.steps[id].work {
            Work::Stateful(_) => self.remember(id, bundle),
            Work::Splittable(_) => self.take_in_hand(id, bundle),
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
        let options = &self.options.user_options;
        let sight = Sight { store: &self.views, watermarks: &watermarks, options };
        let step = &mut self.steps[id];
        let wanted = step.wanted();
        let Work::Reader(instance, reader) = &mut step.work else {
            unreachable!("the caller looked")
        };
        let ready = guard(|| {
            let mut ready = reader.release(&sight)?;
            if let Some(bundle) = bundle {
                ready.extend(reader.take(bundle, &sight)?);
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
                let cx = KernelContext { views: &contents, options };
                let ran = instance.run(bundle, &cx, &mut out);
                step.report.retries += instance.take_retries();
                rest = ran?;
            }
        }
        let (bundles, drops) = out.take();
        step.report.drops.merge(&drops);
        bundles.into_iter().try_for_each(|(port, bundle)| self.send(id, port, bundle))
    }

    /// A grouping takes a bundle in.
    fn group(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        let step = &mut self.steps[id];
        let (Work::Group { operator, agreement }, Some(grouping)) =
            (&mut step.work, step.node.primitive.grouping())
        else {
            unreachable!("only groupings group")
        };
        let keys = match self.options.checks {
            Checks::Full => KeyAgreement::bytes(&*grouping.key, &bundle).map_err(BoxError::from)?,
            Checks::Off => Vec::new(),
        };
        let (apart, element) = (self.chance.chance(8), self.chance.below(bundle.len()));
        // What a drain made makes panes of its own.
        let drained = self.drained && has_drained(&bundle);
        let mut out = Vec::new();
        let located = guard(|| {
            let mut emit = |port, bundle| out.push((port, marked(bundle, drained)));
            match apart {
                true => operator.process_apart(bundle, &mut emit),
                false => operator.process(bundle, &mut emit),
            }
        })?;
        agreement.check(&*grouping.key, located, keys)?;
        if self.chance.chance(8) {
            guard(|| operator.recode(element))?;
        }
        agreement.forget(operator.released());
        step.report.drops.merge(&operator.take_drops());
        out.into_iter().try_for_each(|(port, bundle)| self.send(id, port, bundle))
    }

    /// A splittable step takes a bundle in.
    fn take_in_hand(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        let watermarks = self.view_watermarks(self.steps[id].node);
        let options = &self.options.user_options;
        let sight = Sight { store: &self.views, watermarks: &watermarks, options };
        let Work::Splittable(operator) = &mut self.steps[id].work else {
            unreachable!("the caller looked")
        };
        operator.process(bundle, &sight)
    }

    /// A splittable step does a piece of its work, once its times have moved.
    pub(crate) fn split(&mut self, id: usize, watermark: Timestamp) -> Result<(), Failure> {
        let (has_ended, drains) = (self.script_has_ended(), self.job.is_draining());
        let cut = self.chance.chance(4).then(|| {
            let after = self.chance.below(self.options.bundle_elements);
            (after, self.chance.below(100) as f64 / 100.0)
        });
        let piece = Piece { is_whole: self.has_script(), wakes_all: has_ended, cut };
        let watermarks = self.view_watermarks(self.steps[id].node);
        let options = &self.options.user_options;
        let sight = Sight { store: &self.views, watermarks: &watermarks, options };
        let (now, drained) = (self.now, self.drained);
        let step = &mut self.steps[id];
        let Work::Splittable(operator) = &mut step.work else { unreachable!("the caller looked") };
        operator.advance(watermark, now);
        if drains && operator.truncate()? {
            self.drained = true;
        }
        let mut out = Vec::new();
        let is_over = operator.work(&sight, piece, &mut |port, bundle| {
            out.push((port, marked(bundle, drained)));
        })?;
        step.report.drops.merge(&operator.take_drops());
        if is_over {
            let hold = operator.hold().unwrap_or(Timestamp::MAX);
            step.output_watermark = step.output_watermark.max(step.input_watermark.min(hold));
            if step.output_watermark == Timestamp::MAX {
                operator.end()?;
                step.work = Work::Ended;
            }
        } else {
            // What it puts out now goes on first.
            self.settling -= 1;
        }
        out.into_iter().try_for_each(|(port, bundle)| self.send(id, port, bundle))
    }

    /// A stateful step takes a bundle in.
    fn remember(&mut self, id: usize, bundle: AnyBundle) -> Result<(), Failure> {
        let replace = self.chance.chance(8);
        let drained = self.drained && has_drained(&bundle);
        let watermarks = self.view_watermarks(self.steps[id].node);
        let options = &self.options.user_options;
        let sight = Sight { store: &self.views, watermarks: &watermarks, options };
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
        operator.process(bundle, &sight, &mut |port, bundle| {
            out.push((port, marked(bundle, drained)));
        })?;
        step.report.drops.merge(&operator.take_drops());
        out.into_iter().try_for_each(|(port, bundle)| self.send(id, port, bundle))
    }
}
