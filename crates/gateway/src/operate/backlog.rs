//! What is owed and what failed for good, by provider, as the store tells it: for monitoring, and looked at only when somebody asks.

use std::sync::Arc;
use std::time::Duration;

use acteon_store::{DeadShare, OpenShare};
use tokio::sync::watch;

/// What is owed and what failed for good.
#[derive(Clone, Debug, Default)]
pub struct Backlog {
    /// Open actions, by tenant and by the provider that they go through.
    pub open: Vec<OpenShare>,
    /// Dead letters, by provider and code, counted among the newest hundred thousand.
    pub dead: Vec<DeadShare>,
}

/// The last look, and whether another is under way.
#[derive(Default)]
pub(crate) struct LastBacklog(pub(crate) watch::Sender<Look>);

#[derive(Default)]
pub(crate) struct Look {
    pub(crate) found: Arc<Backlog>,
    /// When it is looked again, by the monotonic clock.
    pub(crate) next: Option<Duration>,
    /// When the look began that is under way.
    pub(crate) under_way: Option<Duration>,
}
