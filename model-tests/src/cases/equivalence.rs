//! The same answer however the work is cut, and the answer that the definitions give.

use std::{fmt, ops::Range};

use watershed::{
    Checks, PCollection, RunOptions, Timestamp,
    combine::{Count, Sum},
};

use super::outputs::{assert_same, outputs};
use crate::{
    Bench, LineName,
    case::PLANS,
    cases,
    naive::{self, Histogram, Program, Row, Windowing, difference, evaluate, generate, shrink},
};

cases! {
    random_programs_give_what_the_definitions_say: "EQ-03";
    more_random_programs_give_what_the_definitions_say: "EQ-03";
    the_cut_into_bundles_does_not_show: "EQ-04";
    lifting_and_fusion_do_not_show: "EQ-04";
    the_cut_does_not_show_in_random_programs: "EQ-04";
    a_failing_element_fails_alike_under_every_cut: "EQ-06";
}

/// How many random programs there are; the direct runner runs all of them.
const PROGRAMS: u64 = 10_000;
/// How many of them a runner runs that has workers to start for each.
const PROGRAMS_WITH_WORKERS: u64 = 2_500;
/// How many of them a runner runs whose processes have to meet for each.
const PROGRAMS_WITH_PROCESSES: u64 = 200;
/// How many more are run under every cut.
const CUT_PROGRAMS: u64 = 60;
/// The cuts.
const BUNDLES: [usize; 6] = [1, 2, 3, 7, 64, 4096];

/// How many random programs a line runs.
fn programs_of(line: LineName) -> u64 {
    match (line.runner, line.processes) {
        ("direct", _) => PROGRAMS,
        (_, 1) => PROGRAMS_WITH_WORKERS,
        _ => PROGRAMS_WITH_PROCESSES,
    }
}

/// What the random programs consist of that a line runs.
pub fn histogram(line: LineName) -> Histogram {
    Histogram::of((0..programs_of(line)).map(generate))
}

fn random_programs_give_what_the_definitions_say(bench: &Bench) {
    has_everything(&Histogram::of((0..PROGRAMS).map(generate)));
    agree(bench, 0..programs_of(bench.line()) / 2);
}

fn more_random_programs_give_what_the_definitions_say(bench: &Bench) {
    let all = programs_of(bench.line());
    agree(bench, all / 2..all);
}

fn agree(bench: &Bench, seeds: Range<u64>) {
    for seed in seeds {
        let mut options = bench.options();
        options.seed = seed;
        options.bundle_elements = BUNDLES[seed as usize % BUNDLES.len()];
        if let Err(text) = agrees(bench, generate(seed), &options, evaluate) {
            panic!("seed {seed}: {text}");
        }
    }
}

/// No step and no form is rare.
fn has_everything(histogram: &Histogram) {
    let forms = [
        "a collection read twice",
        "a composite",
        "a diamond",
        "a flatten with itself",
        "a grouping by sessions",
        "a view of other windows",
        "an empty source",
        "two groupings in a row",
    ];
    assert!(histogram.forms.keys().copied().eq(forms), "{histogram}");
    assert_eq!(histogram.steps.len(), 33, "{histogram}");
    let rare = histogram.programs / 25;
    let counts = || histogram.forms.values().chain(histogram.steps.values());
    assert!(counts().all(|count| *count > rare), "{histogram}");
}

type Evaluator = fn(&Program) -> Vec<Vec<Row>>;

/// Runs a program and compares with what `expected` makes of it. If the two differ, the error shows a
/// small program for which they do.
fn agrees(
    bench: &Bench,
    program: Program,
    options: &RunOptions,
    expected: Evaluator,
) -> Result<(), Disagreement> {
    let Err(whole) = agrees_as_it_is(bench, &program, options, expected) else { return Ok(()) };
    // What a seed disturbs changes with the program, so a smaller one is tried under several.
    let again = |program: &Program| {
        (0..4).find_map(|more| {
            let mut options = options.clone();
            options.seed += more;
            agrees_as_it_is(bench, program, &options, expected).err()
        })
    };
    let steps = program.primitives();
    let small = shrink(program, |program| again(program).is_some());
    let problem = again(&small).unwrap_or(whole);
    Err(Disagreement { steps, small, problem })
}

