//! Health of the store, seen at every call that goes to it.
//!
//! A call that fails for the store's sake makes it *failing* until the same call succeeds again, or
//! until it was not asked for a while: what is asked once an hour must not keep a gateway out of
//! service for an hour. While it fails, a *probe* writes and reads each second, so that readiness
//! follows the store also where nobody dispatches.
//!
//! A store whose disk does not answer fails without an error. It is looked at each second, and
//! *stalls* once it has not answered for `STALLS_AFTER`: from then on nobody waits for it who could
//! be told to come back. What it was asked for goes on when the disk does.
//!
//! A page that cannot be read makes no store failing: what can be read goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{BoxFuture, Clock, ProviderName, with_causes};
use acteon_store::{Layer, Store, StoreCall, StoreError};
use tokio::sync::Notify;

/// Time for which a call that failed counts, unless it is asked again: longer than a probe takes to
/// come and to fail where the database is locked.
const COUNTS_FOR: Duration = Duration::from_secs(4);

/// Time for which a renewal of the lease that failed counts: longer than the pause until the next.
const RENEWAL_COUNTS_FOR: Duration = Duration::from_secs(11);

/// Pause between two reminders in the log while it fails.
const REMIND_EVERY: Duration = Duration::from_mins(1);

/// Store whose calls are watched.
pub(crate) struct Watched {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    health: Arc<StoreHealth>,
}

/// Health of a store, from what its calls came to.
#[derive(Default)]
pub(crate) struct StoreHealth {
    failing: Mutex<Failing>,
    /// Whether any call is among those, so that what succeeds need not look.
    is_any: AtomicBool,
    pub(crate) is_stalled: AtomicBool,
    /// Wakes the probe when a call failed.
    pub(crate) failed: Notify,
}

#[derive(Default)]
struct Failing {
    /// Calls whose last answer was a failure, when that was, and which.
    calls: BTreeMap<StoreCall, (Duration, StoreError)>,
    /// Instant since when it fails, as the log was told.
    since: Option<Duration>,
    /// Instant at which the log was told last that it does.
    told: Duration,
    /// Work that the log was told could not be done, for whom, and when.
    undone: BTreeMap<(&'static str, Option<ProviderName>), Duration>,
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
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        let later = work(&*self.store);
        Box::pin(async move {
            let result = later.await;
            self.health
                .observe(call, result.as_ref().err(), &*self.clock);
            result
        })
    }
}

impl StoreHealth {
    /// Failure of the last call that failed lately.
    pub(crate) fn trouble(&self, now: Duration) -> Option<StoreError> {
        let failing = self.lock();
        let lately = failing
            .calls
            .iter()
            .filter(|(call, (failed, _))| now.saturating_sub(*failed) < counts_for(**call));
        lately
            .max_by_key(|(_, (failed, _))| *failed)
            .map(|(_, (_, error))| error.clone())
    }

    fn observe(&self, call: StoreCall, error: Option<&StoreError>, clock: &dyn Clock) {
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
                error @ (StoreError::Locked
                | StoreError::Full
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
        if failing.since.is_none() {
            failing.told = clock.monotonic();
            failing.since = Some(failing.told);
            tracing::error!(call = call.as_str(), error = %with_causes(error), "the store fails");
        }
        drop(failing);
        self.failed.notify_one();
    }

    /// Tells the log once it works again, and now and then that it does not; says whether it does.
    pub(crate) fn has_recovered(&self, now: Duration) -> bool {
        let trouble = self.trouble(now);
        let mut failing = self.lock();
        match &trouble {
            None if failing.since.take().is_some() => tracing::info!("the store works again"),
            Some(error)
                if failing.since.is_some() && now.saturating_sub(failing.told) >= REMIND_EVERY =>
            {
                failing.told = now;
                tracing::error!(error = %with_causes(error), "the store still fails");
            }
            None | Some(_) => {}
        }
        trouble.is_none()
    }

    /// Whether the log is to be told that something could not be done: once while the store fails, and otherwise once a minute.
    pub(crate) fn is_news(
        &self,
        undone: &'static str,
        provider: Option<&ProviderName>,
        now: Duration,
    ) -> bool {
        let mut failing = self.lock();
        let since = failing.since;
        let key = (undone, provider.cloned());
        let told = failing.undone.get(&key);
        let is_known = told.is_some_and(|told| {
            since.is_some_and(|since| *told >= since) || now.saturating_sub(*told) < REMIND_EVERY
        });
        if !is_known {
            failing.undone.insert(key, now);
        }
        !is_known
    }

    fn lock(&self) -> MutexGuard<'_, Failing> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn counts_for(call: StoreCall) -> Duration {
    if call == StoreCall::Renew {
        RENEWAL_COUNTS_FOR
    } else {
        COUNTS_FOR
    }
}

/// Whether every action needs this call: where a damaged page lets it fail, nothing can be accepted.
fn is_for_all(call: StoreCall) -> bool {
    matches!(
        call,
        StoreCall::Register | StoreCall::Renew | StoreCall::Admit | StoreCall::PutNote
    )
}
