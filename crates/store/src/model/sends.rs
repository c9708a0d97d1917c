//! Sends of the recent past.

use acteon_core::{ProviderName, Timestamp};

use crate::history::Cursor;

/// What a budget must know of an action that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentSend {
    /// The provider that it went through.
    pub provider: ProviderName,
    /// To whom.
    pub recipients: Vec<String>,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// A page of sends, newest first.
#[derive(Clone, Debug, Default)]
pub struct RecentSends {
    /// The sends.
    pub sends: Vec<RecentSend>,
    /// Where the next page goes on, if there is one.
    pub next: Option<Cursor>,
}