/// Where a runner and an evaluator part.
struct Disagreement {
    /// How large the program was.
    steps: usize,
    /// A small one for which they part too.
    small: Program,
    /// How.
    problem: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a program of {} steps comes out wrong, and so does this one:", self.steps)?;
        write!(f, "{}{}", self.small, self.problem)
    }
}

fn agrees_as_it_is(
    bench: &Bench,
    program: &Program,
    options: &RunOptions,
    expected: Evaluator,
) -> Result<(), String> {
    match naive::run(program, &bench.pipeline_with(options.clone())) {
        Ok(found) => difference(program, &expected(program), &found).map_or(Ok(()), Err),
        Err(error) => Err(format!("    the run failed: {error}\n")),
    }
}

/// Every cut, with and without disturbances. Processes have to meet for each run, and so they are not
/// told twice.
fn cuts(bench: &Bench) -> impl Iterator<Item = RunOptions> {
    let options = bench.options();
    let checks = if bench.processes() == 1 { 2 } else { 1 };
    BUNDLES.into_iter().flat_map(move |bundle_elements| {
        let options = options.clone();
        [Checks::Full, Checks::Off].into_iter().take(checks).map(move |checks| {
            let mut options = options.clone();
            (options.bundle_elements, options.checks) = (bundle_elements, checks);
            options.seed = bundle_elements as u64;
            options
        })
    })
}

fn the_cut_does_not_show_in_random_programs(bench: &Bench) {
    let programs = if bench.processes() == 1 { CUT_PROGRAMS } else { CUT_PROGRAMS / 3 };
    for seed in PROGRAMS..PROGRAMS + programs {
        for (place, mut options) in cuts(bench).enumerate() {
            // Every program meets every plan, and over the programs every cut does.
            (options.lifting, options.fusion) = PLANS[(seed as usize + place) % PLANS.len()];
            if let Err(text) = agrees(bench, generate(seed), &options, evaluate) {
                panic!("seed {seed}, {options:?}: {text}");
            }
        }
    }
}

fn the_cut_into_bundles_does_not_show(bench: &Bench) {
    for windowing in Windowing::SAMPLES {
        let first = outputs(&bench.pipeline(), windowing);
        for options in cuts(bench) {
            let found = outputs(&bench.pipeline_with(options.clone()), windowing);
            assert_same(&first, &found, &format!("{options:?}, {windowing:?}"));
        }
    }
}

fn lifting_and_fusion_do_not_show(bench: &Bench) {
    for windowing in Windowing::SAMPLES {
        let first = outputs(&bench.pipeline(), windowing);
        for bundle_elements in [1, 7, 4096] {
            for bench in bench.plans(bundle_elements) {
                let found = outputs(&bench.pipeline(), windowing);
                assert_same(&first, &found, &format!("{:?}, {windowing:?}", bench.options()));
            }
        }
    }
}

/// A pipeline over the numbers below 200 that fails at one element.
struct Failing {
    step: &'static str,
    cause: &'static str,
    build: fn(&PCollection<i64>),
}

