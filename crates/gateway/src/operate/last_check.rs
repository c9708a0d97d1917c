//! Last health check of a provider, which all who ask within a few seconds share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acteon_core::{Clock, ErrorKind, Health, Provider, ProviderError};
use tokio::sync::watch;

use crate::deliver::in_force::InForce;

/// Longest time of a health check.
const CHECK_LIMIT: Duration = Duration::from_secs(8);

/// Time after a check for which its finding is shared.
const FRESH: Duration = Duration::from_secs(5);

/// Finding of a health check.
pub type HealthFinding = Result<Health, ProviderError>;

/// Last check of a provider, which may still be under way.
#[derive(Default)]
pub(crate) struct LastCheck(Mutex<Option<HealthCheck>>);

/// Health check, and the provider that it is of.
#[derive(Clone)]
struct HealthCheck {
    provider: Arc<dyn Provider>,
    checked: watch::Receiver<Option<CheckEnd>>,
}

/// Finding of a check, and when it ended.
#[derive(Clone)]
struct CheckEnd {
    at: Duration,
    finding: HealthFinding,
}

impl LastCheck {
    /// Forgets the check, and with it the provider that it was of.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Finding of the last check of the provider in force, or of the next one, and the provider
    /// that it is of.
    pub(crate) async fn finding(
        &self,
        in_force: &InForce,
        clock: &Arc<dyn Clock>,
    ) -> (Arc<dyn Provider>, HealthFinding) {
        loop {
            let HealthCheck {
                provider,
                mut checked,
            } = self.joined(in_force, clock);
            let checked = checked
                .wait_for(Option::is_some)
                .await
                .ok()
                .and_then(|checked| checked.clone());
            // Where another took its place meanwhile, it says nothing about that one.
            if in_force.is(&provider) {
                return (provider, finding_now(checked, &**clock));
            }
        }
    }

    /// Check of the provider in force that is under way or was just now, or else a new one.
    fn joined(&self, in_force: &InForce, clock: &Arc<dyn Clock>) -> HealthCheck {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |check: &&HealthCheck| match &*check.checked.borrow() {
            _ if !in_force.is(&check.provider) => false,
            Some(checked) => clock.monotonic().saturating_sub(checked.at) < FRESH,
            // One that broke off will never find anything.
            None => check.checked.has_changed().is_ok(),
        };
        if let Some(check) = last.as_ref().filter(is_good) {
            return check.clone();
        }
        let (found, checked) = watch::channel(None);
        let (provider, clock) = (in_force.get(), Arc::clone(clock));
        let check = HealthCheck {
            provider: Arc::clone(&provider),
            checked,
        };
        tokio::spawn(async move {
            let checked = tokio::time::timeout(CHECK_LIMIT, provider.health()).await;
            let late = || {
                ProviderError::new(
                    ErrorKind::Timeout,
                    format!("no answer within {} s", CHECK_LIMIT.as_secs()),
                )
            };
            let finding = checked.unwrap_or_else(|_| Err(late()));
            found.send_replace(Some(CheckEnd {
                at: clock.monotonic(),
                finding,
            }));
        });
        *last = Some(check.clone());
        check
    }
}

/// Finding of a check, as old as it is by now.
fn finding_now(checked: Option<CheckEnd>, clock: &dyn Clock) -> HealthFinding {
    let broke_off = || {
        ProviderError::new(
            ErrorKind::ExecutionFailed,
            "the health check broke off; this is a fault of the server",
        )
    };
    let CheckEnd { at, finding } = checked.ok_or_else(broke_off)?;
    finding.map(|health| Health {
        age: health.age + clock.monotonic().saturating_sub(at),
        ..health
    })
}
