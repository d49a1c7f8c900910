//! Two keyed collections joined by their keys: inner, left, right and full.
//!
//! A join is a co-grouping and what it makes of each key. Most keys of most joins have one value on one side
//! at least, so the sides of a key are kept without an allocation until a second value comes.

use serde::{Deserialize, Serialize};
use watershed_model::{BoxError, Element, Key, Location, ParDo, Primitive, fault};

use super::co_group::{tagged, together};
use crate::{
    Emitter, Func, Keyed, PCollection,
    combine::{CombineContext, CombineFn},
    element_wise::emitting,
};

impl<T: Element> PCollection<T> {
    /// Each value of each key with each value that the other collection has for that key, within a window. A
    /// key that only one side has gives nothing.
    ///
    /// Both must be windowed alike. A pane joins what came since the last one, on both sides; where panes
    /// accumulate, all that came until then. So where a window has several panes and partners may come in
    /// different ones, let it accumulate. (Beam: `Join.innerJoin`.)
    #[track_caller]
    pub fn inner_join<K: Key, A: Element, B: Element>(
        &self,
        other: &PCollection<(K, B)>,
    ) -> PCollection<(K, (A, B))>
    where
        T: Keyed<K, A>,
    {
        self.as_pairs().joined("InnerJoin", other, Location::caller(), |key, sides, out| {
            sides.pairs(key, |key, a, b| out.emit((key, (a, b))));
        })
    }

    /// As [`inner_join`](Self::inner_join); a value whose key the other side does not have comes with `None`.
    /// (Beam: `Join.leftOuterJoin`.)
    #[track_caller]
    pub fn left_join<K: Key, A: Element, B: Element>(
        &self,
        other: &PCollection<(K, B)>,
    ) -> PCollection<(K, (A, Option<B>))>
    where
        T: Keyed<K, A>,
    {
        self.as_pairs().joined("LeftJoin", other, Location::caller(), |key, sides, out| {
            if matches!(sides.right, Few::None) {
                return sides.left.each(key, |key, a| out.emit((key, (a, None))));
            }
            sides.pairs(key, |key, a, b| out.emit((key, (a, Some(b)))));
        })
    }

    /// As [`inner_join`](Self::inner_join); a value of the other side whose key this one does not have comes
    /// with `None`. (Beam: `Join.rightOuterJoin`.)
    #[track_caller]
    pub fn right_join<K: Key, A: Element, B: Element>(
        &self,
        other: &PCollection<(K, B)>,
    ) -> PCollection<(K, (Option<A>, B))>
    where
        T: Keyed<K, A>,
    {
        self.as_pairs().joined("RightJoin", other, Location::caller(), |key, sides, out| {
            if matches!(sides.left, Few::None) {
                return sides.right.each(key, |key, b| out.emit((key, (None, b))));
            }
            sides.pairs(key, |key, a, b| out.emit((key, (Some(a), b))));
        })
    }

    /// As [`inner_join`](Self::inner_join); a value whose key the other side does not have comes with `None`,
    /// on either side. (Beam: `Join.fullOuterJoin`.)
    #[track_caller]
    #[expect(clippy::type_complexity, reason = "a pair of what may be missing")]
    pub fn full_join<K: Key, A: Element, B: Element>(
        &self,
        other: &PCollection<(K, B)>,
    ) -> PCollection<(K, (Option<A>, Option<B>))>
    where
        T: Keyed<K, A>,
    {
        self.as_pairs().joined("FullJoin", other, Location::caller(), |key, sides, out| {
            match (&sides.left, &sides.right) {
                (_, Few::None) => sides.left.each(key, |key, a| out.emit((key, (Some(a), None)))),
                (Few::None, _) => sides.right.each(key, |key, b| out.emit((key, (None, Some(b))))),
                _ => sides.pairs(key, |key, a, b| out.emit((key, (Some(a), Some(b))))),
            }
        })
    }
}

