//! Splits that have nothing: which hold their source's watermark, and which do not.

use std::{fs, path::Path};

use watershed::{combine::Sum, micros, prelude::*};

use super::told::{Score, drops, panes};
use crate::{
    Bench,
    folder::Folder,
    stepped::{Step, Stepped},
    ticking::ticking,
};

crate::cases! {
    an_idle_split_does_not_hold_the_watermark: "WM-05";
    a_split_without_a_single_element_can_be_idle_too: "WM-05";
    a_split_that_ends_does_not_hold_the_watermark: "WM-05";
    what_an_idle_split_gives_later_may_be_late: "WM-05";
    a_split_that_was_not_asked_yet_is_not_idle: "WM-19";
}

fn step(elements: &[(&str, i64)], watermark: i64) -> Step<Score> {
    let at = Timestamp::from_seconds;
    let elements = elements.iter().map(|(name, time)| (((*name).into(), 1), at(*time)));
    Step { elements: elements.collect(), watermark: at(watermark) }
}

/// The panes of these parts in windows of ten seconds, and how many were dropped. The first pane lets
/// the parts go on behind their gate.
fn read(bench: &Bench, source: impl FnOnce(&Path) -> Stepped<Score>) -> (Vec<String>, u64) {
    let folder = Folder::new();
    let file = folder.path().join("seen");
    let mut options = bench.options();
    (options.clock, options.epoch_bundles) = (ticking(0), Some(1));
    let pipeline = bench.pipeline_with(options);
    let scores = pipeline.read(source(&file));
    let sums = scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum);
    sums.for_each(move |_| fs::write(&file, "").unwrap());
    let found = sums.collect();
    let report = pipeline.run();
    (panes(&found), drops(&report)[0])
}

const FIRST: &str = "a [0s,10s) on_time 0/0 first last @end = 2";

fn an_idle_split_does_not_hold_the_watermark(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        // The second part has something, and then nothing until the first pane is seen.
        let parts = vec![vec![step(&[("a", 1)], 30)], vec![step(&[("a", 2)], 3)]];
        let found = read(&bench, |seen| Stepped::of(parts).idle_after(seconds(20)).until(seen));
        assert_eq!(found, (vec![FIRST.to_owned()], 0));
    }
}

fn a_split_without_a_single_element_can_be_idle_too(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        let parts = vec![vec![], vec![step(&[("a", 1), ("a", 2)], 30)], vec![]];
        let found = read(&bench, |seen| Stepped::of(parts).idle_after(seconds(20)).until(seen));
        assert_eq!(found, (vec![FIRST.to_owned()], 0));
    }
}

fn a_split_that_ends_does_not_hold_the_watermark(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        let parts = vec![vec![step(&[("a", 1)], 1)], vec![step(&[("a", 2)], 2)]];
        let (panes, dropped) = read(&bench, |_| Stepped::of(parts));
        assert_eq!((panes, dropped), (vec![FIRST.to_owned()], 0));
    }
}

fn what_an_idle_split_gives_later_may_be_late(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        let parts = vec![vec![step(&[("a", 1)], 30)], vec![step(&[("a", 2)], 3)]];
        // Its watermark stays behind, and that of the source where it was.
        let then = vec![vec![], vec![step(&[("a", 4), ("b", 35)], 5)]];
        let found =
            read(&bench, |seen| Stepped::of(parts).idle_after(seconds(20)).until(seen).then(then));
        let last = "b [30s,40s) on_time 0/0 first last @end = 1".to_owned();
        assert_eq!(found, (vec![FIRST.to_owned(), last], 1));
    }
}

fn a_split_that_was_not_asked_yet_is_not_idle(bench: &Bench) {
    for bench in bench.seeds(8, 2) {
        // Each is far ahead of the others when it has been asked, and the clock goes on meanwhile.
        let part = |p| vec![step(&[("a", p), ("a", p + 30)], 100), step(&[("a", 101)], 102)];
        let parts = (0..6).map(part).collect();
        let (panes, dropped) = read(&bench, |_| Stepped::of(parts).idle_after(micros(1)));
        let whole =
            [0, 30, 100].map(|t| format!("a [{t}s,{}s) on_time 0/0 first last @end = 6", t + 10));
        assert_eq!((panes, dropped), (whole.to_vec(), 0));
    }
}
