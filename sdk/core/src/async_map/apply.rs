//! Applying calls to the outside.

use std::{marker::PhantomData, panic, sync::Arc};

use tokio::task::LocalSet;
use watershed_model::{
    AnyBundle, BoxError, Bundle, Element, Kernel, KernelContext, KernelOutput, Location, ParDo,
    Subject,
};

use super::{
    AsyncOptions,
    calls::{self, Ended},
    runtime,
};
use crate::{Emitter, Failed, Func, PCollection, kernel::par_do};

impl<T: Element> PCollection<T> {
    /// Makes one element of each by a call that waits for something outside, such as a service that is asked
    /// for what it knows of the element. Many calls wait at once. Those that fail come out in the second
    /// collection, each with its element, its error and the step's name. (Flink: `AsyncDataStream`; Beam: an
    /// asynchronous or batching `DoFn`, by hand.)
    ///
    /// ```
    /// use watershed_core::{AsyncOptions, Pipeline};
    /// use watershed_model::{millis, seconds};
    ///
    /// async fn price_of(order: u32) -> Result<(u32, i64), String> {
    ///     if order == 0 { Err("no such order".into()) } else { Ok((order, 100)) }
    /// }
    ///
    /// let pipeline = Pipeline::new();
    /// let orders = pipeline.create([0, 1, 2]);
    /// let calls = AsyncOptions::new().concurrency(16).retries(3).backoff(millis(200)).timeout(seconds(5));
    /// let (priced, failed) = orders.async_map("price", calls, |order| async move { price_of(order).await });
    /// priced.for_each(|(order, cents)| println!("{order}: {cents}"));
    /// failed.for_each(|failed| eprintln!("{failed}"));
    /// ```
    ///
    /// **Bundles.** A bundle's calls run at once, up to the [concurrency](AsyncOptions::concurrency), and the bundle
    /// ends when the last of them has ended. So nothing is under way between bundles: there is no call whose answer
    /// a checkpoint, a drain or a watermark would have to wait for or keep, and results come exactly once. The calls
    /// themselves may be made more than once: again by [`retries`](AsyncOptions::retries), or when a run that has
    /// failed is started anew.
    ///
    /// **Limits.** A call that never returns ends by its [time limit](AsyncOptions::timeout). One that does not wait
    /// but computes, or blocks its thread, cannot be ended by anybody: hand such work to
    /// `tokio::task::spawn_blocking`. A panic is an error of the run, which names the step.
    ///
    /// **The runtime** is one of tokio's, the same for the whole process, with sockets and timers; a client may be
    /// cloned into the closure, and its connections are shared by all workers. A future need not be `Send`.
    #[track_caller]
    pub fn async_map<O, E, Fut>(
        &self,
        name: &str,
        options: AsyncOptions,
        call: impl Fn(T) -> Fut + Func,
    ) -> (PCollection<O>, PCollection<Failed<T>>)
    where
        O: Element,
        E: Into<BoxError> + 'static,
        Fut: Future<Output = Result<O, E>> + 'static,
    {
        let step: Arc<str> = name.into();
        let kernel = par_do(Arc::new(move || {
            let (call, step) = (call.clone(), step.clone());
            Box::new(AsyncMap { call, options, step, input: PhantomData::<fn(T)> })
        }));
        let kernel = ParDo { dead_letters: Some(1), ..kernel };
        let location = Location::caller();
        let (good, failed) = self.step_with_dead_letters("AsyncMap", name, location, kernel);
        if let Some((problem, mend)) = options.problem() {
            let mut graph = self.pipeline().graph();
            let step = Subject::Node(graph.collection(good.id()).producer);
            graph.problem(step, problem, mend);
        }
        (good, failed)
    }
}

struct AsyncMap<T, F> {
    call: F,
    options: AsyncOptions,
    step: Arc<str>,
    input: PhantomData<fn(T)>,
}

impl<T, O, E, Fut, F> Kernel for AsyncMap<T, F>
where
    T: Element,
    O: Element,
    E: Into<BoxError> + 'static,
    Fut: Future<Output = Result<O, E>> + 'static,
    F: Fn(T) -> Fut + Func,
{
    fn run(
        &mut self,
        input: AnyBundle,
        _: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError> {
        let Bundle { values, metadata } = input.downcast::<T>();
        let runtime = runtime::shared()?;
        let calls = calls::all(values, self.call.clone(), self.options);
        let ended: Vec<Ended<T, O>> = match runtime.block_on(LocalSet::new().run_until(calls)) {
            Ok(ended) => ended,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => panic::resume_unwind(panic),
                Err(error) => return Err(error.into()),
            },
        };
        let tracked = !metadata.is_uniform();
        let mut good = Emitter::new(out.is_wanted(0), tracked);
        let mut bad = Emitter::new(true, tracked);
        for (place, result) in ended {
            good.begin(place);
            bad.begin(place);
            match result {
                Ok(value) => good.emit(value),
                Err((element, error)) => {
                    bad.emit(Failed { element, error, step: self.step.to_string() });
                }
            }
        }
        out.put(0, AnyBundle::new(good.into_bundle(&metadata)?));
        out.put(1, AnyBundle::new(bad.into_bundle(&metadata)?));
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pipeline;
    use watershed_model::{BuildErrors, micros, seconds};

    #[test]
    fn calls_that_could_not_be_made_are_refused() {
        let pipeline = Pipeline::new();
        let numbers = pipeline.create([1]);
        let calls = |name: &str, options| {
            let (good, _) = numbers.async_map(name, options, |n| async move { Ok::<_, String>(n) });
            good.for_each(drop);
        };
        calls("none at once", AsyncOptions::new().concurrency(0));
        calls("no time", AsyncOptions::new().timeout(seconds(0)));
        calls("back in time", AsyncOptions::new().backoff(micros(-1)));
        calls("all at once", AsyncOptions::new().concurrency(usize::MAX).backoff(seconds(0)));
        let BuildErrors(errors) = pipeline.build().unwrap_err();
        let told = errors.iter().map(|error| (&*error.transform, &*error.problem));
        let expected = [
            ("none at once", "makes 0 calls at once"),
            ("no time", "lets a call take 0s"),
            ("back in time", "waits -1us before a call is made again"),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
