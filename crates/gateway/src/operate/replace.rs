//! Replacement of providers whose settings change while the gateway runs: another one takes the
//! place of the first, and has its lane, breaker, budgets and counts.
//!
//! A call ends with the provider that it began with, and each that begins takes the one *in force*.
//! A failure that people must repair says nothing about the one in force where an earlier one met
//! it: that call is made once more, at once.

use std::sync::Arc;

use acteon_core::{Provider, ProviderName};

use crate::deliver::repair::{STORE_PAUSE, check, try_one};
use crate::registry::ProviderEntry;
use crate::shared::{Gateway, Inner};

/// Reason why a provider cannot take another's place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotReplace {
    /// There is no provider of this name.
    #[error("there is no provider named {0:?}")]
    Unknown(ProviderName),
    /// The other has another lane: what its service limits, and what is known of that, is not the
    /// same.
    #[error("the provider {0:?} would send to another account or address")]
    OtherLane(ProviderName),
}

impl Gateway {
    /// Puts a provider in the place of the one of this name, for every call that begins from now on. It is tried at once with one of those that wait
    /// for a further attempt, also where its breaker is open. The limits of its lane stay what they were at the start.
    pub fn replace_provider(
        &self,
        name: &ProviderName,
        provider: Arc<dyn Provider>,
    ) -> Result<(), CannotReplace> {
        let inner = &self.inner;
        let entry = inner
            .providers
            .get(name)
            .ok_or_else(|| CannotReplace::Unknown(name.clone()))?;
        if provider.lane().name != *entry.lane.name() {
            return Err(CannotReplace::OtherLane(name.clone()));
        }
        // What the one before met is taken in before, and looked at below, or not at all.
        entry
            .repair
            .replace(|| entry.in_force.0.store(Arc::new(provider)));
        entry.stats.forget_trouble();
        entry.last_check.forget();
        if let Some(breaker) = &entry.breaker {
            breaker.try_now(inner.clock.monotonic());
        }
        inner.spawn(try_replaced(Arc::clone(inner), Arc::clone(entry)));
        Ok(())
    }
}

/// Tries a provider whose settings have changed. Which of them did says nothing: one that was to be repaired works once a call gets through, or a check
/// proves it.
async fn try_replaced(inner: Arc<Inner>, entry: Arc<ProviderEntry>) {
    loop {
        let is_to_repair = entry.repair.is_needed();
        match try_one(&inner, &entry, is_to_repair).await {
            // A check that proves nothing would be a call for nothing.
            Ok(0) if is_to_repair && entry.provider().check_proves_sending() => {
                return check(&inner, &entry).await;
            }
            Ok(_) => return,
            Err(error) => {
                inner.could_not_for(
                    &entry.name,
                    "what waits for a provider whose settings have changed could not be looked for; trying again",
                    &error,
                );
            }
        }
        if !inner.sleep(STORE_PAUSE).await {
            return;
        }
    }
}
