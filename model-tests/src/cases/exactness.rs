//! Results that show neither order nor cut: overflow, means, floats, ties.

use std::cmp::Ordering;

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use watershed::{
    Element, PCollection,
    combine::{Count, HotKey, Max, Mean, Min, Ordered, Sum, Top},
    testing::assert_that,
};

use super::timed::{Timed, create, panes, sorted};
use crate::{
    Bench, cases,
    naive::{SECOND, Span, Windowing, groups},
    spread::Spread,
};

cases! {
    a_sum_that_overflows_is_an_error_that_names_the_step: "GP-22";
    an_overflow_on_the_way_is_none: "GP-22";
    means_of_large_numbers_are_right: "GP-22";
    nan_and_zeros_have_one_order: "GP-22";
    sums_of_floats_do_not_show_their_order: "GP-22";
    ties_resolve_alike: "GP-23";
    ties_of_a_types_own_order_resolve_alike: "GP-23";
}

fn a_sum_that_overflows_is_an_error_that_names_the_step(bench: &Bench) {
    for bench in bench.seeds(4, 2) {
        let per_key = bench.pipeline();
        let pairs = per_key.create([(1u8, i64::MAX), (2, 1), (1, 1), (1, 0)]);
        pairs.combine_per_key(Sum).named("total points").for_each(|_| ());
        let error = per_key.try_run().unwrap_err();
        assert_eq!(error.failed_step(), Some("total points"), "{error}");
        let told = error.to_string();
        assert!(told.contains("overflows i64: it is 9223372036854775808"), "{told}");

        let spread = bench.pipeline();
        let pairs = spread.create([(1u8, 1), (1, -1), (1, i64::MIN), (1, -1)]);
        let sums = HotKey::with_hot_key_fanout((Sum, Count, Max), 2);
        pairs.combine_per_key(sums).named("spread").for_each(|_| ());
        let error = spread.try_run().unwrap_err();
        assert!(error.failed_step().unwrap().starts_with("spread/"), "{error}");
        let told = error.to_string();
        assert!(told.contains("overflows i64: it is -9223372036854775809"), "{told}");

        let globally = bench.pipeline();
        globally.create([i128::MIN, -1]).sum_globally().named("all").for_each(|_| ());
        let error = globally.try_run().unwrap_err();
        assert!(error.failed_step().unwrap().starts_with("all/"), "{error}");
        assert!(error.to_string().contains("overflows i128"), "{error}");
    }
}

fn an_overflow_on_the_way_is_none(bench: &Bench) {
    for bundle_elements in [1, 3, 64] {
        for bench in bench.seeds(8, bundle_elements) {
            let pipeline = bench.pipeline();
            let large = pipeline.create([i64::MAX, i64::MAX, -1, -i64::MAX, 1]);
            assert_that(&large.sum_globally()).is_singleton(i64::MAX);
            let wide = pipeline.create([i128::MIN, i128::MIN, i128::MAX, 1]);
            assert_that(&wide.sum_globally()).is_singleton(i128::MIN);
            pipeline.run();
        }
    }
}

fn means_of_large_numbers_are_right(bench: &Bench) {
    let large = 1i64 << 60;
    for bench in bench.seeds(6, 2) {
        let pipeline = bench.pipeline();
        // Added up as floats, or in as many bits as they have, each of these comes out wrong.
        for (mean, expected) in [
            (pipeline.create(vec![i64::MAX; 5]).mean_globally(), i64::MAX as f64),
            (pipeline.create([large, 1, 1, 1, -large]).mean_globally(), 0.6),
            (pipeline.create([i128::MAX, i128::MAX, i128::MIN, i128::MIN]).mean_globally(), -0.5),
            (pipeline.create([f64::MAX, f64::MAX, f64::MAX]).mean_globally(), f64::MAX),
        ] {
            assert_that(&mean).is_singleton(expected);
        }
        let pairs = pipeline.create([(1u8, i64::MAX), (2, 1), (1, i64::MAX), (2, 2)]);
        let means = pairs.combine_per_key(Mean);
        assert_that(&means).contains_in_any_order([(1, i64::MAX as f64), (2, 1.5)]);
        pipeline.run();
    }
}

fn nan_and_zeros_have_one_order(bench: &Bench) {
    let negative_nan = f64::from_bits(f64::NAN.to_bits() | 1 << 63);
    let rising = [negative_nan, f64::NEG_INFINITY, -1.0, -0.0, 0.0, 1.0, f64::INFINITY, f64::NAN];
    for bundle_elements in [1, 3, 64] {
        for bench in bench.seeds(6, bundle_elements) {
            let pipeline = bench.pipeline();
            let all = pipeline.create(rising);
            // Assertions compare bytes, so they tell both zeros and both NaN apart.
            assert_that(&all.smallest_globally(8)).is_singleton(rising.to_vec());
            assert_that(&all.min_globally()).is_singleton(Some(negative_nan));
            assert_that(&all.max_globally()).is_singleton(Some(f64::NAN));
            let falling = rising.iter().rev().copied().take(5).collect();
            assert_that(&all.largest_globally(5)).is_singleton(falling);
            let zeros = pipeline.create([0.0, -0.0]);
            assert_that(&zeros.min_globally()).is_singleton(Some(-0.0));
            assert_that(&zeros.max_globally()).is_singleton(Some(0.0));
            assert_that(&zeros.sum_globally()).is_singleton(0.0);
            let infinite = pipeline.create([f64::INFINITY, f64::NEG_INFINITY, 1.0]);
            assert_that(&infinite.sum_globally()).is_singleton(f64::NAN);
            pipeline.run();
        }
    }
}

