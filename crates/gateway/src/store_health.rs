//! Whether the store works, seen at every call that goes to it.
//!
//! A call that fails for the store's sake makes it *failing* until the same call succeeds again, or until it was not asked for a while: what
//! is asked once an hour must not keep a gateway out of service for an hour. While it fails, a *probe* writes and reads each second, so that
//! readiness follows the store also where nobody dispatches.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::Clock;
use acteon_store::{Later, Layer, Store, StoreCall, StoreError};
use tokio::sync::Notify;

use crate::gateway::Inner;

/// How long a call that failed counts, unless it is asked again.
const COUNTS_FOR: Duration = Duration::from_secs(4);
/// Pause between two probes of a store that fails.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// What a probe writes and reads.
const PROBE_NOTE: &str = "health:probe";

/// A store whose calls are watched.
pub(crate) struct Watched {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    health: Arc<StoreHealth>,
}

/// What the calls of a store came to.
#[derive(Default)]
pub(crate) struct StoreHealth {
    failing: Mutex<Failing>,
    /// Whether any call is among those, so that what succeeds need not look.
    is_any: AtomicBool,
    /// Wakes the probe.
    failed: Notify,
}

#[derive(Default)]
struct Failing {
    /// Calls whose last answer was a failure, and when that was.
    calls: BTreeMap<StoreCall, Duration>,
    /// Whether the log was told.
    told: bool,
}

impl Watched {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, health: Arc<StoreHealth>) -> Self {
        Self { store, clock, health }
    }
}

impl Layer for Watched {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn around<'a, T: Send + 'a>(&'a self, call: StoreCall, work: impl FnOnce(&'a dyn Store) -> Later<'a, T> + Send + 'a) -> Later<'a, T> {
        let later = work(&*self.store);
        Box::pin(async move {
            let result = later.await;
            self.health.note(call, result.as_ref().err(), &*self.clock);
            result
        })
    }
}

impl StoreHealth {
    /// Whether a call failed lately.
    pub(crate) fn is_failing(&self, now: Duration) -> bool {
        self.lock().calls.values().any(|failed| now.saturating_sub(*failed) < COUNTS_FOR)
    }

    fn note(&self, call: StoreCall, error: Option<&StoreError>, clock: &dyn Clock) {
        match error {
            None if !self.is_any.load(Ordering::Acquire) => {}
            None => {
                let mut failing = self.lock();
                failing.calls.remove(&call);
                self.is_any.store(!failing.calls.is_empty(), Ordering::Release);
            }
            Some(StoreError::Full | StoreError::Away(_) | StoreError::Unknown(_) | StoreError::Engine(_) | StoreError::Closed) => {
                let mut failing = self.lock();
                failing.calls.insert(call, clock.monotonic());
                self.is_any.store(true, Ordering::Release);
                if !std::mem::replace(&mut failing.told, true) {
                    tracing::error!(call = call.as_str(), error = error.map(tracing::field::display), "the store fails");
                }
                drop(failing);
                self.failed.notify_one();
            }
            // These say nothing about whether the store works.
            Some(
                StoreError::Busy | StoreError::Fenced | StoreError::Unstorable(_) | StoreError::InUse(_) | StoreError::NewerSchema { .. },
            ) => {}
        }
    }

    /// Tells the log once it works again; says whether it does.
    fn has_recovered(&self, now: Duration) -> bool {
        let works = !self.is_failing(now);
        if works && std::mem::take(&mut self.lock().told) {
            tracing::info!("the store works again");
        }
        works
    }

    fn lock(&self) -> MutexGuard<'_, Failing> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
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
        // What they come to is noted like that of every other call.
        drop(inner.store.put_note(PROBE_NOTE, "", until).await);
        drop(inner.store.note(PROBE_NOTE, inner.clock.now()).await);
    }
}
