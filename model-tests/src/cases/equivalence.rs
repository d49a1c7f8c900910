//! The same answer however the work is cut, and the answer that the definitions give.

use watershed::{Checks, RunOptions};

use crate::{
    Bench, cases,
    naive::{self, Histogram, Program, difference, evaluate, generate, shrink},
};

cases! {
    random_programs_give_what_the_definitions_say: "EQ-03";
    the_cut_into_bundles_does_not_show: "EQ-04";
}

/// How many random programs are run.
const PROGRAMS: u64 = 10_000;
/// How many of them are run under every cut.
const CUT_PROGRAMS: u64 = 60;
/// The cuts.
const BUNDLES: [usize; 6] = [1, 2, 3, 7, 64, 4096];

/// What the random programs consist of.
pub fn histogram() -> Histogram {
    Histogram::of((0..PROGRAMS).map(generate))
}

fn random_programs_give_what_the_definitions_say(bench: &Bench) {
    let histogram = histogram();
    for form in [
        "a collection read twice",
        "a composite",
        "a diamond",
        "a flatten with itself",
        "a grouping by sessions",
        "an empty source",
        "two groupings in a row",
    ] {
        let programs = histogram.forms.get(form).copied().unwrap_or(0);
        assert!(programs >= PROGRAMS / 25, "only {programs} programs have {form}\n{histogram}");
    }
    assert_eq!(histogram.steps.len(), 27, "{histogram}");
    let rare = histogram.steps.iter().find(|(_, count)| **count < PROGRAMS / 25);
    assert_eq!(rare, None, "{histogram}");
    for seed in 0..PROGRAMS {
        if let Err(text) = agrees(bench, generate(seed), &by_seed(bench, seed), evaluate) {
            panic!("seed {seed}: {text}");
        }
    }
}

/// The options under test, with a cut by seed.
fn by_seed(bench: &Bench, seed: u64) -> RunOptions {
    let mut options = bench.options();
    options.seed = seed;
    options.bundle_elements = BUNDLES[seed as usize % BUNDLES.len()];
    options
}

type Evaluator = fn(&Program) -> Vec<Vec<naive::Row>>;

/// Runs a program and compares with what `expected` makes of it. If the two differ, the error shows a
/// small program for which they do.
fn agrees(
    bench: &Bench,
    program: Program,
    options: &RunOptions,
    expected: Evaluator,
) -> Result<(), String> {
    let wrong = |program: &Program, options: &RunOptions| match naive::run(
        program,
        &bench.pipeline_with(options.clone()),
    ) {
        Ok(found) => difference(program, &expected(program), &found),
        Err(error) => Some(format!("    the run failed: {error}\n")),
    };
    if wrong(&program, options).is_none() {
        return Ok(());
    }
    // What a seed disturbs changes with the program, so a smaller one is tried under several.
    let again = |program: &Program| {
        (options.seed..options.seed + 4).find_map(|seed| {
            let mut options = options.clone();
            options.seed = seed;
            wrong(program, &options)
        })
    };
    let steps = program.primitives();
    let small = shrink(program.clone(), |program| again(program).is_some());
    let problem = again(&small).or_else(|| wrong(&program, options)).unwrap_or_default();
    Err(format!("a program of {steps} steps gives something else; so does\n{small}{problem}"))
}

fn the_cut_into_bundles_does_not_show(bench: &Bench) {
    for seed in 0..CUT_PROGRAMS {
        let program = generate(PROGRAMS + seed);
        for bundle_elements in BUNDLES {
            for checks in [Checks::Full, Checks::Off] {
                let mut options = bench.options();
                (options.bundle_elements, options.checks) = (bundle_elements, checks);
                options.seed = seed;
                if let Err(text) = agrees(bench, program.clone(), &options, evaluate) {
                    panic!("bundles of {bundle_elements}, checks {checks:?}: {text}");
                }
            }
        }
    }
}
