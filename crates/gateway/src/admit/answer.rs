//! How long a caller waits for a dispatch, and what it is answered.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_WAIT;
use acteon_store::StoreError;

use crate::admit::shares::QueueFull;

/// How long a caller waits for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not beyond the commit that makes the action durable.
    ForCommit,
    /// Until the end of the first delivery, an attempt and its quick retries, but no longer than this.
    ForOutcome(Duration),
    /// Until it is over, as long as its next attempt is due within this.
    ForEnd(Duration),
}

/// The answer to a dispatch.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The outcome as JSON.
    pub outcome: Arc<str>,
    /// Whether it was still `Scheduled` when the wait was over.
    pub pending: bool,
}

/// A dispatch that was not accepted. Nothing was stored, unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// The id was used for another request.
    #[error("the id {id:?} was used before for a different request in this namespace and tenant{}; a new request needs a new id", of_field(*.difference))]
    Conflict {
        /// The id.
        id: String,
        /// The first field in which they differ, for who posted the other.
        difference: Option<&'static str>,
    },
    /// Too many actions are open.
    #[error("{0}")]
    QueueFull(QueueFull),
    /// It was to be sent for a dead letter, and is not let through, with this outcome. Nothing was stored.
    #[error("held back: {0}")]
    HeldBack(Arc<str>),
    /// What it was to be sent for is no dead letter any more.
    #[error("it is no dead letter any more")]
    NoLetter,
    /// The gateway is stopping.
    #[error("the gateway is stopping; try again")]
    Stopping,
    /// The store did not take it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The store did not answer in time: whether the action was accepted is not known. The same id may be sent again.
    #[error(
        "the store did not answer in time; send the same id again to find out what became of it"
    )]
    StoreSlow,
}

fn of_field(difference: Option<&str>) -> String {
    difference.map_or(String::new(), |field| format!(", with another {field}"))
}

impl Wait {
    /// Longest that the caller waits.
    pub(crate) fn limit(self) -> Duration {
        match self {
            Self::ForCommit => MAX_WAIT,
            Self::ForOutcome(limit) | Self::ForEnd(limit) => limit,
        }
    }
}
