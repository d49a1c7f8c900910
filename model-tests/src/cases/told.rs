//! Streams of scores, told on a line, and the panes that come of them, as text.

use watershed::{
    Collected, Observed, PCollection, RunReport, TestStream, Timestamp,
    combine::Sum,
    model::{DropReason, Window},
};

use crate::{
    Bench,
    oracle::{Pane, Value},
};

/// A name and points.
pub(super) type Score = (String, i64);

/// A time in seconds, such as `9.999999`.
pub(super) fn time(seconds: &str) -> Timestamp {
    let seconds: f64 = seconds.parse().expect("seconds");
    Timestamp::from_micros((seconds * 1e6).round() as i64)
}

/// Events between bars, their times in seconds: `a=1@1 b=2@2 | w10 | c5 | w20 c9` is a bundle, a step
/// of the watermark, one of the clock, and one of both. At the end the watermark goes to infinity. An
/// event of nothing leaves the turn to another stream.
pub(super) fn stream(script: &str) -> TestStream<Score> {
    let events = script.split('|').map(|event| event.split_whitespace().collect::<Vec<_>>());
    let stream = events.fold(TestStream::new(), |stream, event| {
        let is_step = event.iter().all(|word| !word.contains('='));
        let moved = |to: char| {
            event.iter().find_map(|word| word.strip_prefix(to)).filter(|_| is_step).map(time)
        };
        match (moved('w'), moved('c')) {
            (Some(watermark), Some(clock)) => stream.advance_both_to(watermark, clock),
            (Some(watermark), None) => stream.advance_watermark_to(watermark),
            (None, Some(clock)) => stream.advance_processing_time_to(clock),
            (None, None) => stream.elements(event.iter().map(|word| element(word))),
        }
    });
    stream.advance_watermark_to_infinity()
}

fn element(word: &str) -> (Score, Timestamp) {
    let (name, rest) = word.split_once('=').expect("name=points@time");
    let (points, at) = rest.split_once('@').expect("name=points@time");
    ((name.into(), points.parse().expect("points")), time(at))
}

/// Plays a stream through what `build` makes of it: the panes, and the report.
pub(super) fn played(
    bench: &Bench,
    script: &str,
    build: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
) -> (Vec<String>, RunReport) {
    let pipeline = bench.pipeline();
    let found = build(&pipeline.apply(stream(script))).collect();
    let report = pipeline.run();
    (panes(&found), report)
}

/// The panes of the sums of each name, where only one step groups.
pub(super) fn summed(
    bench: &Bench,
    script: &str,
    window: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
) -> (Vec<String>, RunReport) {
    played(bench, script, |scores| window(scores).combine_per_key(Sum))
}

/// Panes as text, in the order of name, window and index.
pub(super) fn panes(collected: &Collected<Score>) -> Vec<String> {
    let mut panes: Vec<Pane> = collected.observed().into_iter().map(pane).collect();
    panes.sort_by(|a, b| {
        let by = |pane: &Pane| (pane.key.clone(), pane.window.max_timestamp(), pane.pane.index);
        by(a).cmp(&by(b)).then_with(|| a.cmp(b))
    });
    panes.iter().map(ToString::to_string).collect()
}

fn pane(observed: Observed<Score>) -> Pane {
    let Observed { value: (key, points), timestamp, windows, pane, .. } = observed;
    let [window] = windows.as_slice() else { panic!("a pane in {windows:?}") };
    Pane { key, window: window.clone(), timestamp, pane, value: Value::Number(points) }
}

/// How many were dropped as late, and as closed.
pub(super) fn drops(report: &RunReport) -> [u64; 2] {
    [DropReason::Late, DropReason::Closed].map(|reason| report.drops.count(reason))
}

/// The window between these seconds.
pub(super) fn interval(start: i64, end: i64) -> Window {
    Window::Interval { start: Timestamp::from_seconds(start), end: Timestamp::from_seconds(end) }
}
