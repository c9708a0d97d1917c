//! READY: what sends need beside their requests, such as an access token, is at hand before the store is told that one may leave.
//!
//! Getting it may take as long as a service likes. A process that dies over it has sent nothing: what waits for it is neither marked nor counted.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use acteon_core::{BoxFuture, ErrorKind, ProviderError};
use futures_util::FutureExt as _;

use crate::deliver::end::{End, released};
use crate::deliver::job::Job;
use crate::deliver::settle::clear_in_flight;
use crate::shared::Inner;

/// Waits until the provider is ready. `Ok(Err(_))` is its failure to get ready; `Err` the end of the delivery, when a stop begins meanwhile or
/// the row is no longer this process's.
pub(crate) async fn until_ready(
    inner: &Arc<Inner>,
    job: &mut Job,
    getting_ready: BoxFuture<'_, Result<(), ProviderError>>,
) -> Result<Result<(), ProviderError>, End> {
    // It was ready when the action was admitted, or what it had was refused since: then the request surely did not arrive.
    if job.in_flight
        && let Some(end) = clear_in_flight(inner, job).await
    {
        return Err(end);
    }
    // A provider ends it by itself; this is for one that does not.
    let limit = inner.lease.times().cut_off();
    let bounded = tokio::time::timeout(limit, AssertUnwindSafe(getting_ready).catch_unwind());
    tokio::select! {
        biased;
        () = inner.until_released() => Err(released(inner, job)),
        ended = bounded => Ok(match ended {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(ProviderError::new(ErrorKind::ExecutionFailed, "the provider panicked before it sent; this is a bug, please report it")),
            Err(_) => Err(ProviderError::new(ErrorKind::Timeout, format!("not ready within {} s; nothing was sent", limit.as_secs()))),
        }),
    }
}
