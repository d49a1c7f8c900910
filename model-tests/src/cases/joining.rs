//! Co-grouping and joins of keyed collections.

use fastrand::Rng;
use watershed::{
    Collected, Element, Group, PCollection, Pipeline, RunError, model::Window, prelude::*,
};

use super::{
    timed::{Timed, create, folds, panes, scores, sorted},
    told::{Score, stream, time},
};
use crate::{Bench, cases, naive::Windowing};

cases! {
    each_input_of_a_co_grouping_has_its_group: "GP-11";
    a_co_grouping_takes_six_and_is_one_grouping: "GP-11";
    joins_pair_what_each_key_and_window_has: "GP-11";
    what_is_joined_with_itself_is_paired_with_itself: "GP-25";
    one_side_alone_in_a_late_pane: "GP-11", "GP-25";
    inputs_of_unlike_windows_are_not_joined: "GP-13", "GP-25";
    inputs_of_another_pipeline_are_not_joined: "GP-25";
}

fn in_order<T: Element + Ord>(group: Group<T>) -> Vec<T> {
    sorted(group.into_vec())
}

/// Elements of several inputs, each of which marks its values as its own.
fn inputs(random: &mut Rng, sizes: &[usize]) -> Vec<Vec<Timed<u8, i64>>> {
    // Of seven keys each input lacks another.
    let lacking = |n: usize, mut elements: Vec<Timed<u8, i64>>| {
        elements.retain(|(key, _, _)| usize::from(*key) != n);
        elements
    };
    sizes.iter().enumerate().map(|(n, size)| lacking(n, scores(random, *size))).collect()
}

fn marked(inputs: &[Vec<Timed<u8, i64>>]) -> Vec<Timed<u8, (usize, i64)>> {
    let inputs = inputs.iter().enumerate();
    let marked = inputs.flat_map(|(n, input)| {
        input.iter().map(move |(key, value, time)| (*key, (n, *value), *time))
    });
    marked.collect()
}

/// The values of one input.
fn of_input(all: &[(usize, i64)], n: usize) -> Vec<i64> {
    sorted(all.iter().filter(|(input, _)| *input == n).map(|(_, value)| *value).collect())
}

fn each_input_of_a_co_grouping_has_its_group(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(3, bundle_elements) {
            let all = inputs(&mut Rng::with_seed(bench.options().seed), &[80, 30, 0]);
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let [a, b, c] = [0, 1, 2].map(|n| windowing.apply(&create(&pipeline, &all[n])));
                let two = (&a, &b).co_group_by_key();
                let two = two.map_values(|(a, b)| (in_order(a), in_order(b))).collect();
                let three = (&c, &a, &b).co_group_by_key().map_values(|(c, a, b)| {
                    assert!(c.is_empty());
                    (in_order(a), in_order(b))
                });
                let three = three.collect();
                pipeline.run();
                let expected =
                    folds(&marked(&all), windowing, |all| (of_input(&all, 0), of_input(&all, 1)));
                assert_eq!(panes(&two), expected, "{windowing:?}");
                assert_eq!(panes(&three), expected, "{windowing:?}");
            }
        }
    }
}

fn a_co_grouping_takes_six_and_is_one_grouping(bench: &Bench) {
    for bench in bench.seeds(3, 4) {
        let pipeline = bench.pipeline();
        let numbers = pipeline.create((0..10).map(|n| (n % 2, n)));
        let words = pipeline.create([(1, "one".to_owned()), (3, "three".to_owned())]);
        let nothing: PCollection<(i32, bool)> =
            numbers.map_values(|n| n > 99).filter(|pair| pair.1);
        let four = (&words, &numbers, &nothing, &words).co_group_by_key();
        let five = (&words, &numbers, &nothing, &words, &words).co_group_by_key();
        let six = (&words, &numbers, &nothing, &words, &numbers, &words).co_group_by_key();
        let six = six.map_values(|(a, b, c, d, e, f)| {
            assert!(c.is_empty());
            let (a, d, f) = (in_order(a), in_order(d), in_order(f));
            assert!(a == d && d == f);
            (a, in_order(b), in_order(e))
        });
        let counts = four.map_values(|(a, b, c, d)| vec![a.len(), b.len(), c.len(), d.len()]);
        let more = five
            .map_values(|(a, b, c, d, e)| vec![a.len(), b.len(), c.len(), d.len() + 10 * e.len()]);
        let (six, counts, more) = (six.collect(), counts.collect(), more.collect());
        let graph = pipeline.build().unwrap();
        let groupings = graph.nodes().iter().filter(|node| node.name.ends_with("/GroupByKey"));
        assert_eq!(groupings.count(), 3);
        pipeline.run();
        let (one, three) = (vec!["one".to_owned()], vec!["three".to_owned()]);
        let (even, odd) = (vec![0, 2, 4, 6, 8], vec![1, 3, 5, 7, 9]);
        let expected = [
            (0, (vec![], even.clone(), even)),
            (1, (one, odd.clone(), odd)),
            (3, (three, vec![], vec![])),
        ];
        assert_eq!(sorted(six.values()), expected);
        let expected = [(0, vec![0, 5, 0, 0]), (1, vec![1, 5, 0, 1]), (3, vec![1, 0, 0, 1])];
        assert_eq!(sorted(counts.values()), expected);
        let expected = [(0, vec![0, 5, 0, 0]), (1, vec![1, 5, 0, 11]), (3, vec![1, 0, 0, 11])];
        assert_eq!(sorted(more.values()), expected);
    }
}

