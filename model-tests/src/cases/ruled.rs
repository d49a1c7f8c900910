//! Random programs as streams under random rules: pane by pane what the definitions say.

use fastrand::Rng;
use watershed::{FiringBehavior, TimestampCombiner, model::AccumulationMode, prelude::*};

use super::agreeing::{by_definition, cut, gives};
use crate::{
    Bench, LineName,
    case::PLANS,
    naive::{Feed, From, Histogram, Op, Program, Unary, Windowing, generate},
    oracle::{self, Rules, some_trigger},
};

crate::cases! {
    random_streams_give_what_the_definitions_say: "EQ-01", "EQ-03", "TR-07", "TR-09", "WM-03";
    the_cut_does_not_show_under_a_test_stream: "EQ-04", "TR-12";
}

/// How many random programs a line runs as streams under random rules.
fn streams_of(line: LineName) -> u64 {
    match (line.runner, line.processes) {
        ("direct", _) => 2_000,
        (_, 1) => 300,
        _ => 25,
    }
}

/// What the random programs consist of that a line runs as streams under random rules.
pub fn histogram(line: LineName) -> Histogram {
    Histogram::of_streams(
        (0..streams_of(line)).map(ruled).filter_map(|(program, feed)| Some((program, feed.rules?))),
    )
}

/// When and how groups go out, at random. What many groupings in a row accumulate would grow without
/// bound. Who comes too late to a view may find its window there, or forgotten; so where one is looked at
/// nothing comes too late but to the view itself, which takes in nothing late.
fn some_rules(random: &mut Rng, program: &Program) -> Rules {
    let groups = |op: &Op| matches!(op, Op::Apply(unary) if unary.is_grouping());
    let groupings = program.steps.iter().filter(|step| groups(&step.op)).count();
    Rules {
        lateness: match program.has_looks() {
            true => hours(1),
            false => seconds(random.i64(-3..16).max(0)),
        },
        timestamp_combiner: match random.u32(0..4) {
            0 => TimestampCombiner::Earliest,
            1 => TimestampCombiner::Latest,
            _ => TimestampCombiner::EndOfWindow,
        },
        mode: match groupings <= 2 && random.bool() {
            true => AccumulationMode::Accumulating,
            false => AccumulationMode::Discarding,
        },
        on_time: some_behavior(random),
        closing: some_behavior(random),
        ..Rules::new(oracle::Windowing::Global, some_trigger(random, 3))
    }
}

fn some_behavior(random: &mut Rng) -> FiringBehavior {
    if random.bool() { FiringBehavior::FireAlways } else { FiringBehavior::FireIfNonEmpty }
}

/// The same without what no trigger can be told of: fan-outs, since which part of a spread key an
/// element goes to shows in when it fires; and what is refused.
fn narrowed(program: Program) -> Program {
    let mut narrowed = accepted(program);
    narrowed.change_each(&mut |unary| {
        if let Unary::CombinePerKey { fanout, .. } = unary {
            *fanout = None;
        }
    });
    narrowed
}

/// The same without what is refused where panes come early or late: distinct values of sessions.
pub(super) fn accepted(program: Program) -> Program {
    let (mut has_sessions, mut without) = (false, program.clone());
    without.change_each(&mut |unary| {
        has_sessions |= matches!(unary, Unary::Window(Windowing::Sessions { .. }));
    });
    if !has_sessions {
        return program;
    }
    without.change_each(&mut |unary| {
        if *unary == Unary::Distinct {
            *unary = Unary::Reshuffle;
        }
    });
    if without.kinds().is_some() {
        return without;
    }
    // Sessions that have merged were flattened with their like.
    let mut without = program;
    without.change_each(&mut |unary| {
        if let Unary::Window(Windowing::Sessions { gap }) = *unary {
            *unary = Unary::Window(Windowing::Fixed { size: gap, offset: 0 });
        }
    });
    without
}

/// A random program, how it is fed, and by which rules.
fn ruled(seed: u64) -> (Program, Feed) {
    let program = generate(seed);
    let program = narrowed(if seed.is_multiple_of(2) { program } else { program.without_looks() });
    let rules = some_rules(&mut Rng::with_seed(seed), &program);
    let feed = Feed { from: From::Script, seed, late: true, rules: Some(rules) };
    (program, feed)
}

fn random_streams_give_what_the_definitions_say(bench: &Bench) {
    for seed in 0..streams_of(bench.line()) {
        let (program, feed) = ruled(seed);
        gives(bench, program, &feed, &cut(bench, seed), by_definition);
    }
}

fn the_cut_does_not_show_under_a_test_stream(bench: &Bench) {
    for seed in 0..streams_of(bench.line()) / 60 {
        let (program, feed) = ruled(seed);
        for (place, (lifting, fusion)) in PLANS.into_iter().enumerate() {
            let mut options = cut(bench, seed + place as u64);
            (options.lifting, options.fusion) = (lifting, fusion);
            gives(bench, program.clone(), &feed, &options, by_definition);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use watershed::{DirectRunner, RunOptions, model::PaneTiming};

    use super::*;
    use crate::{
        cases::agreeing::{Outcome, disagreement},
        naive::evaluate_streamed,
    };

    #[test]
    fn random_programs_have_panes_of_every_timing_and_drop_for_both_reasons() {
        let (mut early, mut late, mut dropped) = (0, 0, [0, 0]);
        for seed in 0..300 {
            let (program, feed) = ruled(seed);
            let (rows, drops) = evaluate_streamed(&program, &feed);
            let timed = |timing| rows.iter().flatten().any(|row| row.pane.timing == timing);
            early += i32::from(timed(PaneTiming::Early));
            late += i32::from(timed(PaneTiming::Late));
            (0..2).for_each(|reason| dropped[reason] += i32::from(drops[reason] > 0));
        }
        let least = dropped.into_iter().chain([early, late]).min();
        assert!(least > Some(4), "early {early}, late {late}, dropped {dropped:?}");
    }

    #[test]
    fn no_step_form_or_rule_is_rare() {
        let histogram = histogram(LineName { runner: "direct", workers: 1, processes: 1 });
        for form in ["a composite", "a diamond", "a flatten with itself", "two groupings in a row"]
        {
            assert!(histogram.forms.contains_key(form), "{histogram}");
        }
        // All triggers but the one that only a grouping makes, and the rest.
        assert_eq!(histogram.rules.len(), 10 + 7, "{histogram}");
        let Histogram { steps, forms, rules, programs } = &histogram;
        let mut counts = steps.values().chain(forms.values()).chain(rules.values());
        assert!(counts.all(|count| *count > programs / 25), "{histogram}");
    }

    /// No window waits for what is late.
    fn forgets_lateness(program: &Program, feed: &Feed) -> Outcome {
        let mut wrong = feed.clone();
        wrong.rules.iter_mut().for_each(|rules| rules.lateness = seconds(0));
        by_definition(program, &wrong)
    }

    #[test]
    fn an_evaluator_that_is_wrong_is_shown_by_a_small_program() {
        let bench = Bench::new(Arc::new(DirectRunner), RunOptions::default());
        let parts = |seed| {
            let (program, feed) = ruled(seed);
            disagreement(&bench, program, &feed, &bench.options(), forgets_lateness)
        };
        let text = (0..).find_map(parts).unwrap();
        assert!(text.contains("trigger    ") && text.contains("lateness"), "{text}");
        assert!(text.matches(" = ").count() <= 3, "{text}");
    }
}
