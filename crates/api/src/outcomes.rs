//! Outcomes and attempts, as the wire has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

/// Outcome of an action: an object of one member that is named like the outcome, or the bare word `Deduplicated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct Outcome(pub Value);

/// Answer of a service that took an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProviderResponse {
    /// `success`, or `partial` where some recipients were left out.
    pub status: String,
    /// Answer with the service's own keys.
    pub body: Value,
    /// Facts about the send that are not the service's: `acteon-warning`, `possible_duplicate`.
    pub headers: BTreeMap<String, String>,
}

/// Fields of `Failed`: it is not sent any more, and kept as a dead letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Failed {
    /// Code, such as `EXECUTION_FAILED`, `CONNECTION` or `PROVIDER_NOT_FOUND`.
    pub code: String,
    /// What was wrong and what to do, for a person.
    pub message: String,
    /// Whether the same action may succeed when it is sent again.
    pub retryable: bool,
    /// Calls of a provider that were made for it.
    pub attempts: u32,
}

/// Fields of `Scheduled`: it goes on by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Scheduled {
    /// Id of the action.
    pub action_id: String,
    /// When the next attempt is due.
    #[schema(format = "date-time")]
    pub scheduled_for: String,
    /// Provider calls made so far.
    pub attempts: u32,
    /// What the last call failed with; `null` when none was made.
    pub last_error: Option<LastError>,
}

/// Failure of a call, or why there is no outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LastError {
    /// Code as in `Failed`.
    pub code: String,
    /// What went wrong, for a person.
    pub message: String,
    /// Whether the failure may go away by itself.
    pub retryable: bool,
}

/// Fields of `Rerouted`: another provider took it than the one asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rerouted {
    /// Name of the provider that the caller asked for.
    pub original_provider: String,
    /// Name of the provider that took it.
    pub new_provider: String,
    /// Answer of the provider that took it.
    pub response: ProviderResponse,
    /// Rule that decided, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_rule: Option<String>,
}

/// Fields of `Suppressed`: a rule said no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Suppressed {
    /// Name of the rule.
    pub rule: String,
}

/// Fields of `Deduplicated`: another action holds its dedup key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Deduplicated {
    /// Id of the action that holds the key.
    pub action_id: String,
}

/// Fields of `Throttled`: as many went as a rule allows within its window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Throttled {
    /// How long until one more may go.
    pub retry_after: Span,
    /// Name of the rule.
    pub rule: Option<String>,
}

/// Length of time, in seconds and nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Span {
    /// Whole seconds of it.
    pub secs: u64,
    /// Nanoseconds beside the whole seconds.
    #[schema(maximum = 999_999_999)]
    pub nanos: u32,
}

/// Fields of `QuotaExceeded`: a quota is used up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuotaExceeded {
    /// Tenant of the quota.
    pub tenant: String,
    /// Most actions in a window.
    pub limit: u64,
    /// Actions that went in this window.
    pub used: u64,
    /// What the quota does when it is used up, such as `block`.
    pub overage_behavior: String,
    /// How long until the next window begins.
    pub retry_after: Span,
    /// Id of the quota.
    pub quota_id: String,
}

/// Fields of `CircuitOpen`: the provider's breaker is open, and nothing goes on by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CircuitOpen {
    /// Name of the provider whose breaker is open.
    pub provider: String,
    /// Providers that were tried instead.
    pub fallback_chain: Vec<String>,
}

/// Fields of `Silenced`: a silence holds it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Silenced {
    /// Id of the silence.
    pub silence_id: String,
    /// Rule that had matched.
    pub matched_rule: Option<String>,
}

/// Fields of `Muted`: a time interval of its rule holds it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Muted {
    /// Name of the interval.
    pub interval: String,
    /// Key of the rule that names the interval: `mute_time_interval` or `active_time_interval`.
    pub reason: String,
    /// Rule that had matched.
    pub matched_rule: Option<String>,
}

/// Fields of `DryRun`: what a dispatch would have come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DryRun {
    /// Verdict of the rules.
    pub verdict: String,
    /// Rule that decided, if one did.
    pub matched_rule: Option<String>,
    /// Provider that would have been used.
    pub would_be_provider: String,
    /// Outcome's name in small letters, such as `silenced`; `refused` where there would be none.
    pub would_be: String,
    /// Outcome itself, where it is known without sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Reason why a dispatch would be refused with no outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<LastError>,
    /// Quotas that the action would go over although it may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotas_exceeded: Option<Vec<String>>,
    /// Rules that failed on the way, with what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_errors: Option<Vec<String>>,
}