const FAILING: &[Failing] = &[
    Failing {
        step: "Map",
        cause: "attempt to divide by zero",
        build: |numbers| {
            numbers.map(|n| 1_000 / (n - 77)).for_each(|_| ());
        },
    },
    Failing {
        step: "unlucky",
        cause: "77 is unlucky",
        build: |numbers| {
            let lucky = |(_, n): &(i64, i64)| {
                assert!(*n != 77, "{n} is unlucky");
                true
            };
            numbers.reshuffle().key_by(|n| n % 3).filter(lucky).named("unlucky").for_each(|_| ());
        },
    },
    Failing {
        step: "behind a grouping",
        cause: "attempt to divide by zero",
        build: |numbers| {
            let counts = numbers.key_by(|n| n / 10).combine_per_key(Count);
            let shares = counts.flat_map(|(tens, count)| [count as i64 / (tens - 7)]);
            shares.named("behind a grouping").for_each(|_| ());
        },
    },
    Failing {
        step: "halves",
        cause: "gave 2, but there are 2 parts",
        build: |numbers| {
            let halves = numbers.partition(2, |n| if *n == 77 { 2 } else { (*n % 2) as usize });
            halves[0].named("halves").for_each(|_| ());
        },
    },
    Failing {
        step: "narrow",
        cause: "the sum overflows i8: it is 128",
        build: |numbers| {
            let narrow = numbers.map(|n| (n % 7, if n == 77 { 100i8 } else { 1 }));
            narrow.combine_per_key(Sum).named("narrow").for_each(|_| ());
        },
    },
    Failing {
        step: "moved",
        cause: "MAX",
        build: |numbers| {
            let moved = numbers.with_timestamps(|n| match n {
                77 => Timestamp::MAX,
                n => Timestamp::from_seconds(*n),
            });
            moved.named("moved").for_each(|_| ());
        },
    },
    Failing {
        step: "ForEach",
        cause: "77 is unlucky",
        build: |numbers| {
            numbers.distinct().for_each(|n| assert!(n != 77, "{n} is unlucky"));
        },
    },
];

fn a_failing_element_fails_alike_under_every_cut(bench: &Bench) {
    // Processes have to meet for each run, and wait for each other when it fails.
    let seeds = if bench.processes() == 1 { 4 } else { 1 };
    for failing in FAILING {
        let mut first = None;
        for cut in cuts(bench) {
            for seed in 0..seeds {
                let mut options = cut.clone();
                options.seed = seed;
                let pipeline = bench.pipeline_with(options);
                let numbers = pipeline.create(0..200);
                let beside = numbers.collect();
                (failing.build)(&numbers);
                let error = pipeline.try_run().unwrap_err();
                assert_eq!(error.failed_step(), Some(failing.step), "{error}");
                let told = error.to_string();
                assert!(told.contains(failing.cause), "{told}");
                assert_eq!(first.get_or_insert_with(|| told.clone()), &told);
                assert!(beside.values().is_empty(), "what stands beside was written");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use watershed::DirectRunner;

    use super::*;
    use crate::naive::{Op, Unary};

    /// Takes each input of a flatten once, however often it was given.
    fn forgets_doubles(program: &Program) -> Vec<Vec<Row>> {
        let mut wrong = program.clone();
        for step in wrong.steps.iter_mut().filter(|step| step.op == Op::Flatten) {
            step.inputs.sort();
            step.inputs.dedup();
        }
        evaluate(&wrong)
    }

    /// Never merges a session with another.
    fn never_merges(program: &Program) -> Vec<Vec<Row>> {
        fn apart(unary: &mut Unary) {
            match unary {
                Unary::Window(Windowing::Sessions { gap }) => *gap = 1,
                Unary::Composite(steps) => steps.iter_mut().for_each(apart),
                _ => {}
            }
        }
        let mut wrong = program.clone();
        for step in &mut wrong.steps {
            if let Op::Apply(unary) = &mut step.op {
                apart(unary);
            }
        }
        evaluate(&wrong)
    }

    fn first_disagreement(expected: Evaluator) -> Disagreement {
        let bench = Bench::new(Arc::new(DirectRunner), RunOptions::default());
        let seeds = 0..PROGRAMS;
        let parts = |seed| agrees(&bench, generate(seed), &bench.options(), expected).err();
        seeds.map(parts).find_map(|disagreement| disagreement).unwrap()
    }

    #[test]
    fn an_evaluator_that_is_wrong_is_shown_by_a_small_program() {
        let found = first_disagreement(forgets_doubles);
        assert!(found.steps >= 6);
        assert!(found.small.steps.len() == 2 && found.small.elements() == 1, "{found}");
        let told = found.to_string();
        assert!(told.contains("c1 = flatten([c0, c0])"), "{told}");
        assert!(told.contains("unexpected 1 times"), "{told}");

        // As windows, and so at once, or by a grouping that merges.
        let found = first_disagreement(never_merges);
        assert!(found.small.steps.len() <= 2 && found.small.elements() == 1, "{found}");
        assert!(found.to_string().contains("window(Sessions"), "{found}");
    }
}
