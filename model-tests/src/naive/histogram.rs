//! What was generated: how often each step, and how many programs have which form.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use watershed::{TimestampCombiner, model::Trigger};

use super::{Function, Op, Program, SideView, Stateful, Unary, Windowing};
use crate::oracle::Rules;

/// Counts over programs.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// How many programs were counted.
    pub programs: u64,
    /// How often each step occurs.
    pub steps: BTreeMap<&'static str, u64>,
    /// How many programs have each form.
    pub forms: BTreeMap<&'static str, u64>,
    /// How many go by each rule; batches go by none.
    pub rules: BTreeMap<&'static str, u64>,
}

impl Histogram {
    /// The counts over these programs.
    pub fn of(programs: impl IntoIterator<Item = Program>) -> Self {
        let mut histogram = Histogram::default();
        programs.into_iter().for_each(|program| histogram.add(&program));
        histogram
    }

    /// The counts over programs that run as streams by these rules.
    pub(crate) fn of_streams(streams: impl IntoIterator<Item = (Program, Rules)>) -> Self {
        let mut histogram = Histogram::default();
        for (program, rules) in streams {
            histogram.add(&program);
            for rule in names_of_rules(&rules) {
                *histogram.rules.entry(rule).or_default() += 1;
            }
        }
        histogram
    }

    fn add(&mut self, program: &Program) {
        self.programs += 1;
        for step in &program.steps {
            names(&step.op, &mut |name| *self.steps.entry(name).or_default() += 1);
        }
        forms(program).into_iter().for_each(|form| *self.forms.entry(form).or_default() += 1);
    }
}

