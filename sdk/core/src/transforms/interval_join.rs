//! Two keyed collections joined by their keys and by how near their elements are in event time.

use serde::{Deserialize, Serialize};
use watershed_model::{BoxError, Duration, Element, Key, Location, Timestamp, fault, micros};

use super::co_group::{tagged, together};
use crate::{
    EventTimer, FiredTimer, Keyed, One, OrderedListState, PCollection, StateContext, StateSpec,
    StatefulDoFn, StatefulEmitters, ValueState,
};

impl<T: Element> PCollection<T> {
    /// Each value of each key with each value of the other collection that has the key and lies no farther
    /// than `distance` from it in event time, before or after. The pair has the later of the two times, and
    /// goes out as soon as both are there.
    ///
    /// Both must be windowed alike, in windows that do not merge; only what is in one window is joined, so the
    /// global window is mostly the one to be in. A value is kept until the watermark has passed all that it
    /// can be joined with; a late one finds what is still kept.
    #[track_caller]
    pub fn interval_join<K: Key, A: Element, B: Element>(
        &self,
        other: &PCollection<(K, B)>,
        distance: Duration,
    ) -> PCollection<(K, (A, B))>
    where
        T: Keyed<K, A>,
    {
        let (pipeline, location) = (self.pipeline(), Location::caller());
        pipeline.scoped("IntervalJoin", location, || {
            if distance < Duration::ZERO {
                let problem = format!("joins what is {distance} apart");
                pipeline.reject(problem, "give it a distance of zero or more");
            }
            let left = tagged(pipeline, &self.as_pairs(), Side::Left, location);
            let right = tagged(pipeline, other, Side::Right, location);
            let both = together(pipeline, vec![left, right], location, "joined");
            both.stateful("Pairs", Within { distance: distance.max(Duration::ZERO) })
        })
    }
}

/// A value of one of the two.
#[derive(Clone, Serialize, Deserialize)]
enum Side<A, B> {
    Left(A),
    Right(B),
}

/// Keeps the values of both sides, and pairs each that comes with those of the other side that are near.
#[derive(Clone, Copy)]
struct Within {
    distance: Duration,
}

struct Kept<A, B> {
    left: OrderedListState<A>,
    right: OrderedListState<B>,
    /// For when the timer is set.
    next: ValueState<Timestamp>,
    passed: EventTimer,
}

impl Within {
    /// When a value of this time can be joined with nothing that is still to come.
    fn end(self, at: Timestamp) -> Timestamp {
        at + self.distance + micros(1)
    }
}

impl<K: Key, A: Element, B: Element> StatefulDoFn<K, Side<A, B>> for Within {
    type Outputs = One<(K, (A, B))>;
    type Cells = Kept<A, B>;

    fn declare(&self, spec: &mut StateSpec) -> Kept<A, B> {
        spec.time_to_live(self.distance + micros(1));
        Kept {
            left: spec.ordered_list("left"),
            right: spec.ordered_list("right"),
            next: spec.value("next"),
            passed: spec.event_timer("passed"),
        }
    }

    fn process(
        &mut self,
        value: Side<A, B>,
        kept: &Kept<A, B>,
        cx: &mut StateContext<'_, K>,
        out: &mut StatefulEmitters<Self, K, Side<A, B>>,
    ) -> Result<(), BoxError> {
        let at = cx.timestamp();
        let last = at
            + if fault!("intervals-are-a-microsecond-longer") {
                self.distance + micros(1)
            } else {
                self.distance
            };
        let near = at - self.distance..=last;
        match value {
            Side::Left(a) => {
                for (time, b) in kept.right.range(cx, near) {
                    out.emit_at((cx.key().clone(), (a.clone(), b.clone())), at.max(time));
                }
                kept.left.add(cx, at, a);
            }
            Side::Right(b) => {
                for (time, a) in kept.left.range(cx, near) {
                    out.emit_at((cx.key().clone(), (a.clone(), b.clone())), at.max(time));
                }
                kept.right.add(cx, at, b);
            }
        }
        if kept.next.get(cx).is_none_or(|next| self.end(at) < *next) {
            kept.next.set(cx, self.end(at));
            // No later than the expiry, where all is forgotten.
            kept.passed.set_after(cx, self.distance + micros(1))?;
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        fired: &FiredTimer<'_>,
        kept: &Kept<A, B>,
        cx: &mut StateContext<'_, K>,
        _: &mut StatefulEmitters<Self, K, Side<A, B>>,
    ) -> Result<(), BoxError> {
        let Some(time) = fired.time() else { return Ok(()) };
        kept.left.take_range(cx, ..time - self.distance);
        kept.right.take_range(cx, ..time - self.distance);
        kept.next.clear(cx);
        let firsts = [
            kept.left.iter(cx).next().map(|(at, _)| at),
            kept.right.iter(cx).next().map(|(at, _)| at),
        ];
        if let Some(first) = firsts.into_iter().flatten().min() {
            kept.next.set(cx, self.end(first));
            // Counted from this time; no later than the expiry.
            kept.passed.set_after(cx, self.end(first).since(time))?;
        }
        Ok(())
    }
}
