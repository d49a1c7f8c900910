//! A keyed collection joined with what was in force at the time of each of its elements.

use serde::{Deserialize, Serialize};
use watershed_model::{BoxError, Duration, Element, Key, Location, Timestamp, fault, micros};

use super::co_group::{tagged, together};
use crate::{
    EventTimer, EventTimerFamily, FiredTimer, Keyed, One, OrderedListState, PCollection,
    StateContext, StateSpec, StatefulDoFn, StatefulEmitters, ValueState,
};

impl<T: Element> PCollection<T> {
    /// Each value with the latest value of the other collection that has its key and is not later in event
    /// time, nor more than `tolerance` earlier; `None` if there is none. Such as each order with the rate of
    /// exchange that was in force then. Of several of one time it is one, always the same.
    ///
    /// The answer does not depend on when elements arrive: a value waits until the watermark has passed its
    /// time, and goes out at that time. Both must be windowed alike, in windows that do not merge; only what is
    /// in one window is joined, so the global window is mostly the one to be in. A value of the other
    /// collection is kept while it may be the latest.
    #[track_caller]
    pub fn as_of_join<K: Key, A: Element, B: Element>(
        &self,
        other: &PCollection<(K, B)>,
        tolerance: Duration,
    ) -> PCollection<(K, (A, Option<B>))>
    where
        T: Keyed<K, A>,
    {
        let (pipeline, location) = (self.pipeline(), Location::caller());
        pipeline.scoped("AsOfJoin", location, || {
            if tolerance < Duration::ZERO {
                let problem = format!("has a tolerance of {tolerance}");
                pipeline.reject(problem, "give it a tolerance of zero or more");
            }
            let left = tagged(pipeline, &self.as_pairs(), Side::Asks, location);
            let right = tagged(pipeline, other, Side::Holds, location);
            let both = together(pipeline, vec![left, right], location, "joined");
            both.stateful("Pairs", AsOf { tolerance: tolerance.max(Duration::ZERO) })
        })
    }
}

/// A value of one of the two.
#[derive(Clone, Serialize, Deserialize)]
enum Side<A, B> {
    Asks(A),
    Holds(B),
}

/// Keeps what asks until its time is over, and what holds while it may be asked for.
#[derive(Clone, Copy)]
struct AsOf {
    tolerance: Duration,
}

struct Kept<A, B> {
    asking: OrderedListState<A>,
    holding: OrderedListState<B>,
    /// Behind each time that asks. One timer that sets itself again would not do: of what is set when the input
    /// has ended, nothing fires behind a key's last element.
    answers: EventTimerFamily,
    superseded: EventTimer,
    /// The time that holds, behind which that timer is set.
    next: ValueState<Timestamp>,
}

impl<K: Key, A: Element, B: Element> StatefulDoFn<K, Side<A, B>> for AsOf {
    type Outputs = One<(K, (A, Option<B>))>;
    type Cells = Kept<A, B>;

    fn declare(&self, spec: &mut StateSpec) -> Kept<A, B> {
        spec.time_to_live(self.tolerance + micros(2));
        Kept {
            asking: spec.ordered_list("asking"),
            holding: spec.ordered_list("holding"),
            answers: spec.event_timer_family("answers"),
            superseded: spec.event_timer("superseded"),
            next: spec.value("next"),
        }
    }

    fn process(
        &mut self,
        value: Side<A, B>,
        kept: &Kept<A, B>,
        cx: &mut StateContext<'_, K>,
        _: &mut StatefulEmitters<Self, K, Side<A, B>>,
    ) -> Result<(), BoxError> {
        let at = cx.timestamp();
        match value {
            Side::Asks(a) => {
                kept.asking.add(cx, at, a);
                let timer = kept.answers.with_output_timestamp(at);
                timer.set_after(cx, &at.as_micros().to_string(), micros(1))
            }
            Side::Holds(b) => {
                kept.holding.add(cx, at, b);
                if kept.next.get(cx).is_some_and(|next| *next <= at) {
                    return Ok(());
                }
                kept.next.set(cx, at);
                kept.superseded.set_after(cx, micros(1))
            }
        }
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        kept: &Kept<A, B>,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, Side<A, B>>,
    ) -> Result<(), BoxError> {
        let Some(time) = fired.time() else { return Ok(()) };
        // The last instant of the global window has none behind it at which a timer could be.
        let is_last = time >= Timestamp::END_OF_GLOBAL_WINDOW;
        let over = if is_last { time } else { time - micros(1) };
        let asking = match fired.is(&kept.superseded) {
            true => Vec::new(),
            false => kept.asking.take_range(cx, ..=over),
        };
        for (at, a) in asking {
            let first = at - self.tolerance;
            let last = if fault!("as-of-looks-ahead") { at + micros(1) } else { at };
            let latest = kept.holding.range(cx, first..=last).max_by(|(a, x), (b, y)| {
                a.cmp(b).then_with(|| crate::combine::compare_bytes(*y, *x))
            });
            let b = latest.map(|(_, b)| b.clone());
            out.emit_at((cx.key().clone(), (a, b)), at);
        }
        // Of what held then the latest holds on.
        let latest = kept.holding.range(cx, ..=over).last().map(|(at, _)| at);
        if let Some(latest) = latest {
            kept.holding.take_range(cx, ..latest);
        }
        if !fired.is(&kept.superseded) {
            return Ok(());
        }
        kept.next.clear(cx);
        let next = kept.holding.range(cx, over + micros(1)..).next().map(|(at, _)| at);
        let Some(next) = next else { return Ok(()) };
        kept.next.set(cx, next);
        kept.superseded.set_after(cx, (next + micros(1)).since(time))
    }
}