/// Call of a provider for an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptBody {
    /// Number of the call; the first is 1.
    pub number: u32,
    /// Name of the provider that was called.
    pub provider: String,
    /// When the call began.
    #[schema(format = "date-time")]
    pub started_at: String,
    /// When it began in due time, which no step of the wall clock moves; of a failed request that may have arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub due_time: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Error that it failed with; absent when it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<LastError>,
    /// Whether a failed request may have arrived all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maybe_sent: Option<bool>,
    /// Whether people must repair something first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_repair: Option<bool>,
    /// Service's own error code, such as WeChat Work's `errcode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_code: Option<i64>,
    /// Service's trace id for this failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Fields of `ChainStarted`: it started a chain, whose steps are what is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainStarted {
    /// Id of the execution.
    pub chain_id: String,
    /// Name of the chain.
    pub chain_name: String,
    /// Number of steps, those of parallel steps not counted.
    pub total_steps: usize,
    /// Name of the first step.
    pub first_step: String,
    /// When the first step begins, where that is later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub starts_at: Option<String>,
    /// Rule that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_rule: Option<String>,
}

/// Fields of `PendingApproval`: people decide whether it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PendingApproval {
    /// Id of the approval.
    pub approval_id: String,
    /// When the time to decide is over.
    #[schema(format = "date-time")]
    pub expires_at: String,
    /// Link to approve it, for who posted it; `[redacted]` for everybody else. Where approvers are named it shows the approval, and decides nothing.
    pub approve_url: String,
    /// Link to reject it, likewise.
    pub reject_url: String,
    /// Whether those who decide are told.
    pub notification_sent: bool,
    /// Rule that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_rule: Option<String>,
}

/// Fields of `Cancelled`: somebody called it off before it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cancelled {
    /// Who called it off; empty where nobody says who they are.
    pub by: String,
    /// When.
    #[schema(format = "date-time")]
    pub at: String,
}

/// Fields of each outcome, by its name.
fn fields() -> [(&'static str, Value); 15] {
    [
        ("Executed", json!(ProviderResponse::schema())),
        ("Failed", json!(Failed::schema())),
        ("Scheduled", json!(Scheduled::schema())),
        ("Rerouted", json!(Rerouted::schema())),
        ("Suppressed", json!(Suppressed::schema())),
        ("Deduplicated", json!(Deduplicated::schema())),
        ("Throttled", json!(Throttled::schema())),
        ("QuotaExceeded", json!(QuotaExceeded::schema())),
        ("CircuitOpen", json!(CircuitOpen::schema())),
        ("Silenced", json!(Silenced::schema())),
        ("Muted", json!(Muted::schema())),
        ("ChainStarted", json!(ChainStarted::schema())),
        ("PendingApproval", json!(PendingApproval::schema())),
        ("Cancelled", json!(Cancelled::schema())),
        ("DryRun", json!(DryRun::schema())),
    ]
}

/// Object of one member with this name.
fn tagged(tag: &str, fields: &Value) -> Value {
    json!({ "type": "object", "title": tag, "properties": { tag: fields }, "required": [tag] })
}

/// Schemas of outcomes, by name.
pub(crate) fn schemas() -> [(&'static str, Value); 4] {
    let of_batch = |(tag, fields): (&str, Value)| match tag {
        "Deduplicated" => tagged(tag, &json!({ "type": "null" })),
        _ => tagged(tag, &with_id(fields)),
    };
    let refused = json!({ "$ref": "#/components/schemas/BatchError" });
    let of_batch: Vec<Value> = fields()
        .into_iter()
        .map(of_batch)
        .chain([refused])
        .collect();
    let one = fields()
        .into_iter()
        .map(|(tag, fields)| tagged(tag, &fields));
    let one: Vec<Value> = [json!({ "const": "Deduplicated" })]
        .into_iter()
        .chain(one)
        .collect();
    let details = fields().into_iter().map(|(tag, fields)| match tag {
        "Throttled" => throttled_details(),
        _ => fields,
    });
    let details: Vec<Value> = details.chain([json!({ "type": "null" })]).collect();
    [
        ("Outcome", json!({ "oneOf": one })),
        ("BatchOutcome", json!({ "oneOf": of_batch })),
        (
            "Outcomes",
            json!({ "type": "array", "items": { "$ref": "#/components/schemas/BatchOutcome" } }),
        ),
        ("OutcomeDetails", json!({ "anyOf": details })),
    ]
}

/// Fields of an outcome with the id of the action, which items of a batch have besides.
fn with_id(mut fields: Value) -> Value {
    if let Some(properties) = fields["properties"].as_object_mut() {
        let id = json!({ "type": "string", "description": "Id of the action." });
        properties.insert("action_id".into(), id);
    }
    fields
}

/// Fields of `Throttled` in the spelling of the audit trail.
fn throttled_details() -> Value {
    let mut properties = Map::new();
    properties.insert(
        "retry_after_secs".into(),
        json!({ "type": "integer", "minimum": 0 }),
    );
    properties.insert("rule".into(), json!({ "type": ["string", "null"] }));
    json!({ "type": "object", "title": "Throttled", "properties": properties, "required": ["retry_after_secs", "rule"] })
}
