//! Health of the providers.
//!
//! A check is a call to the service, which may count it, and which alerts go through. All who ask
//! within a few seconds share one *check*: a task of its own, which goes on also when whoever began
//! it has left.

use acteon_core::ProviderName;

use crate::deliver::to_repair::ToRepair;
use crate::history::stats::Snapshot;
use crate::lane::LaneStatus;
use crate::operate::last_check::HealthFinding;
use crate::shared::Gateway;

/// Health of a provider, and its statistics.
pub struct ProviderHealth {
    /// Name of the provider in the configuration.
    pub name: ProviderName,
    /// Finding of its last health check.
    pub finding: HealthFinding,
    /// Statistics of its calls since the start.
    pub stats: Snapshot,
    /// Repair that it needs before it can send, if any.
    pub to_repair: Option<ToRepair>,
    /// State of its breaker: `closed`, also where it has none, `open` or `half_open`.
    pub breaker: &'static str,
    /// Status of its lane, which other providers may share.
    pub lane: LaneStatus,
}

impl Gateway {
    /// Checks every provider, all at once, each within a time limit. Whoever asks within five
    /// seconds gets the same findings.
    pub async fn health(&self) -> Vec<ProviderHealth> {
        let clock = &self.inner.clock;
        let checks = self.inner.providers.entries().map(|entry| async move {
            let (_, finding) = entry.last_check.finding(&entry.in_force, clock).await;
            ProviderHealth {
                name: entry.name.clone(),
                finding,
                to_repair: entry.repair.needed(),
                stats: entry.stats.snapshot(),
                breaker: entry
                    .breaker
                    .as_ref()
                    .map_or("closed", |breaker| breaker.as_str()),
                lane: entry.lane.status(),
            }
        });
        futures_util::future::join_all(checks).await
    }

    /// Statistics of each provider, by name.
    pub fn stats(&self) -> Vec<(ProviderName, Snapshot)> {
        self.inner
            .providers
            .entries()
            .map(|entry| (entry.name.clone(), entry.stats.snapshot()))
            .collect()
    }
}
