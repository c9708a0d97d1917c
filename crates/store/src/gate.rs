//! The gate: dedup key, throttle and quotas, checked and charged in the commit that writes the action.
//!
//! [`judge`] decides over what the engine reads; nothing is charged until everything has passed, so a refusal has nothing to roll back.

use std::time::Duration;

use acteon_core::{ActionId, Outcome, ProviderName, Tenant, Timestamp};

use crate::StoreError;
use crate::model::{Charges, Route};

/// What holds for an action whichever route it takes.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// It goes only if nobody holds this key.
    pub dedup: Option<DedupCheck>,
    /// It goes only if fewer went within the window.
    pub throttle: Option<ThrottleCheck>,
}

impl Conditions {
    /// What an action takes that goes, with the quotas of its route.
    pub fn charges(&self, quotas: &[QuotaCheck]) -> Charges {
        Charges {
            counters: quotas.iter().map(|quota| quota.counter.clone()).collect(),
            dedup: self.dedup.as_ref().map(|dedup| dedup.key.clone()),
        }
    }
}

/// A dedup key to take.
#[derive(Clone, Debug)]
pub struct DedupCheck {
    /// The key, scope included.
    pub key: String,
    /// Until when it is held.
    pub until: Timestamp,
}

/// A sliding window to fit into.
#[derive(Clone, Debug)]
pub struct ThrottleCheck {
    /// The window's name: scope, rule, and its measures.
    pub key: String,
    /// How many may go.
    pub max_count: u32,
    /// Within how long.
    pub window: Duration,
    /// The rule.
    pub rule: String,
}

/// A quota to be charged to.
#[derive(Clone, Debug)]
pub struct QuotaCheck {
    /// The counter, with its window.
    pub counter: String,
    /// The quota.
    pub id: String,
    /// Its tenant.
    pub tenant: Tenant,
    /// Most actions in a window.
    pub max_actions: u64,
    /// When the next window begins.
    pub resets_at: Timestamp,
    /// What happens beyond.
    pub overage: Overage,
}

/// What a quota does when it is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overage {
    /// The action does not go.
    Block,
    /// It goes, and is counted.
    Warn,
    /// It goes through another provider.
    Degrade(ProviderName),
    /// It goes, and somebody is told through a provider.
    Notify(ProviderName),
}

impl Overage {
    /// Its word in the wire format.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Degrade(_) => "degrade",
            Self::Notify(_) => "notify",
        }
    }
}

/// What the gate reads.
pub(crate) trait Counters {
    /// The action that holds a dedup key at `now`.
    fn holder(&self, key: &str, now: Timestamp) -> Result<Option<ActionId>, StoreError>;
    /// When the `max_count`th last action of a window went.
    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>, StoreError>;
    /// What a counter stands at.
    fn used(&self, counter: &str) -> Result<u64, StoreError>;
}

/// What the gate says.
#[derive(Clone, Debug)]
pub enum Judged {
    /// It goes.
    Go {
        /// Which route.
        route: usize,
        /// Quotas of that route which it goes over all the same, by their places.
        over: Vec<usize>,
    },
    /// It does not.
    Refused(Outcome),
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
            return Err(StoreError::Engine("an action has no way to go".into()));
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
        overage_behavior: quota.overage.word().into(),
        retry_after: quota.resets_at.since(now),
        quota_id: quota.id.clone(),
    }
}
