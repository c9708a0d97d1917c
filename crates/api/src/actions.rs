//! Actions as they stand, the audit trail, dead letters and replays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{AttemptBody, Outcome};

/// Action with its outcome and every attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActionBody {
    /// Action as it was accepted, without what is hidden.
    pub action: AcceptedAction,
    /// How the action came in: `api`, `replay`, `notice` or `recurring`.
    pub origin: String,
    /// Name of the API key that posted it; empty where the server asks for none.
    pub caller: String,
    /// How the caller was told: `api_key` or `anonymous`; `internal` for the gateway itself.
    pub auth_method: String,
    /// Verdict of the rules.
    pub verdict: String,
    /// Name of the rule that decided; absent where none matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_rule: Option<String>,
    /// Provider that it goes through.
    pub provider: String,
    /// `open`, `done`, `dead`, `refused` or `discarded`.
    pub state: String,
    /// `high`, `normal` or `low`.
    pub priority: String,
    /// Outcome; `Scheduled` while it goes on.
    pub outcome: Outcome,
    /// Kind of failure it ended with, such as `to_repair`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<String>,
    /// Calls of a provider that were made for it.
    pub attempts: u32,
    /// Calls of a provider, oldest first; of many the middle ones are left out.
    pub history: Vec<AttemptBody>,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
    /// How often a process that died left it behind.
    pub takeovers: u32,
    /// What the sender should know about the message.
    pub warnings: Vec<String>,
    /// Whom it went to, in the service's own names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Vec<String>>,
    /// When it was accepted.
    #[schema(format = "date-time")]
    pub accepted_at: String,
    /// When it ended; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub finished_at: Option<String>,
    /// When the next attempt is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub next_attempt_at: Option<String>,
}

/// Action as it was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AcceptedAction {
    /// Id, unique within namespace and tenant.
    pub id: String,
    /// Namespace that it belongs to, such as `incidents`.
    pub namespace: String,
    /// Tenant that it belongs to; dots make a tree, as in `acme.us`.
    pub tenant: String,
    /// Name of the provider that the caller asked for.
    pub provider: String,
    /// Type of the action.
    pub action_type: String,
    /// Payload as it came.
    pub payload: Value,
    /// Profile that renders fields of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Labels, a text by name, which rules and silences match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// Key that a rule may deduplicate by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// State of the event that it tells of, such as `firing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Identity of the event that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// When the event began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub starts_at: Option<String>,
    /// When the event ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub ends_at: Option<String>,
    /// When its caller made it.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When it is no longer worth sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub expires_at: Option<String>,
    /// `high` or `low`; absent where it is normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// The instant before which it is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub scheduled_at: Option<String>,
    /// Seconds from its acceptance during which it is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u32>,
    /// Files that it carries, without their bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<AttachmentBody>>,
    /// Signature of the caller over the action, as it came; nobody here goes by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Who signed the action, by the caller's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_id: Option<String>,
    /// Key that the action is signed with, by the caller's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

/// File that an action carries, without its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentBody {
    /// Id, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of the file.
    pub filename: String,
    /// Media type, such as `image/png`.
    pub content_type: String,
}

/// Action that waits for its instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScheduledActionBody {
    /// Id of the action.
    pub action_id: String,
    /// Namespace.
    pub namespace: String,
    /// Tenant.
    pub tenant: String,
    /// Provider that it goes through.
    pub provider: String,
    /// Its caller's word for the kind of action.
    pub action_type: String,
    /// When it goes.
    #[schema(format = "date-time")]
    pub scheduled_for: String,
    /// When it was accepted.
    #[schema(format = "date-time")]
    pub created_at: String,
}

/// Answer of `GET /v1/scheduled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScheduledActions {
    /// Actions of this page, the soonest first.
    pub scheduled: Vec<ScheduledActionBody>,
    /// How many the page has.
    pub count: usize,
    /// Where the list goes on, as the `cursor` of the next page; absent at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Page of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// Rows of this page, newest first.
    pub records: Vec<AuditRecord>,
    /// Most rows of a page.
    pub limit: usize,
    /// Rows before this page.
    pub offset: usize,
    /// Rows that the filters find; at least so many if `total_is_capped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// Whether there may be more than `total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_is_capped: Option<bool>,
    /// Where the next page begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Actions that a search looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<usize>,
    /// How far back a search looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub looked_back_to: Option<String>,
    /// Whether a search ended before it had looked at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<bool>,
}

