//! What readers of the stream are told of flows: that a chain began a step, that a step is over, and the chain; that people are asked, and that it is
//! over. It follows from the state before and the state behind, and is written in the commit of the latter. Nothing of it is what steps came to.

use std::collections::HashSet;

use acteon_core::Timestamp;
use acteon_flows::InvalidBody;
use acteon_flows::approval::{Approval, ApprovalFlow, Status};
use acteon_flows::chain::view::{Event, events};
use acteon_flows::chain::{Body, ChainFlow, StepKind};
use acteon_store::{EventKind, Flow, FlowEvent};
use serde_json::{Map, Value, json};

use crate::offload;

/// Events of what a flow's next state has and the one before had not.
pub(crate) fn news(flow: &Flow, next: &str) -> Vec<FlowEvent> {
    let before = &*flow.state.body;
    if before == next {
        return Vec::new();
    }
    let found = match &*flow.key.kind {
        ChainFlow::NAME => offload::by_size(next.len(), || of_chain(before, next)),
        ApprovalFlow::NAME => of_approval(&flow.key.id, before, next),
        _ => Ok(Vec::new()),
    };
    // Who steps it says why it cannot be read.
    found.unwrap_or_default()
}

/// All that happened in an execution so far, as readers are told of it, oldest first.
pub(crate) fn so_far(body: &Body) -> Result<Vec<FlowEvent>, InvalidBody> {
    told(body, &HashSet::new())
}

fn of_chain(before: &str, next: &str) -> Result<Vec<FlowEvent>, InvalidBody> {
    let known = events(&Body::parse(before)?)?;
    let known: HashSet<String> = known.into_iter().map(|event| event.event_id).collect();
    told(&Body::parse(next)?, &known)
}

/// What happened in an execution and is not known, as readers are told of it.
fn told(body: &Body, known: &HashSet<String>) -> Result<Vec<FlowEvent>, InvalidBody> {
    let mut all = Vec::new();
    for event in events(body)? {
        let Some(kind) = kind_of(&event).filter(|_| !known.contains(&event.event_id)) else {
            continue;
        };
        let mut members = of_execution(body)?;
        members.insert("event_id".to_owned(), json!(event.event_id));
        members.insert("event_type".to_owned(), json!(event.event_type));
        if let Some(step) = &event.step_name {
            members.insert("step_name".to_owned(), json!(step));
        }
        all.push(made(body, (kind, event.timestamp), &members)?);
        let asks = event.step_name.filter(|_| kind == EventKind::ChainAdvanced);
        if let Some(step) = asks.filter(|step| asks_people(body, step)) {
            members.insert("event_id".to_owned(), json!(format!("{step}:asked")));
            members.insert("approval_id".to_owned(), json!(body.child_id(&step)));
            let asked = (EventKind::ApprovalRequired, event.timestamp);
            all.push(made(body, asked, &members)?);
        }
    }
    Ok(all)
}

fn made(
    body: &Body,
    of: (EventKind, Timestamp),
    members: &Map<String, Value>,
) -> Result<FlowEvent, InvalidBody> {
    let event = FlowEvent::new(of, &body.id, &body.origin, members);
    event.map_err(|error| InvalidBody(format!("of a chain: {error}")))
}

/// Members that every event of an execution has.
fn of_execution(body: &Body) -> Result<Map<String, Value>, InvalidBody> {
    let members = [
        ("chain_id", json!(body.id)),
        ("chain_name", json!(body.definition()?.name)),
        ("status", json!(body.status)),
    ];
    Ok(members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// Kind of the event that readers are told; `None` of what they are not told of.
fn kind_of(event: &Event) -> Option<EventKind> {
    match event.event_type {
        "step_started" => Some(EventKind::ChainAdvanced),
        "step_completed" | "step_failed" | "step_skipped" | "step_cancelled" => {
            Some(EventKind::ChainStepCompleted)
        }
        "execution_completed"
        | "execution_failed"
        | "execution_cancelled"
        | "execution_timed_out" => Some(EventKind::ChainCompleted),
        _ => None,
    }
}

/// Whether a step has people decide.
fn asks_people(body: &Body, step: &str) -> bool {
    let definition = body.definition();
    definition.is_ok_and(|definition| {
        let mut steps = definition.all_steps();
        steps.any(|known| known.name == step && matches!(known.kind, StepKind::Approval { .. }))
    })
}

fn of_approval(id: &str, before: &str, next: &str) -> Result<Vec<FlowEvent>, InvalidBody> {
    let invalid = |error: serde_json::Error| InvalidBody(format!("of an approval: {error}"));
    let before: Approval = serde_json::from_str(before).map_err(invalid)?;
    let next: Approval = serde_json::from_str(next).map_err(invalid)?;
    let is_asked = next.parent.is_none() && before.told.is_empty() && !next.told.is_empty();
    let is_over = before.status == Status::Pending && next.status != Status::Pending;
    let asked = is_asked.then_some((EventKind::ApprovalRequired, next.updated_at));
    let over = (EventKind::ApprovalResolved, next.updated_at);
    let mut members = Map::new();
    members.insert("approval_id".to_owned(), json!(id));
    members.insert("status".to_owned(), json!(next.status.as_str()));
    members.insert("approval_expires_at".to_owned(), json!(next.expires_at));
    if let Some(parent) = &next.parent {
        members.insert("chain_id".to_owned(), json!(parent.chain));
        members.insert("step_name".to_owned(), json!(parent.step));
    }
    let both = asked.into_iter().chain(is_over.then_some(over));
    both.map(|of| FlowEvent::new(of, id, &next.origin, &members).map_err(invalid))
        .collect()
}