type Pair = (Option<i64>, Option<i64>);

/// Pairs of a key and window, by the definition of a full join.
fn pairs(all: &[(usize, i64)]) -> Vec<Pair> {
    let [left, right] = [0, 1].map(|n| match of_input(all, n) {
        none if none.is_empty() => vec![None],
        some => some.into_iter().map(Some).collect(),
    });
    left.iter().flat_map(|a| right.iter().map(move |b| (*a, *b))).collect()
}

fn joins_pair_what_each_key_and_window_has(bench: &Bench) {
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(3, bundle_elements) {
            let all = inputs(&mut Rng::with_seed(bench.options().seed), &[70, 50]);
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let [a, b] = [0, 1].map(|n| windowing.apply(&create(&pipeline, &all[n])));
                let inner = a.inner_join(&b).map_values(|(a, b)| (Some(a), Some(b))).collect();
                let left = a.left_join(&b).map_values(|(a, b)| (Some(a), b)).collect();
                let right = a.right_join(&b).map_values(|(a, b)| (a, Some(b))).collect();
                let full = a.full_join(&b).collect();
                pipeline.run();

                let groups = folds(&marked(&all), windowing, |all| pairs(&all)).into_iter();
                let each = groups.flat_map(|((key, pairs), span)| {
                    pairs.into_iter().map(move |pair| ((key, pair), span))
                });
                let each = sorted(each.collect::<Vec<((u8, Pair), _)>>());
                let keeping = |keeps: fn(&Pair) -> bool| {
                    let kept = each.iter().filter(|((_, pair), _)| keeps(pair));
                    kept.copied().collect::<Vec<_>>()
                };
                assert_eq!(panes(&full), each, "{windowing:?}");
                assert_eq!(panes(&left), keeping(|pair| pair.0.is_some()), "{windowing:?}");
                assert_eq!(panes(&right), keeping(|pair| pair.1.is_some()), "{windowing:?}");
                let both = keeping(|pair| pair.0.is_some() && pair.1.is_some());
                assert_eq!(panes(&inner), both, "{windowing:?}");
            }
        }
    }
}

fn what_is_joined_with_itself_is_paired_with_itself(bench: &Bench) {
    for bench in bench.seeds(4, 3) {
        let pipeline = bench.pipeline();
        let pairs = pipeline.create([(1, 'a'), (1, 'b'), (2, 'c')]);
        let (inner, full) = (pairs.inner_join(&pairs).collect(), pairs.full_join(&pairs).collect());
        let groups = (&pairs, &pairs).co_group_by_key();
        let groups = groups.map_values(|(a, b)| (in_order(a), in_order(b))).collect();
        pipeline.run();
        let each =
            [(1, ('a', 'a')), (1, ('a', 'b')), (1, ('b', 'a')), (1, ('b', 'b')), (2, ('c', 'c'))];
        assert_eq!(sorted(inner.values()), each);
        assert_eq!(sorted(full.values()), each.map(|(key, (a, b))| (key, (Some(a), Some(b)))));
        let twice = |values: &[char]| (values.to_vec(), values.to_vec());
        assert_eq!(sorted(groups.values()), [(1, twice(&['a', 'b'])), (2, twice(&['c']))]);
    }
}

/// What a full join put out, with the pane's timing and index, sorted.
fn told(found: &Collected<(String, Pair)>) -> Vec<String> {
    let observed = found.observed().into_iter();
    sorted(
        observed
            .map(|pair| {
                let (name, (a, b)) = pair.value;
                let [Window::Interval { end, .. }] = pair.windows.as_slice() else {
                    panic!("in {:?}", pair.windows)
                };
                assert_eq!(*end, time("10"));
                format!("{name} {a:?} {b:?} {:?} {}", pair.pane.timing, pair.pane.index)
            })
            .collect(),
    )
}

