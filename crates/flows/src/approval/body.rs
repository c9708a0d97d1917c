//! Body of an approval: what is asked, who decides, and what they said.

use acteon_core::{Action, ApprovalPolicy, Requesters, Timestamp};
use serde::{Deserialize, Serialize};

use super::people::{Approver, Person};
use super::status::{Choice, Status};
use crate::chain::Parent;
use crate::kind::InvalidBody;

/// Version of the shape of bodies.
pub(super) const VERSION: u32 = 1;

/// Body of an approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Version of this shape.
    pub(super) v: u32,
    /// Action that goes if it is approved, or that started the chain.
    pub origin: Action,
    /// Who caused that action.
    pub requester: Requesters,
    /// Rule that asks, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Step of a chain that asks, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Name of the definition of that chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_name: Option<String>,
    /// Policy that it goes by.
    pub policy: ApprovalPolicy,
    /// Approvers, with the people that they meant when it began.
    pub approvers: Vec<Approver>,
    /// Those that it is escalated to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalation: Vec<Approver>,
    /// Where it stands.
    pub status: Status,
    /// What people said.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// Who passed their decision on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<Delegation>,
    /// Who or what ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// By which way it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// Comment of who ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// When it was escalated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<Timestamp>,
    /// When its time is over, by the wall clock that stood when it began.
    pub expires_at: Timestamp,
    /// When its time is over, in due time.
    pub expires_due: Timestamp,
    /// When it is escalated, in due time; absent once it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_due: Option<Timestamp>,
    /// When the next reminder comes, in due time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_due: Option<Timestamp>,
    /// Ids of those who got a message, in that order. Whoever may have the link is the empty one; where people are named, who lost the decision since is.
    #[serde(default)]
    pub told: Vec<String>,
    /// Places of those in the first round who got a card with buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<usize>,
    /// Rounds of reminders that went out.
    #[serde(default)]
    pub rounds: u32,
    /// When somebody asked for a reminder that has not gone out yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind: Option<Timestamp>,
    /// When somebody asked for one last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Timestamp>,
}

/// What a person said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Who said it; empty where that is not known.
    pub by: String,
    /// What they said.
    pub choice: Choice,
    /// By which way.
    pub way: Way,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Digest of the event that told of it: one that is told of again is the same decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// Decision that was passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Id of who passed it on.
    pub from: String,
    /// Who decides in their place.
    pub to: Person,
    /// By which way.
    pub way: Way,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When who passed it on took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back_at: Option<Timestamp>,
}

/// Way by which a person reaches an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Link that is theirs.
    Link,
    /// Link that names nobody.
    OpenLink,
    /// API, as a principal.
    Api,
    /// Button of a card that they got.
    Card,
}

/// What ended an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Decisions of people.
    People,
    /// Its time was over.
    Timeout,
    /// Person who cancelled it.
    Cancelled,
    /// Chain that does not wait for it any more.
    Chain,
    /// It could not be asked for.
    Fault,
}

impl Way {
    /// Word of the way, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::OpenLink => "open_link",
            Self::Api => "api",
            Self::Card => "card",
        }
    }
}

impl Approval {
    /// Body as it is to be stored.
    pub fn to_json(&self) -> Result<String, InvalidBody> {
        serde_json::to_string(self).map_err(|error| invalid(&error))
    }

    /// Ends it. Its next step, which is due at once then, does what follows.
    pub(super) fn end(
        &mut self,
        status: Status,
        (ended_by, by): (EndedBy, &str),
        comment: Option<String>,
        now: Timestamp,
    ) {
        self.status = status;
        self.ended_by = Some(ended_by);
        self.decided_by = Some(by.to_owned()).filter(|by| !by.is_empty());
        self.comment = comment;
        self.decided_at = Some(now);
        self.updated_at = now;
    }
}

pub(super) fn invalid(error: &serde_json::Error) -> InvalidBody {
    InvalidBody(format!("of an approval: {error}"))
}
