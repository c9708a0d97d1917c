//! The state of the providers.

use std::time::Duration;

use acteon_core::{ErrorKind, Health, ProviderError, ProviderName};

use crate::gateway::Gateway;
use crate::lane::LaneStatus;
use crate::stats::Snapshot;

/// Longest a health check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(8);

/// What a health check found.
pub type HealthFinding = Result<Health, ProviderError>;

/// A provider's health and statistics.
pub struct ProviderHealth {
    /// Its configured name.
    pub name: ProviderName,
    /// What the check found.
    pub finding: HealthFinding,
    /// Its calls since the start.
    pub stats: Snapshot,
    /// The state of its breaker: `closed`, also where it has none, `open` or `half_open`.
    pub breaker: &'static str,
    /// Its lane, which others may share.
    pub lane: LaneStatus,
}

impl Gateway {
    /// Checks every provider, all at once, each within a time limit.
    pub async fn health(&self) -> Vec<ProviderHealth> {
        let checks = self.inner.providers.entries().map(|entry| async move {
            let checked = tokio::time::timeout(CHECK_LIMIT, entry.provider.health()).await;
            let late = || ProviderError::new(ErrorKind::Timeout, format!("no answer within {} s", CHECK_LIMIT.as_secs()));
            ProviderHealth {
                name: entry.name.clone(),
                finding: checked.unwrap_or_else(|_| Err(late())),
                stats: entry.stats.snapshot(),
                breaker: entry.breaker.as_ref().map_or("closed", |breaker| breaker.word()),
                lane: entry.lane.status(),
            }
        });
        futures_util::future::join_all(checks).await
    }

    /// Each provider's statistics.
    pub fn stats(&self) -> Vec<(ProviderName, Snapshot)> {
        self.inner.providers.entries().map(|entry| (entry.name.clone(), entry.stats.snapshot())).collect()
    }
}
