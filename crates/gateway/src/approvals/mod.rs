//! Approvals: asked for by rules and chains, decided by people. Each is a flow; its notices and what was approved are sent by the flow's steps.

mod any;
pub(crate) mod asking;
mod by_card;
mod change;
mod directory;
mod keys;
pub(crate) mod links;
mod look;
pub(crate) mod message;
pub(crate) mod notices;
pub(crate) mod parts;
mod pass_on;
mod sign_in;
pub(crate) mod sign_notice;
pub(crate) mod told;
mod unfit;
mod unreadable;

use acteon_core::{ActionId, Namespace, Outcome, ProviderError, Tenant, Timestamp};
use acteon_flows::InvalidBody;
use acteon_flows::approval::{Approval, Refusal, Status, approved_id};
use acteon_store::StoreError;

pub use any::{AnyApproval, UnreadableApproval};
pub use asking::approval_warnings;
pub use change::{Decided, Decider};
pub use directory::KnownPeople;
pub use links::{Link, LinkTarget, LinkUse};
pub use look::{ApprovalList, ApprovalPart, LinkedApproval, PassingOn};
pub use parts::{ApprovalOptions, KeyNames};
pub use sign_in::{Kept, SignInBegun, SignInEnded, SignInReturn};

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
    /// What became of what was approved, without what is redacted; `None` in lists, and where nothing goes or nothing is known of it.
    pub came: Option<Came>,
}

/// What became of what was approved.
#[derive(Clone, Debug)]
pub struct Came {
    /// Its outcome.
    pub outcome: Outcome,
    /// Number of calls of a provider.
    pub attempts: u32,
    /// Whether it may have arrived although no answer says so.
    pub possible_duplicate: bool,
}

/// What an approval that is over came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Where it stands.
    pub status: Status,
    /// Whether time alone did that.
    pub by_time: bool,
    /// Whether it is a step of a chain, which may have sent something before.
    pub is_step: bool,
}

impl ShownApproval {
    /// Id of the action that goes once it is approved; `None` where it is not, or a chain goes on with it.
    pub fn approved_action_id(&self) -> Option<ActionId> {
        let goes = self.approval.status == Status::Approved && self.approval.parent.is_none();
        goes.then(|| approved_id(&self.id).ok()).flatten()
    }
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
    #[error("this link is over: it was good until {end}")]
    Expired {
        /// When it was over.
        end: Timestamp,
        /// What its approval came to; `None` where it is not known yet.
        became: Option<Ended>,
    },
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
    /// It is stuck, and its time is over, or its chain is.
    #[error(
        "the approval {0:?} is stuck, and its time is over, or its chain does not wait for it any more: nothing came of that yet, and the log says why. It is tried again now; look at it in a moment, or cancel it"
    )]
    Stuck(String),
    /// Only who signs in may see it, and who brings the link has not.
    #[error(
        "this approval is shown to whom WeChat Work says to be one of those asked: open the link in a browser, which asks for that, or decide with an API key over POST /v1/approvals/{0}/decide"
    )]
    SignInNeeded(String),
    /// Who signed in is not the person whose link it is, or none of those who decide.
    #[error("this link is for another person, who alone may see what it leads to")]
    NotTheirs,
    /// The sign-in is none that began here.
    #[error(
        "this sign-in did not begin in this browser, was used already, or took too long: open the link in the message again"
    )]
    NoSignIn,
    /// The service did not say who it is.
    #[error("it is not known who you are, and nothing was decided: {0}")]
    NotIdentified(#[source] ProviderError),
    /// Its body cannot be read.
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
    /// The store did not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
}
