//! The gate: dedup key, throttle and quotas, checked and charged in the commit that writes the action.
//!
//! [`judge`] decides over what the engine reads; nothing is charged until everything has passed, so a refusal has nothing to roll back.

use acteon_core::{ActionId, Outcome, ProviderName, Timestamp};

use crate::StoreError;
use crate::model::Route;
pub use crate::model::{Conditions, DedupCheck, Overage, QuotaCheck, ThrottleCheck};

/// Dedup keys, throttles and counters as an engine reads them.
pub(crate) trait Counters {
    /// Id of the action that holds a dedup key at `now`.
    fn holder(&self, key: &str, now: Timestamp) -> Result<Option<ActionId>, StoreError>;
    /// Instant at which the `max_count`th last action of a throttle passed.
    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>, StoreError>;
    /// Number of actions charged to a counter.
    fn used(&self, counter: &str) -> Result<u64, StoreError>;
}

/// Verdict of the gate about an action.
#[derive(Clone, Debug)]
pub enum Judged {
    /// The action passes.
    Go {
        /// Index of the route that it takes.
        route: usize,
        /// Indexes of that route's quotas that are used up and let it pass all the same.
        over: Vec<usize>,
    },
    /// The action is refused, with this outcome.
    Refused(Outcome),
}

/// The ring of a throttle: when the last actions went, as many as may go within its window, each in the slot of its turn. Slot 0 of the table says
/// how many went in all; the ring begins behind it.
impl ThrottleCheck {
    /// Number of slots of the ring: one for each action that may pass within the window.
    pub(crate) fn ring_size(&self) -> i64 {
        i64::from(self.max_count.max(1))
    }

    /// Slot of the action that goes after `total` others. Until then it says when the one went whose turn was a whole round before.
    pub(crate) fn slot(&self, total: i64) -> i64 {
        1 + total % self.ring_size()
    }

    /// Instant until which the ring is kept if an action passes at `now`.
    pub(crate) fn kept_until(&self, now: Timestamp) -> Timestamp {
        now + self.window
    }
}

/// SQL expression of [`ThrottleCheck::slot`].
#[cfg(feature = "postgres")]
pub(crate) fn slot_in_sql(total: &str, ring_size: &str) -> String {
    format!("1 + ({total}) % {ring_size}")
}

pub(crate) fn judge(
    counters: &dyn Counters,
    conditions: &Conditions,
    routes: &[Route],
    now: Timestamp,
) -> Result<Judged, StoreError> {
    if let Some(dedup) = &conditions.dedup
        && let Some(action_id) = counters.holder(&dedup.key, now)?
    {
        return Ok(Judged::Refused(Outcome::Deduplicated { action_id }));
    }
    if let Some(throttle) = &conditions.throttle
        && let Some(went) = counters.went(throttle)?
    {
        // A clock that was set back must not close the window for longer than it is wide.
        let opens = went.min(now) + throttle.window;
        if opens > now {
            return Ok(Judged::Refused(Outcome::Throttled {
                retry_after: opens.since(now),
                rule: Some(throttle.rule.clone()),
            }));
        }
    }
    let mut route = 0;
    loop {
        let Some(candidate) = routes.get(route) else {
            return Err(StoreError::no_route());
        };
        match charge(counters, &candidate.quotas, now)? {
            Charged::Fits(over) => return Ok(Judged::Go { route, over }),
            Charged::Blocked(outcome) => return Ok(Judged::Refused(outcome)),
            Charged::Degraded(to, outcome) => match routes
                .iter()
                .skip(route + 1)
                .position(|other| other.provider == to)
            {
                Some(next) => route += 1 + next,
                None => return Ok(Judged::Refused(outcome)),
            },
        }
    }
}

enum Charged {
    Fits(Vec<usize>),
    Blocked(Outcome),
    Degraded(ProviderName, Outcome),
}

/// The strictest of the quotas that are used up: block before degrade before the others.
fn charge(
    counters: &dyn Counters,
    quotas: &[QuotaCheck],
    now: Timestamp,
) -> Result<Charged, StoreError> {
    let mut over = Vec::new();
    let mut degrade = None;
    for (place, quota) in quotas.iter().enumerate() {
        let used = counters.used(&quota.counter)?;
        if used < quota.max_actions {
            continue;
        }
        match &quota.overage {
            Overage::Block => return Ok(Charged::Blocked(exceeded(quota, used, now))),
            Overage::Degrade(to) => {
                degrade = degrade.or_else(|| Some((to.clone(), exceeded(quota, used, now))));
            }
            Overage::Warn | Overage::Notify(_) => over.push(place),
        }
    }
    Ok(match degrade {
        Some((to, outcome)) => Charged::Degraded(to, outcome),
        None => Charged::Fits(over),
    })
}

fn exceeded(quota: &QuotaCheck, used: u64, now: Timestamp) -> Outcome {
    Outcome::QuotaExceeded {
        tenant: quota.tenant.clone(),
        limit: quota.max_actions,
        used,
        overage_behavior: quota.overage.as_str().into(),
        retry_after: quota.resets_at.since(now),
        quota_id: quota.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn slots(max_count: u32) -> Vec<i64> {
        let check = ThrottleCheck {
            key: "k".into(),
            max_count,
            window: Duration::from_secs(1),
            rule: "r".into(),
        };
        (0..5).map(|total| check.slot(total)).collect()
    }

    #[test]
    fn each_action_takes_the_slot_of_the_one_a_round_before() {
        assert_eq!(slots(3), [1, 2, 3, 1, 2]);
        assert_eq!(slots(1), [1, 1, 1, 1, 1]);
        assert_eq!(slots(0), slots(1), "none is no ring");
    }
}
