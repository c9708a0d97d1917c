//! Changes of rows beside their settlements: to another provider, and to an earlier instant.

use std::sync::Arc;

use acteon_core::{Action, Prepared, Priority, ProviderName, Timestamp};

use crate::gate::{Overage, QuotaCheck};
use crate::model::{Charges, Hold};

/// Change of a row to another route. What the gate took for the first route alone is given back in the same commit.
pub struct Reroute {
    /// Owner and fence that the row must still have to be changed.
    pub hold: Hold,
    /// Action of the row.
    pub action: Arc<Action>,
    /// Priority, after what the rules say.
    pub priority: Priority,
    /// Provider of the new route.
    pub provider: ProviderName,
    /// Request to send.
    pub prepared: Arc<Prepared>,
    /// Charges of the action from then on.
    pub charges: Charges,
    /// Quotas of the new route. Where one that blocks is used up, nothing changes.
    pub quotas: Vec<QuotaCheck>,
    /// Counters of the route before, which are given back.
    pub refund: Vec<String>,
}

/// Result of a reroute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rerouted {
    /// The row was changed. It is not in flight.
    Written,
    /// A quota of the other route is used up.
    NoRoom,
    /// Nothing was changed: the process does not own the row any more.
    Fenced,
}

/// Request to make rows due now that wait for a further attempt, or were put off before their first. What is scheduled waits for its instant.
#[derive(Clone, Debug)]
pub struct Hasten {
    /// Provider that the rows go through.
    pub provider: ProviderName,
    /// New due time: now.
    pub now: Timestamp,
    /// Number of rows at most, the highest priority and the first accepted first.
    pub limit: usize,
    /// Whether to include rows whose request may have arrived before.
    pub maybe_sent: bool,
}

impl Reroute {
    /// Quotas that must have room.
    pub(crate) fn needed(&self) -> impl Iterator<Item = &QuotaCheck> {
        self.quotas.iter().filter(|quota| is_needed(quota))
    }

    /// Quotas that it is charged to although they may be used up.
    pub(crate) fn others(&self) -> impl Iterator<Item = &QuotaCheck> {
        self.quotas.iter().filter(|quota| !is_needed(quota))
    }
}

/// Whether a quota must have room. One that degrades to a third route must as well.
fn is_needed(quota: &QuotaCheck) -> bool {
    match quota.overage {
        Overage::Block | Overage::Degrade(_) => true,
        Overage::Warn | Overage::Notify(_) => false,
    }
}