/// Row of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecord {
    /// Position in the journal.
    pub id: String,
    /// Id of the action.
    pub action_id: String,
    /// Namespace that the action belongs to.
    pub namespace: String,
    /// Tenant that the action belongs to.
    pub tenant: String,
    /// Name of the provider that the caller asked for.
    pub provider: String,
    /// Name of the provider that it went through.
    pub provider_used: String,
    /// Type of the action.
    pub action_type: String,
    /// Verdict of the rules.
    pub verdict: String,
    /// Name of the rule that decided; absent where none matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_rule: Option<String>,
    /// `high`, `normal` or `low`.
    pub priority: String,
    /// Tag of the outcome.
    pub outcome: String,
    /// Kind of failure it ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<String>,
    /// Payload as it came.
    pub action_payload: Value,
    /// Object of one member, `rule`: the name of the rule that decided, or `null`.
    pub verdict_details: Value,
    /// Fields of the outcome.
    #[schema(schema_with = outcome_details)]
    pub outcome_details: Value,
    /// Labels of the action, a text by name.
    pub metadata: BTreeMap<String, String>,
    /// When it was accepted.
    #[schema(format = "date-time")]
    pub dispatched_at: String,
    /// When it ended; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub completed_at: Option<String>,
    /// How long it took, in milliseconds; 0 while it goes on.
    pub duration_ms: u64,
    /// Name of the API key that posted it; empty where the server asks for none.
    pub caller_id: String,
    /// How the caller was told: `api_key` or `anonymous`; `internal` for the gateway itself.
    pub auth_method: String,
    /// How the action came in: `api`, `replay`, `notice` or `recurring`.
    pub origin: String,
    /// `open`, `done`, `dead`, `refused` or `discarded`.
    pub state: String,
    /// Calls of a provider that were made for it.
    pub attempts: u32,
    /// Calls of a provider, oldest first; of many the middle ones are left out.
    pub attempt_history: Vec<AttemptBody>,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
    /// How often a process that died left it behind.
    pub takeovers: u32,
    /// What the sender should know about the message.
    pub warnings: Vec<String>,
    /// Whom it went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Vec<String>>,
    /// When the next attempt is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub next_attempt_at: Option<String>,
    /// Execution of a chain that it started, or is a step of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Always `null`; clients of this wire format read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Always `null`; clients of this wire format read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_hash: Option<String>,
    /// Always `null`; clients of this wire format read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_hash: Option<String>,
    /// Always `null`; clients of this wire format read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence_number: Option<u64>,
    /// Signature of the caller over the action, as it came; nobody here goes by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Who signed the action, by the caller's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_id: Option<String>,
    /// Key that the action is signed with, by the caller's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Always `null`; clients of this wire format read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical_hash: Option<String>,
}

fn outcome_details() -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::from_schema_name("OutcomeDetails")
}

/// Page of dead letters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetters {
    /// How many are on this page.
    pub count: usize,
    /// Dead letters of this page, newest first.
    pub entries: Vec<ActionBody>,
    /// Where the next page begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Actions that a search looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<usize>,
    /// How far back a search looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub looked_back_to: Option<String>,
    /// Whether a search ended before it had looked at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<bool>,
}

/// Dead letters that were handed out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrainedLetters {
    /// How many there are.
    pub count: usize,
    /// Dead letters that this answer hands out.
    pub entries: Vec<DrainedLetter>,
    /// Whether there are more, for the next drain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Dead letter that was handed out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrainedLetter {
    /// Id of the action.
    pub action_id: String,
    /// Namespace that the action belongs to.
    pub namespace: String,
    /// Tenant that the action belongs to.
    pub tenant: String,
    /// Name of the provider that the caller asked for.
    pub provider: String,
    /// Type of the action.
    pub action_type: String,
    /// What was wrong when it failed, for a person.
    pub error: String,
    /// Code of the failure.
    pub code: String,
    /// Calls of a provider that were made for it.
    pub attempts: u32,
    /// When it ended, in seconds since 1970.
    pub timestamp: i64,
    /// Payload as it came.
    pub payload: Value,
    /// Labels of the action, a text by name.
    pub metadata: BTreeMap<String, String>,
}

/// Answer of `GET /v1/dlq/stats`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterCount {
    /// Always true: the list is always kept.
    pub enabled: bool,
    /// Dead letters on the list.
    pub count: usize,
}
