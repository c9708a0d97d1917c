//! Definitions of chains.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{anything, parallel};

/// Answer of `GET /v1/chains/definitions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainDefinitions {
    /// How many there are.
    pub count: usize,
    /// Definitions, in the order of their names.
    pub definitions: Vec<ChainDefinitionSummary>,
}

/// Definition of a chain, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainDefinitionSummary {
    /// Name of the chain.
    pub name: String,
    /// Version, in its author's count.
    pub version: u64,
    /// Number of steps, those of parallel steps not counted.
    pub steps_count: usize,
    /// Whether a step has branches.
    pub has_branches: bool,
    /// Whether a step does several things at a time.
    pub has_parallel: bool,
    /// Whether a step starts another chain.
    pub has_sub_chains: bool,
    /// What happens when a step's failure ends it: `abort` or `abort_no_dlq`.
    pub on_failure: String,
    /// Seconds that an execution may take; `null` where its definition does not say, which is a day.
    pub timeout_seconds: Option<u64>,
}

/// Definition of a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainDefinition {
    /// Name of the chain, the same as in the path.
    pub name: String,
    /// Version, in its author's count. 1 where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub version: Option<u64>,
    /// Seconds that an execution may take. A day where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3_456_000)]
    pub timeout_seconds: Option<u64>,
    /// What happens when a step's failure ends it: `abort`, the default, or `abort_no_dlq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    /// Action that is sent when an execution is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_cancel: Option<ChainOnCancel>,
    /// Steps. An execution begins with the first.
    #[schema(min_items = 1, max_items = 100)]
    pub steps: Vec<ChainStepDefinition>,
}

/// Action that is sent when an execution is cancelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainOnCancel {
    /// Provider of the action.
    pub provider: String,
    /// Type of the action.
    pub action_type: String,
    /// Payload with templates. A sentence that says what was cancelled where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_template: Option<Value>,
}

/// Step of a chain: one that sends has `provider`, `action_type` and `payload_template`; one of another kind has the key of that kind, and these
/// three are empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainStepDefinition {
    /// Name, unique within the chain.
    #[schema(min_length = 1, max_length = 40)]
    pub name: String,
    /// Provider of what it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Type of what it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_type: Option<String>,
    /// Payload of what it sends, with templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_template: Option<Value>,
    /// What happens when it fails: `abort`, the default, `skip` or `dlq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    /// Seconds before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u64>,
    /// Retries of what it sends, beside the gateway's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<ChainRetry>,
    /// Which step is next, by what it came to: the first branch that is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub branches: Option<Vec<ChainBranch>>,
    /// Step that is next where no branch is true; the next in order where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_next: Option<String>,
    /// Time that it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<ChainTimer>,
    /// Signal that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_for_signal: Option<ChainWait>,
    /// Approval that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Value>,
    /// Steps that it does at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = parallel)]
    pub parallel: Option<Value>,
    /// Chain that it starts, and waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_chain: Option<String>,
}

/// Retries of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainRetry {
    /// Number of retries, after the first attempt.
    #[schema(maximum = 10)]
    pub max_retries: u32,
    /// Milliseconds before the first retry.
    pub backoff_ms: u64,
    /// How the pause grows: `fixed`, the default, `linear` or `exponential`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Milliseconds that are added at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<u64>,
}

/// Branch: where it is true, its target is next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainBranch {
    /// What of the step's result is looked at: `success`, `body`, or a path such as `body.errcode`.
    pub field: String,
    /// How it is compared: `eq`, `neq`, `contains`, `exists`, `gt`, `lt`, `gte` or `lte`.
    pub operator: String,
    /// Value that it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = anything)]
    pub value: Option<Value>,
    /// Name of the step that is next.
    pub target: String,
}

/// Time that a step waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainTimer {
    /// Seconds.
    #[schema(maximum = 3_456_000)]
    pub duration_seconds: u64,
}

/// Signal that a step waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainWait {
    /// Name of the signal.
    pub signal_name: String,
    /// Seconds that it waits at most; as long as the chain may take where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// Step that is next where none came in time. Without it the step fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<String>,
}
