//! What is owed and what failed for good, by provider, as the store tells it: for monitoring, and looked at only when somebody asks.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_COUNTED_LETTERS;
use acteon_store::{DeadShare, OpenShare};
use tokio::sync::Mutex;

use crate::gateway::Gateway;

/// How long a look is shared by those who ask.
const FRESH: Duration = Duration::from_secs(5);
/// A look at very many takes its time: at most this part of it all.
const LOOK_AT_MOST: u32 = 50;
/// Longest that whoever asks waits for the store. After that the last look is good enough.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is owed and what failed for good.
#[derive(Clone, Debug, Default)]
pub struct Backlog {
    /// Open actions, by tenant and by the provider that they go through.
    pub open: Vec<OpenShare>,
    /// Dead letters, by provider and code, counted among the newest hundred thousand.
    pub dead: Vec<DeadShare>,
}

/// The last look.
#[derive(Default)]
pub(crate) struct LastBacklog(Mutex<Look>);

#[derive(Default)]
struct Look {
    found: Arc<Backlog>,
    /// When it is looked again, by the monotonic clock.
    next: Option<Duration>,
}

impl Gateway {
    /// What is owed and what failed for good, as of a few seconds ago. Where the store does not answer, what it told last.
    pub async fn backlog(&self) -> Arc<Backlog> {
        let inner = &self.inner;
        let mut look = inner.last_backlog.0.lock().await;
        let began = inner.clock.monotonic();
        if look.next.is_some_and(|next| began < next) {
            return Arc::clone(&look.found);
        }
        let found = async {
            let open = inner.store.open_shares().await?;
            let dead = inner.store.dead_shares(MAX_COUNTED_LETTERS).await?;
            Ok::<_, acteon_store::StoreError>(Backlog { open, dead })
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(Ok(found)) => look.found = Arc::new(found),
            Ok(Err(error)) => tracing::warn!(%error, "what is owed could not be counted; the last count is shown"),
            Err(_) => tracing::warn!("what is owed could not be counted in time; the last count is shown"),
        }
        let now = inner.clock.monotonic();
        look.next = Some(now + FRESH.max(now.saturating_sub(began) * LOOK_AT_MOST));
        Arc::clone(&look.found)
    }
}
