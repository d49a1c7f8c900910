//! Quantiles of numbers, near enough.
//!
//! The sketch is DDSketch (Masson, Rim, Lee: *DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
//! Relative-Error Guarantees*, VLDB 2019): numbers are counted in buckets whose bounds grow by a factor, so
//! that the middle of a bucket is near to all that is in it. Of the sketches it is the one whose answer does
//! not show in which order values came and accumulators were merged. It is written here, since the crate for it
//! (`sketches-ddsketch`) counts NaN as 0, and gives up the bound when buckets become many.

use std::collections::BTreeMap;

use watershed_model::{BoxError, fault};

use super::{CombineContext, CombineFn, Retract};

/// The bucket of what is greater than 0 and at most 1 less a factor: those of greater numbers lie above it,
/// those of lesser ones below, and the negatives below 0 in a mirror.
const OF_ONE: i64 = 1 << 40;

/// Quantiles of floats, each within a relative error of the exact answer. (Beam: `ApproximateQuantiles`.)
///
/// For `q` between 0 and 1 the exact answer is the value at place `floor(q * (n - 1))` of the `n` values in
/// order, by [`f64::total_cmp`]. What is given is no farther from it than the relative error, 1 % unless
/// told otherwise; infinities and NaN are given as they are, and what is nearer to 0 than
/// [`f64::MIN_POSITIVE`] counts as 0. Of no values all quantiles are NaN. An accumulator has a counter for
/// each bucket that is in use: at 1 % about 115 for each power of ten that the values span.
///
/// ```
/// use watershed_core::{Pipeline, combine::{ApproximateQuantiles, CombineOver}};
///
/// let pipeline = Pipeline::new();
/// let delays = pipeline.create(0..1000_u32);
/// let quantiles = ApproximateQuantiles::of([0.5, 0.99]).over(|delay: &u32| f64::from(*delay));
/// delays.combine_globally(quantiles).for_each(|quantiles| println!("{quantiles:?}"));
/// ```
#[derive(Clone, Debug)]
pub struct ApproximateQuantiles {
    quantiles: Vec<f64>,
    relative_error: f64,
}

impl ApproximateQuantiles {
    /// These quantiles, each from 0 (the least value) to 1 (the greatest), within 1 %. Another number fails
    /// the run.
    pub fn of(quantiles: impl IntoIterator<Item = f64>) -> Self {
        ApproximateQuantiles { quantiles: quantiles.into_iter().collect(), relative_error: 0.01 }
    }

    /// Within another relative error, from 0.000001 to 0.5. Another number fails the run.
    #[must_use]
    pub fn with_relative_error(self, relative_error: f64) -> Self {
        ApproximateQuantiles { relative_error, ..self }
    }

    /// By how much the bounds of a bucket grow to the next, as a logarithm.
    fn step(&self) -> f64 {
        ((1.0 + self.relative_error) / (1.0 - self.relative_error)).ln()
    }

    /// The bucket of a number. Buckets are in the order of their numbers.
    fn bucket(&self, number: f64) -> i64 {
        let size = number.abs();
        let of_size = match size {
            _ if number.is_nan() => i64::MAX,
            f64::INFINITY => i64::MAX - 1,
            _ if size < f64::MIN_POSITIVE => return 0,
            _ => OF_ONE + (size.ln() / self.step()).ceil() as i64,
        };
        if number.is_sign_negative() { -of_size } else { of_size }
    }

    /// The number that stands for a bucket.
    fn number(&self, bucket: i64) -> f64 {
        let size = match bucket.saturating_abs() {
            0 => 0.0,
            i64::MAX => f64::NAN,
            of_size if of_size == i64::MAX - 1 => f64::INFINITY,
            of_size => {
                // The middle: as far, in proportion, from the upper bound as from the lower one.
                let upper = (of_size - OF_ONE) as f64 * self.step();
                let middle = upper + (1.0 - self.relative_error).ln();
                let middle = if fault!("quantiles-lie-a-tenth-off") { upper + 0.1 } else { middle };
                middle.exp().min(f64::MAX)
            }
        };
        if bucket < 0 { -size } else { size }
    }

    fn problem(&self) -> Option<String> {
        if !(0.000_001..=0.5).contains(&self.relative_error) {
            let error = self.relative_error;
            return Some(format!(
                "a relative error of {error} was asked for: give one from 0.000001 to 0.5"
            ));
        }
        let wrong = self.quantiles.iter().find(|q| !(0.0..=1.0).contains(*q))?;
        Some(format!("the quantile {wrong} was asked for: give numbers from 0 to 1"))
    }
}

