//! Attempts of an execution's steps.

use acteon_core::Timestamp;
use serde::Serialize;

use crate::chain::body::Body;
use crate::chain::definition::StepDefinition;
use crate::kind::InvalidBody;

/// Attempts of all steps of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct History {
    /// Id of the execution.
    pub chain_id: String,
    /// Name of the definition.
    pub chain_name: String,
    /// Where it stands, as the flow's row says.
    pub status: String,
    /// Its steps in the order of the definition, those of parallel steps behind each of them.
    pub steps: Vec<StepHistory>,
}

/// Attempts of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepHistory {
    /// Name of the step.
    pub name: String,
    /// Index of the chain's step that it is, or is part of.
    pub step_index: usize,
    /// Number of its attempt; 0 before it began.
    pub current_attempt: u32,
    /// Most retries.
    pub max_retries: u32,
    /// Attempts that are over.
    pub attempts: Vec<AttemptShown>,
}

/// Attempt that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptShown {
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Timestamp,
    /// Whether it succeeded.
    pub success: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Attempts of all steps of an execution. `status` is that of the flow's row.
pub fn history(body: &Body, status: &str) -> Result<History, InvalidBody> {
    let definition = body.definition()?;
    let mut steps = Vec::new();
    for (index, step) in definition.steps.iter().enumerate() {
        steps.extend(Body::with_children(step).map(|step| step_history(body, step, index)));
    }
    Ok(History {
        chain_id: body.id.clone(),
        chain_name: definition.name.clone(),
        status: status.to_owned(),
        steps,
    })
}

fn step_history(body: &Body, step: &StepDefinition, step_index: usize) -> StepHistory {
    let state = body.steps.get(&step.name);
    let attempts = state.into_iter().flat_map(|state| &state.attempts);
    let shown = attempts.map(|attempt| AttemptShown {
        attempt: attempt.attempt,
        started_at: attempt.started_at,
        completed_at: attempt.completed_at,
        success: attempt.error.is_none(),
        duration_ms: attempt.completed_at.since(attempt.started_at).as_millis() as u64,
        error: attempt.error.as_ref().map(|error| error.message.clone()),
    });
    StepHistory {
        name: step.name.clone(),
        step_index,
        current_attempt: state.map_or(0, |state| state.attempt),
        max_retries: step.max_retries(),
        attempts: shown.collect(),
    }
}
