//! The number of values.

use watershed_model::BoxError;

use super::{CombineContext, CombineFn, Retract};

/// Counts values of any type. (Beam: `Count`.)
///
/// The accumulator is signed, since a value may be taken back before the accumulator that holds it
/// is merged in; a count beyond `i64::MAX` is an error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count;

impl<V> CombineFn<V> for Count {
    type Accumulator = i64;
    type Output = u64;

    fn create(&self, _: &CombineContext<'_>) -> i64 {
        0
    }
    #[inline]
    fn add(&self, count: &mut i64, _: V, _: &CombineContext<'_>) {
        *count = count.saturating_add(1);
    }
    fn merge(&self, count: &mut i64, other: i64, _: &CombineContext<'_>) {
        *count = count.saturating_add(other);
    }
    fn extract(&self, count: i64, _: &CombineContext<'_>) -> Result<u64, BoxError> {
        checked_count(count)
    }
    fn retract(&self, count: &mut i64, _: V, _: &CombineContext<'_>) -> Retract {
        *count = count.saturating_sub(1);
        Retract::Done
    }
}

/// A saturating count, judged.
#[inline]
pub(super) fn checked_count(count: i64) -> Result<u64, BoxError> {
    match u64::try_from(count) {
        Ok(good) if count < i64::MAX => Ok(good),
        _ => Err(no_count(count)),
    }
}

/// Apart from the judgement, so that this is nothing but two comparisons where it is called.
#[cold]
fn no_count(count: i64) -> BoxError {
    match count {
        i64::MAX => "the count overflows: there are 2^63 - 1 values or more".into(),
        _ => format!("{} more values were taken back than added", -i128::from(count)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::scatter::{scattered, scattered_with_retractions};
    use proptest::{collection::vec, prelude::*};

    const CX: CombineContext<'_> = CombineContext::without_views();

    #[test]
    fn a_count_that_overflows_is_an_error() {
        let mut count = 1;
        for _ in 0..80 {
            let again = count;
            CombineFn::<()>::merge(&Count, &mut count, again, &CX);
        }
        let error = CombineFn::<()>::extract(&Count, count, &CX).unwrap_err().to_string();
        assert!(error.contains("overflows"), "{error}");
    }

    #[test]
    fn taking_back_what_was_not_there_is_an_error() {
        let mut count = 0;
        Count.retract(&mut count, "never seen", &CX);
        let error = CombineFn::<&str>::extract(&Count, count, &CX).unwrap_err().to_string();
        assert_eq!(error, "1 more values were taken back than added");
    }

    proptest! {
        #[test]
        fn it_is_how_many_there_are(
            values in vec(".*", 0..20),
            gone in vec(".*", 0..20),
            seed: u64,
        ) {
            prop_assert_eq!(scattered(&Count, &values, seed).unwrap(), values.len() as u64);
            let left = scattered_with_retractions(&Count, &values, &gone, seed);
            prop_assert_eq!(left, values.len() as i64);
        }
    }
}
