//! Approvals: what people are asked, and what they said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{PartialSchema as _, ToSchema};

/// Approval, with its action without what is redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalBody {
    /// Id.
    pub id: String,
    /// Id, by the name that the published clients read.
    pub token: String,
    /// Namespace.
    pub namespace: String,
    /// Tenant.
    pub tenant: String,
    /// `pending`, `approved`, `rejected`, `expired`, `cancelled`, or `stuck`, which the log tells more of.
    pub status: String,
    /// Rule that asks; empty where a chain does.
    pub rule: String,
    /// Chain that asks, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Name of that chain's definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_name: Option<String>,
    /// Step of that chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Id of the action that it is about.
    pub action_id: String,
    /// Provider of the action.
    pub provider: String,
    /// Type of the action.
    pub action_type: String,
    /// Payload of the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payload: Option<Value>,
    /// Who caused the action, such as who posted it; several with commas between them. Empty where nobody says who they are.
    pub requester: String,
    /// What those who decide are told.
    pub message: Option<String>,
    /// Who decides; nobody where whoever has the link does.
    pub approvers: Vec<String>,
    /// Approvals that it takes.
    pub approvals_needed: usize,
    /// Approvals that are still missing.
    pub approvals_missing: usize,
    /// What people said.
    pub decisions: Vec<ApprovalDecision>,
    /// Who passed their decision on.
    pub delegations: Vec<ApprovalDelegation>,
    /// When it was asked for.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When the time to decide is over.
    #[schema(format = "date-time")]
    pub expires_at: String,
    /// When it was escalated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub escalated_at: Option<String>,
    /// When it was over.
    #[schema(format = "date-time")]
    pub decided_at: Option<String>,
    /// Who ended it, where a person did.
    pub decided_by: Option<String>,
    /// Comment of who ended it, or why it could not be asked for, or cannot be read.
    pub comment: Option<String>,
    /// When the action is not worth sending any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub action_expires_at: Option<String>,
    /// When the action goes, where that is later than its approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub scheduled_at: Option<String>,
    /// Id of the action that went once it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_action_id: Option<String>,
    /// Outcome of that action, so far; lists have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub outcome: Option<Value>,
}

/// What a person said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalDecision {
    /// Who; empty where the link names nobody.
    pub by: String,
    /// `approve` or `reject`.
    pub decision: String,
    /// By which way: `link`, `open_link` or `api`.
    pub way: String,
    /// When.
    #[schema(format = "date-time")]
    pub at: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Decision that was passed on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalDelegation {
    /// Who passed it on.
    pub from: String,
    /// Who decides in their place.
    pub to: String,
    /// When.
    #[schema(format = "date-time")]
    pub at: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When who passed it on took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub taken_back_at: Option<String>,
}

/// Page of approvals, without the payloads of their actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalsBody {
    /// Approvals, newest first; those of chains stand before those of rules.
    pub approvals: Vec<ApprovalBody>,
    /// Number of them on this page.
    pub count: usize,
    /// Cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Answer to a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalDecided {
    /// Id of the approval.
    pub id: String,
    /// Status from now on: `pending` while further approvals are missing.
    pub status: String,
    /// Approvals that are still missing.
    pub approvals_missing: usize,
    /// Outcome of the action, if it was approved and goes.
    pub outcome: Option<Value>,
}

/// Schemas of the bodies, by name.
pub(crate) fn schemas() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("ApprovalBody", json!(ApprovalBody::schema())),
        ("ApprovalDecision", json!(ApprovalDecision::schema())),
        ("ApprovalDelegation", json!(ApprovalDelegation::schema())),
        ("ApprovalsBody", json!(ApprovalsBody::schema())),
        ("ApprovalDecided", json!(ApprovalDecided::schema())),
    ])
}
