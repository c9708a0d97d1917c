//! The process's right to send: its lease, as it knows it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acteon_core::Clock;
use acteon_store::{Fence, OwnerId, Store, StoreError};

/// How long a lease lasts unless it is renewed.
pub(crate) const LASTS: Duration = Duration::from_mins(1);
/// How often it is renewed.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(5);
/// A send starts only while the lease has more left than a send may take, with a margin.
pub(crate) const MUST_BE_LEFT: Duration = Duration::from_secs(35);

#[derive(Clone, Copy)]
struct Held {
    owner: OwnerId,
    /// By the monotonic clock, from before the renewal.
    until: Duration,
}

pub(crate) struct Lease {
    held: Mutex<Held>,
}

impl Lease {
    pub(crate) async fn take(store: &dyn Store, clock: &dyn Clock) -> Result<Self, StoreError> {
        let before = clock.monotonic();
        let owner = store.register(clock.now() + LASTS).await?;
        Ok(Self { held: Mutex::new(Held { owner, until: before + LASTS }) })
    }

    pub(crate) fn owner(&self) -> OwnerId {
        self.get().owner
    }

    /// Whether `owner` is this process and may start a send.
    pub(crate) fn allows(&self, owner: OwnerId, clock: &dyn Clock) -> bool {
        let held = self.get();
        held.owner == owner && clock.monotonic() + MUST_BE_LEFT < held.until
    }

    /// Prolongs the lease; a lease that is gone is replaced by a new one under a new id, and what the old one owned is somebody else's.
    pub(crate) async fn renew(&self, store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
        let held = self.get();
        let before = clock.monotonic();
        let fence = Fence { owner: held.owner, until: clock.now() + LASTS };
        if store.renew(fence).await? {
            self.set(Held { until: before + LASTS, ..held });
            return Ok(());
        }
        tracing::error!("this process's lease had run out and was taken over; going on under a new one");
        let owner = store.register(clock.now() + LASTS).await?;
        self.set(Held { owner, until: before + LASTS });
        Ok(())
    }

    fn get(&self) -> Held {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, held: Held) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }
}
