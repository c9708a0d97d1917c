//! What the gate is asked to check.

use std::time::Duration;

use acteon_core::{ProviderName, Tenant, Timestamp};

use super::charges::Charges;

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
