//! That the two paths of a grouping agree, pane by pane, whenever the watermark moves.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use watershed_core::{Pipeline, SlidingWindows, combine::Sum};
use watershed_model::{
    AnyBundle, Bundle, Column, Dictionary, Drops, Form, Graph, Grouping, IntervalWindow, KeyGroup,
    KeyHasher, KeyShare, LooseTable, PaneInfo, Timestamp, Window, WindowSet, WindowingStrategy,
    seconds,
};
use watershed_runner_core::{FastGrouping, GroupingOperator, Leaving};

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

fn advance(grouping: &mut FastGrouping, watermark: Timestamp, limit: usize) -> Vec<AnyBundle> {
    let mut out = Vec::new();
    let mut keep = |bundle| {
        out.push(bundle);
        true
    };
    grouping.advance(watermark, limit, &mut keep).unwrap();
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
            Event::Watermark(time) => advance(&mut fast, *time, limit),
        };
        drops.merge(&fast.take_drops());
        panes(out)
    });
    let by_event = by_event.collect();
    assert!(fast.is_empty(), "something is kept after the end");
    (by_event, drops)
}

/// One of the workers that group together.
struct Worker {
    share: KeyShare,
    door: FastGrouping,
    grouping: FastGrouping,
}

/// What goes from a worker's door to its own grouping; what goes to others is kept.
struct Way<'a> {
    here: usize,
    grouping: &'a mut FastGrouping,
    sent: Vec<(usize, AnyBundle)>,
}

impl Leaving for Way<'_> {
    fn send(&mut self, worker: usize, partials: AnyBundle) {
        assert_ne!(worker, self.here, "what a worker owns is not sent");
        self.sent.push((worker, partials));
    }

    fn hand_over(&mut self, window: &Window, table: LooseTable) -> LooseTable {
        assert!(!table.is_empty());
        let spare = self.grouping.adopt(window, table);
        assert!(spare.is_empty());
        spare
    }
}

/// Folded at the doors of some workers first, which may send early what they hold, then by those who own
/// the keys.
fn lifted(
    grouping: &Grouping,
    events: &[Event],
    limit: usize,
    random: &mut fastrand::Rng,
) -> Outcome {
    let (workers, hasher) = (random.usize(1..4), KeyHasher::new(random.u64(..), 16));
    let start = |here| {
        let grouping = FastGrouping::new(grouping, false);
        Worker { share: KeyShare { hasher, workers, here }, door: grouping.door(), grouping }
    };
    let mut all: Vec<Worker> = (0..workers).map(start).collect();
    let mut drops = Drops::default();
    let by_event = events.iter().map(|event| {
        let mut out = Vec::new();
        match event {
            Event::Bundle(bundle) => {
                let door = &mut all[random.usize(0..workers)].door;
                door.process(bundle.clone(), Form::Values, &mut drop).unwrap();
                drops.merge(&door.take_drops());
                if random.usize(0..4) == 0 {
                    let mut sent = Vec::new();
                    door.empty(limit, &mut |partials| {
                        sent.push(partials);
                        true
                    })
                    .unwrap();
                    for partials in sent {
                        deal_out(grouping, partials, &mut all);
                    }
                }
            }
            Event::Watermark(time) => {
                // Some tables are handed over before others' partials come, some after.
                for here in 0..workers {
                    let Worker { share, door, grouping } = &mut all[here];
                    let mut way = Way { here, grouping, sent: Vec::new() };
                    door.hand_over(*time, share, limit, &mut way).unwrap();
                    for (worker, partials) in way.sent {
                        let owner = &mut all[worker].grouping;
                        owner.process(partials, Form::Partials, &mut drop).unwrap();
                    }
                }
                for worker in &mut all {
                    out.extend(advance(&mut worker.grouping, *time, limit));
                }
            }
        }
        for worker in &mut all {
            drops.merge(&worker.grouping.take_drops());
        }
        panes(out)
    });
    (by_event.collect(), drops)
}

/// Gives partials to those who own their keys.
fn deal_out(grouping: &Grouping, partials: AnyBundle, all: &mut [Worker]) {
    let KeyShare { hasher, workers, .. } = all[0].share;
    let mut groups = Vec::new();
    grouping.partial_key.key_groups(&partials, &hasher, &mut groups).unwrap();
    let owner = |group: &KeyGroup| hasher.owner_of(*group, workers) as u32;
    let owners: Vec<u32> = groups.iter().map(owner).collect();
    for (worker, part) in std::iter::zip(all, partials.partition(&owners, workers)) {
        worker.grouping.process(part, Form::Partials, &mut drop).unwrap();
    }
}

fn graph() -> Graph {
    let pipeline = Pipeline::new();
    let keyed = pipeline.create([(0u8, 0i64)]).window(SlidingWindows::of(seconds(2), seconds(1)));
    keyed.combine_per_key(Sum).for_each(|_| ());
    pipeline.build().unwrap()
}

#[test]
fn the_fast_path_agrees_with_the_general_one_also_behind_doors() {
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
