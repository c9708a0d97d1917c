//! How many rows there are, by what they belong to.

use acteon_core::{ProviderName, Tenant, Timestamp};

/// How many open actions of a tenant go through a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenShare {
    /// The tenant.
    pub tenant: Tenant,
    /// The provider that they go through.
    pub provider: ProviderName,
    /// How many.
    pub count: usize,
    /// When the oldest was accepted of those that might have gone by now: what is postponed waits on purpose. `None` where there is none.
    pub oldest: Option<Timestamp>,
}

/// How many dead letters of a provider have a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadShare {
    /// The provider that they were to go through.
    pub provider: ProviderName,
    /// The code that they failed with.
    pub code: String,
    /// How many.
    pub count: usize,
}
