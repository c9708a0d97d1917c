//! Forgetting: the journal's old end, and keys and windows whose time is over. In small steps, so that nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use acteon_store::{Retention, Seq, StoreError};

use crate::gateway::Inner;
use crate::gateway::{Gateway, Keep};

/// How often it begins anew.
const EVERY: Duration = Duration::from_hours(1);
/// Pause between two steps.
const STEP: Duration = Duration::from_millis(50);

pub(crate) async fn run(inner: Arc<Inner>) {
    while !inner.is_stopping() {
        if let Err(error) = forget(&inner).await {
            tracing::error!(%error, "what is kept no longer could not be deleted; it is tried again in an hour");
        }
        if !inner.sleep(EVERY).await {
            return;
        }
    }
}

async fn forget(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let Keep { default, tenants } = &inner.options.keep;
    let tenants = tenants.iter().map(|(tenant, keep)| (tenant.clone(), now - *keep)).collect();
    let retention = Retention { before: now - *default, tenants };
    inner.store.sweep(now).await?;
    let gateway = Gateway { inner: Arc::clone(inner) };
    if let Err(error) = gateway.forget_silences(retention.before).await {
        tracing::warn!(%error, "old silences could not be deleted");
    }
    let mut after = Some(Seq(0));
    while let Some(seq) = after {
        after = inner.store.prune(retention.clone(), seq).await?;
        if !inner.sleep(STEP).await {
            return Ok(());
        }
    }
    Ok(())
}
