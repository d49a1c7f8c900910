//! What plans look like.

#![allow(clippy::unwrap_used, clippy::expect_used)] // what goes wrong here fails the test, as it should

use watershed_core::{
    FixedWindows, PCollection, Pipeline,
    combine::{HotKey, Sum},
};
use watershed_model::{Graph, seconds};
use watershed_runner_core::{Plan, PlanOptions};

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
