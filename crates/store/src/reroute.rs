//! Changes of rows beside their settlements: to another provider, and to an earlier instant.

use std::sync::Arc;

use acteon_core::{Action, Prepared, Priority, ProviderName, Timestamp};

use crate::gate::{Overage, QuotaCheck};
use crate::model::{Charges, Hold};

/// A row that its owner sends by another route. What the gate took for the first route alone is given back in the same commit.
pub struct Reroute {
    /// The row changes only if this is still how it is held.
    pub hold: Hold,
    /// Its action.
    pub action: Arc<Action>,
    /// How soon it goes.
    pub priority: Priority,
    /// Through which provider it goes.
    pub provider: ProviderName,
    /// The request to send.
    pub prepared: Arc<Prepared>,
    /// What it is charged with from then on.
    pub charges: Charges,
    /// Quotas that it is charged to now. Where one that blocks is used up, nothing changes.
    pub quotas: Vec<QuotaCheck>,
    /// Counters that it gives back.
    pub refund: Vec<String>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rerouted {
    /// The row was changed. It is not in flight.
    Written,
    /// A quota of the other route is used up.
    NoRoom,
    /// The row is no longer the owner's.
    Fenced,
}

/// Rows that wait for a further attempt, and need not wait any longer.
#[derive(Clone, Debug)]
pub struct Hasten {
    /// The provider that they go through.
    pub provider: ProviderName,
    /// Now: when they are due afterwards.
    pub now: Timestamp,
    /// How many at most, the highest priority and the first accepted first.
    pub limit: usize,
    /// Whether those are among them that may have arrived before.
    pub maybe_sent: bool,
}

impl Reroute {
    /// Quotas that must have room.
    pub(crate) fn needed(&self) -> impl Iterator<Item = &QuotaCheck> {
        self.quotas.iter().filter(|quota| is_needed(quota))
    }

    /// Quotas that it goes over if need be.
    pub(crate) fn others(&self) -> impl Iterator<Item = &QuotaCheck> {
        self.quotas.iter().filter(|quota| !is_needed(quota))
    }
}

/// One that would have it take a third route has no room either.
fn is_needed(quota: &QuotaCheck) -> bool {
    match quota.overage {
        Overage::Block | Overage::Degrade(_) => true,
        Overage::Warn | Overage::Notify(_) => false,
    }
}
