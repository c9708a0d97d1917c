//! Approvals: asked for by rules and chains, decided by people. Each is a flow; its notices and what was approved are sent by the flow's steps.

mod change;
mod directory;
mod keys;
pub(crate) mod links;
mod look;
mod notices;
pub(crate) mod parts;
pub(crate) mod sign_notice;

use acteon_core::{Namespace, Tenant, Timestamp};
use acteon_flows::InvalidBody;
use acteon_flows::approval::{Approval, Refusal};
use acteon_store::StoreError;

pub use change::{Decided, Decider};
pub use links::{Link, LinkTarget, LinkUse};
pub use look::{ApprovalList, ApprovalPart, LinkedApproval};
pub use parts::ApprovalOptions;

/// Tries to change an approval that others change too.
const MAX_TRIES: u32 = 20;

/// Approval as it is shown.
#[derive(Clone, Debug)]
pub struct ShownApproval {
    /// Its id.
    pub id: String,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its tenant.
    pub tenant: Tenant,
    /// What it is about, without what is redacted, and how far it came.
    pub approval: Approval,
    /// Whether it cannot go on by itself: the log says why.
    pub is_stuck: bool,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// Why an approval was not found or changed.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// None with this id lies within the scope.
    #[error("there is no approval {0:?}, or none that this caller may see")]
    NotFound(String),
    /// The link is none that was given out.
    #[error(
        "this link is not one of ours, or not for this: it was changed, is of another server, or its key is gone"
    )]
    Forged,
    /// The time of the link is over.
    #[error("this link is over: it was good until {0}")]
    Expired(Timestamp),
    /// It stands or is meant otherwise.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The person that it is to be passed on to is not known.
    #[error("it cannot be passed on to {0:?}: {1}")]
    UnknownPerson(String, String),
    /// Others changed it at once, each time that it was to be changed.
    #[error(
        "others change the approval {0:?} at the same time, and got there first {MAX_TRIES} times; look at it, and send the change again"
    )]
    Contended(String),
    /// Its body cannot be read.
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
    /// The store did not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
}
