//! The calls of one bundle.

use std::rc::Rc;

use tokio::{
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};
use watershed_model::{BoxError, fault};

use super::{AsyncOptions, options::span};

/// How the call for the element at this place ended: with a result, or with the element and the reason.
pub(super) type Ended<T, O> = (usize, Result<O, (T, String)>);

/// Makes a call for each element, so many at once; ends when all have ended, or with the first that panics: then
/// the others are let go.
///
/// Runs inside of a tokio `LocalSet`.
pub(super) async fn all<T, O, E, Fut, F>(
    elements: Vec<T>,
    call: F,
    options: AsyncOptions,
) -> Result<Vec<Ended<T, O>>, JoinError>
where
    T: Clone + 'static,
    O: 'static,
    E: Into<BoxError> + 'static,
    Fut: Future<Output = Result<O, E>> + 'static,
    F: Fn(T) -> Fut + 'static,
{
    let call = Rc::new(call);
    let mut ended = Vec::with_capacity(elements.len());
    let mut elements = elements.into_iter().enumerate();
    let mut calls = JoinSet::new();
    loop {
        while calls.len() < options.concurrency || fault!("async-calls-know-no-bound") {
            let Some((place, element)) = elements.next() else { break };
            let call = call.clone();
            calls.spawn_local(async move { (place, one(element, &*call, options).await) });
        }
        match calls.join_next().await {
            Some(call) => ended.push(call?),
            None => break,
        }
    }
    if options.is_ordered {
        ended.sort_unstable_by_key(|(place, _)| *place);
    }
    Ok(ended)
}

/// Makes one call, and again while it fails and may.
async fn one<T: Clone, O, E: Into<BoxError>, Fut: Future<Output = Result<O, E>>>(
    element: T,
    call: &impl Fn(T) -> Fut,
    options: AsyncOptions,
) -> Result<O, (T, String)> {
    let mut failures = 0;
    loop {
        let error = match timeout(span(options.timeout), call(element.clone())).await {
            Ok(Ok(result)) => return Ok(result),
            Ok(Err(error)) => error.into().to_string(),
            Err(_) => format!("there was no answer within {}", options.timeout),
        };
        failures += 1;
        if failures > options.retries || fault!("async-calls-are-not-made-again") {
            return Err(match failures {
                1 => (element, error),
                _ => (element, format!("{error} (after {failures} calls)")),
            });
        }
        sleep(span(options.wait_after(failures))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, future};
    use tokio::{
        sync::{Barrier, Notify},
        task::LocalSet,
        time::Instant,
    };
    use watershed_model::{millis, seconds};

    async fn ended<T: Clone + 'static, O: 'static, Fut>(
        elements: impl IntoIterator<Item = T>,
        options: AsyncOptions,
        call: impl Fn(T) -> Fut + 'static,
    ) -> Vec<Ended<T, O>>
    where
        Fut: Future<Output = Result<O, String>> + 'static,
    {
        let elements = elements.into_iter().collect();
        LocalSet::new().run_until(all(elements, call, options)).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_calls_run_at_once_and_no_more() {
        // Fewer would wait for each other until their time is over.
        let barrier = Rc::new(Barrier::new(8));
        let running = Rc::new(RefCell::new((0, 0)));
        let seen = running.clone();
        let call = move |n: u32| {
            let (barrier, running) = (barrier.clone(), running.clone());
            async move {
                {
                    let (now, most) = &mut *running.borrow_mut();
                    *now += 1;
                    *most = (*most).max(*now);
                }
                barrier.wait().await;
                running.borrow_mut().0 -= 1;
                Ok(n)
            }
        };
        let ended = ended(0..64, AsyncOptions::new().concurrency(8), call).await;
        assert_eq!(ended, (0..64).map(|n| (n as usize, Ok(n))).collect::<Vec<_>>());
        assert_eq!(*seen.borrow(), (0, 8));
    }

    #[tokio::test]
    async fn results_stand_as_their_elements_do_or_as_the_calls_ended() {
        for options in [AsyncOptions::new(), AsyncOptions::new().unordered()] {
            // Each wakes the one before it.
            let done: Rc<Vec<Notify>> = Rc::new((0..4).map(|_| Notify::new()).collect());
            let call = move |n: usize| {
                let done = done.clone();
                async move {
                    if n < 3 {
                        done[n].notified().await;
                    }
                    if n > 0 {
                        done[n - 1].notify_one();
                    }
                    Ok(())
                }
            };
            let places = ended(0..4, options, call).await.into_iter().map(|(place, _)| place);
            let expected = if options.is_ordered { [0, 1, 2, 3] } else { [3, 2, 1, 0] };
            assert_eq!(places.collect::<Vec<_>>(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_never_returns_ends_by_its_limit() {
        let start = Instant::now();
        let options = AsyncOptions::new().retries(2).backoff(seconds(1)).timeout(seconds(5));
        let never = |_: u8| future::pending::<Result<(), String>>();
        let told = "there was no answer within 5s (after 3 calls)".to_owned();
        assert_eq!(ended([7], options, never).await, [(0, Err((7, told)))]);
        // Three calls, and two waits of which the second is twice as long.
        assert_eq!(start.elapsed(), span(seconds(3 * 5 + 1 + 2)));

        let start = Instant::now();
        let told = "there was no answer within 30s".to_owned();
        assert_eq!(ended([7], AsyncOptions::new(), never).await, [(0, Err((7, told)))]);
        assert_eq!(start.elapsed(), span(seconds(30)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_fails_is_made_again_until_it_succeeds() {
        let calls = Rc::new(RefCell::new(Vec::new()));
        let made = calls.clone();
        let start = Instant::now();
        let call = move |n: u8| {
            made.borrow_mut().push(start.elapsed());
            let calls = made.borrow().len();
            async move { if calls < 3 { Err("not yet".to_owned()) } else { Ok(n) } }
        };
        let options = AsyncOptions::new().retries(5).backoff(millis(100));
        assert_eq!(ended([7], options, call).await, [(0, Ok(7))]);
        assert_eq!(*calls.borrow(), [0, 100, 300].map(|at| span(millis(at))));
    }

    #[tokio::test]
    async fn when_a_call_panics_the_others_are_let_go() {
        let held = Rc::new(());
        let kept = held.clone();
        let call = move |n: u8| {
            let held = kept.clone();
            async move {
                assert!(n < 3, "a call went wrong");
                let never = future::pending::<Result<(), String>>().await;
                drop(held);
                never
            }
        };
        let calls = all(vec![1, 2, 3], call, AsyncOptions::new());
        let error = LocalSet::new().run_until(calls).await.unwrap_err();
        assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"a call went wrong"));
        assert_eq!(Rc::strong_count(&held), 1);
    }
}
