//! Recent sends, for the budgets of a process that starts.

use acteon_core::{ProviderName, Timestamp};

use crate::history::Cursor;

/// Send of an action, as budgets count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentSend {
    /// Provider that it went through.
    pub provider: ProviderName,
    /// Recipients, as the provider names them.
    pub recipients: Vec<String>,
    /// Instant at which the send ended.
    pub finished_at: Timestamp,
}

/// A page of sends, newest first.
#[derive(Clone, Debug, Default)]
pub struct RecentSends {
    /// Sends on the page.
    pub sends: Vec<RecentSend>,
    /// Place where the next page goes on; `None` on the last page.
    pub next: Option<Cursor>,
}
