//! Recall at a start: lanes, repairs and budgets go on where an earlier process stood.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::with_causes;
use acteon_store::{Cursor, RecentSend, StoreError};
use tokio::sync::oneshot;

use crate::deliver::budget::COUNTS_FOR;
use crate::deliver::repair;
use crate::lane::sharing::recall_lanes;
use crate::shared::Inner;

/// Longest that a start waits for the look at recent sends, and the pause before it is tried again.
const RECALL_PATIENCE: Duration = Duration::from_secs(3);
const RECALL_AGAIN: Duration = Duration::from_secs(2);
/// Most rows looked at to know the recent sends to each recipient.
const RECALL_AT_MOST: usize = 100_000;
/// Rows of a page of recent sends.
const RECALL_AT_ONCE: usize = 500;

/// Continues lanes where an earlier process stood, and shares them with those that run.
pub(crate) async fn recall(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let now = inner.clock.now();
    inner.providers.share(inner.store.heartbeats().await?.len());
    recall_lanes(inner, now).await?;
    repair::recall(inner).await
}

/// Continues budgets where an earlier process stood: waits for the look at its sends, but not for long. Where that fails or takes long, the
/// gateway starts all the same, and what has a budget is put off until the look has succeeded, or what it would find is over.
pub(crate) async fn recall_budgets(inner: &Arc<Inner>) {
    if inner.providers.budgets().next().is_none() {
        return;
    }
    for budgets in inner.providers.budgets() {
        budgets.close();
    }
    let (looked, first) = oneshot::channel();
    let task = Arc::clone(inner);
    inner.spawn(async move {
        // What is sent once the budgets open by themselves is counted then; a look that succeeded later would count it twice.
        tokio::select! {
            biased;
            () = task.until_released() => {}
            () = task.clock.sleep(COUNTS_FOR) => {}
            () = recall_sends(&task, looked) => {}
        }
    });
    tokio::select! {
        biased;
        _ = first => {}
        () = inner.clock.sleep(RECALL_PATIENCE) => {
            tracing::warn!("what was sent in the last hour is still being looked up; until then what has a budget is put off");
        }
    }
}

/// Counts recent sends for budgets, and opens these. `looked` is dropped when that is done, or failed for the first time.
async fn recall_sends(inner: &Inner, looked: oneshot::Sender<()>) {
    let mut looked = Some(looked);
    let mut before = None;
    let mut pages = 0;
    while pages < RECALL_AT_MOST / RECALL_AT_ONCE {
        match recall_page(inner, before).await {
            Ok(Some(next)) => before = Some(next),
            Ok(None) => break,
            // The pages before are counted; it goes on with this one.
            Err(error) => {
                tracing::warn!(error = %with_causes(&error), "what was sent in the last hour could not be looked up; until then what has a budget is put off");
                drop(looked.take());
                inner.clock.sleep(RECALL_AGAIN).await;
                continue;
            }
        }
        pages += 1;
    }
    for budgets in inner.providers.budgets() {
        budgets.open();
    }
    inner.work.notify_one();
}

/// Counts a page of recent sends, each of which names up to a thousand recipients, and says where the next begins.
async fn recall_page(inner: &Inner, before: Option<Cursor>) -> Result<Option<Cursor>, StoreError> {
    let hour_ago = inner.clock.now() - Duration::from_hours(1);
    let page = inner
        .store
        .recent_sends(hour_ago, before, RECALL_AT_ONCE)
        .await?;
    // Only now, since the answer may have taken long.
    let now = inner.clock.now();
    for RecentSend {
        provider,
        recipients,
        finished_at,
    } in &page.sends
    {
        let budgets = inner
            .providers
            .get(provider)
            .and_then(|entry| entry.budgets.as_ref());
        // What lies ahead was sent before the clock was set back, nobody knows when.
        if let Some(budgets) = budgets.filter(|_| *finished_at <= now) {
            budgets.remember(recipients, inner.clock.monotonic(), now.since(*finished_at));
        }
    }
    Ok(page.next)
}
