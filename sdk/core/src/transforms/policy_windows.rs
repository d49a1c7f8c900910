//! The values of a key in batches, which a policy ends.

use watershed_model::{BoxError, Element, Key, fault};

use super::policies::{Count, Delta, Kept, Last, Policy, Punctuated};
use crate::{
    FiredTimer, Func, One, PCollection, PTransform, StateContext, StateSpec, StatefulDoFn,
    StatefulEmitters, ValueState,
};

/// Batches of the values of each key and window, where neither time nor an outside signal says where one ends,
/// but the values do: `(key, values)`. (Flink: count windows, and the delta trigger with its evictor.)
///
/// | | a batch | goes out |
/// |---|---|---|
/// | [`last(n)`](PolicyWindows::last) | the last n values; at first there are fewer | after each value, or [every](PolicyWindows::every) so many |
/// | [`count(n)`](PolicyWindows::count) | n values | with the last of them |
/// | [`delta(d, f)`](PolicyWindows::delta) | values whose `f` differs by no more than d from that of the batch's first | with the first that differs by more, which begins the next batch |
/// | [`punctuated(f)`](PolicyWindows::punctuated) | values up to one for which `f` holds | with that one, which is its last |
///
/// Values come in the order of their event times, and at one time in that of their bytes: so the batches are
/// the same on every runner, as a batch and as a stream. For that each value waits until the watermark has
/// passed its time and the allowed lateness; one that comes when its place has passed is dropped as late, and
/// counted. [`in_order_of_arrival`](Self::in_order_of_arrival) does not wait.
///
/// A batch has the time of the value with which it goes out. What is left when the window expires goes out then
/// in a last, shorter batch, at the window's last instant; but not of `last(n)`, which ends with the last value
/// that was due. What is kept of a key is forgotten with its window, so put endless collections into windows
/// first. The windows must not merge.
///
/// ```
/// use watershed_core::{Pipeline, PolicyWindows};
/// use watershed_model::Timestamp;
///
/// let pipeline = Pipeline::new();
/// let readings = pipeline
///     .create([(1, 20.0), (2, 20.5), (3, 24.0)].map(|(second, degrees)| (second, ("hall".to_string(), degrees))))
///     .with_timestamps(|(second, _)| Timestamp::from_seconds(*second))
///     .values();
/// readings.apply(PolicyWindows::last(2)).for_each(|(room, two)| println!("{room}: {two:?}"));
/// let steady = PolicyWindows::delta(1.0, |degrees: &f64| *degrees);
/// readings.apply(steady).for_each(|(room, near)| println!("{room}: {near:?}"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PolicyWindows<P> {
    policy: P,
    by_arrival: bool,
}

impl PolicyWindows<Last> {
    /// After each value the last `values` of its key. (Flink: `countWindow(n, 1)`; a sliding count window.)
    pub fn last(values: usize) -> Self {
        PolicyWindows::of(Last { values, every: 1 })
    }

    /// Not after each value, but after every so many. (Flink: the slide of a count window.)
    #[must_use]
    pub fn every(self, values: u64) -> Self {
        PolicyWindows { policy: Last { every: values, ..self.policy }, ..self }
    }
}

impl PolicyWindows<Count> {
    /// Each value in one batch of `values`. (Flink: `countWindow(n)`.) Where a batch may not wait for its last
    /// value, or is bound by bytes, and order does not matter, take
    /// [`GroupIntoBatches`](crate::GroupIntoBatches).
    pub fn count(values: usize) -> Self {
        PolicyWindows::of(Count { values })
    }
}

impl<F> PolicyWindows<Delta<F>> {
    /// A new batch begins with a value whose number differs by more than `delta`, in the number's unit, from
    /// that of the batch's first. What is not a number differs from everything. (Flink: `DeltaTrigger`.)
    pub fn delta<V>(delta: f64, of: F) -> Self
    where
        F: Fn(&V) -> f64 + Func,
    {
        PolicyWindows::of(Delta { delta, of })
    }
}

impl<F> PolicyWindows<Punctuated<F>> {
    /// A batch ends with a value for which `is_last` holds.
    pub fn punctuated<V>(is_last: F) -> Self
    where
        F: Fn(&V) -> bool + Func,
    {
        PolicyWindows::of(Punctuated { is_last })
    }
}

impl<P> PolicyWindows<P> {
    fn of(policy: P) -> Self {
        PolicyWindows { policy, by_arrival: false }
    }

    /// Values as they arrive: nothing waits for the watermark, and late ones within the allowed lateness are
    /// taken in. Which values form a batch then depends on the runner, and on chance.
    #[must_use]
    pub fn in_order_of_arrival(self) -> Self {
        PolicyWindows { by_arrival: true, ..self }
    }
}

impl<K: Key, V: Element, P: Policy<V>> PTransform<PCollection<(K, V)>> for PolicyWindows<P> {
    type Output = PCollection<(K, Vec<V>)>;

    #[track_caller]
    fn expand(self, pairs: &PCollection<(K, V)>) -> PCollection<(K, Vec<V>)> {
        if let Some((problem, mend)) = self.policy.problem() {
            pairs.pipeline().reject(problem, mend);
        }
        pairs.stateful("Batches", self)
    }
}

impl<K: Key, V: Element, P: Policy<V>> StatefulDoFn<K, V> for PolicyWindows<P> {
    type Outputs = One<(K, Vec<V>)>;
    type Cells = ValueState<Kept<V>>;

    fn declare(&self, spec: &mut StateSpec) -> Self::Cells {
        if !self.by_arrival {
            spec.time_sorted_input();
        }
        if P::ENDS_WITH_THE_WINDOW {
            spec.on_window_expiration();
        }
        spec.value("kept")
    }

    fn process(
        &mut self,
        value: V,
        kept: &Self::Cells,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, V>,
    ) -> Result<(), BoxError> {
        if let Some(batch) = self.policy.take(kept.get_or_default(cx), value) {
            out.emit((cx.key().clone(), batch));
        }
        Ok(())
    }

    /// The window expires.
    fn on_timer(
        &mut self,
        _: &FiredTimer<'_>,
        kept: &Self::Cells,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, V>,
    ) -> Result<(), BoxError> {
        let left = kept.take(cx).map(|mut kept| kept.take()).unwrap_or_default();
        if !left.is_empty() && !fault!("policies-lose-the-last-batch") {
            out.emit((cx.key().clone(), left));
        }
        Ok(())
    }
}