impl<K: Key, A: Element> PCollection<(K, A)> {
    fn joined<B: Element, O: Element>(
        &self,
        name: &str,
        other: &PCollection<(K, B)>,
        location: Location,
        join: impl Fn(K, Sides<A, B>, &mut Emitter<O>) + Func,
    ) -> PCollection<O> {
        let pipeline = self.pipeline();
        pipeline.scoped(name, location, || {
            let left = tagged(pipeline, self, Side::Left, location);
            let right = tagged(pipeline, other, Side::Right, location);
            let sides = together(pipeline, vec![left, right], location, "joined");
            let sides = sides.gathered(GatherSides, location);
            let pairs: ParDo = emitting(move |(key, sides): (K, Sides<A, B>), out| {
                join(key, sides, out);
            });
            pipeline.add_step("Pairs", location, Primitive::ParDo(pairs), sides.id())
        })
    }
}

/// A value of one of the two.
#[derive(Clone, Serialize, Deserialize)]
enum Side<A, B> {
    Left(A),
    Right(B),
}

/// The values of a key, on both sides.
#[derive(Clone, Serialize, Deserialize)]
struct Sides<A, B> {
    left: Few<A>,
    right: Few<B>,
}

impl<A: Element, B: Element> Sides<A, B> {
    /// Each with each. Of the longer side values are moved, not copied, where the other is one alone.
    fn pairs<K: Key>(self, key: K, mut emit: impl FnMut(K, A, B)) {
        match (self.left, self.right) {
            (Few::One(a), right) => right.each_beside(key, a, |key, b, a| emit(key, a, b)),
            (left, Few::One(b)) => left.each_beside(key, b, emit),
            (Few::Many(left), Few::Many(right)) => {
                for a in left {
                    for b in &right {
                        emit(key.clone(), a.clone(), b.clone());
                    }
                }
            }
            (Few::None, _) | (_, Few::None) => {}
        }
    }
}

/// Values, mostly few.
#[derive(Clone, Serialize, Deserialize)]
enum Few<T> {
    None,
    One(T),
    Many(Vec<T>),
}

impl<T: Clone> Few<T> {
    #[inline]
    fn push(&mut self, value: T) {
        match self {
            Few::None => *self = Few::One(value),
            Few::Many(values) => values.push(value),
            Few::One(_) => {
                if let Few::One(first) = std::mem::replace(self, Few::None) {
                    let mut values = Vec::with_capacity(4);
                    values.extend([first, value]);
                    *self = Few::Many(values);
                }
            }
        }
    }

    fn append(&mut self, other: Few<T>) {
        match other {
            Few::None => {}
            Few::One(value) => self.push(value),
            Few::Many(values) if matches!(self, Few::None) => *self = Few::Many(values),
            Few::Many(values) => values.into_iter().for_each(|value| self.push(value)),
        }
    }

    /// Each of them, whose partner is missing.
    fn each<K: Key>(self, key: K, mut emit: impl FnMut(K, T)) {
        if fault!("outer-joins-are-inner") {
            return;
        }
        self.each_beside(key, (), |key, value, ()| emit(key, value));
    }

    fn each_beside<K: Key, U: Clone>(self, key: K, beside: U, mut emit: impl FnMut(K, T, U)) {
        match self {
            Few::None => {}
            Few::One(value) => emit(key, value, beside),
            Few::Many(values) => {
                values.into_iter().for_each(|value| emit(key.clone(), value, beside.clone()));
            }
        }
    }
}

/// As a grouping, with both sides in one.
#[derive(Clone)]
struct GatherSides;

impl<A: Element, B: Element> CombineFn<Side<A, B>> for GatherSides {
    type Accumulator = Sides<A, B>;
    type Output = Sides<A, B>;

    fn create(&self, _: &CombineContext<'_>) -> Sides<A, B> {
        Sides { left: Few::None, right: Few::None }
    }
    #[inline]
    fn add(&self, sides: &mut Sides<A, B>, value: Side<A, B>, _: &CombineContext<'_>) {
        match value {
            Side::Left(value) => sides.left.push(value),
            Side::Right(value) => sides.right.push(value),
        }
    }
    fn merge(&self, sides: &mut Sides<A, B>, other: Sides<A, B>, _: &CombineContext<'_>) {
        sides.left.append(other.left);
        sides.right.append(other.right);
    }
    fn extract(&self, sides: Sides<A, B>, _: &CombineContext<'_>) -> Result<Sides<A, B>, BoxError> {
        Ok(sides)
    }
}
