//! A collection that waits for another.

use watershed::{TestStream, prelude::*};

use super::{
    remembering::{said, tens},
    told::{Score, drops, interval, stream},
};
use crate::Bench;

crate::cases! {
    a_window_waits_until_the_other_collection_is_complete: "SR-07";
    a_batch_waits_for_all_of_another: "SR-07";
    what_waits_keeps_its_times_and_panes: "SR-07", "WM-12";
}

/// Says at which processing time an element came.
#[derive(Clone)]
pub(super) struct Now;

impl StatefulDoFn<String, i64> for Now {
    type Outputs = One<String>;
    type Cells = ();
    fn declare(&self, _: &mut StateSpec) {}
    fn process(
        &mut self,
        points: i64,
        (): &(),
        cx: &mut StateContext<'_, String>,
        out: &mut StatefulEmitters<Self, String, i64>,
    ) -> Result<(), BoxError> {
        out.emit(format!("{}{points} at {}", cx.key(), cx.now().as_micros() / 1_000_000));
        Ok(())
    }
}

/// When elements of a stream leave that wait for another, whose windows allow so much lateness. The streams take
/// turns, an event of each, the other's first.
fn left(bench: &Bench, main: &str, signal: &str, lateness: i64) -> Vec<String> {
    let pipeline = bench.pipeline();
    let signal = tens(lateness)(&pipeline.apply(stream(signal)));
    let main = tens(60)(&pipeline.apply(stream(main)));
    let found = main.wait_on(&signal).stateful("Now", Now).collect();
    pipeline.run();
    said(&found)
}

fn a_window_waits_until_the_other_collection_is_complete(bench: &Bench) {
    let main = "c1 | a=1@1 b=2@12 | c2 | c3 | c4 | c5";
    for bench in bench.seeds(3, 1) {
        // Elements of the other collection do not matter, its watermark does.
        assert_eq!(
            left(&bench, main, "x=1@1 | x=1@12 | w9 | w10 | w20", 0),
            ["a1 at 2 @1 0..10", "b2 at 3 @12 10..20"]
        );
        // What may still come late is waited for, too.
        assert_eq!(
            left(&bench, main, "| | w10 | w14 | w15 | w25", 5),
            ["a1 at 3 @1 0..10", "b2 at 4 @12 10..20"]
        );
    }
}

fn a_batch_waits_for_all_of_another(bench: &Bench) {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    };
    const WRITTEN: u64 = 5_000;
    for bench in bench.seeds(3, 7) {
        let pipeline = bench.pipeline();
        let written = Arc::new(AtomicU64::new(0));
        let counts = written.clone();
        let signal = pipeline.create(0..WRITTEN as i64).reshuffle().map(move |n| {
            counts.fetch_add(1, SeqCst);
            n
        });
        let of_all = bench.sees_all();
        let found = pipeline.create([1i64, 2, 3]).wait_on(&signal).map(move |n| {
            let so_far = written.load(SeqCst);
            assert!(so_far == WRITTEN || !of_all, "{n} came after {so_far} of {WRITTEN}");
            n
        });
        let found = found.collect();
        pipeline.run();
        let mut values = found.values();
        values.sort_unstable();
        assert_eq!(values, [1, 2, 3]);
    }
}

fn what_waits_keeps_its_times_and_panes(bench: &Bench) {
    for bench in bench.seeds(3, 2) {
        let pipeline = bench.pipeline();
        let signal = tens(0)(&pipeline.apply(stream("| | | | | w30")));
        let main = tens(0)(&pipeline.apply(stream("a=1@1 a=2@2 | w10 | w20 | w30")));
        let sums = main.combine_per_key(watershed::combine::Sum).wait_on(&signal);
        let again = sums.combine_per_key(watershed::combine::Count);
        let (sums, again) = (sums.collect(), again.collect());
        let report = pipeline.run();
        let observed = sums.observed();
        let [sum] = observed.as_slice() else { panic!("{observed:?}") };
        assert_eq!(sum.value, ("a".to_owned(), 3));
        assert_eq!(sum.windows.as_slice(), [interval(0, 10)]);
        assert_eq!(sum.timestamp, interval(0, 10).max_timestamp());
        assert!(sum.pane.is_first && sum.pane.is_last);
        assert_eq!(again.values(), [("a".to_owned(), 1)]);
        assert_eq!(drops(&report), [0, 0]);
    }
    // A window of the other collection in which nothing was is complete all the same.
    let pipeline = bench.pipeline();
    let nothing = TestStream::<Score>::new().advance_watermark_to_infinity();
    let nothing = pipeline.apply(nothing);
    let found = pipeline.create([1i64]).wait_on(&nothing).collect();
    pipeline.run();
    assert_eq!(found.values(), [1]);
}
