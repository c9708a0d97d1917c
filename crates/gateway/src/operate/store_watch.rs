//! Watch over the store: the probe, the look at its disk, waiting for it, and what is told
//! meanwhile.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use acteon_core::{ProviderName, with_causes};
use acteon_store::{Damage, StoreError};

use crate::shared::{Gateway, Inner};

/// Pause between two probes of a store that fails.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Time for which the disk does not answer before callers are told so.
const STALLS_AFTER: Duration = Duration::from_secs(5);

/// Pause between two looks whether the disk answers.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Name of the note that a probe writes and reads.
const PROBE_NOTE: &str = "health:probe";

impl Gateway {
    /// Whether the store failed lately, and has not done since what it failed at, or its disk does not answer.
    pub fn store_is_failing(&self) -> bool {
        self.store_trouble().is_some()
    }

    /// Reason why nothing can be accepted: the store's disk does not answer, or the store failed
    /// lately and has not done since what it failed at.
    pub fn store_trouble(&self) -> Option<String> {
        let stalled = self.store_stalled();
        if stalled >= STALLS_AFTER {
            return Some(format!(
                "its disk has not answered for {} s; what waits for it goes on when it does",
                stalled.as_secs()
            ));
        }
        self.inner
            .store_health
            .trouble(self.inner.clock.monotonic())
            .map(|error| with_causes(&error).to_string())
    }

    /// Time that the store has been waiting for its disk.
    pub fn store_stalled(&self) -> Duration {
        self.inner.store.stalled()
    }

    /// Damage of the store: what of it cannot be read.
    pub fn store_damage(&self) -> Option<Damage> {
        self.inner.store.damage()
    }

    /// Resolves while the store's disk does not answer.
    pub async fn until_stalled(&self) {
        self.inner.until_stalled().await;
    }
}

impl Inner {
    /// Tells the log what could not be done for the store's sake, which is tried again and again: not each time.
    pub(crate) fn could_not(&self, undone: &'static str, error: &StoreError) {
        if self
            .store_health
            .is_news(undone, None, self.clock.monotonic())
        {
            tracing::error!(error = %with_causes(error), "{undone}");
        }
    }

    /// Tells the log what could not be done for a provider in the same way.
    pub(crate) fn could_not_for(
        &self,
        provider: &ProviderName,
        undone: &'static str,
        error: &StoreError,
    ) {
        if self
            .store_health
            .is_news(undone, Some(provider), self.clock.monotonic())
        {
            tracing::error!(%provider, error = %with_causes(error), "{undone}");
        }
    }

    /// Whether the store's disk has not answered for long.
    pub(crate) fn is_stalled(&self) -> bool {
        // Looked at each second: what was found may be over.
        self.store_health.is_stalled.load(Ordering::Relaxed) && self.store.stalled() >= STALLS_AFTER
    }

    /// Waits until a stop begins, or the store's disk does not answer.
    pub(crate) async fn until_interrupted(&self) {
        loop {
            let interrupted = self.interrupted.notified();
            tokio::pin!(interrupted);
            interrupted.as_mut().enable();
            if self.is_releasing() || self.is_stalled() {
                return;
            }
            interrupted.await;
        }
    }

    /// Waits until the store's disk does not answer.
    pub(crate) async fn until_stalled(&self) {
        loop {
            let interrupted = self.interrupted.notified();
            tokio::pin!(interrupted);
            interrupted.as_mut().enable();
            if self.is_stalled() {
                return;
            }
            interrupted.await;
        }
    }
}

/// Looks whether the store's disk answers, and tells those who wait for it when it does not.
pub(crate) async fn watch_disk(inner: Arc<Inner>) {
    while inner.sleep(LOOK_EVERY).await {
        let health = &inner.store_health;
        let stalled = inner.store.stalled();
        let is_stalled = stalled >= STALLS_AFTER;
        if health.is_stalled.swap(is_stalled, Ordering::Relaxed) == is_stalled {
            continue;
        }
        if is_stalled {
            tracing::error!(
                seconds = stalled.as_secs(),
                "the store's disk does not answer; callers are told to come back until it does"
            );
            inner.interrupted.notify_waiters();
        } else {
            tracing::info!("the store's disk answers again");
        }
    }
}

/// Asks a store that fails, each second until it works.
pub(crate) async fn probe(inner: Arc<Inner>) {
    loop {
        // Before the look whether a stop began: one that begins between the two is not missed.
        let stopped = inner.stopped.notified();
        if inner.is_stopping() {
            return;
        }
        let health = &inner.store_health;
        if health.has_recovered(inner.clock.monotonic()) {
            tokio::select! {
                biased;
                () = health.failed.notified() => {}
                () = stopped => return,
            }
        }
        if !inner.sleep(PROBE_EVERY).await {
            return;
        }
        let until = inner.clock.now() + PROBE_EVERY;
        // // The answers are counted like those of every other call.
        drop(inner.store.put_note(PROBE_NOTE, "", until).await);
        drop(inner.store.note(PROBE_NOTE, inner.clock.now()).await);
    }
}
