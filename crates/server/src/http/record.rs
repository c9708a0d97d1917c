//! Rows of the audit trail in the wire format. Payloads are written as they came, and not read.

use acteon_core::json::members;
use acteon_core::{Action, Attempt, Origin, Outcome, Priority, Timestamp};
use acteon_gateway::{ActionView, SearchPage};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// Page of rows, with the cursor of the next page.
#[derive(Serialize)]
pub(super) struct AuditPage<'a> {
    pub(super) records: Vec<Record<'a>>,
    pub(super) limit: usize,
    pub(super) offset: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_is_capped: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
    #[serde(flatten)]
    pub(super) searched: Option<SearchExtent>,
}

/// Part of the journal that a search has read.
#[derive(Serialize)]
pub(super) struct SearchExtent {
    looked_at: usize,
    looked_back_to: Option<Timestamp>,
    cut: bool,
}

impl SearchExtent {
    pub(super) fn of(page: &SearchPage) -> Self {
        Self {
            looked_at: page.looked_at,
            looked_back_to: page.looked_to,
            cut: page.cut,
        }
    }
}

/// Action of the audit trail in the wire format.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    id: String,
    action_id: &'a str,
    namespace: &'a str,
    tenant: &'a str,
    provider: &'a str,
    provider_used: &'a str,
    action_type: &'a str,
    verdict: &'a str,
    matched_rule: Option<&'a str>,
    priority: Priority,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_class: Option<&'a str>,
    action_payload: &'a RawValue,
    verdict_details: Value,
    outcome_details: Box<RawValue>,
    metadata: Map<String, Value>,
    dispatched_at: Timestamp,
    completed_at: Option<Timestamp>,
    duration_ms: u64,
    caller_id: &'a str,
    auth_method: &'a str,
    origin: Origin,
    state: &'static str,
    attempts: u32,
    attempt_history: &'a [Attempt],
    possible_duplicate: bool,
    takeovers: u32,
    warnings: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    recipients: &'a [String],
    next_attempt_at: Option<Timestamp>,
    /// Execution that it started, or that it is a step of.
    chain_id: Option<&'a str>,
    signature: Option<&'a str>,
    signer_id: Option<&'a str>,
    kid: Option<&'a str>,
    #[serde(flatten)]
    never: Never,
}

/// Fields of the wire format for features that do not exist: always null.
#[derive(Default, Serialize)]
struct Never {
    expires_at: Option<()>,
    record_hash: Option<()>,
    previous_hash: Option<()>,
    sequence_number: Option<()>,
    canonical_hash: Option<()>,
}

pub(super) fn record(view: &ActionView) -> Record<'_> {
    let action: &Action = &view.action;
    let ended = view.finished_at;
    let mut metadata: Map<String, Value> = action
        .metadata
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    if let Some(key) = &action.dedup_key {
        metadata.insert("__dedup_key".into(), json!(key));
    }
    Record {
        id: view.seq.0.to_string(),
        action_id: action.id.as_str(),
        namespace: action.namespace.as_str(),
        tenant: action.tenant.as_str(),
        provider: action.provider.as_str(),
        provider_used: view.provider.as_str(),
        action_type: action.action_type.as_str(),
        verdict: &view.verdict,
        matched_rule: view.matched_rule.as_deref(),
        priority: view.priority,
        outcome: view.outcome.as_str(),
        failure_class: view.failure_class.as_deref(),
        action_payload: &action.payload,
        verdict_details: json!({ "rule": view.matched_rule }),
        outcome_details: details(&view.outcome),
        metadata,
        dispatched_at: view.accepted_at,
        completed_at: ended,
        duration_ms: ended.map_or(0, |ended| ended.since(view.accepted_at).as_millis() as u64),
        caller_id: &view.caller,
        auth_method: &view.auth_method,
        origin: view.origin,
        state: view.state,
        attempts: view.attempts,
        attempt_history: &view.history,
        possible_duplicate: view.possible_duplicate,
        takeovers: view.takeovers,
        warnings: &view.warnings,
        recipients: &view.recipients,
        next_attempt_at: view.next_attempt_at,
        chain_id: view.chain_id(),
        signature: action.signature.as_deref(),
        signer_id: action.signer_id.as_deref(),
        kid: action.kid.as_deref(),
        never: Never::default(),
    }
}

/// Fields of the outcome's variant, in the audit's spelling. A service's answer is written as it
/// came.
fn details(outcome: &Outcome) -> Box<RawValue> {
    let whole = match outcome {
        Outcome::Throttled { retry_after, rule } => {
            json!({ "Throttled": { "retry_after_secs": retry_after.as_secs(), "rule": rule } })
                .to_string()
                .into()
        }
        other => other.to_json(),
    };
    // An outcome is an object of one member, named like its variant.
    let inner = members(&whole)
        .and_then(|members| RawValue::from_string(members.first()?.value.to_owned()).ok());
    inner.unwrap_or_else(|| RawValue::NULL.to_owned())
}
