//! One execution: where it stands, and what its steps came to.

use std::borrow::Cow;

use acteon_core::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::chain::body::Body;
use crate::chain::definition::{StepDefinition, StepKind};
use crate::chain::failure::Failure;
use crate::chain::state::{Phase, StepStatus};
use crate::chain::status::Status;
use crate::kind::InvalidBody;

/// Execution, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Id of the execution.
    pub chain_id: String,
    /// Name of the definition.
    pub chain_name: String,
    /// Where it stands, as the flow's row says: it may be stuck.
    pub status: String,
    /// Index of the step that runs, or ran last; the number of steps once it is completed.
    pub current_step: usize,
    /// Number of the chain's steps, those of parallel steps not counted.
    pub total_steps: usize,
    /// When it began.
    pub started_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Chain that started it, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_chain_id: Option<String>,
}

/// Execution with its steps.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// What lists show of it.
    #[serde(flatten)]
    pub summary: Summary,
    /// Namespace of the action that started it.
    pub namespace: String,
    /// Tenant of the action that started it.
    pub tenant: String,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// Why it was cancelled, in the words of who did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// Who cancelled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<String>,
    /// Why it failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Names of the steps that began, in their order.
    pub execution_path: Vec<String>,
    /// Ids of the chains that it started, and of those whose results it took over.
    pub child_chain_ids: Vec<String>,
    /// All its steps, in the order of the definition.
    pub steps: Vec<StepDetail>,
}

/// Step of an execution.
#[derive(Clone, Debug, Serialize)]
pub struct StepDetail {
    /// Name of the step.
    pub name: String,
    /// Provider; empty where it sends nothing.
    pub provider: String,
    /// Where it stands.
    pub status: &'static str,
    /// What it came to; a sentence where that was too long or too deep to be kept.
    pub response_body: Option<Box<RawValue>>,
    /// Why it failed, for a person.
    pub error: Option<String>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Name of the chain that it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_chain: Option<String>,
    /// Id of the chain that it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child_chain_id: Option<String>,
    /// Number of its attempt, once it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Most retries.
    pub max_retries: u32,
    /// Steps of a parallel one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parallel_steps: Vec<StepDetail>,
}

/// What lists show of an execution. `status` is that of the flow's row.
pub fn summary(body: &Body, status: &str) -> Result<Summary, InvalidBody> {
    let definition = body.definition()?;
    let total_steps = definition.steps.len();
    let last = body.current.as_ref().or_else(|| body.execution_path.last());
    let at = last.and_then(|name| definition.steps.iter().position(|step| step.name == *name));
    let current_step = match (body.status, at) {
        (Status::Completed, _) => total_steps,
        // It has not begun.
        (_, None) => 0,
        (_, Some(at)) => at,
    };
    Ok(Summary {
        chain_id: body.id.clone(),
        chain_name: definition.name.clone(),
        status: status.to_owned(),
        current_step,
        total_steps,
        started_at: body.started_at,
        updated_at: body.updated_at,
        parent_chain_id: body.parent.as_ref().map(|parent| parent.chain.clone()),
    })
}

/// An execution with its steps. `status` is that of the flow's row.
pub fn detail(body: &Body, status: &str) -> Result<Detail, InvalidBody> {
    let definition = body.definition()?;
    let started = definition
        .all_steps()
        .filter_map(|step| child_chain(body, step));
    Ok(Detail {
        summary: summary(body, status)?,
        namespace: body.origin.namespace.to_string(),
        tenant: body.origin.tenant.to_string(),
        expires_at: body.expires_at,
        cancel_reason: body
            .cancel
            .as_ref()
            .and_then(|cancel| cancel.reason.clone()),
        cancelled_by: body.cancel.as_ref().and_then(|cancel| cancel.by.clone()),
        failure: body.failure.clone(),
        execution_path: body.execution_path.clone(),
        child_chain_ids: started.collect(),
        steps: definition
            .steps
            .iter()
            .map(|step| step_detail(body, step))
            .collect(),
    })
}

fn step_detail(body: &Body, step: &StepDefinition) -> StepDetail {
    let state = body.steps.get(&step.name);
    let dropped = |bytes: usize| {
        let text = format!("{bytes} bytes, too long or too deep to be kept");
        RawValue::from_string(serde_json::Value::from(text).to_string()).ok()
    };
    StepDetail {
        name: step.name.clone(),
        provider: provider(step).into_owned(),
        status: state
            .map_or(StepStatus::Pending, |state| state.status)
            .as_str(),
        response_body: state.and_then(|state| match &state.body {
            // Of a parallel step some may be missing.
            Some(body) => Some(body.clone()),
            None => state.dropped_bytes.and_then(dropped),
        }),
        error: state.and_then(|state| Some(state.error.as_ref()?.message.clone())),
        completed_at: state.and_then(|state| state.completed_at),
        sub_chain: sub_chain(step).map(str::to_owned),
        child_chain_id: child_chain(body, step),
        attempt: state.map(|state| state.attempt),
        max_retries: step.max_retries(),
        parallel_steps: step
            .children()
            .iter()
            .map(|child| step_detail(body, child))
            .collect(),
    }
}

/// Provider of a step; empty where it sends nothing.
pub(super) fn provider(step: &StepDefinition) -> Cow<'_, str> {
    match &step.kind {
        StepKind::Send { provider, .. } => provider.as_str().into(),
        StepKind::Timer { .. }
        | StepKind::WaitForSignal { .. }
        | StepKind::Approval { .. }
        | StepKind::Parallel(_)
        | StepKind::SubChain { .. } => "".into(),
    }
}

pub(super) fn sub_chain(step: &StepDefinition) -> Option<&str> {
    match &step.kind {
        StepKind::SubChain { chain } => Some(chain),
        StepKind::Send { .. }
        | StepKind::Timer { .. }
        | StepKind::WaitForSignal { .. }
        | StepKind::Approval { .. }
        | StepKind::Parallel(_) => None,
    }
}

/// Id of the chain that a step started, once it did.
pub(super) fn child_chain(body: &Body, step: &StepDefinition) -> Option<String> {
    sub_chain(step)?;
    let state = body.steps.get(&step.name)?;
    let has_begun = state.phase == Some(Phase::Flow) || !state.attempts.is_empty();
    if !has_begun {
        return None;
    }
    Some(body.child_id(&step.name))
}