fn names(op: &Op, count: &mut impl FnMut(&'static str)) {
    match op {
        Op::Create { .. } => count("create with times"),
        Op::CreateThenStamp { .. } => count("create, with_timestamps"),
        Op::Flatten => count("flatten"),
        Op::Partition { .. } => count("partition"),
        Op::MapWith(SideView::List) => count("map_with, list"),
        Op::MapWith(SideView::Multimap) => count("map_with, multimap"),
        Op::MapWith(SideView::Single) => count("map_with, single"),
        Op::Apply(unary) => unary_names(unary, count),
    }
}

fn unary_names(unary: &Unary, count: &mut impl FnMut(&'static str)) {
    count(match unary {
        Unary::Map(Function::Keyed { .. }) => "key_by",
        Unary::Map(_) => "map",
        Unary::MapValues(_) => "map_values",
        Unary::Keys => "keys",
        Unary::Values => "values",
        Unary::Filter { .. } => "filter",
        Unary::FlatMap => "flat_map",
        Unary::Window(Windowing::Global) => "window, global",
        Unary::Window(Windowing::Fixed { .. }) => "window, fixed",
        Unary::Window(Windowing::Sliding { .. }) => "window, sliding",
        Unary::Window(Windowing::Sessions { .. }) => "window, sessions",
        Unary::Delay { .. } => "par_do, later",
        Unary::OncePerWindow => "par_do, per window",
        Unary::Reshuffle => "reshuffle",
        Unary::Distinct => "distinct",
        Unary::CountPerElement => "count_per_element",
        Unary::GroupByKey => "group_by_key",
        Unary::CombinePerKey { fanout: None, .. } => "combine_per_key",
        Unary::CombinePerKey { fanout: Some(_), .. } => "combine_per_key, hot keys",
        Unary::TopPerKey { .. } => "combine_per_key, top",
        Unary::CombineGlobally { defaults: true, .. } => "combine_globally",
        Unary::CombineGlobally { defaults: false, .. } => "combine_globally, no defaults",
        Unary::Stateful(Stateful::Folding { .. }) => "stateful, until the window expires",
        Unary::Stateful(Stateful::Running) => "stateful, sorted by time",
        Unary::Stateful(Stateful::Timing { .. }) => "stateful, timers",
        Unary::Composite(_) => "composite",
    });
    if let Unary::Composite(steps) = unary {
        steps.iter().for_each(|step| unary_names(step, count));
    }
}

fn names_of_rules(rules: &Rules) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::from([
        if rules.is_accumulating() { "accumulating" } else { "discarding" },
        if rules.lateness.is_positive() { "late elements" } else { "nothing late" },
        match rules.timestamp_combiner {
            TimestampCombiner::EndOfWindow => "panes at the end of the window",
            TimestampCombiner::Earliest => "panes at the earliest",
            TimestampCombiner::Latest => "panes at the latest",
        },
    ]);
    names_of_triggers(&rules.trigger, &mut names);
    names
}

fn names_of_triggers(trigger: &Trigger, names: &mut BTreeSet<&'static str>) {
    let (name, inner): (_, Vec<&Trigger>) = match trigger {
        Trigger::Default => ("default", Vec::new()),
        Trigger::Never => ("never", Vec::new()),
        Trigger::AfterCount(_) => ("after_count", Vec::new()),
        Trigger::AfterProcessingTime { .. } | Trigger::AfterSynchronizedProcessingTime => {
            ("after_processing_time", Vec::new())
        }
        Trigger::AfterWatermark { early, late } => {
            ("after_watermark", [early, late].into_iter().flatten().map(|it| &**it).collect())
        }
        Trigger::Repeatedly(inner) => ("repeatedly", vec![&**inner]),
        Trigger::OrFinally(main, until) => ("or_finally", vec![&**main, &**until]),
        Trigger::AfterEach(all) => ("after_each", all.iter().collect()),
        Trigger::AfterAll(all) => ("after_all", all.iter().collect()),
        Trigger::AfterFirst(all) => ("after_first", all.iter().collect()),
    };
    names.insert(name);
    inner.into_iter().for_each(|trigger| names_of_triggers(trigger, names));
}

fn forms(program: &Program) -> BTreeSet<&'static str> {
    let mut forms = BTreeSet::new();
    let Some(kinds) = program.kinds() else { return forms };
    let mut readers = BTreeMap::new();
    for step in &program.steps {
        for input in &step.inputs {
            let times = readers.entry(*input).or_insert(0);
            *times += 1;
            if *times > 1 {
                forms.insert("a collection read twice");
            }
        }
        match &step.op {
            Op::Create { elements, .. } if elements.is_empty() => {
                forms.insert("an empty source");
            }
            Op::Flatten => {
                let distinct: BTreeSet<_> = step.inputs.iter().collect();
                if distinct.len() < step.inputs.len() {
                    forms.insert("a flatten with itself");
                }
                if has_a_common_ancestor(program, &distinct.into_iter().map(|i| i.step).collect()) {
                    forms.insert("a diamond");
                }
            }
            Op::MapWith(_)
                if kinds[step.inputs[0].step].windowing != kinds[step.inputs[1].step].windowing =>
            {
                forms.insert("a view of other windows");
            }
            Op::Apply(unary) => {
                if matches!(unary, Unary::Composite(_)) {
                    forms.insert("a composite");
                }
                let input = step.inputs[0].step;
                if unary.is_grouping() && kinds[input].merging() {
                    forms.insert("a grouping by sessions");
                }
                let before = &program.steps[input].op;
                if unary.is_grouping() && matches!(before, Op::Apply(it) if it.is_grouping()) {
                    forms.insert("two groupings in a row");
                }
            }
            _ => {}
        }
    }
    forms
}

fn has_a_common_ancestor(program: &Program, steps: &BTreeSet<usize>) -> bool {
    let mut seen = BTreeSet::new();
    steps.iter().any(|step| program.ancestors(*step).into_iter().any(|step| !seen.insert(step)))
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} programs", self.programs)?;
        let all = [("steps", &self.steps), ("programs with", &self.forms), ("rules", &self.rules)];
        for (title, counts) in all.into_iter().filter(|(_, counts)| !counts.is_empty()) {
            writeln!(f, "{title}")?;
            let most = counts.values().copied().max().unwrap_or(1);
            for (name, count) in counts {
                let bar = "#".repeat((count * 40).div_ceil(most) as usize);
                writeln!(f, "  {name:<32} {count:>6} {bar}")?;
            }
        }
        Ok(())
    }
}