impl CombineFn<f64> for ApproximateQuantiles {
    /// How many numbers are in each bucket.
    type Accumulator = BTreeMap<i64, u64>;
    /// A number for each quantile that was asked for.
    type Output = Vec<f64>;

    fn create(&self, _: &CombineContext<'_>) -> Self::Accumulator {
        BTreeMap::new()
    }
    fn add(&self, counts: &mut Self::Accumulator, number: f64, _: &CombineContext<'_>) {
        *counts.entry(self.bucket(number)).or_default() += 1;
    }
    fn merge(
        &self,
        counts: &mut Self::Accumulator,
        other: Self::Accumulator,
        _: &CombineContext<'_>,
    ) {
        other.into_iter().for_each(|(bucket, n)| *counts.entry(bucket).or_default() += n);
    }
    fn extract(
        &self,
        counts: Self::Accumulator,
        _: &CombineContext<'_>,
    ) -> Result<Vec<f64>, BoxError> {
        if let Some(problem) = self.problem() {
            return Err(problem.into());
        }
        let Some(last) = counts.values().sum::<u64>().checked_sub(1) else {
            return Ok(vec![f64::NAN; self.quantiles.len()]);
        };
        let at = |place: u64| {
            let mut behind = 0;
            let found = counts.iter().find(|(_, n)| {
                behind += **n;
                behind > place
            });
            found.map_or(f64::NAN, |(bucket, _)| self.number(*bucket))
        };
        Ok(self.quantiles.iter().map(|q| at((q * last as f64) as u64)).collect())
    }
    fn retract(
        &self,
        counts: &mut Self::Accumulator,
        number: f64,
        _: &CombineContext<'_>,
    ) -> Retract {
        let bucket = self.bucket(number);
        if let Some(n) = counts.get_mut(&bucket) {
            *n -= 1;
            if *n == 0 {
                counts.remove(&bucket);
            }
        }
        Retract::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::{in_order, scattered};
    use proptest::{collection::vec, prelude::*};

    fn is_near(given: f64, exact: f64, error: f64) -> bool {
        let zero = exact.abs() < f64::MIN_POSITIVE && given == 0.0;
        let same = given.is_nan() && exact.is_nan() || given == exact;
        same || zero || (given - exact).abs() <= exact.abs() * error * (1.0 + 1e-9)
    }

    proptest! {
        #[test]
        fn each_is_within_the_error_and_shows_no_order(
            mut values in vec(any::<f64>(), 1..60),
            spread in vec(-1e6..1e6f64, 0..60),
            error in 0.0001..0.3f64,
            seed: u64,
        ) {
            values.extend(spread);
            let places = [0.0, 0.1, 0.25, 0.5, 0.9, 0.99, 1.0];
            let sketch = ApproximateQuantiles::of(places).with_relative_error(error);
            let given = scattered(&sketch, &values, seed).unwrap();
            let bits = |all: &[f64]| all.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&in_order(&sketch, &values).unwrap()), bits(&given));
            values.sort_by(f64::total_cmp);
            for (q, given) in std::iter::zip(places, given) {
                let exact = values[(q * (values.len() - 1) as f64) as usize];
                prop_assert!(is_near(given, exact, error), "{}: {} is not {}", q, given, exact);
            }
        }
    }

    #[test]
    fn the_ends_of_the_floats_have_their_places() {
        let all = [
            f64::NAN,
            f64::INFINITY,
            f64::MAX,
            1.0,
            0.0,
            -f64::MIN_POSITIVE,
            f64::MIN,
            f64::NEG_INFINITY,
        ];
        let places = (0..8).map(|n| f64::from(n) / 7.0);
        let given = in_order(&ApproximateQuantiles::of(places), &all).unwrap();
        for (given, exact) in std::iter::zip(given, all.into_iter().rev()) {
            assert!(is_near(given, exact, 0.01), "{given} is not {exact}");
        }
        assert!(in_order(&ApproximateQuantiles::of([0.5]), &[]).unwrap()[0].is_nan());
    }

    #[test]
    fn what_cannot_be_given_is_an_error() {
        let told = in_order(&ApproximateQuantiles::of([1.5]), &[1.0]).unwrap_err().to_string();
        assert!(told.contains("1.5"), "{told}");
        let none = ApproximateQuantiles::of([0.5]).with_relative_error(0.0);
        assert!(in_order(&none, &[1.0]).unwrap_err().to_string().contains("relative error of 0"));
    }
}
