//! Several combiners over one input.

use watershed_model::{BoxError, fault};

use super::{CombineContext, CombineFn};
use crate::ViewList;

// A tuple of combiners gives a tuple of what each gives alone. (Beam: `CombineFns.compose`.)
//
// Values are cloned for all but the last. It takes nothing back: whether all of its combiners can
// is known only by asking them, and one that says no after another has said yes would leave the
// tuple half changed; so groups are computed anew instead.
macro_rules! composed {
    ($($name:ident $index:tt),*; $last:ident $last_index:tt) => {
        impl<V: Clone, $($name: CombineFn<V>,)* $last: CombineFn<V>> CombineFn<V>
            for ($($name,)* $last)
        {
            type Accumulator = ($($name::Accumulator,)* $last::Accumulator);
            type Output = ($($name::Output,)* $last::Output);

            fn create(&self, cx: &CombineContext<'_>) -> Self::Accumulator {
                ($(self.$index.create(cx),)* self.$last_index.create(cx))
            }
            #[inline]
            fn add(&self, parts: &mut Self::Accumulator, value: V, cx: &CombineContext<'_>) {
                $(self.$index.add(&mut parts.$index, value.clone(), cx);)*
                self.$last_index.add(&mut parts.$last_index, value, cx);
            }
            fn merge(
                &self,
                parts: &mut Self::Accumulator,
                other: Self::Accumulator,
                cx: &CombineContext<'_>,
            ) {
                $(self.$index.merge(&mut parts.$index, other.$index, cx);)*
                if !fault!("composed-merges-lose-the-last") {
                    self.$last_index.merge(&mut parts.$last_index, other.$last_index, cx);
                }
            }
            fn extract(
                &self,
                parts: Self::Accumulator,
                cx: &CombineContext<'_>,
            ) -> Result<Self::Output, BoxError> {
                Ok((
                    $(self.$index.extract(parts.$index, cx)?,)*
                    self.$last_index.extract(parts.$last_index, cx)?,
                ))
            }
            /// The largest that any of them asks for.
            fn hot_key_fanout(&self) -> Option<usize> {
                [$(self.$index.hot_key_fanout(),)* self.$last_index.hot_key_fanout()]
                    .into_iter()
                    .flatten()
                    .max()
            }
            /// Those of all of them.
            fn side_inputs(&self) -> ViewList {
                let all = ViewList::new()$(.and(self.$index.side_inputs()))*;
                all.and(self.$last_index.side_inputs())
            }
        }
    };
}
composed!(A 0; B 1);
composed!(A 0, B 1; C 2);
composed!(A 0, B 1, C 2; D 3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::{
        CombineOver, Count, HotKey, Max, Mean, Min, Retract, Sum, Top, combine_with,
        scatter::{in_order, scattered, scattered_with_retractions},
    };
    use proptest::{collection::vec, prelude::*};
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Play {
        team: String,
        points: i32,
    }

    fn plays() -> impl Strategy<Value = Vec<Play>> {
        let play = (".{0,3}", -99..99i32).prop_map(|(team, points)| Play { team, points });
        vec(play, 0..20)
    }

    proptest! {
        #[test]
        fn composed_combiners_give_what_they_give_alone(plays in plays(), seed: u64) {
            let longest = |a: &Play, b: &Play| a.team.len().cmp(&b.team.len());
            let total =
                combine_with(0, |sum, play: Play| *sum += play.points, |a, b| *a += b, |sum| sum);
            let all = (
                Sum.over(|play: &Play| play.points),
                Count,
                (Max.over(|play: &Play| play.team.clone()), Mean.over(|play: &Play| play.points)),
                (Top::by(3, longest), Min::by(longest), total),
            );
            let (sum, count, (max, mean), (top, min, again)) =
                scattered(&all, &plays, seed).unwrap();
            let points: Vec<i32> = plays.iter().map(|play| play.points).collect();
            let teams: Vec<String> = plays.iter().map(|play| play.team.clone()).collect();
            prop_assert_eq!(sum, in_order(&Sum, &points).unwrap());
            prop_assert_eq!(count, plays.len() as u64);
            prop_assert_eq!(max, in_order(&Max, &teams).unwrap());
            prop_assert_eq!(mean.to_bits(), in_order(&Mean, &points).unwrap().to_bits());
            prop_assert_eq!(top, in_order(&Top::by(3, longest), &plays).unwrap());
            prop_assert_eq!(min, in_order(&Min::by(longest), &plays).unwrap());
            prop_assert_eq!(again, in_order(&total, &plays).unwrap());
        }

        #[test]
        fn a_part_is_taken_back_where_the_combiner_can(
            plays in plays(),
            gone in plays(),
            seed: u64,
        ) {
            let points = Sum.over(|play: &Play| play.points);
            let left = scattered_with_retractions(&points, &plays, &gone, seed);
            prop_assert_eq!(left.whole(), plays.iter().map(|play| i128::from(play.points)).sum::<i128>());
        }
    }

    #[test]
    fn an_overflow_of_one_is_an_error_of_all() {
        let error = in_order(&(Count, Sum), &[200u8, 100]).unwrap_err().to_string();
        assert!(error.contains("the sum overflows u8: it is 300"), "{error}");
    }

    #[test]
    fn a_tuple_takes_nothing_back_and_stays_as_it_was() {
        let cx = CombineContext::without_views();
        let mut parts = CombineFn::<u8>::create(&(Count, Max), &cx);
        (Count, Max).add(&mut parts, 5u8, &cx);
        assert_eq!((Count, Max).retract(&mut parts, 5u8, &cx), Retract::Unsupported);
        assert_eq!(parts, (1, Some(5)));
    }

    #[test]
    fn the_widest_fanout_is_that_of_the_whole() {
        let fanout = |combiner: &dyn Fn() -> Option<usize>| combiner();
        let both = (HotKey::with_hot_key_fanout(Sum, 4), HotKey::with_hot_key_fanout(Count, 8));
        assert_eq!(fanout(&|| CombineFn::<u8>::hot_key_fanout(&both)), Some(8));
        assert_eq!(fanout(&|| CombineFn::<u8>::hot_key_fanout(&(Sum, Max))), None);
        let over = HotKey::with_hot_key_fanout(Sum, 4).over(|text: &String| text.len() as u8);
        assert_eq!(fanout(&|| over.hot_key_fanout()), Some(4));
    }
}
