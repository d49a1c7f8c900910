//! A stateful step by itself: what is saved goes on on any number of workers, nothing is kept of what is
//! over, and a cell that cannot be read again is named.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use watershed_core::{
    BagState, EventTimer, FiredTimer, FixedWindows, MapState, MultimapState, One, OrderedListState,
    Pipeline, ProcessingTimerFamily, SetState, StateContext, StateSpec, StatefulDoFn,
    StatefulEmitters, ValueState, WindowExpiration, WindowExt,
};
use watershed_model::{
    AnyBundle, BoxError, Bundle, Column, Dictionary, Graph, IntervalWindow, KeyHasher, Node,
    NodeId, Primitive, SavedState, Timestamp, UserOptions, Window, WindowSet, seconds,
};
use watershed_runner_core::{Sight, StatefulOperator, ViewStore};

/// Remembers in several ways, and says all that it does.
#[derive(Clone)]
struct Busy;

struct Cells {
    count: ValueState<u64>,
    seen: BagState<i64>,
    soon: EventTimer,
    clocks: ProcessingTimerFamily,
    end: WindowExpiration,
}

impl StatefulDoFn<i64, i64> for Busy {
    type Outputs = One<(i64, String)>;
    type Cells = Cells;

    fn declare(&self, spec: &mut StateSpec) -> Cells {
        Cells {
            count: spec.value("count"),
            seen: spec.bag("seen"),
            soon: spec.event_timer("soon"),
            clocks: spec.processing_timer_family("clocks"),
            end: spec.on_window_expiration(),
        }
    }

    fn process(
        &mut self,
        value: i64,
        cells: &Cells,
        cx: &mut StateContext<'_, i64>,
        out: &mut StatefulEmitters<Self, i64, i64>,
    ) -> Result<(), BoxError> {
        *cells.count.get_or_default(cx) += 1;
        cells.seen.add(cx, value);
        match value % 4 {
            0 => cells.soon.set_after(cx, seconds(value % 7))?,
            1 => cells.clocks.set_after(cx, &(value % 3).to_string(), seconds(value % 5))?,
            2 => cells.soon.clear(cx),
            _ => {}
        }
        let count = cells.count.get(cx).copied().unwrap_or_default();
        out.emit((*cx.key(), format!("{value} is number {count}")));
        Ok(())
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        cells: &Cells,
        cx: &mut StateContext<'_, i64>,
        out: &mut StatefulEmitters<Self, i64, i64>,
    ) -> Result<(), BoxError> {
        let what = match () {
            () if fired.is(&cells.soon) => "soon",
            () if fired.is(&cells.end) => "end",
            () => "clock",
        };
        let sum: i64 = cells.seen.iter(cx).sum();
        out.emit((*cx.key(), format!("{what}{} {:?} of {sum}", fired.tag(), fired.time())));
        Ok(())
    }
}

/// A graph with the step, in windows of ten seconds with five of lateness.
fn graph() -> Graph {
    let pipeline = Pipeline::new();
    let windows = FixedWindows::of(seconds(10)).triggering(watershed_model::Trigger::Default);
    let windows = windows.allowed_lateness(seconds(5)).discarding();
    let numbers = pipeline.create([(0i64, 0i64)]).window(windows);
    numbers.stateful("Busy", Busy).for_each(|_| ());
    pipeline.build().unwrap()
}

fn operator(graph: &Graph) -> StatefulOperator {
    let is_stateful = |node: &Node| matches!(node.primitive, Primitive::Stateful(_));
    let step = graph.nodes().iter().position(is_stateful).unwrap();
    StatefulOperator::start(graph, NodeId(step), 0, 100).unwrap()
}

