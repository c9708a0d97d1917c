//! Waiting for a dispatch, and its answer.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_WAIT;
use acteon_store::StoreError;

use crate::admit::shares::QueueFull;

/// Time that a caller waits for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The caller waits for the commit that makes the action durable, and no longer.
    ForCommit,
    /// The caller waits until the end of the first delivery, an attempt and its quick retries, but
    /// no longer than this.
    ForOutcome(Duration),
    /// The caller waits until the action is over, as long as its next attempt is due within this.
    ForEnd(Duration),
}

/// Answer to a dispatch.
#[derive(Clone, Debug)]
pub struct DispatchAnswer {
    /// Outcome of the action as JSON.
    pub outcome: Arc<str>,
    /// Whether it was still `Scheduled` when the wait was over.
    pub pending: bool,
}

/// Dispatch that was not accepted. Nothing was stored, unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// The id was used for another request.
    #[error("the id {id:?} was used before for a different request in this namespace and tenant{}; a new request needs a new id", of_field(*.difference))]
    Conflict {
        /// Id that both requests have.
        id: String,
        /// Name of the first field in which they differ, for who posted the other.
        difference: Option<&'static str>,
    },
    /// Too many actions are open.
    #[error("{0}")]
    QueueFull(QueueFull),
    /// It was to be sent for a dead letter, and is not let through, with this outcome. Nothing was stored.
    #[error("held back: {0}")]
    HeldBack(Arc<str>),
    /// The dead letter that it was to be sent for is no longer on the list.
    #[error("it is no dead letter any more")]
    NoLetter,
    /// The gateway is stopping.
    #[error("the gateway is stopping; try again")]
    Stopping,
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer in time: whether the action was accepted is not known. The same id may be sent again.
    #[error(
        "the store did not answer in time; send the same id again to find out what became of it"
    )]
    StoreSlow,
}

impl DispatchError {
    /// Whether the gateway or its store takes no action now, whatever it says: a repeat may be taken in a moment.
    pub fn is_of_the_gateway(&self) -> bool {
        match self {
            Self::Conflict { .. }
            | Self::HeldBack(_)
            | Self::NoLetter
            | Self::Store(StoreError::Unstorable(_)) => false,
            Self::QueueFull(_) | Self::Stopping | Self::Store(_) | Self::StoreSlow => true,
        }
    }
}

fn of_field(difference: Option<&str>) -> String {
    difference.map_or(String::new(), |field| format!(", with another {field}"))
}

impl Wait {
    /// Longest time that the caller waits.
    pub(crate) fn limit(self) -> Duration {
        match self {
            Self::ForCommit => MAX_WAIT,
            Self::ForOutcome(limit) | Self::ForEnd(limit) => limit,
        }
    }
}
