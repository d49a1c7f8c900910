//! A program on a runner, set beside what is expected of it: with a small program where the two part.

use watershed::RunOptions;

use super::told::drops;
use crate::{
    Bench,
    naive::{self, Feed, Program, Row, difference, evaluate, evaluate_streamed, shrink, smallest},
    oracle,
};

/// After so many tries the plainest rules so far are good enough.
const MOST_TRIES: usize = 500;

/// As any line may run: the options with a cut of its own for each seed.
pub(super) fn cut(bench: &Bench, seed: u64) -> RunOptions {
    let mut options = bench.options();
    options.seed = seed;
    options.bundle_elements = [1, 2, 3, 7, 4096][seed as usize % 5];
    options
}

/// What a program gives, and how much it drops as late and as closed; or why it fails.
pub(super) type Outcome = Result<(Vec<Vec<Row>>, [u64; 2]), String>;

fn outcome(bench: &Bench, program: &Program, feed: &Feed, options: &RunOptions) -> Outcome {
    let run = naive::run_with(program, &bench.pipeline_with(options.clone()), feed);
    run.map(|(rows, report)| (rows, drops(&report))).map_err(|error| error.to_string())
}

/// What is expected of a program that is fed so.
pub(super) type Expected = fn(&Program, &Feed) -> Outcome;

/// Where nothing is late and nothing fires early: as a batch.
pub(super) fn as_a_batch(program: &Program, _: &Feed) -> Outcome {
    Ok((evaluate(program), [0, 0]))
}

pub(super) fn by_definition(program: &Program, feed: &Feed) -> Outcome {
    Ok(evaluate_streamed(program, feed))
}

/// Fails, with a small program, unless the program gives what is expected of it.
pub(super) fn gives(
    bench: &Bench,
    program: Program,
    feed: &Feed,
    options: &RunOptions,
    expected: Expected,
) {
    if let Some(text) = disagreement(bench, program, feed, options, expected) {
        panic!("{options:?}:\n{text}");
    }
}

/// Whether a program gives something else than what is expected of it, shown by a small one.
pub(super) fn disagreement(
    bench: &Bench,
    program: Program,
    feed: &Feed,
    options: &RunOptions,
    expected: Expected,
) -> Option<String> {
    let problem = |program: &Program, feed: &Feed| {
        let found = outcome(bench, program, feed, options);
        let expected = expected(program, feed);
        match (&found, &expected) {
            (Ok((rows, dropped)), Ok((wanted, wanted_dropped))) => {
                let told = || format!("    dropped {dropped:?}, expected {wanted_dropped:?}\n");
                let rows = difference(program, wanted, rows);
                rows.or_else(|| (dropped != wanted_dropped).then(told))
            }
            _ => Some(format!("    gave {found:?}, expected {expected:?}\n")),
        }
    };
    let whole = problem(&program, feed)?;
    let small = shrink(program, |program| problem(program, feed).is_some());
    let plain = smallest(feed.clone(), MOST_TRIES, plainer, |feed| problem(&small, feed).is_some());
    let small = shrink(small, |program| problem(program, &plain).is_some());
    let problem = problem(&small, &plain).unwrap_or(whole);
    Some(format!("{plain}{small}{problem}"))
}

/// Feeds that are plainer by one rule.
fn plainer(feed: &Feed) -> Vec<Feed> {
    let rules = feed.rules.iter().flat_map(oracle::plainer);
    rules.map(|rules| Feed { rules: Some(rules), ..feed.clone() }).collect()
}
