//! The state of the providers.
//!
//! A check is a call to the service, which may count it, and which alerts go through. All who ask within a few seconds share one *check*: a task of
//! its own, which goes on also when whoever began it has left.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acteon_core::{Clock, ErrorKind, Health, ProviderError, ProviderName};
use tokio::sync::watch;

use crate::gateway::Gateway;
use crate::lane::LaneStatus;
use crate::registry::Entry;
use crate::repair::ToRepair;
use crate::stats::Snapshot;

/// Longest a health check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(8);
/// How long after a check its finding is shared.
const FRESH: Duration = Duration::from_secs(5);

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
            let finding = entry.last_check.finding(entry, clock).await;
            ProviderHealth {
                name: entry.name.clone(),
                finding,
                to_repair: entry.repair.needed(),
                stats: entry.stats.snapshot(),
                breaker: entry
                    .breaker
                    .as_ref()
                    .map_or("closed", |breaker| breaker.word()),
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

/// The last check of a provider, which may still be under way.
#[derive(Default)]
pub(crate) struct LastCheck(Mutex<Option<watch::Receiver<Option<Checked>>>>);

/// When a check ended, and what it found.
#[derive(Clone)]
struct Checked {
    at: Duration,
    finding: HealthFinding,
}

impl LastCheck {
    /// What the last check found, or the next one finds.
    pub(crate) async fn finding(
        &self,
        entry: &Arc<Entry>,
        clock: &Arc<dyn Clock>,
    ) -> HealthFinding {
        let mut check = self.joined(entry, clock);
        let checked = check
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|checked| checked.clone());
        let broke_off = || {
            ProviderError::new(
                ErrorKind::ExecutionFailed,
                "the health check broke off; this is a fault of the server",
            )
        };
        let Checked { at, finding } = checked.ok_or_else(broke_off)?;
        finding.map(|health| Health {
            age: health.age + clock.monotonic().saturating_sub(at),
            ..health
        })
    }

    /// The check that is under way or was just now, or else a new one.
    fn joined(
        &self,
        entry: &Arc<Entry>,
        clock: &Arc<dyn Clock>,
    ) -> watch::Receiver<Option<Checked>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |check: &&watch::Receiver<Option<Checked>>| match &*check.borrow() {
            Some(checked) => clock.monotonic().saturating_sub(checked.at) < FRESH,
            // One that broke off will never find anything.
            None => check.has_changed().is_ok(),
        };
        if let Some(check) = last.as_ref().filter(is_good) {
            return check.clone();
        }
        let (found, check) = watch::channel(None);
        let (entry, clock) = (Arc::clone(entry), Arc::clone(clock));
        tokio::spawn(async move {
            let checked = tokio::time::timeout(CHECK_LIMIT, entry.provider.health()).await;
            let late = || {
                ProviderError::new(
                    ErrorKind::Timeout,
                    format!("no answer within {} s", CHECK_LIMIT.as_secs()),
                )
            };
            let finding = checked.unwrap_or_else(|_| Err(late()));
            found.send_replace(Some(Checked {
                at: clock.monotonic(),
                finding,
            }));
        });
        *last = Some(check.clone());
        check
    }
}
