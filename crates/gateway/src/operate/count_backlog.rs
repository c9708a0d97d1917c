//! Counts of what is owed and what failed for good, made when somebody asks.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_COUNTED_LETTERS;
use acteon_store::StoreError;

use crate::operate::backlog::Backlog;
use crate::shared::{Gateway, Inner};

/// Time for which a look is shared by those who ask.
const FRESH: Duration = Duration::from_secs(5);

/// Part of all time that looks may take, as one in so many: a look at very many takes long.
const LOOK_AT_MOST: u32 = 50;

/// Longest that whoever asks waits for the store. After that the last look is good enough.
const PATIENCE: Duration = Duration::from_secs(1);

impl Gateway {
    /// Backlog as of a few seconds ago: what is owed and what failed for good. Where the store
    /// takes long, what it told last: the look goes on, and whoever asks later has what it finds.
    pub async fn backlog(&self) -> Arc<Backlog> {
        let inner = &self.inner;
        let looks = &inner.last_backlog.0;
        let now = inner.clock.monotonic();
        let begins = looks.send_if_modified(|look| {
            let begins = look.under_way.is_none() && look.next.is_none_or(|next| next <= now);
            if begins {
                look.under_way = Some(now);
            }
            begins
        });
        if begins {
            tokio::spawn(look(Arc::clone(inner)));
        }
        let mut looked = looks.subscribe();
        let waited = looked
            .borrow()
            .under_way
            .map_or(Duration::ZERO, |began| now.saturating_sub(began));
        let over = tokio::time::timeout(
            PATIENCE.saturating_sub(waited),
            looked.wait_for(|look| look.under_way.is_none()),
        )
        .await
        .is_ok();
        if begins && !over {
            tracing::warn!(
                "what is owed could not be counted in time; the last count is shown meanwhile"
            );
        }
        Arc::clone(&looks.borrow().found)
    }
}

/// Guard that ends a look however it ends.
struct Looking {
    inner: Arc<Inner>,
    found: Option<Backlog>,
}

impl Drop for Looking {
    fn drop(&mut self) {
        let now = self.inner.clock.monotonic();
        let found = self.found.take();
        self.inner.last_backlog.0.send_modify(|look| {
            let took = look
                .under_way
                .take()
                .map_or(Duration::ZERO, |began| now.saturating_sub(began));
            look.next = Some(now + FRESH.max(took * LOOK_AT_MOST));
            if let Some(found) = found {
                look.found = Arc::new(found);
            }
        });
    }
}

/// Counts each part by itself: one that cannot be counted is shown as it was, and takes no other with it.
async fn look(inner: Arc<Inner>) {
    let last = Arc::clone(&inner.last_backlog.0.borrow().found);
    let mut looking = Looking { inner, found: None };
    let inner = &looking.inner;
    let (store, due) = (&inner.store, inner.due.now());
    let open = store.open_shares(due).await;
    let open = counted(
        inner,
        open,
        "what is owed could not be counted; the last count is shown",
    );
    let dead = store.dead_shares(MAX_COUNTED_LETTERS).await;
    let dead = counted(
        inner,
        dead,
        "dead letters could not be counted; the last count is shown",
    );
    let flows = store.flow_counts().await;
    let flows = counted(
        inner,
        flows,
        "flows could not be counted; the last count is shown",
    );
    looking.found = Some(Backlog {
        open: open.unwrap_or_else(|| last.open.clone()),
        dead: dead.unwrap_or_else(|| last.dead.clone()),
        flows: flows.unwrap_or_else(|| last.flows.clone()),
    });
}

/// Count, if it could be made.
fn counted<T>(inner: &Inner, count: Result<T, StoreError>, undone: &'static str) -> Option<T> {
    count.map_err(|error| inner.could_not(undone, &error)).ok()
}
