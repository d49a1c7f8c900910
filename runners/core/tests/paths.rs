//! That the two paths of a grouping agree, pane by pane, whenever the watermark moves.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use watershed_core::{Pipeline, SlidingWindows, combine::Sum};
use watershed_model::{
    AnyBundle, Bundle, Column, Dictionary, Drops, Form, Graph, Grouping, IntervalWindow, PaneInfo,
    Timestamp, Window, WindowSet, WindowingStrategy, seconds,
};
use watershed_runner_core::{FastGrouping, GroupingOperator};

/// What may happen to a grouping.
enum Event {
    Bundle(AnyBundle),
    Watermark(Timestamp),
}

/// Random bundles of a keyed collection in windows of two seconds, and a watermark that moves through
/// them, so that some of the elements are late.
fn events(random: &mut fastrand::Rng) -> Vec<Event> {
    let mut watermark = Timestamp::from_seconds(-1);
    let mut events: Vec<Event> = (0..random.usize(0..30))
        .map(|_| match random.usize(0..3) {
            0 => {
                watermark = watermark + watershed_model::micros(random.i64(0..1_500_000));
                Event::Watermark(watermark)
            }
            _ => Event::Bundle(bundle(random)),
        })
        .collect();
    events.push(Event::Watermark(Timestamp::MAX));
    events
}

fn bundle(random: &mut fastrand::Rng) -> AnyBundle {
    let window = |start: i64| {
        let start = Timestamp::from_seconds(start);
        Window::from(IntervalWindow::new(start, start + seconds(2)))
    };
    let size = random.usize(0..20);
    let mut bundle = Bundle::of((0..size).map(|_| (random.u8(0..4), random.i64(-9..10))).collect());
    let sets = (0..3).map(|_| {
        let windows: Vec<Window> = (0..random.usize(1..4) as i64).map(window).collect();
        WindowSet::from(windows.as_slice())
    });
    let (sets, index) = (sets.collect(), (0..size).map(|_| random.u32(0..3)).collect());
    bundle.metadata.windows = Dictionary::new(sets, Column::Each(index));
    AnyBundle::new(bundle)
}

/// A pane: window, key, sum, time, and which pane it is.
type Pane = (Window, u8, i64, Timestamp, PaneInfo);

fn panes(bundles: Vec<AnyBundle>) -> Vec<Pane> {
    let mut panes = Vec::new();
    for bundle in bundles {
        let bundle = bundle.downcast::<(u8, i64)>();
        for (i, (key, sum)) in bundle.values.into_iter().enumerate() {
            let [window] = bundle.metadata.windows.get(i).as_slice() else {
                panic!("a pane is in one window")
            };
            let (time, pane) = (bundle.metadata.timestamps.get(i), *bundle.metadata.panes.get(i));
            panes.push((window.clone(), key, sum, time, pane));
        }
    }
    panes.sort();
    panes
}

/// What came out at each event, and what was dropped.
type Outcome = (Vec<Vec<Pane>>, Drops);

fn general(
    grouping: &Grouping,
    windowing: &WindowingStrategy,
    events: &[Event],
    limit: usize,
) -> Outcome {
    let mut operator = GroupingOperator::new(grouping, windowing, false, limit);
    let mut drops = Drops::default();
    let by_event = events.iter().map(|event| {
        let mut out = Vec::new();
        let mut keep = |_, bundle| out.push(bundle);
        match event {
            Event::Bundle(bundle) => {
                operator.process(bundle.clone(), &mut keep).unwrap();
            }
            Event::Watermark(time) => operator.advance(*time, Timestamp::MIN, &mut keep).unwrap(),
        }
        drops.merge(&operator.take_drops());
        panes(out)
    });
    let by_event = by_event.collect();
    assert!(operator.is_empty(), "something is kept after the end");
    (by_event, drops)
}

fn advance(
    grouping: &mut FastGrouping,
    watermark: Timestamp,
    form: Form,
    limit: usize,
) -> Vec<AnyBundle> {
    let mut out = Vec::new();
    let mut keep = |bundle| {
        out.push(bundle);
        true
    };
    grouping.advance(watermark, form, limit, &mut keep).unwrap();
    out
}

fn fast(grouping: &Grouping, events: &[Event], limit: usize) -> Outcome {
    let mut fast = FastGrouping::new(grouping, false);
    let mut drops = Drops::default();
    let by_event = events.iter().map(|event| {
        let out = match event {
            Event::Bundle(bundle) => {
                fast.process(bundle.clone(), Form::Values, &mut drop).unwrap();
                Vec::new()
            }
            Event::Watermark(time) => advance(&mut fast, *time, Form::Values, limit),
        };
        drops.merge(&fast.take_drops());
        panes(out)
    });
    let by_event = by_event.collect();
    assert!(fast.is_empty(), "something is kept after the end");
    (by_event, drops)
}

/// Folded at two doors first, which may send early what they hold, then together.
fn lifted(
    grouping: &Grouping,
    events: &[Event],
    limit: usize,
    random: &mut fastrand::Rng,
) -> Outcome {
    let mut doors = [FastGrouping::new(grouping, false), FastGrouping::new(grouping, false)];
    let mut together = FastGrouping::new(grouping, false);
    let mut drops = Drops::default();
    let by_event = events.iter().map(|event| {
        let mut out = Vec::new();
        match event {
            Event::Bundle(bundle) => {
                let door = &mut doors[random.usize(0..2)];
                door.process(bundle.clone(), Form::Values, &mut drop).unwrap();
                drops.merge(&door.take_drops());
                if random.usize(0..4) == 0 {
                    let mut send = |partials| {
                        together.process(partials, Form::Partials, &mut drop).unwrap();
                        true
                    };
                    door.empty(Form::Partials, limit, &mut send).unwrap();
                }
            }
            Event::Watermark(time) => {
                for door in &mut doors {
                    for partials in advance(door, *time, Form::Partials, limit) {
                        together.process(partials, Form::Partials, &mut drop).unwrap();
                    }
                }
                out = advance(&mut together, *time, Form::Values, limit);
            }
        }
        drops.merge(&together.take_drops());
        panes(out)
    });
    (by_event.collect(), drops)
}

fn graph() -> Graph {
    let pipeline = Pipeline::new();
    let keyed = pipeline.create([(0u8, 0i64)]).window(SlidingWindows::of(seconds(2), seconds(1)));
    keyed.combine_per_key(Sum).for_each(|_| ());
    pipeline.build().unwrap()
}

#[test]
fn the_fast_path_agrees_with_the_general_one_also_behind_two_doors() {
    let graph = graph();
    let node = graph.nodes().iter().find(|node| node.primitive.grouping().is_some()).unwrap();
    let grouping = node.primitive.grouping().unwrap();
    let windowing = &graph.collection(node.inputs[0]).windowing;
    let (mut with_panes, mut with_drops) = (0, 0);
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let events = events(&mut random);
        let limit = random.usize(1..5);
        let expected = general(grouping, windowing, &events, limit);
        assert_eq!(fast(grouping, &events, limit), expected, "seed {seed}");
        assert_eq!(lifted(grouping, &events, limit, &mut random), expected, "seed {seed}");
        let in_several = expected.0.iter().filter(|panes| !panes.is_empty()).count() > 1;
        with_panes += usize::from(in_several);
        with_drops += usize::from(expected.1.total() > 0);
    }
    // Else the test would show little.
    assert!(with_panes > 100 && with_drops > 100, "{with_panes} {with_drops}");
}
