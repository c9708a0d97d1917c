//! The state of the providers.
//!
//! A check is a call to the service, which may count it, and which alerts go through. All who ask within a few seconds share one *check*: a task of
//! its own, which goes on also when whoever began it has left.

use acteon_core::ProviderName;

use crate::deliver::to_repair::ToRepair;
use crate::history::stats::Snapshot;
use crate::lane::LaneStatus;
use crate::operate::last_check::HealthFinding;
use crate::shared::Gateway;

/// A provider's health and statistics.
pub struct ProviderHealth {
    /// Its configured name.
    pub name: ProviderName,
    /// What the check found.
    pub finding: HealthFinding,
    /// Its calls since the start.
    pub stats: Snapshot,
    /// What people must repair before it can send, if anything.
    pub to_repair: Option<ToRepair>,
    /// The state of its breaker: `closed`, also where it has none, `open` or `half_open`.
    pub breaker: &'static str,
    /// Its lane, which others may share.
    pub lane: LaneStatus,
}

impl Gateway {
    /// Checks every provider, all at once, each within a time limit. Whoever asks within five seconds gets the same findings.
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

    /// Each provider's statistics.
    pub fn stats(&self) -> Vec<(ProviderName, Snapshot)> {
        self.inner
            .providers
            .entries()
            .map(|entry| (entry.name.clone(), entry.stats.snapshot()))
            .collect()
    }
}
