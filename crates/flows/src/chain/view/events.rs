//! What happened in an execution, one after the other.

use acteon_core::Timestamp;
use serde::Serialize;

use crate::chain::body::Body;
use crate::chain::state::StepStatus;
use crate::chain::status::Status;
use crate::kind::InvalidBody;

/// Something that happened in an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Id, unique within the execution.
    pub event_id: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What it was, such as `step_completed`.
    pub event_type: &'static str,
    /// Name of the step, of what happened to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_name: Option<String>,
    /// Number of the attempt, of the end of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Why it failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What happened in an execution, oldest first.
pub fn events(body: &Body) -> Result<Vec<Event>, InvalidBody> {
    let definition = body.definition()?;
    let mut events = Vec::new();
    if body.starts_due.is_none() {
        events.push(of_chain("execution_started", body.started_at));
    }
    for step in definition.all_steps() {
        let Some(state) = body.steps.get(&step.name) else {
            continue;
        };
        let of_step = |event_type, timestamp| Event {
            event_id: format!("{}:{event_type}", step.name),
            timestamp,
            event_type,
            step_name: Some(step.name.clone()),
            attempt: None,
            error: None,
        };
        events.push(of_step("step_started", state.started_at));
        let retried = state.attempts.iter().filter(|a| a.attempt < state.attempt);
        events.extend(retried.map(|attempt| Event {
            event_id: format!("{}:step_retried:{}", step.name, attempt.attempt),
            attempt: Some(attempt.attempt),
            error: attempt.error.as_ref().map(|error| error.message.clone()),
            ..of_step("step_retried", attempt.completed_at)
        }));
        let ended = match state.status {
            StepStatus::Pending | StepStatus::Running => None,
            StepStatus::Completed => Some("step_completed"),
            StepStatus::Failed => Some("step_failed"),
            StepStatus::Skipped => Some("step_skipped"),
            StepStatus::Cancelled => Some("step_cancelled"),
        };
        if let Some((event_type, at)) = ended.zip(state.completed_at) {
            events.push(Event {
                attempt: Some(state.attempt),
                error: state.error.as_ref().map(|error| error.message.clone()),
                ..of_step(event_type, at)
            });
        }
    }
    if let Some(cancel) = &body.cancel {
        events.push(of_chain("cancel_requested", cancel.at));
    }
    let ended = match body.status {
        Status::Completed => Some("execution_completed"),
        Status::Failed => Some("execution_failed"),
        Status::Cancelled => Some("execution_cancelled"),
        Status::TimedOut => Some("execution_timed_out"),
        Status::Running
        | Status::WaitingSubChain
        | Status::WaitingParallel
        | Status::WaitingTimer
        | Status::WaitingSignal
        | Status::WaitingApproval => None,
    };
    // Those of one instant stay in the order in which they were put: a step begins before it ends.
    events.sort_by_key(|event| event.timestamp);
    if let Some((event_type, at)) = ended.zip(body.ended_at) {
        events.push(Event {
            error: body.failure.as_ref().map(|failure| failure.message.clone()),
            ..of_chain(event_type, at)
        });
    }
    Ok(events)
}

fn of_chain(event_type: &'static str, timestamp: Timestamp) -> Event {
    Event {
        event_id: event_type.to_owned(),
        timestamp,
        event_type,
        step_name: None,
        attempt: None,
        error: None,
    }
}