fn sums_of_floats_do_not_show_their_order(bench: &Bench) {
    let mut random = Rng::with_seed(22);
    let mut values: Vec<f64> = Vec::new();
    for _ in 0..150 {
        let value = (random.f64() - 0.5) * 2f64.powi(random.i32(-300..300));
        // Whatever is large goes away again, so that only the small is left to sum up.
        values.extend([value, 0.1, -value]);
    }
    for bundle_elements in [1, 16] {
        for bench in bench.seeds(4, bundle_elements) {
            let pipeline = bench.pipeline();
            let floats = pipeline.create(values.clone());
            assert_that(&floats.sum_globally()).is_singleton(15.0);
            assert_that(&floats.mean_globally()).is_singleton(0.1 / 3.0);
            pipeline.run();
        }
    }
}

/// A play is ranked by its points, by hand or by its own order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Play {
    team: u16,
    points: u8,
}

impl Ordered for Play {
    fn order(&self, other: &Self) -> Ordering {
        self.points.cmp(&other.points)
    }
}

fn by_points(a: &Play, b: &Play) -> Ordering {
    a.points.cmp(&b.points)
}

/// Plays of few points, so that most of them tie, of two seasons.
fn plays() -> Vec<Timed<u8, Play>> {
    let mut random = Rng::with_seed(23);
    let play = |random: &mut Rng| Play { team: random.u16(..), points: random.u8(0..3) };
    (0..120).map(|n| (n % 2, play(&mut random), i64::from(n) / 15 * SECOND)).collect()
}

/// The first `n` in the order of `points`, ties by the bytes: the team's two come first, the lesser
/// one of them before the greater.
fn ranked(mut plays: Vec<Play>, points: impl Fn(&Play) -> i16, n: usize) -> Vec<Play> {
    plays.sort_by_key(|play| (points(play), play.team.to_le_bytes()));
    plays.truncate(n);
    plays
}

fn most(play: &Play) -> i16 {
    -i16::from(play.points)
}

fn least(play: &Play) -> i16 {
    i16::from(play.points)
}

/// What each key and window has, by definition.
fn expected(
    plays: &[Timed<u8, Play>],
    windowing: Windowing,
    rank: fn(&Play) -> i16,
    n: usize,
) -> Vec<((u8, Vec<Play>), Span)> {
    let elements =
        plays.iter().map(|(key, play, time)| (*key, windowing.assign(*time), play.clone()));
    let groups = groups(elements, windowing.is_merging()).into_iter();
    sorted(groups.map(|((key, span), all)| ((key, ranked(all, rank, n)), span)).collect())
}

fn as_list<T: Element>(one: &PCollection<(u8, Option<T>)>) -> PCollection<(u8, Vec<T>)> {
    one.map_values(|one| one.into_iter().collect())
}

fn ties_resolve_alike(bench: &Bench) {
    let plays = plays();
    for bundle_elements in [1, 7, 64] {
        for bench in bench.seeds(4, bundle_elements) {
            for windowing in Windowing::SAMPLES {
                let pipeline = bench.pipeline();
                let pairs = windowing.apply(&create(&pipeline, &plays));
                let top = Top::by(4, by_points);
                let spread = pairs.combine_per_key(Spread(top, Some(3))).collect();
                let top = pairs.combine_per_key(Spread(top, None)).collect();
                let max = as_list(&pairs.combine_per_key(Max::by(by_points))).collect();
                let min = as_list(&pairs.combine_per_key(Min::by(by_points))).collect();
                pipeline.run();
                assert_eq!(panes(&top), expected(&plays, windowing, most, 4));
                assert_eq!(panes(&spread), expected(&plays, windowing, most, 4));
                assert_eq!(panes(&max), expected(&plays, windowing, most, 1));
                assert_eq!(panes(&min), expected(&plays, windowing, least, 1));
            }
        }
    }
}

fn ties_of_a_types_own_order_resolve_alike(bench: &Bench) {
    let plays = plays();
    let windowing = Windowing::Sliding { size: 4 * SECOND, period: 2 * SECOND, offset: 0 };
    for bundle_elements in [1, 7] {
        for bench in bench.seeds(4, bundle_elements) {
            let pipeline = bench.pipeline();
            let pairs = windowing.apply(&create(&pipeline, &plays));
            let largest = pairs.combine_per_key(Top::largest(3)).collect();
            let max = as_list(&pairs.combine_per_key(Max)).collect();
            let min = as_list(&pairs.combine_per_key(Min)).collect();
            pipeline.run();
            assert_eq!(panes(&largest), expected(&plays, windowing, most, 3));
            assert_eq!(panes(&max), expected(&plays, windowing, most, 1));
            assert_eq!(panes(&min), expected(&plays, windowing, least, 1));
        }
    }
}
