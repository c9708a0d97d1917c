//! Budgets of recipients: a service that silently drops what is too much for one recipient is never given it.
//!
//! Sends to a recipient are counted exactly: those in flight, and those that ended within the last minute and hour. A send counts from its
//! end, the latest instant at which the service may have counted it. Each of several gateways has its part of the budget: a message too late
//! is better than one that the service drops.
//!
//! What does not fit is put off to an instant of its own: its *turn*. Turns are as far apart as the whole budget lets them, since whichever gateway
//! has room then takes the row. A turn is over by itself a while after its instant, whoever took the row and whatever became of it, so nothing
//! has to be given back. A row that comes at its turn and would fit within seconds keeps it; otherwise it queues up again behind the others.
//!
//! One of high priority is put off for no turn of others: only for what was sent.
//!
//! What is known has a bound in bytes, since callers choose the names: see `known.rs`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::limits::MAX_RECIPIENTS_BYTES;
use acteon_core::{Budget, Clock, Prepared};

mod known;
mod recipient;

use known::Recipients;
use recipient::{BudgetShare, HOUR, MARGIN};

pub(crate) use recipient::{Claimant, SOON};

/// Time after which no send counts any more.
pub(crate) const COUNTS_FOR: Duration = HOUR.saturating_add(MARGIN);

pub(crate) struct Budgets {
    budget: Budget,
    /// Number of gateways that share it.
    share: AtomicUsize,
    clock: Arc<dyn Clock>,
    known: Mutex<Recipients>,
}

/// Send that is counted as in flight. Dropped before [`Reservation::begin`] it was not made;
/// dropped after it, the service may have counted it.
pub(crate) struct Reservation {
    budgets: Arc<Budgets>,
    prepared: Arc<Prepared>,
    counted: bool,
}

impl Budgets {
    pub(crate) fn new(budget: Budget, clock: Arc<dyn Clock>) -> Self {
        Self {
            budget,
            share: AtomicUsize::new(1),
            clock,
            known: Mutex::new(Recipients::new(MAX_RECIPIENTS_BYTES)),
        }
    }

    /// Says how many gateways share the budget.
    pub(crate) fn set_share(&self, gateways: usize) {
        self.share.store(gateways.max(1), Ordering::Relaxed);
    }

    /// Whether a send would fit now; `Err` is the time until its turn.
    pub(crate) fn look(&self, recipients: &[String], claimant: Claimant) -> Result<(), Duration> {
        self.lock()
            .look(recipients, self.clock.monotonic(), self.part(), claimant)
    }

    /// Counts a send to all recipients as in flight; `Err` is the time until its turn.
    pub(crate) fn begin(
        self: &Arc<Self>,
        prepared: &Arc<Prepared>,
        claimant: Claimant,
    ) -> Result<Reservation, Duration> {
        let now = self.clock.monotonic();
        self.lock()
            .begin(&prepared.recipients, now, self.part(), claimant)?;
        Ok(Reservation {
            budgets: Arc::clone(self),
            prepared: Arc::clone(prepared),
            counted: false,
        })
    }

    /// Lets nothing fit until [`Self::open`], or until everything is over that was sent before.
    pub(crate) fn close(&self) {
        self.lock().close_until(self.clock.monotonic() + COUNTS_FOR);
    }

    /// Lets fit what fits: everything is known that was sent before.
    pub(crate) fn open(&self) {
        self.lock().open();
    }

    /// Counts a send of some gateway's that ended `ago`, before this one started.
    pub(crate) fn remember(&self, recipients: &[String], now: Duration, ago: Duration) {
        self.lock()
            .remember(recipients, now, now.saturating_sub(ago), self.part());
    }

    fn part(&self) -> BudgetShare {
        BudgetShare::of(self.budget, self.share.load(Ordering::Relaxed))
    }

    fn ended(&self, recipients: &[String], counted: bool) {
        self.lock()
            .ended(recipients, self.clock.monotonic(), counted);
    }

    fn lock(&self) -> MutexGuard<'_, Recipients> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Marks the call as begun: from here on the service may have counted it.
    pub(crate) fn begin(&mut self) {
        self.counted = true;
    }

    /// Counts the end of the call. `counted` says whether the service may have counted it.
    pub(crate) fn end(mut self, counted: bool) {
        self.counted = counted;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budgets.ended(&self.prepared.recipients, self.counted);
    }
}

#[cfg(test)]
mod tests;
