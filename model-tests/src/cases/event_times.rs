//! The event times that elements and panes have: where they come from, how far they reach, and what a
//! step may change.

use watershed::{
    Collected, Create, Pipeline, TestStream, TimestampCombiner, WindowFn,
    combine::Sum,
    micros,
    model::{
        Advance, Budget, Drops, GraphFormat, PaneTiming, Progress, Reader, Source, SourceOutput,
    },
    prelude::*,
};

use super::as_text::{are, at, by_letter, lists, stream};
use crate::Bench;

crate::cases! {
    a_panes_time_is_where_its_watermark_was_held: "WN-07";
    merged_windows_hold_the_watermark_no_more: "WN-13";
    times_move_forward_and_go_by_their_new_windows: "WN-09";
    times_that_move_back_are_an_error_that_names_the_step: "WN-09";
    nothing_is_lost_at_the_ends_of_time: "WN-11";
    a_source_that_reads_an_illegal_time_is_an_error_that_names_it: "WN-11";
    elements_without_times_fall_together: "WN-17";
    a_printed_graph_says_where_elements_without_times_fall_together: "WN-17";
}

fn a_panes_time_is_where_its_watermark_was_held(bench: &Bench) {
    use TimestampCombiner::{Earliest, EndOfWindow, Latest};
    let combiners = [
        (Earliest, "a [0s,5s) on_time 0/0 first last @1s = [10]"),
        (Latest, "a [5s,10s) on_time 0/0 first last @8s = [10]"),
        (EndOfWindow, "a [10s,15s) on_time 0/0 first last @end = [10]"),
    ];
    for (combiner, expected) in combiners {
        let pipeline = bench.pipeline();
        let pairs =
            stream(&pipeline, "a=1@1s a=2@8s\n watermark 9s\n a=3@4s a=4@2s\n watermark 12s");
        let windows = FixedWindows::of(seconds(12)).timestamp_combiner(combiner);
        let sums = pairs.window(windows).combine_per_key(Sum);
        // The windows of the second grouping end before the first one's, and yet nothing is late there.
        let again = lists(&sums.window(FixedWindows::of(seconds(5)))).collect();
        let report = pipeline.run();
        are(&again, expected);
        assert_eq!(report.drops, Drops::default());
    }
}

fn merged_windows_hold_the_watermark_no_more(bench: &Bench) {
    use watershed::FiringBehavior::FireAlways;
    let pipeline = bench.pipeline();
    let pairs = stream(
        &pipeline,
        "a1=1@1s a1=2@9s a1=3@17s
         a1=4@5s a1=5@13s
         a1=6@3s a1=7@21s a1=8@2s
         watermark 26s
         watermark 30s
         a1=9@4s",
    );
    let windows = Sessions::with_gap(seconds(5))
        .allowed_lateness(minutes(1))
        .closing_behavior(FireAlways)
        .discarding();
    let sums = pairs.window(windows).combine_per_key(Sum);
    let sessions = sums.collect();
    // A hold that was left behind would keep this from being on time before the late pane comes.
    let behind = by_letter(&sums).window(FixedWindows::of(seconds(10)));
    let behind = lists(&behind).collect();
    pipeline.run();
    // No part left anything that would close.
    are(
        &sessions,
        "a1 [1s,26s) on_time 0/0 first @end = 36
         a1 [1s,26s) late 1/1 @end = 9
         a1 [1s,26s) late 2/2 last @end = 0",
    );
    are(
        &behind,
        "a [20s,30s) on_time 0/0 first @end = [36]
         a [20s,30s) late 1/1 @end = [9]
         a [20s,30s) late 2/2 @end = [0]
         a [20s,30s) late 3/3 last @end = []",
    );
}

fn times_move_forward_and_go_by_their_new_windows(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs =
        stream(&pipeline, "a=1@1s a=12@2s\n watermark 10s\n a=25@12s a=12@12s\n watermark 20s");
    let moved = pairs.with_timestamps(|(_, number)| at(*number));
    let panes = lists(&moved.window(FixedWindows::of(seconds(10)))).collect();
    pipeline.run();
    are(
        &panes,
        "a [0s,10s) on_time 0/0 first last @end = [1]
         a [10s,20s) on_time 0/0 first last @end = [12, 12]
         a [20s,30s) on_time 0/0 first last @end = [25]",
    );
}

