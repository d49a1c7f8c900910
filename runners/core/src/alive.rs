//! An author's instance, which a failure ends.

use watershed_model::BoxError;

use crate::{Failure, guard};

/// Calls an instance; after a failure it is torn down and gone.
pub(crate) fn called<K: ?Sized, T>(
    instance: &mut Option<Box<K>>,
    call: impl FnOnce(&mut K) -> Result<T, BoxError>,
    teardown: impl FnOnce(&mut K) -> Result<(), BoxError>,
) -> Result<T, Failure> {
    let Some(alive) = instance else {
        unreachable!("a failure ends the run, so nothing is called after it")
    };
    let result = guard(|| call(&mut **alive));
    if result.is_err()
        && let Some(mut failed) = instance.take()
    {
        // The first failure is the one to tell.
        let _ = guard(|| teardown(&mut *failed));
    }
    result
}
