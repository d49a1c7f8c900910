//! Where sockets and timers of calls are looked after.

use std::{
    future,
    sync::{Mutex, PoisonError},
    thread,
};

use tokio::runtime::{Builder, Handle};
use watershed_model::BoxError;

static SHARED: Mutex<Option<Handle>> = Mutex::new(None);

/// The runtime of this process, which is started when it is first asked for and stays.
///
/// One for all steps, workers and runs, since clients keep connections in a pool, and each connection is served by
/// a task of the runtime in which it was opened. A runtime that ended with its instance, or stood still between its
/// bundles, would leave connections that never answer to whoever takes them from the pool next.
///
/// Calls themselves are polled by the worker that waits for them, so that they share no thread, need not be `Send`,
/// and a panic is seen where panics are watched for.
pub(super) fn shared() -> Result<Handle, BoxError> {
    // The lock is held for nothing that panics.
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*shared {
        return Ok(handle.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let look_after = move || runtime.block_on(future::pending::<()>());
    thread::Builder::new().name("watershed-async".into()).spawn(look_after)?;
    *shared = Some(handle.clone());
    Ok(handle)
}
