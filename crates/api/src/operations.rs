//! Bodies about the server, its rules, breakers and lanes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{LaneBody, Outcome};

/// Answer of `GET /health` and `GET /live`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HealthBody {
    /// `ok`, whenever the server answers at all.
    pub status: String,
    /// Counters, for those who may look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Value>,
}

/// Answer of `GET /admin/lanes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Lanes {
    /// Lanes of this gateway.
    pub lanes: Vec<LaneBody>,
}

/// Answer of `GET /admin/circuit-breakers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Breakers {
    /// Circuit breakers, one for each provider.
    pub circuit_breakers: Vec<BreakerBody>,
}

/// Circuit breaker of a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BreakerBody {
    /// Configured name of the provider.
    pub provider: String,
    /// `closed`, `open` or `half_open`.
    pub state: String,
    /// Failures in a row after which it opens.
    pub failure_threshold: u64,
    /// Successes in a row after which it closes.
    pub success_threshold: u64,
    /// Seconds after which an open one lets a probe through.
    pub recovery_timeout_seconds: u64,
    /// Provider that is used while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_provider: Option<String>,
}

/// Answer to a breaker that was opened or closed by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BreakerMoved {
    /// Configured name of the provider.
    pub provider: String,
    /// State that it was put into: `open` or `closed`.
    pub state: String,
    /// The same as a sentence.
    pub message: String,
}

/// Rule as it is in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleBody {
    /// Name of the rule.
    pub name: String,
    /// Position among the rules: lower numbers come first.
    pub priority: i64,
    /// Whether it is on.
    pub enabled: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Verdict, such as `suppress`.
    pub action: String,
    /// Condition, written in CEL.
    pub condition: String,
    /// File and line that it was read from.
    pub source: String,
}

/// Answer to a rule that was switched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleSwitched {
    /// Name of the rule.
    pub name: String,
    /// Whether it is on.
    pub enabled: bool,
    /// State that it was switched to: `enabled` or `disabled`.
    pub status: String,
}

/// Answer of `POST /v1/rules/reload`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RulesReloaded {
    /// Number of rules in force.
    pub loaded: usize,
    /// Number of rules in force; clients read either name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reloaded: Option<usize>,
    /// Directory that they were read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Files that were left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
    /// Problems found; empty in an answer of 2xx.
    pub errors: Vec<String>,
}

/// Answer of `POST /admin/reload`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reloaded {
    /// Keys that changed, and those that wait for the next start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Value>,
    /// API keys in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_keys: Option<usize>,
    /// Number of rules in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<usize>,
    /// Number of people in force, where they are in a file of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<usize>,
    /// Problems found; empty in an answer of 2xx.
    pub errors: Vec<String>,
}

/// Answer of `POST /v1/rules/evaluate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evaluated {
    /// Verdict; `error` if a rule failed before the first match.
    pub verdict: String,
    /// Rule that matched first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_rule: Option<String>,
    /// Whether a rule failed.
    pub has_errors: bool,
    /// Rules that were evaluated.
    pub total_rules_evaluated: usize,
    /// Rules that were not.
    pub total_rules_skipped: usize,
    /// How long it took, in microseconds.
    pub evaluation_duration_us: u64,
    /// Rule by rule, in their order.
    pub trace: Vec<Value>,
    /// Fields and values that the conditions saw.
    pub context: Value,
    /// Payload after a `modify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_payload: Option<Value>,
    /// Tag of the outcome at that instant, up to the gate.
    pub would_be: String,
    /// Outcome, where a silence or a time interval holds the action back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<Outcome>,
}

/// Answer of `GET /v1/rules/coverage`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// Beginning of the span.
    #[schema(format = "date-time")]
    pub scanned_from: String,
    /// End of the span.
    #[schema(format = "date-time")]
    pub scanned_to: String,
    /// Actions that were looked at.
    pub total_actions: usize,
    /// Whether there were more.
    pub scan_is_capped: bool,
    /// Number of kinds of actions: each a namespace, tenant, provider and type.
    pub unique_combinations: usize,
    /// Kinds of which rules decide about each action.
    pub fully_covered: usize,
    /// Kinds of which rules decide about some.
    pub partially_covered: usize,
    /// Kinds that no rule decides about.
    pub uncovered: usize,
    /// Number of rules in force.
    pub rules_loaded: usize,
    /// Each kind, with the rules that decide about it.
    pub entries: Vec<CoverageEntry>,
    /// Rules that decide about nothing.
    pub unmatched_rules: Vec<String>,
}

/// Kind of actions, and the rules that decide about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageEntry {
    /// Namespace of the actions.
    pub namespace: String,
    /// Tenant of the actions.
    pub tenant: String,
    /// Name of the provider that their callers asked for.
    pub provider: String,
    /// Type of the actions.
    pub action_type: String,
    /// Actions of this kind.
    pub total: usize,
    /// Actions that a rule decided about.
    pub covered: usize,
    /// Actions that no rule decided about.
    pub uncovered: usize,
    /// Names of the rules that decided about some of them.
    pub matched_rules: Vec<String>,
}
