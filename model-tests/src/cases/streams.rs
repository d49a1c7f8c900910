//! Random programs and a fixed one as streams: pane by pane as on the direct runner, and in the end what
//! the same data gives as a batch.

use std::sync::Arc;

use fastrand::Rng;
use watershed::{DirectRunner, RunOptions, TimestampCombiner, combine::Sum, prelude::*};

use super::told::{Score, drops, panes, stream};
use crate::{
    Bench,
    case::PLANS,
    naive::{
        self, Feed, From, Op, Program, Row, Unary, Windowing, difference, evaluate, generate,
        shrink,
    },
};

crate::cases! {
    streams_that_are_never_late_give_what_a_batch_gives: "EQ-02", "EQ-03", "WM-06", "WM-12";
    triggers_fire_alike_in_random_programs: "EQ-01", "EQ-03", "TR-07", "TR-09", "WM-03";
    the_cut_does_not_show_under_a_test_stream: "EQ-04", "TR-12";
    a_board_of_scores_is_the_same_everywhere: "EQ-01";
    sources_with_watermarks_give_what_a_batch_gives: "EQ-02", "WM-12";
    epochs_change_no_pane: "EQ-05";
}

/// How many random programs a line runs as streams.
fn programs_of(bench: &Bench) -> u64 {
    match (bench.runner(), bench.processes()) {
        ("direct", _) => 300,
        (_, 1) => 100,
        _ => 12,
    }
}

/// As any line may run: the options with a cut of its own for each seed.
pub(super) fn cut(bench: &Bench, seed: u64) -> RunOptions {
    let mut options = bench.options();
    options.seed = seed;
    options.bundle_elements = [1, 2, 3, 7, 4096][seed as usize % 5];
    options
}

/// What a program gives, and how much it drops as late and as closed; or why it fails.
type Outcome = Result<(Vec<Vec<Row>>, [u64; 2]), String>;

fn outcome(bench: &Bench, program: &Program, feed: &Feed, options: &RunOptions) -> Outcome {
    let run = naive::run_with(program, &bench.pipeline_with(options.clone()), feed);
    run.map(|(rows, report)| (rows, drops(&report))).map_err(|error| error.to_string())
}

/// By definition, where nothing is late: as a batch.
fn by_definition(program: &Program, _: &Feed) -> Outcome {
    Ok((evaluate(program), [0, 0]))
}

fn on_the_direct_runner(program: &Program, feed: &Feed) -> Outcome {
    let bench = Bench::new(Arc::new(DirectRunner), RunOptions::default());
    outcome(&bench, program, feed, &bench.options())
}

