//! Random programs as streams that are never late, which give what the same data gives as a batch; and a
//! fixed one, pane by pane as on the direct runner.

use std::{fs, sync::Arc};

use watershed::{DirectRunner, RunOptions, combine::Sum, prelude::*};

use super::{
    agreeing::{as_a_batch, cut, gives},
    told::{Score, drops, panes, stream},
};
use crate::{
    Bench,
    folder::Folder,
    naive::{Feed, From, generate},
    stepped::{Step, Stepped},
};

crate::cases! {
    streams_that_are_never_late_give_what_a_batch_gives: "EQ-02", "EQ-03", "WM-06", "WM-12";
    a_board_of_scores_is_the_same_everywhere: "EQ-01";
    sources_with_watermarks_give_what_a_batch_gives: "EQ-02", "WM-12";
    epochs_change_no_pane: "EQ-05";
    an_input_in_an_older_epoch_does_not_tell_the_watermark_alone: "EQ-05";
}

/// How many random programs a line runs as streams.
fn programs_of(bench: &Bench) -> u64 {
    match (bench.runner(), bench.processes()) {
        ("direct", _) => 300,
        (_, 1) => 100,
        _ => 12,
    }
}

fn streams_that_are_never_late_give_what_a_batch_gives(bench: &Bench) {
    for seed in 0..programs_of(bench) {
        let feed = Feed { from: From::Script, seed, ..Feed::default() };
        gives(bench, generate(seed), &feed, &cut(bench, seed), as_a_batch);
    }
}

fn sources_with_watermarks_give_what_a_batch_gives(bench: &Bench) {
    for seed in 0..programs_of(bench) {
        let feed = Feed { from: From::Source, seed, ..Feed::default() };
        let mut options = cut(bench, seed);
        // A closed epoch tells the watermark.
        options.epoch_bundles = Some(1 + seed % 2);
        gives(bench, generate(seed), &feed, &options, as_a_batch);
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
                gives(bench, generate(seed), &feed, &options, as_a_batch);
            }
        }
    }
}

/// One input is far on in time and then silent, in an epoch that stays open; the other goes on through many
/// epochs until the first may end.
fn an_input_in_an_older_epoch_does_not_tell_the_watermark_alone(bench: &Bench) {
    const LAST: i64 = 40;
    let at = Timestamp::from_seconds;
    for bench in bench.seeds(2, 1) {
        let folder = Folder::new();
        let file = folder.path().join("read");
        let mut options = bench.options();
        (options.bundle_elements, options.epoch_bundles) = (1, Some(1));
        let pipeline = bench.pipeline_with(options);
        let ahead = vec![Step { elements: vec![], watermark: at(1000) }];
        let ahead = pipeline.read(Stepped::of(vec![ahead]).until(&file));
        let steps = (0..=LAST).map(|n| Step { elements: vec![(((), n), at(n))], watermark: at(n) });
        let behind = pipeline.read(Stepped::of(vec![steps.collect()]));
        let behind = behind.map(move |((), n)| {
            if n == LAST {
                fs::write(&file, "").unwrap();
            }
            ((), n)
        });
        let sums = ahead.flatten_with(&behind).window(FixedWindows::of(seconds(1)));
        let sums = sums.combine_per_key(Sum).collect();
        let report = pipeline.run();
        let mut found: Vec<i64> = sums.values().into_iter().map(|((), n)| n).collect();
        found.sort_unstable();
        assert_eq!((found, drops(&report)), ((0..=LAST).collect(), [0, 0]));
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
