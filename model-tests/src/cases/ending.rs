//! How a job comes to its end: by itself, drained, cancelled, or failed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};

use watershed::{
    Collected, EventTimer, FiredTimer, JobHandle, Outcome, PaneTiming, ProcessingTimer, RunReport,
    combine::Sum, prelude::*,
};

use super::told::{Score, drops, panes};
use crate::{
    Bench,
    folder::Folder,
    stepped::{Step, Stepped},
};

crate::cases! {
    a_drain_closes_windows_with_what_they_have_and_says_so: "WM-08";
    what_a_drain_made_makes_marked_panes_at_the_next_grouping: "WM-08";
    a_drain_reads_bounded_sources_to_their_ends: "WM-08";
    a_drained_run_writes_its_output: "WM-08", "MT-03";
    a_run_says_how_it_ended: "MT-03";
    a_handle_comes_back_when_its_job_has_not_ended_in_time: "MT-03";
    a_drain_of_what_ends_by_itself_changes_nothing: "MT-03";
    a_drain_ends_what_sets_itself_and_what_waits: "WM-17", "WM-08";
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn step(elements: &[(&str, i64)], watermark: i64) -> Step<Score> {
    let elements = elements.iter().map(|(name, time)| (((*name).into(), 1), at(*time)));
    Step { elements: elements.collect(), watermark: at(watermark) }
}

/// A job that never ends by itself. It tells when the panes of its first window have come, and others that
/// were asked for; by then all that there is has been read.
struct Endless {
    pipeline: Pipeline,
    scores: PCollection<Score>,
    seen: Receiver<()>,
    tell: Sender<()>,
    /// What has to come.
    awaited: Arc<Mutex<Vec<PathBuf>>>,
    /// Where its panes leave word.
    folder: Folder,
}

impl Endless {
    fn new() -> Self {
        let (pipeline, folder) = (Pipeline::new(), Folder::new());
        let parts = [
            vec![step(&[("a", 1), ("b", 2)], 3), step(&[("a", 12)], 10)],
            vec![step(&[("b", 3), ("a", 4)], 4), step(&[("b", 14), ("b", 15)], 11)],
        ];
        let never = folder.path().join("never");
        let scores = pipeline.read(Stepped::of(parts.to_vec()).until(&never));
        let (tell, seen) = channel();
        let sums = scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum);
        let job = Endless { pipeline, scores, seen, tell, awaited: Arc::default(), folder };
        job.awaits(&sums, &["a", "b"]);
        job
    }

    /// Panes with these names that are not early have to have come, too.
    fn awaits(&self, panes: &PCollection<Score>, names: &[&str]) {
        self.awaits_any(&panes.par_do(NotEarly), names);
    }

    /// Panes with these names have to have come, early ones too.
    fn awaits_any(&self, panes: &PCollection<Score>, names: &[&str]) {
        let mut awaited = self.awaited.lock().unwrap();
        let place = awaited.len();
        let file = move |folder: &Path, name: &str| folder.join(format!("{place} {name}"));
        awaited.extend(names.iter().map(|name| file(self.folder.path(), name)));
        let (folder, awaited, tell) =
            (self.folder.path().to_owned(), self.awaited.clone(), self.tell.clone());
        panes.for_each(move |(name, _)| {
            fs::write(file(&folder, &name), "").unwrap();
            if awaited.lock().unwrap().iter().all(|file| file.exists()) {
                // Nobody may listen any more.
                let _ = tell.send(());
            }
        });
    }

    /// Starts it, and waits until the first window's panes are seen.
    fn start(&self, bench: &Bench) -> JobHandle {
        let job = bench.start(self.pipeline.build().unwrap()).unwrap();
        wait_until_told(bench, &job, &self.seen);
        job
    }
}

/// Waits for a word. In another process of the job it may be said earlier, and the job have ended here.
pub(super) fn wait_until_told(bench: &Bench, job: &JobHandle, told: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = told.recv_timeout(Duration::from_millis(5)) {
        if job.is_finished() {
            assert!(!bench.sees_all(), "it ended before anything came");
            return;
        }
    }
}

/// What did not come in an early pane.
#[derive(Clone)]
struct NotEarly;

impl DoFn<Score> for NotEarly {
    type Outputs = One<Score>;
    fn process(
        &mut self,
        score: Score,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, Score>,
    ) -> Result<(), BoxError> {
        if cx.pane().timing != PaneTiming::Early {
            out.emit(score);
        }
        Ok(())
    }
}

