//! Budgets of recipients: a service that silently drops what is too much for one recipient is never given it.
//!
//! Sends to a recipient are counted exactly: those in flight, and those that ended within the last minute and hour. A send counts from its
//! end, the latest instant at which the service may have counted it. Each of several gateways has its part of the budget: a message too late
//! is better than one that the service drops.
//!
//! What does not fit is put off to an instant of its own: its *turn*. Turns are as far apart as the whole budget lets them, since whichever gateway
//! has room then takes the row. A turn is over by itself a while after its instant, whoever took the row and whatever became of it, so nothing
//! has to be given back. A row that comes at its turn and would fit within seconds keeps it; otherwise it queues up again behind the others.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{Budget, Clock, Prepared};

mod recipient;

use recipient::{HOUR, Part, Recipient};

pub(crate) use recipient::SOON;

/// Idle recipients looked for at each send. More than one, so that they are forgotten faster than they come.
const FORGET_AT_ONCE: usize = 2;

pub(crate) struct Budgets {
    budget: Budget,
    /// How many gateways share it.
    share: AtomicUsize,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    recipients: HashMap<Arc<str>, Recipient>,
    /// Every recipient once, with the instant at which it may have become idle.
    to_forget: VecDeque<(Duration, Arc<str>)>,
}

/// A send that is counted as in flight. Dropped before [`Reservation::begin`] it was not made; dropped after it, the service may have counted it.
pub(crate) struct Reservation {
    budgets: Arc<Budgets>,
    prepared: Arc<Prepared>,
    counted: bool,
}

impl Budgets {
    pub(crate) fn new(budget: Budget, clock: Arc<dyn Clock>) -> Self {
        Self { budget, share: AtomicUsize::new(1), clock, known: Mutex::default() }
    }

    /// Says how many gateways share the budget.
    pub(crate) fn set_share(&self, gateways: usize) {
        self.share.store(gateways.max(1), Ordering::Relaxed);
    }

    /// Whether a send would fit now; if not, when its turn is. `returns` says that it comes from the store, where it may have waited for one.
    pub(crate) fn look(&self, recipients: &[String], returns: bool) -> Result<(), Duration> {
        self.lock().look(recipients, self.clock.monotonic(), self.part(), returns)
    }

    /// Counts a send to all recipients as in flight, or says when its turn is.
    pub(crate) fn begin(self: &Arc<Self>, prepared: &Arc<Prepared>, returns: bool) -> Result<Reservation, Duration> {
        let now = self.clock.monotonic();
        let mut known = self.lock();
        known.forget_idle(now);
        known.look(&prepared.recipients, now, self.part(), returns)?;
        for name in &prepared.recipients {
            known.recipient(name, now).begin(now, returns);
        }
        Ok(Reservation { budgets: Arc::clone(self), prepared: Arc::clone(prepared), counted: false })
    }

    /// Counts a send of some gateway's that ended `ago`, before this one started. To be called in the order of the ends.
    pub(crate) fn remember(&self, recipients: &[String], now: Duration, ago: Duration) {
        let share = self.share.load(Ordering::Relaxed);
        let mut known = self.lock();
        for name in recipients {
            known.recipient(name, now).remember(now.saturating_sub(ago), share);
        }
    }

    fn part(&self) -> Part {
        Part::of(self.budget, self.share.load(Ordering::Relaxed))
    }

    fn ended(&self, recipients: &[String], counted: bool) {
        let now = self.clock.monotonic();
        let mut known = self.lock();
        for name in recipients {
            known.recipient(name, now).ended(now, counted);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn recipient(&mut self, name: &str, now: Duration) -> &mut Recipient {
        let key = if let Some((key, _)) = self.recipients.get_key_value(name) {
            Arc::clone(key)
        } else {
            let key: Arc<str> = name.into();
            self.to_forget.push_back((now + HOUR, Arc::clone(&key)));
            key
        };
        self.recipients.entry(key).or_default()
    }

    /// A send that does not fit gets the turn that its fullest recipient has.
    fn look(&mut self, recipients: &[String], now: Duration, part: Part, returns: bool) -> Result<(), Duration> {
        if recipients.iter().all(|name| self.recipients.get_mut(name.as_str()).is_none_or(|one| one.fits(now, part, returns))) {
            return Ok(());
        }
        let turns: Vec<Duration> = recipients.iter().map(|name| self.recipient(name, now).next_turn(now, part, returns)).collect();
        let latest = turns.iter().max().copied().unwrap_or(now);
        for (name, turn) in recipients.iter().zip(turns) {
            self.recipient(name, now).put_off(now, (turn == latest).then_some(turn), returns);
        }
        Err(latest)
    }

    /// Forgets those who have become idle: a few at a time, so that no send pays for all.
    fn forget_idle(&mut self, now: Duration) {
        for _ in 0..FORGET_AT_ONCE {
            let Some((_, name)) = self.to_forget.pop_front_if(|(idle_from, _)| *idle_from <= now) else { return };
            match self.recipients.get(&name).map(|recipient| recipient.idle_from(now)) {
                Some(Some(idle_from)) => self.to_forget.push_back((idle_from, name)),
                Some(None) => drop(self.recipients.remove(&name)),
                None => {}
            }
        }
    }
}

impl Reservation {
    /// The call begins.
    pub(crate) fn begin(&mut self) {
        self.counted = true;
    }

    /// The call ended. `counted` says whether the service may have counted it.
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
