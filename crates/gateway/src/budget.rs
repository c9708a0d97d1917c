//! Budgets of recipients: a service that silently drops what is too much for one recipient is never given it.
//!
//! Sends to a recipient are counted exactly: those in flight, and those that ended within the last minute and hour. A send counts from its
//! end, the latest instant at which the service may have counted it. Each of several gateways has its part of the budget: a message too late
//! is better than one that the service drops.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::Budget;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Added to both windows, for clocks that do not run alike.
const MARGIN: Duration = Duration::from_secs(1);
/// Recipients remembered before idle ones are looked for and forgotten.
const SWEEP_ABOVE: usize = 10_000;

#[derive(Default)]
struct Recipient {
    in_flight: usize,
    /// Sends put off until there is room, so that those put off later get later instants.
    put_off: usize,
    /// Ends of sends within the last hour, in order.
    ends: VecDeque<Duration>,
}

pub(crate) struct Budgets {
    budget: Budget,
    /// How many gateways share it.
    share: AtomicUsize,
    recipients: Mutex<HashMap<String, Recipient>>,
}

/// Whether a send fits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It does, and is counted as in flight until [`Budgets::ended`].
    Now,
    /// It does not before this instant.
    At(Duration),
}

impl Budgets {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { budget, share: AtomicUsize::new(1), recipients: Mutex::default() }
    }

    /// Says how many gateways share the budget.
    pub(crate) fn set_share(&self, gateways: usize) {
        self.share.store(gateways.max(1), Ordering::Relaxed);
    }

    /// This gateway's part.
    fn part(&self) -> Budget {
        let share = self.share.load(Ordering::Relaxed);
        Budget { per_minute: (self.budget.per_minute / share).max(1), per_hour: (self.budget.per_hour / share).max(1) }
    }

    /// Counts a send to all of `recipients`, or says when it should be tried again. `was_put_off` says that it was told so before.
    pub(crate) fn begin(&self, recipients: &[String], now: Duration, was_put_off: bool) -> Fit {
        let mut known = self.lock();
        if known.len() > SWEEP_ABOVE {
            known.retain(|_, recipient| recipient.in_flight > 0 || recipient.is_in_use(now));
        }
        let mut latest = None;
        let budget = self.part();
        for name in recipients {
            let recipient = known.entry(name.clone()).or_default();
            if was_put_off {
                recipient.put_off = recipient.put_off.saturating_sub(1);
            }
            latest = latest.max(recipient.full_until(now, budget));
        }
        for name in recipients {
            let recipient = known.entry(name.clone()).or_default();
            match latest {
                None => recipient.in_flight += 1,
                Some(_) => recipient.put_off += 1,
            }
        }
        latest.map_or(Fit::Now, Fit::At)
    }

    /// A send that was begun ended. `counted` says whether the service may have counted it.
    pub(crate) fn ended(&self, recipients: &[String], now: Duration, counted: bool) {
        let mut known = self.lock();
        for name in recipients {
            let recipient = known.entry(name.clone()).or_default();
            recipient.in_flight = recipient.in_flight.saturating_sub(1);
            if counted {
                recipient.ends.push_back(now);
            }
        }
    }

    /// Counts a send of an earlier process that ended `ago`. To be called in the order of the ends.
    pub(crate) fn remember(&self, recipients: &[String], now: Duration, ago: Duration) {
        let mut known = self.lock();
        for name in recipients {
            known.entry(name.clone()).or_default().ends.push_back(now.saturating_sub(ago));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Recipient>> {
        self.recipients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recipient {
    fn is_in_use(&self, now: Duration) -> bool {
        self.put_off > 0 || self.ends.back().is_some_and(|end| *end + HOUR + MARGIN > now)
    }

    /// When the next send fits; `None` when it does now.
    fn full_until(&mut self, now: Duration, budget: Budget) -> Option<Duration> {
        while self.ends.front().is_some_and(|end| *end + HOUR + MARGIN <= now) {
            self.ends.pop_front();
        }
        let Budget { per_minute, per_hour } = budget;
        self.window_full_until(now, MINUTE + MARGIN, per_minute).max(self.window_full_until(now, HOUR + MARGIN, per_hour))
    }

    fn window_full_until(&self, now: Duration, window: Duration, limit: usize) -> Option<Duration> {
        let inside = self.ends.iter().rev().take_while(|end| **end + window > now).count();
        let taken = inside + self.in_flight;
        if taken < limit {
            return None;
        }
        // The send after those put off before: whole windows later for every `limit` of them.
        let windows = (self.put_off / limit) as u32;
        let first = self.ends.get(self.ends.len() - inside).map_or(now + window, |end| *end + window);
        let place = (self.put_off % limit).min(inside.saturating_sub(1));
        let freed = self.ends.get(self.ends.len() - inside + place).map_or(first, |end| *end + window);
        Some(freed + window * windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BUDGET: Budget = Budget { per_minute: 30, per_hour: 1000 };

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_thirty_first_within_a_minute_waits() {
        let budgets = Budgets::new(BUDGET);
        let one = names(&["1/u1"]);
        for second in 0..30 {
            assert_eq!(budgets.begin(&one, Duration::from_secs(second), false), Fit::Now);
            budgets.ended(&one, Duration::from_secs(second), true);
        }
        assert_eq!(budgets.begin(&one, Duration::from_secs(30), false), Fit::At(Duration::from_secs(61)));
        assert_eq!(budgets.begin(&one, Duration::from_secs(30), false), Fit::At(Duration::from_secs(62)), "the next gets the next slot");
        assert_eq!(budgets.begin(&names(&["1/u2"]), Duration::from_secs(30), false), Fit::Now);
        assert_eq!(budgets.begin(&one, Duration::from_secs(61), true), Fit::Now);
    }

    #[test]
    fn what_surely_did_not_arrive_is_not_counted() {
        let budgets = Budgets::new(Budget { per_minute: 1, per_hour: 1000 });
        let one = names(&["1/u1"]);
        assert_eq!(budgets.begin(&one, Duration::ZERO, false), Fit::Now);
        budgets.ended(&one, Duration::ZERO, false);
        assert_eq!(budgets.begin(&one, Duration::ZERO, false), Fit::Now);
        assert!(matches!(budgets.begin(&one, Duration::ZERO, false), Fit::At(_)), "one is in flight");
    }

    proptest! {
        #[test]
        fn no_minute_ever_sees_too_many(gaps in prop::collection::vec(0u64..4000, 1..400), took in 0u64..500) {
            let budget = Budget { per_minute: 5, per_hour: 40 };
            let budgets = Budgets::new(budget);
            let one = names(&["1/u1"]);
            let (mut now, mut arrived) = (Duration::ZERO, Vec::new());
            for gap in gaps {
                now += Duration::from_millis(gap);
                if budgets.begin(&one, now, false) == Fit::Now {
                    arrived.push(now + Duration::from_millis(took / 2));
                    now += Duration::from_millis(took);
                    budgets.ended(&one, now, true);
                }
            }
            for (index, at) in arrived.iter().enumerate() {
                let within = |window: Duration| arrived[index..].iter().take_while(|other| **other < *at + window).count();
                prop_assert!(within(MINUTE) <= budget.per_minute);
                prop_assert!(within(HOUR) <= budget.per_hour);
            }
        }
    }
}