fn drained(bench: &Bench, job: Endless) -> RunReport {
    let handle = job.start(bench);
    handle.drain();
    let report = handle.wait().unwrap();
    assert_eq!((report.outcome, drops(&report)), (Outcome::Drained, [0, 0]));
    report
}

/// The panes, and for each whether it is marked.
fn marked(found: &Collected<Score>) -> Vec<(String, i64, bool)> {
    let found = found.observed().into_iter();
    let mut marked: Vec<_> = found
        .map(|sum| (sum.value.0, sum.timestamp.as_micros() / 10_000_000, sum.pane.drained))
        .collect();
    marked.sort();
    marked
}

fn a_drain_closes_windows_with_what_they_have_and_says_so(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        let job = Endless::new();
        let ten = FixedWindows::of(seconds(10));
        let sums = job.scores.window(ten).combine_per_key(Sum);
        job.awaits(&sums, &["a", "b"]);
        let sums = sums.collect();
        let every = AfterWatermark::new().early(AfterCount::of(1)).late(AfterCount::of(1));
        let every = ten.triggering(every).accumulating();
        let early = job.scores.window(every).combine_per_key(Sum);
        job.awaits(&early, &["a", "b"]);
        let early = early.collect();
        let sessions = job.scores.window(Sessions::with_gap(seconds(2))).combine_per_key(Sum);
        let sessions = sessions.collect();
        drained(&bench, job);
        assert_eq!(
            panes(&sums),
            [
                "a [0s,10s) on_time 0/0 first last @end = 2",
                "a [10s,20s) on_time 0/0 first last @end = 1",
                "b [0s,10s) on_time 0/0 first last @end = 2",
                "b [10s,20s) on_time 0/0 first last @end = 2"
            ]
        );
        let name = |name: &str| name.to_owned();
        let (a, b) = (name("a"), name("b"));
        let expected = [(&a, 0, false), (&a, 1, true), (&b, 0, false), (&b, 1, true)];
        assert_eq!(
            marked(&sums),
            expected.map(|(name, ten, drained)| (name.clone(), ten, drained))
        );
        // What went out before the drain says nothing of it.
        for pane in early.observed() {
            let is_early = pane.pane.timing == PaneTiming::Early;
            let is_first = pane.timestamp < at(10);
            assert_eq!(pane.pane.drained, !is_early && !is_first, "{pane:?}");
        }
        assert!(marked(&sessions).contains(&(b, 1, true)));
    }
}

fn what_a_drain_made_makes_marked_panes_at_the_next_grouping(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        let job = Endless::new();
        let ten = job.scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum);
        let all = ten.map(|(_, points)| ("all".to_owned(), points)).combine_per_key(Sum);
        job.awaits(&all, &["all"]);
        let all = all.collect();
        // Fires as panes come, before the watermark has gone to the end.
        let each = Repeatedly::of(AfterCount::of(1));
        let each = ten.window(GlobalWindows.triggering(each).discarding());
        let each = each.combine_per_key(Sum);
        let came = each.map(|(name, n): Score| -> Score { (format!("{name}{n}"), n) });
        job.awaits_any(&came, &["a2", "b2"]);
        let each = each.collect();
        drained(&bench, job);
        let all_of = |ten, drained| ("all".to_owned(), ten, drained);
        assert_eq!(marked(&all), [all_of(0, false), all_of(1, true)]);
        let mut marks: Vec<_> = each
            .observed()
            .into_iter()
            .map(|sum| (sum.value.0, sum.value.1, sum.pane.drained))
            .collect();
        marks.sort();
        let marks: Vec<_> =
            marks.iter().map(|(name, n, drained)| (name.as_str(), *n, *drained)).collect();
        assert_eq!(marks, [("a", 1, true), ("a", 2, false), ("b", 2, false), ("b", 2, true)]);
    }
}

fn a_drain_reads_bounded_sources_to_their_ends(bench: &Bench) {
    for bench in bench.seeds(2, 2) {
        let job = Endless::new();
        let bounded = job.pipeline.create(0..3000u64).collect();
        drained(&bench, job);
        assert_eq!(bounded.values().len(), 3000);
    }
}

fn a_drained_run_writes_its_output(bench: &Bench) {
    let folder = Folder::new();
    let file = folder.path().join("out.txt");
    let job = Endless::new();
    let sums = job.scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum);
    let lines = sums.map(|(name, points)| format!("{name}={points}"));
    lines.apply(text::write(file.to_str().unwrap()).shards(1));
    drained(bench, job);
    let text = fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort();
    assert_eq!(lines, ["a=1", "a=2", "b=2", "b=2"]);
}

