//! Several keyed collections, grouped together by their keys.
//!
//! ```text
//!   a: (K, A) ── Tag ──┐
//!   b: (K, B) ── Tag ──┼── Flatten ── GroupByKey ── (K, (Group<A>, Group<B>, Group<C>))
//!   c: (K, C) ── Tag ──┘
//! ```
//!
//! It is one grouping, whatever the number of inputs: each key and window has one trigger and one series of
//! panes.

use serde::{Deserialize, Serialize};
use watershed_model::{BoxError, Element, Key, Location, Primitive, fault};

use super::flatten::put_together;
use crate::{
    Func, Group, PCollection, Pipeline,
    combine::{CombineContext, CombineFn},
    element_wise::mapping,
};

/// Keyed collections that can be grouped together: a tuple of two to six, by reference, whose keys are of one
/// type. The same collection may stand in it more than once.
///
/// ```
/// use watershed_core::{CoGroupByKey, Group, PCollection, Pipeline};
///
/// let pipeline = Pipeline::new();
/// let mails = pipeline.create([("ada".to_string(), "ada@example.org".to_string())]);
/// let visits = pipeline.create([("ada".to_string(), 3), ("bob".to_string(), 1)]);
/// let both: PCollection<(String, (Group<String>, Group<i32>))> = (&mails, &visits).co_group_by_key();
/// both.for_each(|(name, (mails, visits))| println!("{name}: {mails:?} {visits:?}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be grouped together by key",
    label = "not a tuple of keyed collections",
    note = "write (&a, &b).co_group_by_key(), with two to six collections of pairs (key, value), all with one type of key"
)]
pub trait CoGroupByKey {
    /// The type of the keys.
    type Key: Key;
    /// What comes of each key: a tuple with a [`Group`] for each input.
    type Groups: Element;

    /// Gathers all the values of each key and window, those of each input in a group of their own, which is
    /// empty for a key that is not in that input. The inputs must be windowed alike. A pane has what came for
    /// its key since the last one, from all inputs (or, where panes accumulate, all until then). (Beam:
    /// `CoGroupByKey`.)
    fn co_group_by_key(self) -> PCollection<(Self::Key, Self::Groups)>;
}

/// Each input's values in a group of their own.
#[derive(Clone)]
struct GatherEach;

macro_rules! co_group {
    ($tag:ident: $($input:ident $place:tt),+) => {
        /// A value, and which input it came from.
        #[derive(Clone, Serialize, Deserialize)]
        enum $tag<$($input),+> {
            $($input($input)),+
        }

        impl<$($input: Element),+> CombineFn<$tag<$($input),+>> for GatherEach {
            type Accumulator = ($(Group<$input>,)+);
            type Output = ($(Group<$input>,)+);

            fn create(&self, _: &CombineContext<'_>) -> Self::Accumulator {
                Default::default()
            }
            #[inline]
            fn add(
                &self,
                groups: &mut Self::Accumulator,
                value: $tag<$($input),+>,
                _: &CombineContext<'_>,
            ) {
                match value {
                    $($tag::$input(value) => groups.$place.push(value),)+
                }
            }
            fn merge(
                &self,
                groups: &mut Self::Accumulator,
                other: Self::Accumulator,
                _: &CombineContext<'_>,
            ) {
                $(groups.$place.append(other.$place);)+
            }
            fn extract(
                &self,
                groups: Self::Accumulator,
                _: &CombineContext<'_>,
            ) -> Result<Self::Output, BoxError> {
                Ok(groups)
            }
        }

        impl<K: Key, $($input: Element),+> CoGroupByKey for ($(&PCollection<(K, $input)>,)+) {
            type Key = K;
            type Groups = ($(Group<$input>,)+);

            #[track_caller]
            fn co_group_by_key(self) -> PCollection<(K, Self::Groups)> {
                let (pipeline, location) = (self.0.pipeline(), Location::caller());
                pipeline.scoped("CoGroupByKey", location, || {
                    let inputs = vec![$(tagged(pipeline, self.$place, $tag::$input, location)),+];
                    together(pipeline, inputs, location, "co-grouped").gathered(GatherEach, location)
                })
            }
        }
    };
}
co_group!(OfTwo: A 0, B 1);
co_group!(OfThree: A 0, B 1, C 2);
co_group!(OfFour: A 0, B 1, C 2, D 3);
co_group!(OfFive: A 0, B 1, C 2, D 3, E 4);
co_group!(OfSix: A 0, B 1, C 2, D 3, E 4, F 5);

/// An input, each of its values marked as its own; `None` if it belongs to another pipeline.
pub(super) fn tagged<K: Key, V: Element, T: Element>(
    pipeline: &Pipeline,
    input: &PCollection<(K, V)>,
    tag: impl Fn(V) -> T + Func,
    location: Location,
) -> Option<PCollection<(K, T)>> {
    let tag = Primitive::ParDo(mapping(move |(key, value): (K, V)| (key, tag(value))));
    let is_ours = input.pipeline().is_same_as(pipeline);
    is_ours.then(|| pipeline.add_step("Tag", location, tag, input.id()))
}

/// All inputs in one collection; what does not fit is told of the composite that is being expanded.
pub(super) fn together<T: Element>(
    pipeline: &Pipeline,
    mut inputs: Vec<Option<PCollection<T>>>,
    location: Location,
    deed: &str,
) -> PCollection<T> {
    if inputs.iter().any(Option::is_none) {
        pipeline.reject(
            "an input belongs to another pipeline",
            "build all inputs from clones of the same Pipeline",
        );
    }
    if fault!("the-last-input-is-not-joined") {
        inputs.pop();
    }
    put_together(pipeline, inputs.into_iter().flatten().collect(), location, Some(deed))
}
