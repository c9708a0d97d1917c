//! Whether the store works, seen at every call that goes to it.
//!
//! A call that fails for the store's sake makes it *failing* until the same call succeeds again, or until it was not asked for a while: what
//! is asked once an hour must not keep a gateway out of service for an hour. While it fails, a *probe* writes and reads each second, so that
//! readiness follows the store also where nobody dispatches.
//!
//! A store whose disk does not answer fails without an error. It is looked at each second, and *stalls* once it has not answered for
//! [`STALLS_AFTER`]: from then on nobody waits for it who could be told to come back. What it was asked for goes on when the disk does.
//!
//! A page that cannot be read makes no store failing: what can be read goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::Clock;
use acteon_store::{Damage, Later, Layer, Store, StoreCall, StoreError};
use tokio::sync::Notify;

use crate::gateway::{Gateway, Inner};

/// How long a call that failed counts, unless it is asked again.
const COUNTS_FOR: Duration = Duration::from_secs(4);
/// Pause between two probes of a store that fails.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How long the disk does not answer before callers are told so.
const STALLS_AFTER: Duration = Duration::from_secs(5);
/// Pause between two looks whether it does.
const LOOK_EVERY: Duration = Duration::from_secs(1);
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
    is_stalled: AtomicBool,
    /// Wakes the probe.
    failed: Notify,
}

#[derive(Default)]
struct Failing {
    /// Calls whose last answer was a failure, when that was, and which.
    calls: BTreeMap<StoreCall, (Duration, StoreError)>,
    /// Whether the log was told.
    told: bool,
}

impl Watched {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        health: Arc<StoreHealth>,
    ) -> Self {
        Self {
            store,
            clock,
            health,
        }
    }
}

impl Layer for Watched {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> Later<'a, T> + Send + 'a,
    ) -> Later<'a, T> {
        let later = work(&*self.store);
        Box::pin(async move {
            let result = later.await;
            self.health.note(call, result.as_ref().err(), &*self.clock);
            result
        })
    }
}

impl StoreHealth {
    /// What a call failed with lately, the last first.
    pub(crate) fn trouble(&self, now: Duration) -> Option<StoreError> {
        let failing = self.lock();
        let lately = failing
            .calls
            .values()
            .filter(|(failed, _)| now.saturating_sub(*failed) < COUNTS_FOR);
        lately
            .max_by_key(|(failed, _)| *failed)
            .map(|(_, error)| error.clone())
    }

    fn note(&self, call: StoreCall, error: Option<&StoreError>, clock: &dyn Clock) {
        match error {
            None if !self.is_any.load(Ordering::Acquire) => {}
            None => {
                let mut failing = self.lock();
                failing.calls.remove(&call);
                self.is_any
                    .store(!failing.calls.is_empty(), Ordering::Release);
            }
            Some(StoreError::Damaged(_)) if !is_for_all(call) => {}
            Some(
                error @ (StoreError::Full
                | StoreError::Away(_)
                | StoreError::Unknown(_)
                | StoreError::Engine(_)
                | StoreError::Damaged(_)
                | StoreError::Lost(_)
                | StoreError::Closed),
            ) => self.fails(call, error, clock),
            // These say nothing about whether the store works.
            Some(
                StoreError::Busy
                | StoreError::Fenced
                | StoreError::Unstorable(_)
                | StoreError::Refused(_)
                | StoreError::InUse(_)
                | StoreError::NewerSchema { .. },
            ) => {}
        }
    }

    fn fails(&self, call: StoreCall, error: &StoreError, clock: &dyn Clock) {
        let mut failing = self.lock();
        failing
            .calls
            .insert(call, (clock.monotonic(), error.clone()));
        self.is_any.store(true, Ordering::Release);
        if !std::mem::replace(&mut failing.told, true) {
            tracing::error!(call = call.as_str(), %error, "the store fails");
        }
        drop(failing);
        self.failed.notify_one();
    }

    /// Tells the log once it works again; says whether it does.
    fn has_recovered(&self, now: Duration) -> bool {
        let works = self.trouble(now).is_none();
        if works && std::mem::take(&mut self.lock().told) {
            tracing::info!("the store works again");
        }
        works
    }

    fn lock(&self) -> MutexGuard<'_, Failing> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// Whether the store failed lately, and has not done since what it failed at, or its disk does not answer.
    pub fn store_is_failing(&self) -> bool {
        self.store_trouble().is_some()
    }

    /// Why nothing can be accepted: the store's disk does not answer, or the store failed lately and has not done since what it failed at.
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
            .map(|error| error.to_string())
    }

    /// How long the store has been waiting for its disk.
    pub fn store_stalled(&self) -> Duration {
        self.inner.store.stalled()
    }

    /// What of the store cannot be read.
    pub fn store_damage(&self) -> Option<Damage> {
        self.inner.store.damage()
    }

    /// Resolves while the store's disk does not answer.
    pub async fn until_stalled(&self) {
        self.inner.until_stalled().await;
    }
}

impl Inner {
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

/// Whether every action needs this call: where a damaged page lets it fail, nothing can be accepted.
fn is_for_all(call: StoreCall) -> bool {
    matches!(
        call,
        StoreCall::Register | StoreCall::Renew | StoreCall::Admit | StoreCall::PutNote
    )
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
        // What they come to is noted like that of every other call.
        drop(inner.store.put_note(PROBE_NOTE, "", until).await);
        drop(inner.store.note(PROBE_NOTE, inner.clock.now()).await);
    }
}