fn a_run_says_how_it_ended(bench: &Bench) {
    let pipeline = bench.pipeline();
    pipeline.create([1, 2]).collect();
    assert_eq!(pipeline.run().outcome, Outcome::Done);

    let job = Endless::new();
    let sums = job.scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum).collect();
    drained(bench, job);
    assert_eq!(sums.values().len(), 4);

    let job = Endless::new();
    let sums = job.scores.window(FixedWindows::of(seconds(10))).combine_per_key(Sum).collect();
    let handle = job.start(bench);
    handle.cancel();
    assert_eq!(handle.wait().unwrap().outcome, Outcome::Cancelled);
    assert_eq!(sums.values(), []);

    let pipeline = bench.pipeline();
    let failing = pipeline.create([1, 2]).map(|n: i32| match n {
        2 => panic!("two"),
        n => n,
    });
    failing.named("fails").collect();
    assert_eq!(pipeline.try_run().unwrap_err().failed_step(), Some("fails"));
}

fn a_handle_comes_back_when_its_job_has_not_ended_in_time(bench: &Bench) {
    let endless = Endless::new();
    let job = endless.start(bench);
    let job = match job.wait_for(Duration::ZERO) {
        Err(job) => job,
        // Another process may have drained it already.
        Ok(ended) => {
            assert!(!bench.sees_all() && ended.unwrap().outcome == Outcome::Drained);
            return;
        }
    };
    assert!(!job.is_finished() || !bench.sees_all());
    job.drain();
    let Ok(ended) = job.wait_for(Duration::from_secs(50)) else { panic!("it does not end") };
    assert_eq!(ended.unwrap().outcome, Outcome::Drained);
}

fn a_drain_of_what_ends_by_itself_changes_nothing(bench: &Bench) {
    let pipeline = Pipeline::new();
    let scores = pipeline.create((0..2000i64).map(|n| (n % 7, n)));
    let sums = scores.with_timestamps(|(_, n)| at(*n)).window(FixedWindows::of(seconds(100)));
    let sums = sums.combine_per_key(Sum).collect();
    let job = bench.start(pipeline.build().unwrap()).unwrap();
    job.drain();
    assert_eq!(job.wait().unwrap().outcome, Outcome::Done);
    assert_eq!(sums.values().iter().map(|(_, sum)| sum).sum::<i64>(), (0..2000i64).sum::<i64>());
    assert!(sums.observed().iter().all(|sum| !sum.pane.drained));
}

/// A timer that sets itself again, for ever.
#[derive(Clone)]
struct Loops;

impl StatefulDoFn<String, i64> for Loops {
    type Outputs = One<(String, i64)>;
    type Cells = (EventTimer, ProcessingTimer);

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        (spec.event_timer("next"), spec.processing_timer("later"))
    }

    fn process(
        &mut self,
        _: i64,
        (next, later): &Self::Cells,
        cx: &mut StateContext<'_, String>,
        _: &mut StatefulEmitters<Self, String, i64>,
    ) -> Result<(), BoxError> {
        later.set_after(cx, hours(1))?;
        next.set_after(cx, seconds(1))
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        (next, later): &Self::Cells,
        cx: &mut StateContext<'_, String>,
        out: &mut StatefulEmitters<Self, String, i64>,
    ) -> Result<(), BoxError> {
        if fired.is(later) {
            out.emit((cx.key().clone(), -1));
            return later.set_after(cx, hours(1));
        }
        out.emit((cx.key().clone(), 1));
        next.set_after(cx, seconds(1))
    }
}

fn a_drain_ends_what_sets_itself_and_what_waits(bench: &Bench) {
    let job = Endless::new();
    let looped = job.scores.stateful("Loops", Loops).collect();
    // Its only window is never complete before the drain, and nothing comes.
    let nothing = job.scores.filter(|_| false).window(FixedWindows::of(hours(1))).values();
    let nothing = nothing.as_list();
    let waited = job.scores.window(FixedWindows::of(seconds(10)));
    let waited = waited.map_with(&nothing, |(name, _): Score, none| (name, none.len())).collect();
    drained(bench, job);
    let mut waited = waited.values();
    waited.sort();
    let expected = ["a", "a", "a", "b", "b", "b", "b"].map(|name| (name.to_owned(), 0));
    assert_eq!(waited, expected);
    // The last call of each key's clock, and as many turns as there was event time.
    let turns = |key: &str, what: i64| {
        let all = looped.values();
        all.iter().filter(|(name, turn)| name == key && *turn == what).count()
    };
    assert_eq!((turns("a", -1), turns("b", -1)), (1, 1));
    assert!((1..20).contains(&turns("a", 1)) && (1..20).contains(&turns("b", 1)));
}