/// A step that sees nothing beside its elements.
fn with_sight<T>(see: impl FnOnce(&Sight<'_>) -> T) -> T {
    let (store, options) = (ViewStore::new(&graph(), 1, usize::MAX), UserOptions::default());
    see(&Sight { store: &store, watermarks: &[], options: &options })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Elements with their seconds, each in its window.
fn bundle(elements: &[(i64, i64, i64)]) -> AnyBundle {
    let mut bundle = Bundle::of(elements.iter().map(|(key, value, _)| (*key, *value)).collect());
    let sets = elements.iter().map(|(_, _, second)| {
        let start = at(second.div_euclid(10) * 10);
        WindowSet::One(Window::from(IntervalWindow::new(start, start + seconds(10))))
    });
    let index = Column::Each((0..elements.len() as u32).collect());
    bundle.metadata.windows = Dictionary::new(sets.collect(), index);
    bundle.metadata.timestamps =
        Column::Each(elements.iter().map(|(_, _, second)| at(*second)).collect());
    AnyBundle::new(bundle)
}

/// What happens to a step: elements come, and then both times go on by so much.
#[derive(Clone, Debug)]
struct Happening {
    elements: Vec<(i64, i64, i64)>,
    watermark: i64,
    clock: i64,
}

type Said = Vec<(i64, String, Timestamp)>;

/// What one operator says of happenings for keys that are its own; and of the end, if it comes.
fn run(
    operator: &mut StatefulOperator,
    happenings: &[Happening],
    from: (i64, i64),
    is_own: impl Fn(i64) -> bool,
    ends: bool,
) -> (Said, (i64, i64)) {
    let mut said = Said::new();
    let mut emit = |_: usize, bundle: AnyBundle| {
        let bundle = bundle.downcast::<(i64, String)>();
        for (place, (key, text)) in bundle.values.into_iter().enumerate() {
            said.push((key, text, bundle.metadata.timestamps.get(place)));
        }
    };
    let (mut watermark, mut clock) = from;
    operator.advance(at(watermark), at(clock));
    for happening in happenings {
        let own = happening.elements.iter().copied().filter(|(key, ..)| is_own(*key));
        let own: Vec<_> = own.collect();
        if !own.is_empty() {
            with_sight(|sight| operator.process(bundle(&own), sight, &mut emit)).unwrap();
        }
        (watermark, clock) = (watermark + happening.watermark, clock + happening.clock);
        operator.advance(at(watermark), at(clock));
        while !with_sight(|sight| operator.fire(sight, &mut emit)).unwrap() {}
    }
    if ends {
        operator.advance(Timestamp::MAX, at(clock));
        while !with_sight(|sight| operator.fire(sight, &mut emit)).unwrap() {}
        assert_eq!(operator.hold(), None);
        assert_eq!(operator.next_deadline(), None);
    }
    (said, (watermark, clock))
}

/// The order over keys is free; that of one key is not.
fn by_key(mut said: Said) -> Said {
    said.sort_by_key(|(key, ..)| *key);
    said
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let element = (0i64..6, 0i64..40, 0i64..40);
    let happening = (prop::collection::vec(element, 0..6), 0i64..8, 0i64..4);
    let happening =
        happening.prop_map(|(elements, watermark, clock)| Happening { elements, watermark, clock });
    prop::collection::vec(happening, 2..12)
}

proptest! {
    #[test]
    fn what_is_saved_goes_on_on_any_number_of_workers(
        happenings in happenings(),
        cut in 0usize..12,
        workers in 1usize..5,
    ) {
        let graph = graph();
        let cut = cut.min(happenings.len());
        let (before, after) = happenings.split_at(cut);
        let (expected, _) = run(&mut operator(&graph), &happenings, (0, 0), |_| true, true);

        let mut first = operator(&graph);
        let (mut said, times) = run(&mut first, before, (0, 0), |_| true, false);
        let saved = first.save().unwrap();
        let hasher = KeyHasher::new(7, KeyHasher::DEFAULT_GROUPS);
        let owner = |key: &[u8]| hasher.group_of(key).0 as usize % workers;
        for worker in 0..workers {
            let own = saved.iter().filter(|saved| owner(&saved.key) == worker).cloned();
            let mut operator = operator(&graph);
            operator.advance(at(times.0), at(times.1));
            operator.load(own.collect()).unwrap();
            let is_own = |key: i64| owner(&key.to_le_bytes()) == worker;
            said.extend(run(&mut operator, after, times, is_own, true).0);
        }
        prop_assert_eq!(by_key(said), by_key(expected));
    }
}

#[test]
fn after_a_million_windows_no_more_is_kept_than_after_a_few() {
    let graph = graph();
    let mut operator = operator(&graph);
    let (mut few, mut said) = (0, 0);
    let mut emit = |_: usize, bundle: AnyBundle| said += bundle.len();
    for n in 0..10_000i64 {
        let elements: Vec<_> = (0..100).map(|i| (i % 3, 4 * i, 1_000 * n + 10 * i)).collect();
        with_sight(|sight| operator.process(bundle(&elements), sight, &mut emit)).unwrap();
        operator.advance(at(1_000 * n + 1_000), at(n));
        while !with_sight(|sight| operator.fire(sight, &mut emit)).unwrap() {}
        if n == 10 {
            few = operator.held();
        }
    }
    assert!(operator.held() <= few + few / 4, "{} against {few}", operator.held());
    operator.advance(Timestamp::MAX, at(10_000));
    while !with_sight(|sight| operator.fire(sight, &mut emit)).unwrap() {}
    assert_eq!(operator.hold(), None);
    // Of each element, of its timer, and of its window's end.
    assert_eq!(said, 3_000_000);
}

/// Puts something into a cell of each kind when an odd value comes, and takes it out with an even one.
#[derive(Clone)]
struct InAndOut;

type OfEachKind =
    (ValueState<i64>, BagState<i64>, SetState<i64>, MapState<i64, i64>, MultimapState<i64, i64>);

impl StatefulDoFn<i64, i64> for InAndOut {
    type Outputs = One<i64>;
    type Cells = (OfEachKind, OrderedListState<i64>, EventTimer);

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        let kinds = (
            spec.value("value"),
            spec.bag("bag"),
            spec.set("set"),
            spec.map("map"),
            spec.multimap("multimap"),
        );
        (kinds, spec.ordered_list("list"), spec.event_timer("timer"))
    }

    fn process(
        &mut self,
        number: i64,
        ((value, bag, set, map, multimap), list, timer): &Self::Cells,
        cx: &mut StateContext<'_, i64>,
        _: &mut StatefulEmitters<Self, i64, i64>,
    ) -> Result<(), BoxError> {
        let (kind, comes) = (number / 2, number % 2 == 1);
        match (kind, comes) {
            (0, true) => value.set(cx, 1),
            (0, false) => drop(value.take(cx)),
            (1, true) => bag.add(cx, 1),
            (1, false) => drop(bag.take(cx)),
            (2, true) => drop(set.insert(cx, 1)),
            (2, false) => drop(set.remove(cx, &1)),
            (3, true) => drop(map.insert(cx, 1, 1)),
            (3, false) => drop(map.remove(cx, &1)),
            (4, true) => multimap.insert(cx, 1, 1),
            (4, false) => drop(multimap.remove(cx, &1)),
            (5, true) => list.add(cx, at(1), 1),
            (5, false) => drop(list.take_range(cx, ..)),
            (6, true) => timer.set(cx, at(9))?,
            (6, false) => timer.clear(cx),
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn a_key_of_which_nothing_is_left_is_forgotten_before_its_window_is_over() {
    let pipeline = Pipeline::new();
    pipeline.create([(0i64, 0i64)]).stateful("InAndOut", InAndOut).for_each(|_| ());
    let graph = pipeline.build().unwrap();
    let mut operator = operator(&graph);
    let mut keys_after = |key: i64, number: i64| {
        let element = AnyBundle::new(Bundle::of(vec![(key, number)]));
        with_sight(|sight| operator.process(element, sight, &mut |_, _| {})).unwrap();
        operator.state_size().entries
    };
    for kind in 0..7 {
        let kept = (keys_after(kind, 2 * kind + 1), keys_after(kind, 2 * kind));
        assert_eq!(kept, (1, 0), "kind {kind}");
    }
    // What is left in another cell stays, and a key with which nothing was ever kept goes at once.
    let kept = [(1, 1), (1, 3), (1, 0), (2, 99), (1, 2)].map(|(key, n)| keys_after(key, n));
    assert_eq!(kept, [1, 1, 1, 1, 0]);
}

/// A value that is written and cannot be read.
#[derive(Clone)]
struct Mute;

impl Serialize for Mute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Mute {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("says nothing"))
    }
}

#[derive(Clone)]
struct Forgetful;

impl StatefulDoFn<i64, i64> for Forgetful {
    type Outputs = One<i64>;
    type Cells = ValueState<Mute>;

    fn declare(&self, spec: &mut StateSpec) -> ValueState<Mute> {
        spec.value("mute")
    }

    fn process(
        &mut self,
        _: i64,
        mute: &ValueState<Mute>,
        cx: &mut StateContext<'_, i64>,
        _: &mut StatefulEmitters<Self, i64, i64>,
    ) -> Result<(), BoxError> {
        mute.set(cx, Mute);
        Ok(())
    }
}

#[test]
fn a_cell_that_cannot_be_read_again_is_named() {
    let pipeline = Pipeline::new();
    pipeline.create([(0i64, 0i64)]).stateful("Forgetful", Forgetful).for_each(|_| ());
    let graph = pipeline.build().unwrap();
    let mut operator = operator(&graph);
    let element = AnyBundle::new(Bundle::of(vec![(1i64, 2i64)]));
    with_sight(|sight| operator.process(element, sight, &mut |_, _| {})).unwrap();
    let told = operator.replace().unwrap_err().to_string();
    assert!(told.contains("\"mute\"") && told.contains("says nothing"), "{told}");

    let saved = SavedState {
        key: 1i64.to_le_bytes().to_vec(),
        window: Window::Global,
        latest: at(0),
        cells: vec![("other".into(), Vec::new())],
        waiting: Vec::new(),
        timers: Vec::new(),
    };
    let told = self::operator(&graph).load(vec![saved]).unwrap_err().to_string();
    assert!(told.contains("\"other\"") && told.contains("does not declare"), "{told}");
}
