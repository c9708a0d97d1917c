//! Silences, time intervals and quotas.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Silence as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SilenceBody {
    /// Id of the silence.
    pub id: String,
    /// Namespace whose actions it holds back.
    pub namespace: String,
    /// Tenant whose actions it holds back, with those below it.
    pub tenant: String,
    /// Matchers, all of which must match.
    pub matchers: Vec<MatcherBody>,
    /// When it begins to hold actions back.
    #[schema(format = "date-time")]
    pub starts_at: String,
    /// When it ends by itself.
    #[schema(format = "date-time")]
    pub ends_at: String,
    /// Caller who made it.
    pub created_by: String,
    /// What it is for.
    pub comment: String,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When it was changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
    /// When it was ended by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub deleted_at: Option<String>,
    /// Whether it holds actions back now.
    pub active: bool,
    /// What of a new one is probably not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
}

/// Matcher of a silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatcherBody {
    /// Label, or a path that begins with `action.`.
    pub name: String,
    /// What to compare with.
    pub value: String,
    /// `equal`, `not_equal`, `regex` or `not_regex`.
    pub op: String,
}

/// Answer of `GET /v1/silences`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Silences {
    /// Number of silences on this page.
    pub count: usize,
    /// Silences, each as it stands.
    pub silences: Vec<SilenceBody>,
}

/// Answer of `POST /v1/silences/preview`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SilencePreview {
    /// Actions that would have been held back.
    pub matched: usize,
    /// Actions that were looked at.
    pub looked_at: usize,
    /// Ids of some of them, newest first.
    pub examples: Vec<String>,
    /// Names of matchers that none of the actions has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_none: Option<Vec<String>>,
    /// Whether fewer were looked at than was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<bool>,
    /// What of it is probably not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
}

/// Time interval as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimeIntervalBody {
    /// Namespace whose rules may name it.
    pub namespace: String,
    /// Tenant whose rules may name it, with those below it.
    pub tenant: String,
    /// Name by which rules refer to it.
    pub name: String,
    /// Ranges, of which one must hold: `times`, `weekdays`, `days_of_month`, `months`, `years`, and `on` days of a `calendar`.
    pub time_ranges: Vec<Value>,
    /// Time zone of its times, such as `Asia/Shanghai`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What becomes of actions that it holds back: `drop` or `postpone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_mute: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Caller who made it.
    pub created_by: String,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When it was changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
    /// Whether it holds now.
    pub matches_now: bool,
}

/// Answer of `GET /v1/time-intervals`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimeIntervals {
    /// Number of time intervals on this page.
    pub count: usize,
    /// Time intervals, each as it stands.
    pub time_intervals: Vec<TimeIntervalBody>,
}

/// Quota as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuotaBody {
    /// Id of the quota.
    pub id: String,
    /// Namespace whose actions it counts.
    pub namespace: String,
    /// Tenant whose actions it counts; not those of tenants below it.
    pub tenant: String,
    /// Provider that it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Caller that it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Whether it counts callers apart.
    pub per_principal: bool,
    /// Most actions in a window.
    pub max_actions: u64,
    /// How long its windows are.
    #[schema(schema_with = window)]
    pub window: Value,
    /// What it does beyond.
    #[schema(schema_with = overage)]
    pub overage_behavior: Value,
    /// Whether it is on.
    pub enabled: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels for people, a text by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Value>,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When it was changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
    /// What of a new one is probably not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
    /// How much is used, of one that is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<QuotaUsed>,
}

/// Usage of a quota in its window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuotaUsed {
    /// Actions that went in this window.
    pub used: u64,
    /// Most actions in a window.
    pub limit: u64,
    /// Actions that may still go.
    pub remaining: u64,
    /// When the next window begins.
    #[schema(format = "date-time")]
    pub resets_at: String,
}

/// Answer of `GET /v1/quotas`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quotas {
    /// How many are on this page.
    pub count: usize,
    /// Quotas, each as it stands.
    pub quotas: Vec<QuotaBody>,
}

/// Answer of `GET /v1/quotas/{id}/usage`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuotaUsage {
    /// Tenant whose actions it counts.
    pub tenant: String,
    /// Namespace whose actions it counts.
    pub namespace: String,
    /// Actions that went in this window.
    pub used: u64,
    /// Most actions in a window.
    pub limit: u64,
    /// Actions that may still go.
    pub remaining: u64,
    /// How long its windows are.
    #[schema(schema_with = window)]
    pub window: Value,
    /// When the next window begins.
    #[schema(format = "date-time")]
    pub resets_at: String,
    /// What it does beyond.
    #[schema(schema_with = overage)]
    pub overage_behavior: Value,
}

fn window() -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::from_schema_name("QuotaWindow")
}

fn overage() -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::from_schema_name("QuotaOverage")
}

/// Schemas of the fields of a quota that are words or objects, by name.
pub(crate) fn schemas() -> [(&'static str, Value); 2] {
    let seconds = json!({ "type": "integer", "minimum": 1, "maximum": 31_536_000 });
    let custom = json!({ "type": "object", "properties": { "seconds": seconds }, "required": ["seconds"], "additionalProperties": false });
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 128 });
    let only = |tag: &str, field: &str| {
        let inner = json!({ "type": "object", "properties": { field: name }, "required": [field], "additionalProperties": false });
        json!({ "type": "object", "properties": { tag: inner }, "required": [tag], "additionalProperties": false })
    };
    let window = json!({ "description": "Length of its windows; a number, also as text, is of seconds.", "anyOf": [
        { "enum": ["hourly", "daily", "weekly", "monthly"] },
        seconds,
        { "type": "string", "pattern": "^[1-9][0-9]{0,6}$" },
        { "type": "object", "properties": { "custom": custom }, "required": ["custom"], "additionalProperties": false },
    ] });
    let overage = json!({ "description": "What it does when it is used up. The names are those of providers.", "anyOf": [
        { "enum": ["block", "warn"] },
        { "type": "string", "pattern": "^(degrade|notify):." },
        only("degrade", "fallback_provider"),
        only("notify", "target"),
    ] });
    [("QuotaWindow", window), ("QuotaOverage", overage)]
}