fn times_that_move_back_are_an_error_that_names_the_step(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = stream(&pipeline, "a=1@1s\n watermark 10s\n a=11@12s");
    pairs.with_timestamps(|(_, number)| at(*number)).named("stamp").collect();
    let error = pipeline.try_run().unwrap_err();
    assert_eq!(error.failed_step(), Some("stamp"));
    let told = error.to_string();
    assert!(told.contains("earlier than 1970-01-01T00:00:12Z"), "{told}");
}

/// Puts each element out again at its own time, which must be a legal one.
#[derive(Clone)]
struct Again;

impl DoFn<(u8, u32)> for Again {
    type Outputs = One<(u8, u32)>;
    fn process(
        &mut self,
        element: (u8, u32),
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, (u8, u32)>,
    ) -> Result<(), BoxError> {
        out.emit_at(element, cx.timestamp());
        Ok(())
    }
}

/// Elements at both ends of time, grouped by these windows and again by days: each must be there
/// `times` times in the end, and every pane must lie at a legal time in its window.
fn survives<F: WindowFn<(u8, u32)>>(bench: &Bench, windows: F, times: u32) {
    let (first, last) = (Timestamp::MIN, Timestamp::END_OF_GLOBAL_WINDOW);
    let ends = [first, first + micros(1), first + seconds(15), last - micros(1), last];
    let elements = || std::iter::zip((0u32..).map(|n| (7u8, 1 << (4 * n))), ends);
    let look = |panes: &Collected<(u8, u32)>, times: u32| {
        let panes = panes.observed();
        for pane in &panes {
            let [window] = pane.windows.as_slice() else { panic!("in several windows: {pane:?}") };
            assert_eq!(pane.timestamp, window.max_timestamp());
            assert!(pane.timestamp <= last && pane.pane.timing == PaneTiming::OnTime, "{pane:?}");
        }
        // A digit for each element, in base 16.
        let sum: u32 = panes.iter().map(|pane| pane.value.1).sum();
        assert_eq!(sum, 0x11111 * times, "{windows:?}: {panes:#?}");
    };
    let pipeline = bench.pipeline();
    let script = TestStream::new().elements(elements()).advance_watermark_to_infinity();
    let given = [pipeline.apply(Create::timestamped(elements())), pipeline.apply(script)];
    let sums = given.map(|elements| {
        let sums = elements.window(windows.clone()).combine_per_key(Sum);
        let again = sums.par_do(Again).window(FixedWindows::of(days(1))).combine_per_key(Sum);
        [sums.collect(), again.collect()]
    });
    let report = pipeline.run();
    assert_eq!(report.drops, Drops::default());
    sums.iter().flatten().for_each(|panes| look(panes, times));
}

fn nothing_is_lost_at_the_ends_of_time(bench: &Bench) {
    survives(bench, FixedWindows::of(seconds(10)).with_offset(seconds(7)), 1);
    survives(bench, FixedWindows::of(days(400)), 1);
    survives(bench, SlidingWindows::of(seconds(10), seconds(5)), 2);
    survives(bench, SlidingWindows::of(days(3), days(1)), 3);
    survives(bench, Sessions::with_gap(seconds(1)), 1);
    survives(bench, Sessions::with_gap(days(2)), 1);
    survives(bench, CalendarWindows::days(1), 1);
}

/// One element, at this time.
struct OneAt(Timestamp);

impl Source for OneAt {
    type Element = u32;
    type Split = bool;
    type Reader = OneReader;
    fn describe(&self) -> String {
        "an odd source".to_owned()
    }
    fn splits(&self, _: usize) -> Result<Vec<bool>, BoxError> {
        Ok(vec![true])
    }
    fn open(&self, is_left: bool) -> Result<OneReader, BoxError> {
        Ok(OneReader { at: self.0, is_left })
    }
}

struct OneReader {
    at: Timestamp,
    is_left: bool,
}

