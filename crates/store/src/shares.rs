//! Numbers of open actions and of dead letters, by what they belong to.

use acteon_core::{ProviderName, Tenant, Timestamp};

/// Number of a tenant's open actions that go through a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenShare {
    /// Tenant of the actions.
    pub tenant: Tenant,
    /// Provider that they go through.
    pub provider: ProviderName,
    /// Number of actions that may go by now.
    pub count: usize,
    /// Number of actions that wait on purpose, for an instant that is yet to come.
    pub later: usize,
    /// Instant at which the oldest of those was accepted that may go by now. `None` where there is none.
    pub oldest: Option<Timestamp>,
}

/// Number of a provider's dead letters that have a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadShare {
    /// Provider that they were to go through.
    pub provider: ProviderName,
    /// Code that they failed with.
    pub code: String,
    /// Number of actions.
    pub count: usize,
}
