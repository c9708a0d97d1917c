//! Executions of chains.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{anything, nodes, steps};

/// Answer of `GET /v1/chains`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Chains {
    /// How many are on this page.
    pub count: usize,
    /// Executions of this page, those that began last at the beginning.
    pub chains: Vec<ChainSummary>,
    /// Where the list goes on, as the `cursor` of the next page; absent at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Execution of a chain, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainSummary {
    /// Id of the execution.
    pub chain_id: String,
    /// Name of the chain.
    pub chain_name: String,
    /// Where it stands: `running`, `completed`, `failed`, `cancelled`, `timed_out`, `waiting_sub_chain`, `waiting_parallel`, `waiting_timer`,
    /// `waiting_signal`, or `stuck`, which the log tells more of.
    pub status: String,
    /// Index of the step that runs, or ran last; the number of steps once it is completed.
    pub current_step: usize,
    /// Number of steps, those of parallel steps not counted.
    pub total_steps: usize,
    /// When it began.
    #[schema(format = "date-time")]
    pub started_at: String,
    /// When it changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
    /// Execution that started it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_chain_id: Option<String>,
}

/// Execution of a chain with its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainDetail {
    /// Id of the execution.
    pub chain_id: String,
    /// Name of the chain.
    pub chain_name: String,
    /// Where it stands, as in lists.
    pub status: String,
    /// Index of the step that runs, or ran last; the number of steps once it is completed.
    pub current_step: usize,
    /// Number of steps, those of parallel steps not counted.
    pub total_steps: usize,
    /// When it began.
    #[schema(format = "date-time")]
    pub started_at: String,
    /// When it changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
    /// Execution that started it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_chain_id: Option<String>,
    /// Namespace of the action that started it.
    pub namespace: String,
    /// Tenant of the action that started it.
    pub tenant: String,
    /// When its time is over.
    #[schema(format = "date-time")]
    pub expires_at: String,
    /// Why it was cancelled, in the words of who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// Who cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<String>,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ChainFailure>,
    /// Names of the steps that began, in their order.
    pub execution_path: Vec<String>,
    /// Ids of the executions that it started, and of those whose results it took over.
    pub child_chain_ids: Vec<String>,
    /// All its steps, in the order of the definition.
    pub steps: Vec<ChainStep>,
}

/// Why an execution failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainFailure {
    /// Code, such as `TIMED_OUT`, or that of the action that failed.
    pub code: String,
    /// What went wrong, for a person.
    pub message: String,
    /// Whether it is a dead letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<bool>,
}

/// Step of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainStep {
    /// Name of the step.
    pub name: String,
    /// Provider; empty where it sends nothing.
    pub provider: String,
    /// Where it stands: `pending`, `running`, `completed`, `failed`, `skipped` or `cancelled`.
    pub status: String,
    /// What it came to; a sentence where that was too long to be kept.
    #[schema(schema_with = anything)]
    pub response_body: Value,
    /// Why it failed, for a person.
    pub error: Option<String>,
    /// When it ended.
    #[schema(format = "date-time")]
    pub completed_at: Option<String>,
    /// Chain that it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_chain: Option<String>,
    /// Execution that it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_chain_id: Option<String>,
    /// Number of its attempt, once it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Most retries.
    pub max_retries: u32,
    /// Steps of a parallel one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = steps)]
    pub parallel_steps: Option<Value>,
}

/// Steps of a chain, and the ways between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainDag {
    /// Name of the chain.
    pub chain_name: String,
    /// Id of the execution, where it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Where the execution stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Steps.
    pub nodes: Vec<ChainNode>,
    /// Ways between them.
    pub edges: Vec<ChainEdge>,
    /// Names of the steps that began, in their order.
    pub execution_path: Vec<String>,
}

/// Step in a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainNode {
    /// Name of the step.
    pub name: String,
    /// What it does: `step` sends; or `timer`, `wait_for_signal`, `parallel` or `sub_chain`.
    pub node_type: String,
    /// Provider of what it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Type of what it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_type: Option<String>,
    /// Chain that it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_chain_name: Option<String>,
    /// Where it stands, in an execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Execution that it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_chain_id: Option<String>,
    /// Steps of a parallel one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = nodes)]
    pub parallel_children: Option<Value>,
    /// When a parallel one succeeds: `all` or `any`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_join: Option<String>,
    /// Number of its attempt, in an execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Most retries, where it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
}

/// Way from a step to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainEdge {
    /// Name of the step that it leads from.
    pub source: String,
    /// Name of the step that it leads to.
    pub target: String,
    /// When it is taken; absent where always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether the execution took it.
    pub on_execution_path: bool,
}

/// Attempts of all steps of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainHistory {
    /// Id of the execution.
    pub chain_id: String,
    /// Name of the chain.
    pub chain_name: String,
    /// Where it stands.
    pub status: String,
    /// Its steps in the order of the definition, those of parallel steps behind each of them.
    pub steps: Vec<ChainStepHistory>,
}

/// Attempts of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainStepHistory {
    /// Name of the step.
    pub name: String,
    /// Index of the chain's step that it is, or is part of.
    pub step_index: usize,
    /// Number of its attempt; 0 before it began.
    pub current_attempt: u32,
    /// Most retries.
    pub max_retries: u32,
    /// Attempts that are over.
    pub attempts: Vec<ChainAttempt>,
}

/// Attempt that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainAttempt {
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When it began.
    #[schema(format = "date-time")]
    pub started_at: String,
    /// When it ended.
    #[schema(format = "date-time")]
    pub completed_at: String,
    /// Whether it succeeded.
    pub success: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Answer of `GET /v1/executions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Executions {
    /// How many are on this page.
    pub count: usize,
    /// Executions of this page, those that began last at the beginning.
    pub executions: Vec<ExecutionBody>,
    /// Where the list goes on, as the `cursor` of the next page; absent at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Execution of a chain, without its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionBody {
    /// Id of the execution, which `/v1/chains/{id}` shows with its steps.
    pub execution_id: String,
    /// Name of the chain.
    pub chain_name: String,
    /// Where it stands, as in lists of chains.
    pub status: String,
    /// Index of the step that runs, or ran last; the number of steps once it is completed.
    pub current_step: usize,
    /// Number of steps, those of parallel steps not counted.
    pub total_steps: usize,
    /// Namespace of the action that started it.
    pub namespace: String,
    /// Tenant of the action that started it.
    pub tenant: String,
    /// When it began.
    #[schema(format = "date-time")]
    pub started_at: String,
    /// When it changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
    /// Execution that started it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_execution_id: Option<String>,
    /// Execution that it does over, if it does one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_of: Option<String>,
    /// Texts that people keep with it, by their names.
    pub attributes: BTreeMap<String, String>,
}

/// What happened in an execution, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionHistory {
    /// Id of the execution.
    pub execution_id: String,
    /// What happened.
    pub events: Vec<ExecutionEvent>,
}

/// Something that happened in an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionEvent {
    /// Id, unique within the execution.
    pub event_id: String,
    /// When it happened.
    #[schema(format = "date-time")]
    pub timestamp: String,
    /// What it was, such as `step_completed`.
    pub event_type: String,
    /// Name of the step, of what happened to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_name: Option<String>,
    /// Number of the attempt, of the end of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Answer to a signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignalSent {
    /// Id of the execution.
    pub execution_id: String,
    /// Name of the signal.
    pub signal_name: String,
    /// `delivered`, also where the execution keeps it until its step waits for it.
    pub status: String,
}