impl Reader<u32, bool> for OneReader {
    fn advance(&mut self, out: &mut SourceOutput<u32>, _: Budget) -> Result<Advance, BoxError> {
        if std::mem::take(&mut self.is_left) {
            out.emit_at(1, Timestamp::from_seconds(5));
            out.emit_at(2, self.at);
        }
        Ok(Advance::End)
    }
    fn position(&self) -> bool {
        self.is_left
    }
    fn progress(&self) -> Progress {
        Progress::default()
    }
}

fn a_source_that_reads_an_illegal_time_is_an_error_that_names_it(bench: &Bench) {
    let last = Timestamp::END_OF_GLOBAL_WINDOW;
    for illegal in [last + micros(1), Timestamp::MAX] {
        let pipeline = bench.pipeline();
        pipeline.read(OneAt(illegal)).named("read").collect();
        let error = pipeline.try_run().unwrap_err();
        assert_eq!(error.failed_step(), Some("read"));
        let told = error.to_string();
        assert!(told.contains("an odd source gave an element at"), "{told}");
        assert!(told.contains("END_OF_GLOBAL_WINDOW"), "{told}");
    }
    let pipeline = bench.pipeline();
    let read = pipeline.read(OneAt(last)).collect();
    pipeline.run();
    let mut times: Vec<Timestamp> = read.observed().iter().map(|one| one.timestamp).collect();
    times.sort();
    assert_eq!(times, [at(5), last]);
}

fn elements_without_times_fall_together(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create(0..20i64).key_by(|n| n % 2);
        let fixed = FixedWindows::of(seconds(10));
        let sums = numbers.window(fixed).combine_per_key(Sum).collect();
        // Those of another collection, which have times, are apart from them.
        let timed = pipeline.apply(Create::timestamped([((0i64, 1i64), at(3))]));
        let both = numbers.flatten_with(&timed).window(fixed).combine_per_key(Sum).collect();
        pipeline.run();
        let mut windows = Vec::new();
        WindowFn::<()>::assign(&fixed, &(), Timestamp::MIN, &mut windows);
        let first: watershed::model::Window = windows[0].into();
        let mut found: Vec<_> =
            sums.observed().into_iter().map(|sum| (sum.value, sum.windows)).collect();
        found.sort();
        assert_eq!(found, [(0, 90), (1, 100)].map(|sum| (sum, first.clone().into())));
        let mut found = both.values();
        found.sort();
        assert_eq!(found, [(0, 1), (0, 90), (1, 100)]);
    }
}

fn a_printed_graph_says_where_elements_without_times_fall_together(_: &Bench) {
    const NOTE: &str = "where elements without event times all fall together";
    /// How often it is said of what this builds.
    fn said(build: impl Fn(&Pipeline) -> PCollection<u32>) -> [usize; 3] {
        let pipeline = Pipeline::new();
        build(&pipeline).for_each(|_| ());
        let graph = pipeline.build().unwrap();
        let formats = [GraphFormat::Text, GraphFormat::Dot, GraphFormat::Mermaid];
        formats.map(|format| graph.print(format).matches(NOTE).count())
    }
    let fixed = || FixedWindows::of(seconds(10));
    let timed = |pipeline: &Pipeline| pipeline.apply(Create::timestamped([(1u32, at(1))]));
    assert_eq!(said(|p| p.create([1, 2]).window(fixed())), [1; 3]);
    assert_eq!(said(|p| p.apply(text::read("*.txt")).map(|_| 1).window(fixed())), [1; 3]);
    let behind = |p: &Pipeline| {
        let numbers = p.create([1, 2]).filter(|n| *n > 1).flat_map(|n| [n, n]).reshuffle();
        numbers.flatten_with(&timed(p)).window(Sessions::with_gap(seconds(1)))
    };
    assert_eq!(said(behind), [1; 3]);
    // Times given by the source or by a step, or windows that do not go by them.
    assert_eq!(said(|p| timed(p).window(fixed())), [0; 3]);
    assert_eq!(said(|p| p.create([1]).with_timestamps(|_| at(1)).window(fixed())), [0; 3]);
    assert_eq!(said(|p| p.create([1]).window(GlobalWindows)), [0; 3]);
    let grouped = |p: &Pipeline| {
        let counts = p.create([1]).count_per_element();
        counts.map(|(number, _)| number).window(fixed())
    };
    assert_eq!(said(grouped), [0; 3]);
}
