//! That a grouping keeps no more than what is open, however many windows and keys have passed, and that
//! what is due together goes out in the order of time.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use watershed_core::{FixedWindows, PCollection, Pipeline, Sessions, WindowExt, combine::Sum};
use watershed_model::{
    AfterCount, AfterProcessingTime, AfterWatermark, AnyBundle, Bundle, Column, Dictionary, Graph,
    IntervalWindow, Timestamp, Window, WindowSet, seconds,
};
use watershed_runner_core::GroupingOperator;

type Numbers = PCollection<(i64, i64)>;

/// A graph with one grouping under these windows.
fn graph(window: impl FnOnce(&Numbers) -> Numbers) -> Graph {
    let pipeline = Pipeline::new();
    window(&pipeline.create([(0i64, 0i64)])).combine_per_key(Sum).for_each(|_| ());
    pipeline.build().unwrap()
}

fn operator(graph: &Graph, most_panes: usize) -> GroupingOperator {
    let node = graph.nodes().iter().find(|node| node.primitive.grouping().is_some()).unwrap();
    let windowing = &graph.collection(node.inputs[0]).windowing;
    GroupingOperator::new(node.primitive.grouping().unwrap(), windowing, false, most_panes)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// An element for each of these seconds, in the window that begins there, each of another key.
fn bundle(seconds_of: impl Iterator<Item = i64>) -> AnyBundle {
    let times: Vec<i64> = seconds_of.collect();
    let mut bundle = Bundle::of(times.iter().map(|time| (*time, 1i64)).collect());
    let window = |time: &i64| Window::from(IntervalWindow::new(at(*time), at(*time) + seconds(1)));
    let sets = times.iter().map(|time| WindowSet::One(window(time))).collect();
    let index = Column::Each((0..times.len() as u32).collect());
    bundle.metadata.windows = Dictionary::new(sets, index);
    bundle.metadata.timestamps = Column::Each(times.iter().map(|time| at(*time)).collect());
    AnyBundle::new(bundle)
}

#[test]
fn after_a_million_windows_no_more_is_kept_than_after_a_few() {
    const BUNDLE: i64 = 500;
    // Of each kind; more if so asked.
    let windows = std::env::var("WINDOWS").map_or(1_000_000, |number| number.parse().unwrap());
    let early = AfterProcessingTime::after_first(seconds(1));
    let trigger = AfterWatermark::new().early(early).late(AfterCount::of(1));
    let fixed = FixedWindows::of(seconds(1)).triggering(trigger.clone());
    let fixed = fixed.allowed_lateness(seconds(100)).accumulating();
    let sessions = Sessions::with_gap(seconds(1)).triggering(trigger);
    let sessions = sessions.allowed_lateness(seconds(100)).discarding();
    for graph in [graph(|numbers| numbers.window(fixed)), graph(|numbers| numbers.window(sessions))]
    {
        let mut operator = operator(&graph, 4096);
        let mut panes = 0;
        let mut count = |_, bundle: AnyBundle| panes += bundle.len();
        let (mut few, mut most) = (0, 0);
        for turn in 0..windows / BUNDLE {
            let (first, now) = (turn * BUNDLE, at(turn));
            operator.process(bundle(first..first + BUNDLE), &mut count).unwrap();
            most = operator.held().max(most);
            operator.advance(at(first), now, &mut count).unwrap();
            if turn == 10 {
                few = most;
            }
        }
        assert!(few > 0 && most == few, "{most}, at first {few}");
        operator.advance(Timestamp::MAX, Timestamp::MAX, &mut count).unwrap();
        assert!(operator.is_empty());
        assert!(panes as i64 >= windows, "{panes}");
    }
}

#[test]
fn what_a_jump_passes_goes_out_in_the_order_of_time() {
    let graph = graph(|numbers| numbers.window(FixedWindows::of(seconds(1))));
    let mut operator = operator(&graph, 1);
    let mut random = fastrand::Rng::with_seed(3);
    let mut times: Vec<i64> = (0..200).collect();
    random.shuffle(&mut times);
    let mut out = Vec::new();
    operator.process(bundle(times.into_iter()), &mut |_, _| panic!("too early")).unwrap();
    let mut keep = |_, bundle: AnyBundle| out.push(bundle.metadata().timestamps.get(0));
    operator.advance(at(100), Timestamp::MIN, &mut keep).unwrap();
    operator.advance(Timestamp::MAX, Timestamp::MIN, &mut keep).unwrap();
    assert_eq!(out.len(), 200);
    assert!(out.is_sorted());
}
