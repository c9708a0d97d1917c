//! Breakers as operators see them, and move them by hand.

use std::sync::Arc;

use acteon_core::ProviderName;
use acteon_store::StoreError;

use crate::deliver::breaker;
use crate::deliver::breaker::BreakerPolicy;
use crate::deliver::repair::hasten_all;
use crate::registry::ProviderEntry;
use crate::shared::Gateway;

impl Gateway {
    /// Policy by which breakers open and close; `None` where there are none.
    pub fn breaker_policy(&self) -> Option<BreakerPolicy> {
        self.inner.options.breakers.policy
    }

    /// Breakers, each with its provider, its state, `closed`, `open` or `half_open`, and its
    /// fallback.
    pub fn breakers(&self) -> Vec<(ProviderName, &'static str, Option<ProviderName>)> {
        let shown = |entry: &Arc<ProviderEntry>| {
            Some((
                entry.name.clone(),
                entry.breaker.as_ref()?.as_str(),
                entry.fallback.clone(),
            ))
        };
        self.inner.providers.entries().filter_map(shown).collect()
    }

    /// Opens or closes a provider's breaker by hand, on every gateway; `false` where there is none. When the store fails, it moved only here.
    pub async fn set_breaker(&self, provider: &str, open: bool) -> Result<bool, StoreError> {
        let inner = &self.inner;
        let entry = inner
            .providers
            .entries()
            .find(|entry| entry.name.as_str() == provider);
        let Some((entry, breaker)) = entry.and_then(|entry| Some((entry, entry.breaker.as_ref()?)))
        else {
            return Ok(false);
        };
        if open {
            breaker.trip(inner.clock.monotonic());
        } else {
            breaker.reset();
            self.try_again(&entry.name).await?;
            if !entry.repair.is_needed() {
                // What the breaker put off would wait until it had let a call through by itself.
                let (task, name) = (Arc::clone(inner), entry.name.clone());
                inner.spawn(async move { hasten_all(&task, &name, false).await });
            }
        }
        inner.work.notify_one();
        inner.observer.breaker(&entry.name, breaker.as_str());
        breaker::sharing::tell(inner, entry, breaker::sharing::MovedBy::Hand)
            .await
            .map(|()| true)
    }
}
