//! Calls to the outside, many at once.

use std::{
    cell::Cell,
    collections::HashMap,
    future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use watershed::{Failed, model::Duration, prelude::*};

use super::{batching::said, timed::sorted, told::stream};
use crate::{Bench, cases};

cases! {
    calls_give_results_and_dead_letters: "EW-19";
    results_of_calls_keep_what_their_elements_carry: "EW-19";
    no_more_calls_run_at_once_than_may: "EW-19";
    a_call_that_failed_is_made_again: "EW-19";
    a_call_that_never_returns_becomes_a_dead_letter: "EW-19";
    a_call_that_panics_fails_the_run_by_name: "EW-19";
}

/// Lets others run.
async fn let_others_run() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

fn calls_give_results_and_dead_letters(bench: &Bench) {
    for options in [AsyncOptions::new(), AsyncOptions::new().unordered().concurrency(1)] {
        for bench in bench.seeds(2, 16) {
            let pipeline = bench.pipeline();
            let (good, bad) =
                pipeline.create(0..100u64).async_map("ask", options, |n| async move {
                    let_others_run().await;
                    if n % 7 == 0 { Err(format!("{n} is of a week")) } else { Ok(n * 2) }
                });
            let (good, bad) = (good.collect(), bad.collect());
            let report = pipeline.run();
            let expected = (0..100).filter(|n| n % 7 != 0).map(|n| n * 2);
            assert_eq!(sorted(good.values()), expected.collect::<Vec<_>>());
            let mut bad: Vec<Failed<u64>> = bad.values();
            bad.sort_by_key(|failed| failed.element);
            let expected = (0..100).step_by(7).map(|element| {
                let (error, step) = (format!("{element} is of a week"), "ask".to_owned());
                Failed { element, error, step }
            });
            assert_eq!(bad, expected.collect::<Vec<_>>());
            assert_eq!(report.failed, 15);
        }
    }
}

fn results_of_calls_keep_what_their_elements_carry(bench: &Bench) {
    for options in [AsyncOptions::new(), AsyncOptions::new().unordered()] {
        for bench in bench.seeds(3, 8) {
            let pipeline = bench.pipeline();
            let scores = pipeline.apply(stream("a=1@1 b=2@12 c=3@3 d=4@14 | w5 | e=5@21 f=6@2"));
            let scores = scores.window(FixedWindows::of(seconds(10)));
            let (good, bad) = scores.async_map("ask", options, |(name, n)| async move {
                // The first to be asked is the last to answer.
                for _ in n..8 {
                    tokio::task::yield_now().await;
                }
                if n == 4 { Err(name) } else { Ok(name) }
            });
            let (good, bad) = (good.collect(), bad.collect());
            pipeline.run();
            let expected =
                ["a @1 0..10", "b @12 10..20", "c @3 0..10", "e @21 20..30", "f @2 0..10"];
            assert_eq!(said(&good, |name| name), expected);
            assert_eq!(said(&bad, |failed| failed.error), ["d @14 10..20"]);
        }
    }
}

thread_local! {
    /// The calls of this worker that run. All calls of a worker run on its thread.
    static RUNNING: Cell<u64> = const { Cell::new(0) };
}

fn no_more_calls_run_at_once_than_may(bench: &Bench) {
    for bench in bench.seeds(2, 64) {
        let most = Arc::new(AtomicU64::new(0));
        let seen = most.clone();
        let pipeline = bench.pipeline();
        let options = AsyncOptions::new().concurrency(3);
        let (good, _) = pipeline.create(0..300u64).async_map("ask", options, move |n| {
            let most = most.clone();
            async move {
                RUNNING.set(RUNNING.get() + 1);
                most.fetch_max(RUNNING.get(), SeqCst);
                let_others_run().await;
                RUNNING.set(RUNNING.get() - 1);
                Ok::<_, String>(n)
            }
        });
        let good = good.collect();
        pipeline.run();
        assert!(sorted(good.values()).into_iter().eq(0..300));
        assert!(seen.load(SeqCst) <= 3, "{seen:?}");
        // A bundle of one element has nothing to run beside it, but not all are.
        assert!(seen.load(SeqCst) > 1 || !bench.sees_all(), "{seen:?}");
    }
}

/// The second call comes soon.
fn again(times: u32) -> AsyncOptions {
    AsyncOptions::new().retries(times).backoff(Duration::from_micros(1))
}

fn a_call_that_failed_is_made_again(bench: &Bench) {
    for bench in bench.seeds(2, 16) {
        let calls = Arc::new(Mutex::new(HashMap::<u64, u64>::new()));
        let made = calls.clone();
        let pipeline = bench.pipeline();
        let (good, bad) = pipeline.create(0..50u64).async_map("ask", again(2), move |n| {
            let mut calls = made.lock().unwrap();
            let calls = calls.entry(n).or_default();
            *calls += 1;
            // One succeeds at once, one the second time, one the third, one would the fourth.
            let result = if *calls > n % 4 { Ok(n) } else { Err("try again") };
            future::ready(result)
        });
        let (good, bad) = (good.collect(), bad.collect());
        pipeline.run();
        let expected = (0..50).filter(|n| n % 4 < 3);
        assert_eq!(sorted(good.values()), expected.collect::<Vec<_>>());
        let bad = bad.values();
        assert!(bad.iter().all(|failed| failed.error == "try again (after 3 calls)"), "{bad:?}");
        let elements = bad.into_iter().map(|failed| failed.element);
        assert_eq!(sorted(elements.collect()), (3..50).step_by(4).collect::<Vec<_>>());
        assert!(calls.lock().unwrap().iter().all(|(n, calls)| *calls == (n % 4 + 1).min(3)));
    }
}

fn a_call_that_never_returns_becomes_a_dead_letter(bench: &Bench) {
    let pipeline = bench.pipeline();
    let options = again(1).timeout(millis(1));
    let (good, bad) = pipeline.create(0..20u64).async_map("ask", options, |n| async move {
        if n % 5 == 0 { future::pending().await } else { Ok::<_, String>(n) }
    });
    let (good, bad) = (good.collect(), bad.collect());
    pipeline.run();
    let expected = (0..20).filter(|n| n % 5 != 0);
    assert_eq!(sorted(good.values()), expected.collect::<Vec<_>>());
    let bad = bad.values();
    let told = "there was no answer within 1ms (after 2 calls)";
    assert!(bad.iter().all(|failed| failed.error == told), "{bad:?}");
    let elements = bad.into_iter().map(|failed| failed.element);
    assert_eq!(sorted(elements.collect()), [0, 5, 10, 15]);
}

fn a_call_that_panics_fails_the_run_by_name(bench: &Bench) {
    for at_once in [true, false] {
        for bench in bench.seeds(2, 16) {
            let pipeline = bench.pipeline();
            let numbers = pipeline.create(0..100u64);
            let (good, _) = numbers.async_map("ask", AsyncOptions::new(), move |n| {
                assert!(n != 61 || !at_once, "out of luck");
                async move {
                    let_others_run().await;
                    assert_ne!(n, 61, "out of luck");
                    Ok::<_, String>(n)
                }
            });
            let good = good.collect();
            let error = pipeline.try_run().unwrap_err();
            assert_eq!(error.failed_step(), Some("ask"), "{error}");
            let told = error.to_string();
            assert!(told.contains("panicked at ") && told.contains("calling.rs"), "{told}");
            assert!(told.contains("out of luck"), "{told}");
            assert!(good.values().is_empty());
        }
    }
}
