//! Where an approval stands, and why it cannot be changed.

use std::fmt;

use acteon_core::limits::{MAX_APPROVERS, MAX_COMMENT_BYTES};
use serde::{Deserialize, Serialize};

use crate::kind::InvalidBody;

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// People may decide.
    Pending,
    /// What was asked for happens.
    Approved,
    /// Somebody said no.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// It is not wanted any more, or could not be asked for.
    Cancelled,
}

/// What a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// Why an approval is not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is over.
    #[error("approval already decided: {0}")]
    Settled(Status),
    /// It is not among those who decide.
    #[error("{0} is not among those who decide about this approval")]
    NotAnApprover(String),
    /// Who asks may not decide.
    #[error("{0} asked for this, and somebody else has to decide about it")]
    Requester(String),
    /// It passed its decision on.
    #[error("{0} has passed this decision on to {1}")]
    PassedOn(String, String),
    /// The decision that it got was taken back.
    #[error("{0} has taken back the decision that {1} had from them")]
    TakenBack(String, String),
    /// It has passed nothing on that could be taken back.
    #[error("{0} has passed on no decision about this approval, so there is none to take back")]
    NothingPassedOn(String),
    /// Somebody has decided in the place of who wants it back.
    #[error("{0} has decided already: what was passed on cannot be taken back any more")]
    DecidedInPlace(String),
    /// It has decided.
    #[error("{0} has decided already; others have still to")]
    Decided(String),
    /// A link of nobody, where people are named.
    #[error(
        "this link names nobody, and only the people that are named decide about this approval: each has a link of their own"
    )]
    NeedsPerson,
    /// No comment, where one is needed.
    #[error("a decision about this approval needs a comment that says why")]
    NeedsComment,
    /// The comment is too long.
    #[error("the comment is {bytes} bytes long, at most {MAX_COMMENT_BYTES} are allowed")]
    LongComment {
        /// Its length.
        bytes: usize,
    },
    /// It cannot be passed on to this person.
    #[error("it cannot be passed on to {0}: {1}")]
    CannotPassOn(String, CannotGet),
    /// Everybody was reminded a moment ago, or often enough.
    #[error("{0}")]
    NotReminded(&'static str),
    /// The body cannot be read.
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
}

/// Why a decision cannot be passed on to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotGet {
    /// Whoever has the link decides.
    #[error("nobody is named who decides; pass on the link")]
    OpenToAll,
    /// It is who passes it on.
    #[error("that is who decides now; name somebody else")]
    Themselves,
    /// Who asks may not decide.
    #[error("they asked for this, and who asks may not decide; name somebody else")]
    Requester,
    /// No message would reach them.
    #[error(
        "no message about it would reach them: the directory has no address of theirs for its notify_provider; name somebody else, or have it added"
    )]
    Unreached,
    /// They have decided.
    #[error("they have decided already; name somebody else")]
    Decided,
    /// They are asked themselves.
    #[error("they are asked themselves, and one person decides once; name somebody else")]
    Asked,
    /// They have passed it on: it would come round to nobody.
    #[error(
        "they have passed it on themselves, and it would come round to nobody; name somebody else, or let them take it back first"
    )]
    PassedOn,
    /// Enough of it.
    #[error("it has been passed on {MAX_APPROVERS} times, which is as often as it may be")]
    TooOften,
}

impl Status {
    /// All statuses, in the order in which messages list them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Approved,
        Self::Rejected,
        Self::Expired,
        Self::Cancelled,
    ];

    /// Status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Name of the status, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Choice {
    /// Word of the choice, as it is stored, signed and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}
