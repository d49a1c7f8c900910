//! Random programs as batches and as streams, under triggers that fire early and late: whatever the
//! panes, they come to the same.

use std::ops::Range;

use fastrand::Rng;
use watershed::{FiringBehavior, RunOptions, model::AccumulationMode, prelude::*};

use super::{agreeing::cut, ruled::accepted, told::drops};
use crate::{
    Bench, LineName,
    naive::{
        self, Feed, Fold, From, Net, Op, Program, Shape, Step, Unary, difference, evaluate,
        generate, net, nets, shrink,
    },
    oracle::{self, Rules, never_finishes, some_trigger},
};

crate::cases! {
    panes_come_to_what_a_batch_gives: "EQ-02", "PA-03";
    panes_of_more_programs_come_to_what_a_batch_gives: "EQ-02", "PA-03";
}

/// How many programs a line runs.
fn programs_of(line: LineName) -> u64 {
    match (line.runner, line.processes) {
        ("direct", _) => 2_000,
        (_, 1) => 300,
        _ => 25,
    }
}

/// A random program, and how it is fed.
struct Trial {
    program: Program,
    feed: Feed,
    accumulating: bool,
}

/// The trial of this seed. Elements come late, but never too late.
fn trial(seed: u64) -> Trial {
    let mut random = Rng::with_seed(seed);
    // One that finishes would drop what comes later.
    let trigger = match some_trigger(&mut random, 3) {
        trigger if never_finishes(&trigger) => trigger,
        once => Trigger::Repeatedly(Box::new(once)),
    };
    let accumulating = random.u32(0..3) == 0;
    let rules = Rules {
        lateness: hours(1),
        mode: match accumulating {
            true => AccumulationMode::Accumulating,
            false => AccumulationMode::Discarding,
        },
        // What the fold of nothing is cannot be taken for a part.
        on_time: FiringBehavior::FireIfNonEmpty,
        ..Rules::new(oracle::Windowing::Global, trigger)
    };
    let from = if random.bool() { From::Script } else { From::Source };
    let feed = Feed { from, seed, late: true, rules: Some(rules) };
    // What a reader sees of a view whose panes come early and late is a matter of chance.
    let program = accepted(generate(seed).without_looks());
    let program = grouped(program, accumulating, &mut random);
    Trial { program, feed, accumulating }
}

/// The program with a grouping behind each leaf whose elements are those of a batch.
fn grouped(mut program: Program, accumulating: bool, random: &mut Rng) -> Program {
    let (nets, kinds) = (nets(&program, accumulating), program.kinds().unwrap());
    for leaf in program.leaves() {
        if nets[leaf.step] == Net::Elements {
            let fold = [Fold::Sum, Fold::Count, Fold::Min, Fold::Max][random.usize(0..4)];
            let unary = match (kinds[leaf.step].shape, random.bool()) {
                (Shape::Number, true) => Unary::CountPerElement,
                (Shape::Number, false) => Unary::CombineGlobally { fold, defaults: random.bool() },
                (Shape::Pair, true) => Unary::CombinePerKey { fold, fanout: Some(2) },
                (Shape::Pair, false) => Unary::TopPerKey { n: 2 },
                (Shape::List, _) => Unary::GroupByKey,
            };
            program.steps.push(Step { op: Op::Apply(unary), inputs: vec![leaf] });
        }
    }
    program
}

impl Trial {
    fn problem(&self, bench: &Bench, options: &RunOptions) -> Option<String> {
        let batch = evaluate(&self.program);
        let net = |rows: &_| net(&self.program, rows, &batch, self.accumulating);
        let as_batch = Feed { from: From::Memory, ..self.feed.clone() };
        [("as a batch", &as_batch), ("as a stream", &self.feed)].into_iter().find_map(
            |(what, feed)| {
                let run =
                    naive::run_with(&self.program, &bench.pipeline_with(options.clone()), feed);
                let problem = match run {
                    Err(error) => Some(format!("    failed: {error}\n")),
                    Ok((_, report)) if drops(&report) != [0, 0] => {
                        Some(format!("    dropped {:?} as late and as closed\n", drops(&report)))
                    }
                    Ok((rows, _)) => difference(&self.program, &net(&batch), &net(&rows)),
                };
                problem.map(|problem| format!("{what}:\n{problem}"))
            },
        )
    }
}

fn panes_come_to_what_a_batch_gives(bench: &Bench) {
    come_to_it(bench, 0..programs_of(bench.line()) / 2);
}

fn panes_of_more_programs_come_to_what_a_batch_gives(bench: &Bench) {
    let all = programs_of(bench.line());
    come_to_it(bench, all / 2..all);
}

fn come_to_it(bench: &Bench, seeds: Range<u64>) {
    for seed in seeds {
        let (trial, options) = (trial(seed), cut(bench, seed));
        let Some(whole) = trial.problem(bench, &options) else { continue };
        let with = |program: &Program| Trial {
            program: program.clone(),
            feed: trial.feed.clone(),
            ..trial
        };
        let small = shrink(trial.program.clone(), |program| {
            with(program).problem(bench, &options).is_some()
        });
        let problem = with(&small).problem(bench, &options).unwrap_or(whole);
        panic!("seed {seed}, {:?}, {options:?}:\n{small}{problem}", trial.feed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a leaf tells something of what was grouped.
    fn tells(trial: &Trial) -> bool {
        let nets = nets(&trial.program, trial.accumulating);
        let mut leaves = trial.program.leaves().into_iter();
        leaves.any(|leaf| matches!(nets[leaf.step], Net::Parts(_)))
    }

    #[test]
    fn most_programs_tell_what_groups_come_to() {
        let trials: Vec<Trial> = (0..400).map(trial).collect();
        let telling = |accumulating: bool| {
            let trials = trials.iter().filter(|trial| trial.accumulating == accumulating);
            trials.filter(|trial| tells(trial)).count()
        };
        assert!(telling(false) > 200 && telling(true) > 90, "{} {}", telling(false), telling(true));
    }
}
