//! Checks that the gate makes: dedup key, throttle and quotas.

use std::time::Duration;

use acteon_core::{ProviderName, Tenant, Timestamp};

use super::charges::Charges;

/// Conditions of the gate that hold for an action on every route.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Dedup key that no other action may hold.
    pub dedup: Option<DedupCheck>,
    /// Throttle that must have room.
    pub throttle: Option<ThrottleCheck>,
}

impl Conditions {
    /// Charges of an action that passes, with the quotas of its route.
    pub fn charges(&self, quotas: &[QuotaCheck]) -> Charges {
        Charges {
            counters: quotas.iter().map(|quota| quota.counter.clone()).collect(),
            dedup: self.dedup.as_ref().map(|dedup| dedup.key.clone()),
        }
    }
}

/// Check of a dedup key, which the action holds from then on.
#[derive(Clone, Debug)]
pub struct DedupCheck {
    /// Dedup key, scope included.
    pub key: String,
    /// Instant until which the key is held.
    pub until: Timestamp,
}

/// Check of a throttle: how many actions may pass in a window that slides.
#[derive(Clone, Debug)]
pub struct ThrottleCheck {
    /// Key of the throttle: scope, rule, number and window.
    pub key: String,
    /// Number of actions that may pass within the window.
    pub max_count: u32,
    /// Length of the window.
    pub window: Duration,
    /// Name of the rule that throttles.
    pub rule: String,
}

/// Check of a quota in its window of now.
#[derive(Clone, Debug)]
pub struct QuotaCheck {
    /// Name of the counter: quota and window.
    pub counter: String,
    /// Id of the quota.
    pub id: String,
    /// Tenant of the quota.
    pub tenant: Tenant,
    /// Number of actions in a window at most.
    pub max_actions: u64,
    /// Instant at which the next window begins.
    pub resets_at: Timestamp,
    /// Action of the quota when it is used up.
    pub overage: Overage,
}

/// Action of a quota that is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overage {
    /// The action is refused.
    Block,
    /// The action passes, and is counted.
    Warn,
    /// The action takes the route through this provider.
    Degrade(ProviderName),
    /// The action passes, and a notice is sent through this provider.
    Notify(ProviderName),
}

impl Overage {
    /// Name of the behaviour in the wire format.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Degrade(_) => "degrade",
            Self::Notify(_) => "notify",
        }
    }
}
