//! Keeps the process's lease, and takes over from processes whose lease ran out.

use std::sync::Arc;

use acteon_store::StoreError;

use crate::gateway::Inner;
use crate::lease::Watch;

/// Renews the lease, and takes over from processes whose lease ran out.
pub(crate) async fn keep_lease(inner: Arc<Inner>) {
    let mut watch = Watch::default();
    while inner.sleep(inner.lease.times().renew_every()).await {
        if let Err(error) = inner.note_store(inner.lease.renew(&*inner.store, &*inner.clock).await) {
            tracing::error!(%error, "the lease could not be renewed; sends stop before it runs out");
            continue;
        }
        if let Err(error) = watch_others(&inner, &mut watch).await {
            tracing::error!(%error, "could not look for processes that died");
        }
    }
}

async fn watch_others(inner: &Inner, watch: &mut Watch) -> Result<(), StoreError> {
    let beats = inner.store.beats().await?;
    inner.providers.share(beats.len());
    let dead = watch.look(&beats, inner.clock.monotonic(), inner.lease.times());
    if dead.is_empty() {
        return Ok(());
    }
    let count = inner.store.take_over(dead, inner.clock.now()).await?;
    tracing::warn!(count, "took over actions of a process that died; they are marked possible_duplicate");
    inner.work.notify_one();
    Ok(())
}