fn one_side_alone_in_a_late_pane(bench: &Bench) {
    let script = "a=1@1 a=100@2 b=2@3 | w10 | b=200@4 c=3@5 | d=300@6 | a=101@7 | w20";
    let windows = FixedWindows::of(seconds(10)).triggering(Trigger::Default);
    let windows = windows.allowed_lateness(seconds(20));
    for bench in bench.seeds(4, 1) {
        let pipeline = bench.pipeline();
        let scores = pipeline.apply(stream(script));
        let joined = |windowed: PCollection<Score>| {
            let left = windowed.filter(|(_, points)| *points < 100);
            let right = windowed.filter(|(_, points)| *points >= 100);
            (left.full_join(&right).collect(), left.inner_join(&right).collect())
        };
        let (discarding, _) = joined(scores.window(windows.clone().discarding()));
        let (accumulating, inner) = joined(scores.window(windows.clone().accumulating()));
        pipeline.run();
        assert_eq!(
            told(&discarding),
            [
                "a None Some(101) Late 1",
                "a Some(1) Some(100) OnTime 0",
                "b None Some(200) Late 1",
                "b Some(2) None OnTime 0",
                "c Some(3) None Late 0",
                "d None Some(300) Late 0",
            ]
        );
        assert_eq!(
            told(&accumulating),
            [
                "a Some(1) Some(100) Late 1",
                "a Some(1) Some(100) OnTime 0",
                "a Some(1) Some(101) Late 1",
                "b Some(2) None OnTime 0",
                "b Some(2) Some(200) Late 1",
                "c Some(3) None Late 0",
                "d None Some(300) Late 0",
            ]
        );
        let inner = sorted(inner.values().into_iter().map(|(name, pair)| (name, pair.1)).collect());
        let expected = [("a", 100), ("a", 100), ("a", 101), ("b", 200)];
        assert_eq!(inner, expected.map(|(name, points)| (name.to_owned(), points)));
    }
}

/// The one thing that is wrong with the pipeline, as it is told.
#[track_caller]
fn refusal(result: Result<watershed::RunReport, RunError>, line: u32, words: &[&str]) {
    let Err(RunError::Build(errors)) = result else { panic!("it was not refused: {result:?}") };
    assert_eq!(errors.0.len(), 1, "{errors}");
    let (told, place) = (errors.to_string(), format!("joining.rs:{line}"));
    assert!(told.contains(&place) && told.contains("to mend it: "), "{place}: {told}");
    assert!(words.iter().all(|word| told.contains(word)), "{words:?}: {told}");
}

fn inputs_of_unlike_windows_are_not_joined(bench: &Bench) {
    let pipeline = bench.pipeline();
    let pairs = pipeline.create([(1, 1)]);
    let fixed = pairs.window(FixedWindows::of(seconds(9)));
    let (both, line) = ((&fixed, &fixed, &pairs).co_group_by_key().named("both"), line!());
    both.for_each(|_| ());
    let words = ["both", "input 2", "GlobalWindows", "FixedWindows", ".window(..)", "co-grouped"];
    refusal(pipeline.try_run(), line, &words);

    let pipeline = bench.pipeline();
    let pairs = pipeline.create([(1, 1)]);
    let sessions = pairs.window(Sessions::with_gap(seconds(9)));
    let others = pairs.window(Sessions::with_gap(seconds(8)));
    let (joined, line) = (sessions.left_join(&others), line!());
    joined.for_each(|_| ());
    let words = ["LeftJoin", "input 1", "8s", "9s", ".window(..) before they are joined"];
    refusal(pipeline.try_run(), line, &words);

    // Windowed anew, they fit.
    let pipeline = bench.pipeline();
    let pairs = pipeline.create([(1, 1)]);
    let sessions = pairs.window(Sessions::with_gap(seconds(9)));
    let joined = pairs.inner_join(&sessions.window(GlobalWindows)).collect();
    pipeline.run();
    assert_eq!(joined.values(), [(1, (1, 1))]);
}

fn inputs_of_another_pipeline_are_not_joined(bench: &Bench) {
    let elsewhere = Pipeline::new();
    let foreign = elsewhere.create([(1, 1)]);
    foreign.for_each(|_| ());
    let pipeline = bench.pipeline();
    let (joined, line) = (pipeline.create([(1, 1)]).inner_join(&foreign), line!());
    joined.for_each(|_| ());
    refusal(pipeline.try_run(), line, &["InnerJoin", "another pipeline", "same Pipeline"]);
    assert_eq!(elsewhere.build().unwrap().nodes().len(), 2);
}
