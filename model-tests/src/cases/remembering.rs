//! A stateful DoFn that does what a case tells it, with a cell of every kind and some timers.

use watershed::{
    BagState, BoxError, Collected, CombiningState, Duration, Emitter, EventTimer, EventTimerFamily,
    FiredTimer, MapState, MultimapState, OrderedListState, PCollection, ProcessingTimer,
    ProcessingTimerFamily, RunReport, SetState, Timestamp, ValueState, WindowExpiration,
    combine::Sum, model::Window, prelude::*,
};

use super::told::{Score, stream};
use crate::Bench;

/// What the author's code is given.
pub(super) type Cx<'a> = StateContext<'a, String>;

/// Where it puts what it has to say.
pub(super) type Out = Emitter<String>;

type Process = fn(i64, &Cells, &mut Cx<'_>, &mut Out) -> Result<(), BoxError>;
type OnTimer = fn(&FiredTimer<'_>, &Cells, &mut Cx<'_>, &mut Out) -> Result<(), BoxError>;

/// Cells and timers.
pub(super) struct Cells {
    pub(super) value: ValueState<i64>,
    pub(super) bag: BagState<i64>,
    pub(super) set: SetState<i64>,
    pub(super) map: MapState<String, i64>,
    pub(super) multimap: MultimapState<String, i64>,
    pub(super) list: OrderedListState<i64>,
    pub(super) sum: CombiningState<i64, Sum>,
    pub(super) a: EventTimer,
    pub(super) b: EventTimer,
    pub(super) clock: ProcessingTimer,
    pub(super) family: EventTimerFamily,
    pub(super) clock_family: ProcessingTimerFamily,
    expiration: Option<WindowExpiration>,
}

impl Cells {
    /// The name of what has fired.
    pub(super) fn name(&self, fired: &FiredTimer<'_>) -> String {
        let names = [
            (fired.is(&self.a), "a"),
            (fired.is(&self.b), "b"),
            (fired.is(&self.clock), "clock"),
            (fired.is(&self.family), "family"),
            (fired.is(&self.clock_family), "clock family"),
            (self.expiration.is_some_and(|expiration| fired.is(&expiration)), "expiration"),
        ];
        let found: Vec<&str> =
            names.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        format!("{}{}", found.join("+"), fired.tag())
    }
}

/// What the DoFn does.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) process: Process,
    pub(super) on_timer: OnTimer,
    pub(super) expires: bool,
    pub(super) sorts: bool,
    pub(super) lives: Option<Duration>,
}

impl Recipe {
    /// One that only looks at elements.
    pub(super) fn of(process: Process) -> Self {
        let on_timer: OnTimer = |fired, cells, cx, out| {
            out.emit(format!("{} {}", cx.key(), cells.name(fired)));
            Ok(())
        };
        Recipe { process, on_timer, expires: false, sorts: false, lives: None }
    }

    /// With this for what fires, instead of the name of it.
    pub(super) fn on_timer(self, on_timer: OnTimer) -> Self {
        Recipe { on_timer, ..self }
    }

    /// With a last call when the window expires.
    pub(super) fn expiring(self) -> Self {
        Recipe { expires: true, ..self }
    }

    /// What it puts out in a pipeline of the author's.
    pub(super) fn step(self, scores: &PCollection<Score>) -> PCollection<String> {
        scores.stateful("remembers", self)
    }

    /// Plays a script through it: what it put out, with time and window, and the report.
    pub(super) fn play(
        self,
        bench: &Bench,
        script: &str,
        window: impl FnOnce(&PCollection<Score>) -> PCollection<Score>,
    ) -> (Vec<String>, RunReport) {
        let pipeline = bench.pipeline();
        let found = self.step(&window(&pipeline.apply(stream(script)))).collect();
        let report = pipeline.run();
        (said(&found), report)
    }
}

impl StatefulDoFn<String, i64> for Recipe {
    type Outputs = One<String>;
    type Cells = Cells;

    fn declare(&self, spec: &mut StateSpec) -> Cells {
        if self.sorts {
            spec.time_sorted_input();
        }
        if let Some(span) = self.lives {
            spec.time_to_live(span);
        }
        Cells {
            value: spec.value("value"),
            bag: spec.bag("bag"),
            set: spec.set("set"),
            map: spec.map("map"),
            multimap: spec.multimap("multimap"),
            list: spec.ordered_list("list"),
            sum: spec.combining("sum", Sum),
            a: spec.event_timer("a"),
            b: spec.event_timer("b"),
            clock: spec.processing_timer("clock"),
            family: spec.event_timer_family("family"),
            clock_family: spec.processing_timer_family("clock family"),
            expiration: self.expires.then(|| spec.on_window_expiration()),
        }
    }

    fn process(
        &mut self,
        points: i64,
        cells: &Cells,
        cx: &mut Cx<'_>,
        out: &mut Out,
    ) -> Result<(), BoxError> {
        (self.process)(points, cells, cx, out)
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        cells: &Cells,
        cx: &mut Cx<'_>,
        out: &mut Out,
    ) -> Result<(), BoxError> {
        (self.on_timer)(fired, cells, cx, out)
    }
}

/// Seconds, as short as can be.
pub(super) fn short(at: Timestamp) -> String {
    format!("{}", at.as_micros() as f64 / 1e6)
}

/// What was put out, with time and window, sorted by text.
pub(super) fn said(found: &Collected<String>) -> Vec<String> {
    let observed = found.observed().into_iter();
    let mut said: Vec<String> = observed
        .map(|said| {
            let windows = said.windows.as_slice().iter().map(|window| match window {
                Window::Global => "global".to_owned(),
                Window::Interval { start, end } => format!("{}..{}", short(*start), short(*end)),
                other => other.to_string(),
            });
            let windows: Vec<String> = windows.collect();
            format!("{} @{} {}", said.value, short(said.timestamp), windows.join(" "))
        })
        .collect();
    said.sort();
    said
}

/// The input as it is.
pub(super) fn global(scores: &PCollection<Score>) -> PCollection<Score> {
    scores.clone()
}

/// In windows of ten seconds, with so much lateness allowed.
pub(super) fn tens(lateness: i64) -> impl Fn(&PCollection<Score>) -> PCollection<Score> {
    let windows = FixedWindows::of(seconds(10)).triggering(Trigger::Default);
    let windows = windows.allowed_lateness(seconds(lateness)).discarding();
    move |scores| scores.window(windows.clone())
}
