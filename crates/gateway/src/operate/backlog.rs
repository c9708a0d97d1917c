//! Backlog: what is owed and what failed for good, by provider, as the store tells it; for
//! monitoring, and looked at only when somebody asks.

use std::sync::Arc;
use std::time::Duration;

use acteon_store::{DeadShare, FlowCount, OpenShare};
use tokio::sync::watch;

/// Backlog of the store: what is owed and what failed for good.
#[derive(Clone, Debug, Default)]
pub struct Backlog {
    /// Open actions, by tenant and by the provider that they go through.
    pub open: Vec<OpenShare>,
    /// Dead letters, by provider and code, counted among the newest hundred thousand.
    pub dead: Vec<DeadShare>,
    /// Flows, by kind, tenant and status.
    pub flows: Vec<FlowCount>,
}

/// Last look at the backlog, and whether another is under way.
#[derive(Default)]
pub(crate) struct LastBacklog(pub(crate) watch::Sender<BacklogLook>);

#[derive(Default)]
pub(crate) struct BacklogLook {
    pub(crate) found: Arc<Backlog>,
    /// Instant of the monotonic clock at which it is looked again.
    pub(crate) next: Option<Duration>,
    /// Instant at which the look began that is under way.
    pub(crate) under_way: Option<Duration>,
}
