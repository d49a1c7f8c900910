#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use proptest::{strategy::ValueTree, test_runner::TestRunner};
use watershed_core::{Pipeline, TestStream};
use watershed_model::{Primitive, TestEvent};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

const TIMES: [i64; 6] = [5, 3, 9, 3, 40, 12];

fn arrivals() -> Arrivals<usize> {
    Arrivals::of(TIMES.into_iter().enumerate().map(|(place, second)| (place, at(second))))
}

/// What happens in a stream.
fn events(stream: TestStream<usize>) -> Vec<TestEvent> {
    let pipeline = Pipeline::new();
    pipeline.apply(stream).for_each(|_| ());
    let graph = pipeline.build().unwrap();
    let streams = graph.nodes().iter().find_map(|node| match &node.primitive {
        Primitive::TestStream(stream) => Some(stream.events.to_vec()),
        _ => None,
    });
    streams.unwrap()
}

/// How far behind the watermark the elements of a stream come, the farthest of all; how many bundles and how
/// many pauses there are. Each element must come once.
fn farthest(stream: TestStream<usize>) -> (Duration, usize, usize) {
    let (mut watermark, mut behind) = (Timestamp::MIN, Duration::ZERO);
    let (mut seen, mut bundles, mut pauses) = (Vec::new(), 0, 0);
    for event in events(stream) {
        match event {
            TestEvent::Elements(bundle) => {
                bundles += 1;
                for place in bundle.downcast::<usize>().values {
                    behind = behind.max(watermark.since(at(TIMES[place])));
                    seen.push(place);
                }
            }
            TestEvent::Advance { watermark: to, processing_time } => {
                watermark = to.unwrap_or(watermark);
                pauses += usize::from(processing_time.is_some());
            }
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
    (behind, bundles, pauses)
}

/// What many draws come to.
fn drawn(arrivals: Arrivals<usize>) -> Vec<(Duration, usize, usize)> {
    let (streams, mut runner) = (arrivals.streams(), TestRunner::deterministic());
    (0..300).map(|_| farthest(streams.new_tree(&mut runner).unwrap().current())).collect()
}

#[test]
fn elements_come_in_bundles_cut_anywhere_and_never_late() {
    let drawn = drawn(arrivals());
    assert!(drawn.iter().all(|(behind, _, pauses)| *behind == Duration::ZERO && *pauses == 0));
    for bundles in 1..=6 {
        assert!(drawn.iter().any(|(_, found, _)| *found == bundles), "{bundles}");
    }
}

#[test]
fn elements_come_late_by_no_more_than_is_said_if_that_is_wanted() {
    let drawn = drawn(arrivals().late_by(seconds(10)).with_pauses(seconds(1)));
    assert!(drawn.iter().all(|(behind, ..)| *behind <= seconds(10)));
    assert!(drawn.iter().any(|(behind, ..)| *behind == Duration::ZERO));
    assert!(drawn.iter().any(|(behind, ..)| *behind > seconds(8)));
    assert!(drawn.iter().any(|(.., pauses)| *pauses > 0));
}

#[test]
fn times_at_the_ends_of_time_are_legal() {
    let ends = [(0usize, Timestamp::MIN), (1, Timestamp::END_OF_GLOBAL_WINDOW)];
    let streams = Arrivals::of(ends).late_by(seconds(10)).streams();
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        assert!(events(streams.new_tree(&mut runner).unwrap().current()).len() >= 2);
    }
}

#[test]
fn a_stream_prints_as_it_would_be_written() {
    let stream = TestStream::new()
        .elements([(1usize, at(5))])
        .advance_watermark_to(at(6))
        .advance_processing_time_to(at(7))
        .advance_watermark_to_infinity();
    let told = format!("{stream:?}");
    let lines = [
        "TestStream::new()",
        "    .elements([(1, 1970-01-01T00:00:05Z)])",
        "    .advance_watermark_to(1970-01-01T00:00:06Z)",
        "    .advance_processing_time_to(1970-01-01T00:00:07Z)",
        "    .advance_watermark_to_infinity()",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), lines);
}
