//! What plans look like, and that the two paths of a grouping agree.

#![allow(clippy::unwrap_used, clippy::expect_used)] // what goes wrong here fails the test, as it should

use std::collections::BTreeMap;

use watershed_core::{
    FixedWindows, PCollection, Pipeline, SlidingWindows,
    combine::{HotKey, Sum},
};
use watershed_model::{
    AnyBundle, Bundle, Column, Form, Graph, IntervalWindow, Timestamp, Window, WindowSet, seconds,
};
use watershed_runner_core::{FastGrouping, GroupingOperator, Plan, PlanOptions};

fn word_count() -> Graph {
    let pipeline = Pipeline::new();
    let words = pipeline
        .create(["a b".to_string()])
        .flat_map(|line| line.split(' ').map(String::from).collect::<Vec<_>>());
    words.count_per_element().map(|(word, n)| format!("{word}: {n}")).for_each(|_| ());
    pipeline.build().unwrap()
}

/// Two sources flattened, read by two groupings and a sink; a fan-out; a reshuffle.
fn diamond() -> Graph {
    let pipeline = Pipeline::new();
    let (left, right) = (pipeline.create([1i64]), pipeline.create([2i64]));
    let both: PCollection<i64> = pipeline.flatten([left.clone(), right, left]);
    let keyed = both.named("both").key_by(|n| n % 2);
    keyed.group_by_key().for_each(|_| ());
    keyed.combine_per_key(Sum.with_hot_key_fanout(4)).for_each(|_| ());
    both.reshuffle().for_each(|_| ());
    pipeline.build().unwrap()
}

#[test]
fn plans_print_themselves() {
    let plan = |graph: &Graph, workers| Plan::of(graph, PlanOptions::for_workers(workers));
    let graph = word_count();
    insta::assert_snapshot!("word_count_1", plan(&graph, 1).print_text(&graph, 1));
    insta::assert_snapshot!("word_count_2", plan(&graph, 2).print_text(&graph, 2));
    insta::assert_snapshot!("word_count_2_mermaid", plan(&graph, 2).print_mermaid(&graph, 2));
    let unfused = PlanOptions { fusion: false, ..PlanOptions::for_workers(1) };
    insta::assert_snapshot!("word_count_unfused", Plan::of(&graph, unfused).print_text(&graph, 1));
    let graph = diamond();
    insta::assert_snapshot!("diamond_2", plan(&graph, 2).print_text(&graph, 2));
}

/// Random bundles of a keyed, windowed collection.
fn bundles(random: &mut fastrand::Rng) -> Vec<AnyBundle> {
    let window = |start: i64| {
        let interval =
            IntervalWindow::new(Timestamp::from_seconds(start), Timestamp::from_seconds(start + 2));
        Window::from(interval)
    };
    (0..random.usize(0..6))
        .map(|_| {
            let size = random.usize(0..20);
            let elements = (0..size).map(|_| (random.u8(0..4), random.i64(-9..10)));
            let mut bundle = Bundle::of(elements.collect());
            let sets: Vec<WindowSet> = (0..3)
                .map(|_| {
                    let windows: Vec<Window> = (0..random.usize(1..3) as i64).map(window).collect();
                    WindowSet::from(windows.as_slice())
                })
                .collect();
            let index = (0..size).map(|_| random.u32(0..3)).collect();
            bundle.metadata.windows = watershed_model::Dictionary::new(sets, Column::Each(index));
            AnyBundle::new(bundle)
        })
        .collect()
}

type Totals = BTreeMap<(Window, u8), (i64, Timestamp)>;

fn totals(bundles: Vec<AnyBundle>) -> Totals {
    let mut totals = Totals::new();
    for bundle in bundles {
        let bundle = bundle.downcast::<(u8, i64)>();
        for (i, (key, sum)) in bundle.values.into_iter().enumerate() {
            let [window] = bundle.metadata.windows.get(i).as_slice() else {
                panic!("a pane is in one window")
            };
            let pane = (sum, bundle.metadata.timestamps.get(i));
            assert!(totals.insert((window.clone(), key), pane).is_none(), "a pane came twice");
        }
    }
    totals
}

#[test]
fn the_fast_path_agrees_with_the_general_one_also_in_two_stages() {
    let pipeline = Pipeline::new();
    let keyed = pipeline.create([(0u8, 0i64)]).window(SlidingWindows::of(seconds(2), seconds(1)));
    keyed.combine_per_key(Sum).for_each(|_| ());
    let graph = pipeline.build().unwrap();
    let node = graph.nodes().iter().find(|node| node.primitive.grouping().is_some()).unwrap();
    let grouping = node.primitive.grouping().unwrap();
    let windowing = &graph.collection(node.inputs[0]).windowing;

    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let bundles = bundles(&mut random);
        let limit = random.usize(1..5);

        let mut general = GroupingOperator::new(grouping, windowing, false);
        for bundle in &bundles {
            general.process(bundle.clone()).unwrap();
        }
        let mut panes = Vec::new();
        while let Some(bundle) = general.close(limit).unwrap() {
            panes.push(bundle);
        }
        let expected = totals(panes);

        let close = |grouping: &mut FastGrouping, form| {
            let mut out = Vec::new();
            let mut keep = |bundle| {
                out.push(bundle);
                true
            };
            grouping.close(form, limit, &mut keep).unwrap();
            out
        };
        let mut fast = FastGrouping::new(grouping, false);
        for bundle in &bundles {
            fast.process(bundle.clone(), Form::Values).unwrap();
        }
        assert_eq!(totals(close(&mut fast, Form::Values)), expected, "seed {seed}");

        // Folded by two workers first, then together.
        let mut workers = [FastGrouping::new(grouping, false), FastGrouping::new(grouping, false)];
        for bundle in &bundles {
            workers[random.usize(0..2)].process(bundle.clone(), Form::Values).unwrap();
        }
        let mut together = FastGrouping::new(grouping, false);
        for worker in &mut workers {
            for partials in close(worker, Form::Partials) {
                together.process(partials, Form::Partials).unwrap();
            }
        }
        assert_eq!(totals(close(&mut together, Form::Values)), expected, "seed {seed}");
    }
}

#[test]
fn combines_on_merging_windows_are_not_folded_before_the_exchange() {
    let pipeline = Pipeline::new();
    let keyed = pipeline.create([(0u8, 0i64)]);
    let sessions = watershed_core::Sessions::with_gap(seconds(1));
    keyed.window(sessions).combine_per_key(Sum).for_each(|_| ());
    keyed.window(FixedWindows::of(seconds(1))).combine_per_key(Sum).for_each(|_| ());
    let graph = pipeline.build().unwrap();
    let plan = Plan::of(&graph, PlanOptions::for_workers(2));
    let text = plan.print_text(&graph, 2);
    assert_eq!(text.matches("lift").count(), 1, "{text}");
}
