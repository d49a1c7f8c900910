//! Sources whose watermarks move by themselves: far apart, back, or without a single element.

use std::{fs, path::Path};

use fastrand::Rng;
use watershed::{Observed, combine::Sum, model::Window, prelude::*};

use super::told::{Score, drops};
use crate::{
    Bench,
    folder::Folder,
    stepped::{Step, Stepped},
};

crate::cases! {
    nothing_on_time_is_late_however_far_sources_are_apart: "WM-01", "WM-12";
    a_watermark_that_goes_back_is_held_and_counted: "WM-14";
    a_source_without_elements_moves_the_watermark: "WM-01", "WM-16";
    who_waits_for_a_split_holds_nothing_back: "WM-01";
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A part of scores at every second below `n`, in small steps; the watermark stays up to `lag` behind.
fn part(random: &mut Rng, n: i64, lag: i64) -> Vec<Step<Score>> {
    let mut steps = Vec::new();
    let mut next = 0;
    while next < n {
        let upto = (next + random.i64(0..6)).min(n);
        let elements = (next..upto).map(|t| (((t % 3).to_string(), 1), at(t))).collect();
        next = upto;
        steps.push(Step { elements, watermark: at(next - random.i64(0..=lag)) });
    }
    steps
}

/// How the first grouping fires: each way takes another path.
fn windowed(scores: &PCollection<Score>) -> Vec<PCollection<Score>> {
    let ten = FixedWindows::of(seconds(10));
    let every = AfterWatermark::new().early(AfterCount::of(2)).late(AfterCount::of(1));
    vec![
        scores.window(ten),
        scores.window(ten.triggering(every).allowed_lateness(seconds(3)).discarding()),
        scores.window(Sessions::with_gap(seconds(2))),
        scores.window(ten.timestamp_combiner(watershed::TimestampCombiner::Earliest)),
    ]
}

/// What all panes of a window have together, by windows of ten seconds.
fn net(observed: Vec<Observed<Score>>) -> Vec<(i64, i64)> {
    let mut net = std::collections::BTreeMap::new();
    for Observed { value: (_, points), windows, .. } in observed {
        let [Window::Interval { start, .. }] = windows.as_slice() else { panic!("{windows:?}") };
        *net.entry(start.as_micros() / 10_000_000).or_default() += points;
    }
    net.into_iter().collect()
}

fn nothing_on_time_is_late_however_far_sources_are_apart(bench: &Bench) {
    const SECONDS: i64 = 60;
    let seeds = if bench.processes() == 1 { 12 } else { 4 };
    for (seed, bench) in bench.seeds(seeds, 1 + seeds as usize % 3).enumerate() {
        let mut random = Rng::with_seed(seed as u64);
        let mut options = bench.options();
        options.epoch_bundles = Some(random.u64(1..3));
        let pipeline = bench.pipeline_with(options);
        // One keeps step with its watermark, in parts; the other stays behind, and is long.
        let fast = (0..3).map(|_| part(&mut random, SECONDS, 0)).collect();
        let slow = vec![part(&mut random, SECONDS, 40), part(&mut random, SECONDS, 0)];
        let fast = pipeline.read(Stepped::of(fast));
        let scores = fast.flatten_with(&pipeline.read(Stepped::of(slow)));
        let looks = windowed(&scores).into_iter().map(|windowed| {
            let sums = windowed.combine_per_key(Sum);
            let all = sums.map(|(_, points)| ("all".to_owned(), points));
            let twice = all.combine_per_key(Sum);
            let anew = FixedWindows::of(seconds(10)).triggering(Trigger::Default);
            let anew = all.window(anew.allowed_lateness(seconds(0)));
            (twice.collect(), anew.combine_per_key(Sum).collect())
        });
        let looks: Vec<_> = looks.collect();
        let report = pipeline.run();
        assert_eq!(drops(&report), [0, 0]);
        let by_tens: Vec<(i64, i64)> = (0..SECONDS / 10).map(|tens| (tens, 5 * 10)).collect();
        for (place, (twice, anew)) in looks.iter().enumerate() {
            let by_sessions = place == 2;
            if !by_sessions {
                assert_eq!(net(twice.observed()), by_tens);
                assert_eq!(net(anew.observed()), by_tens);
            }
            let total = |sums: Vec<Score>| sums.iter().map(|(_, points)| points).sum::<i64>();
            assert_eq!((total(twice.values()), total(anew.values())), (5 * SECONDS, 5 * SECONDS));
        }
    }
}

/// Writes the file when a pane comes, in whichever process.
fn tell_when_seen(sums: &PCollection<Score>, file: &Path) {
    let file = file.to_owned();
    sums.for_each(move |_| fs::write(&file, "").unwrap());
}

fn steps(steps: &[(&[i64], i64)]) -> Vec<Step<Score>> {
    let step = |(elements, watermark): &(&[i64], i64)| Step {
        elements: elements.iter().map(|t| (("a".to_owned(), 1), at(*t))).collect(),
        watermark: at(*watermark),
    };
    steps.iter().map(step).collect()
}

/// Options under which the watermark is told after every bundle.
fn telling(bench: &Bench) -> watershed::RunOptions {
    let mut options = bench.options();
    options.epoch_bundles = Some(1);
    options
}

fn a_watermark_that_goes_back_is_held_and_counted(bench: &Bench) {
    for bench in bench.seeds(4, 1) {
        let pipeline = bench.pipeline_with(telling(&bench));
        let jitter = steps(&[
            (&[1, 2], 2),
            (&[], 0),
            (&[3, 9], 1),
            (&[12], 12),
            (&[14], 9),
            (&[], 11),
            (&[30], 30),
            (&[], 29),
            (&[], 31),
        ]);
        let folder = Folder::new();
        // The source goes on until the first pane is seen: nothing stalls.
        let file = folder.path().join("seen");
        let source = Stepped::of(vec![jitter]).until(&file);
        let sums = pipeline.read(source).window(FixedWindows::of(seconds(10))).combine_per_key(Sum);
        tell_when_seen(&sums, &file);
        let found = sums.collect();
        let report = pipeline.run();
        assert_eq!(net(found.observed()), [(0, 4), (1, 2), (3, 1)]);
        assert_eq!(drops(&report), [0, 0]);
        let setbacks: u64 = report.steps.iter().map(|step| step.watermark_setbacks).sum();
        assert_eq!(setbacks, 5);
    }
}

/// Reads these parts until a pane is seen, with two scores beside them.
fn goes_on_until_seen(bench: &Bench, parts: Vec<Vec<Step<Score>>>) -> Vec<(i64, i64)> {
    let pipeline = bench.pipeline_with(telling(bench));
    let folder = Folder::new();
    let file = folder.path().join("seen");
    let watched = pipeline.read(Stepped::of(parts).until(&file));
    let scores = pipeline.create([("a".to_owned(), 1), ("b".to_owned(), 2)]);
    let scores = scores.with_timestamps(|_| at(3)).flatten_with(&watched);
    let sums = scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum);
    tell_when_seen(&sums, &file);
    let found = sums.collect();
    let report = pipeline.run();
    assert_eq!(drops(&report), [0, 0]);
    net(found.observed())
}

fn a_source_without_elements_moves_the_watermark(bench: &Bench) {
    for bench in bench.seeds(2, 1) {
        let silent = steps(&[(&[], 1), (&[], 9), (&[], 10)]);
        assert_eq!(goes_on_until_seen(&bench, vec![silent]), [(0, 3)]);
    }
}

fn who_waits_for_a_split_holds_nothing_back(bench: &Bench) {
    for bench in bench.seeds(2, 1) {
        // One worker reads, the others wait: at first there is nothing, and no watermark.
        let nothing = Step { elements: Vec::new(), watermark: Timestamp::MIN };
        let nothing = std::iter::repeat_n(nothing, 2_000);
        let late = nothing.chain(steps(&[(&[11], 11)])).collect();
        assert_eq!(goes_on_until_seen(&bench, vec![late]), [(0, 3), (1, 1)]);
    }
}