/// Fails, with a small program, unless the program gives what is expected of it.
fn gives(
    bench: &Bench,
    program: Program,
    feed: &Feed,
    options: &RunOptions,
    expected: fn(&Program, &Feed) -> Outcome,
) {
    let problem = |program: &Program| {
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
    if let Some(whole) = problem(&program) {
        let small = shrink(program, |program| problem(program).is_some());
        let problem = problem(&small).unwrap_or(whole);
        panic!("{feed:?}, {options:?}:\n{small}{problem}");
    }
}

fn streams_that_are_never_late_give_what_a_batch_gives(bench: &Bench) {
    for seed in 0..programs_of(bench) {
        let feed = Feed { from: From::Script, seed, ..Feed::default() };
        gives(bench, generate(seed), &feed, &cut(bench, seed), by_definition);
    }
}

fn sources_with_watermarks_give_what_a_batch_gives(bench: &Bench) {
    for seed in 0..programs_of(bench) {
        let feed = Feed { from: From::Source, seed, ..Feed::default() };
        let mut options = cut(bench, seed);
        // A closed epoch tells the watermark.
        options.epoch_bundles = Some(1 + seed % 2);
        gives(bench, generate(seed), &feed, &options, by_definition);
    }
}

fn epochs_change_no_pane(bench: &Bench) {
    for seed in 0..programs_of(bench) / 4 {
        for epoch_bundles in [1, 2, 3, 7] {
            for from in [From::Memory, From::Source] {
                let feed = Feed { from, seed, ..Feed::default() };
                let mut options = cut(bench, seed);
                options.bundle_elements = 2;
                options.epoch_bundles = Some(epoch_bundles);
                gives(bench, generate(seed), &feed, &options, by_definition);
            }
        }
    }
}

/// Triggers for random programs.
pub(super) const TRIGGERS: &[&str] = &[
    "default",
    "after_count(1)",
    "repeatedly(after_count(2))",
    "repeatedly(after_processing_time(3s))",
    "after_watermark(early=after_count(1),late=after_count(1))",
    "after_watermark(early=after_processing_time(2s),late=after_count(2))",
    "after_each(after_count(1),repeatedly(after_first(after_count(3),after_processing_time(4s))))",
    "or_finally(repeatedly(after_count(1)),after_watermark)",
    "after_all(after_count(2),after_watermark)",
];

/// When and how groups go out, at random. What many groupings in a row accumulate would grow without
/// bound.
fn some_rules(random: &mut Rng, program: &Program) -> WindowSettings {
    let groups = |op: &Op| matches!(op, Op::Apply(unary) if unary.is_grouping());
    let groupings = program.steps.iter().filter(|step| groups(&step.op)).count();
    let trigger = Trigger::parse(TRIGGERS[random.usize(0..TRIGGERS.len())]).unwrap();
    let rules = WindowSettings::new().triggering(trigger);
    let rules = rules.allowed_lateness(seconds(random.i64(0..16)));
    let rules = rules.timestamp_combiner(match random.u32(0..4) {
        0 => TimestampCombiner::Earliest,
        1 => TimestampCombiner::Latest,
        _ => TimestampCombiner::EndOfWindow,
    });
    match groupings <= 2 && random.bool() {
        true => rules.accumulating(),
        false => rules.discarding(),
    }
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
    let program = narrowed(generate(seed));
    let rules = some_rules(&mut Rng::with_seed(seed), &program);
    let feed = Feed { from: From::Script, seed, late: true, rules: Some(rules) };
    (program, feed)
}

fn triggers_fire_alike_in_random_programs(bench: &Bench) {
    for seed in 0..programs_of(bench) {
        let (program, feed) = ruled(seed);
        gives(bench, program, &feed, &cut(bench, seed), on_the_direct_runner);
    }
}

fn the_cut_does_not_show_under_a_test_stream(bench: &Bench) {
    for seed in 0..programs_of(bench) / 10 {
        let (program, feed) = ruled(seed);
        for (place, (lifting, fusion)) in PLANS.into_iter().enumerate() {
            let mut options = cut(bench, seed + place as u64);
            (options.lifting, options.fusion) = (lifting, fusion);
            gives(bench, program.clone(), &feed, &options, on_the_direct_runner);
        }
    }
}

/// Two rounds of scores, by player and then by team, early, on time, late and too late.
fn board(bench: &Bench) -> (Vec<String>, Vec<String>, [u64; 2]) {
    let pipeline = bench.pipeline();
    let one = pipeline.apply(stream(
        "c0 | a1=1@1 b1=2@2 a2=4@3 | c5 | w9 | a1=8@9 | w12 | a1=16@4 b2=32@13 | w21 c9 | b1=64@3 a1=128@12",
    ));
    let other = pipeline.apply(stream("a1=1@15 | w4 | b2=2@6 | c6 | w11 | a3=4@7 b1=8@14 | w30"));
    let trigger = AfterWatermark::new()
        .early(AfterProcessingTime::after_first(seconds(5)))
        .late(AfterCount::of(1));
    let windows = FixedWindows::of(seconds(10)).triggering(trigger);
    let windows = windows.allowed_lateness(seconds(8)).accumulating();
    let all = one.flatten_with(&other).flatten_with(&one.filter(|(_, points)| *points > 8));
    let players = all.window(windows).combine_per_key(Sum);
    let team = |(player, points): Score| (player[..1].to_owned(), points);
    let latest = players.with_window_settings(WindowSettings::new().discarding());
    let teams = latest.map(team).reshuffle().combine_per_key(Sum);
    let (players, teams) = (players.collect(), teams.collect());
    let report = pipeline.run();
    (panes(&players), panes(&teams), drops(&report))
}

fn a_board_of_scores_is_the_same_everywhere(bench: &Bench) {
    let direct = Bench::new(Arc::new(DirectRunner), RunOptions::default());
    let expected = board(&direct);
    for timing in [" early ", " on_time ", " late "] {
        assert!(expected.0.iter().any(|pane| pane.contains(timing)), "{expected:?}");
        assert!(expected.1.iter().any(|pane| pane.contains(timing)), "{expected:?}");
    }
    assert_eq!(expected.2, [2, 0]);
    for bench in bench.seeds(2, 1).chain(bench.plans(4096)) {
        assert_eq!(board(&bench), expected);
    }
}

#[cfg(test)]
mod tests {
    use watershed::model::PaneTiming;

    use super::*;

    #[test]
    fn random_programs_have_panes_of_every_timing_and_drop_for_both_reasons() {
        let (mut early, mut late, mut dropped) = (0, 0, [0, 0]);
        for seed in 0..300 {
            let (program, feed) = ruled(seed);
            let (rows, drops) = on_the_direct_runner(&program, &feed).unwrap();
            let timed = |timing| rows.iter().flatten().any(|row| row.pane.timing == timing);
            early += i32::from(timed(PaneTiming::Early));
            late += i32::from(timed(PaneTiming::Late));
            (0..2).for_each(|reason| dropped[reason] += i32::from(drops[reason] > 0));
        }
        let least = dropped.into_iter().chain([early, late]).min();
        assert!(least > Some(4), "early {early}, late {late}, dropped {dropped:?}");
    }
}
