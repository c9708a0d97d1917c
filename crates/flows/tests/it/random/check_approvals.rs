//! What must be true of the approvals of chains, whatever happened.

use acteon_flows::FlowName;
use acteon_flows::approval::{Approval, ApprovalFlow, EndedBy, Status};
use acteon_flows::chain::{Body, Phase};
use serde_json::Value;

use super::people::{Told, read};
use crate::stepping::STUCK;
use crate::world::{Row, World, chain_name};

/// What must be true once nothing more happens by itself.
pub(super) fn check_approvals(world: &World, told: &Told) {
    let rows = world.flows.iter();
    for (name, row) in rows.filter(|(name, _)| &*name.kind == ApprovalFlow::NAME) {
        let approval = read(world, name);
        let none = Vec::new();
        let counted = told.decisions.get(name).unwrap_or(&none);
        assert_eq!(&approval.decisions, counted, "no decision is lost");
        let is_running = row.status != STUCK && !row.is_over;
        if is_running {
            assert_eq!(approval.status, Status::Pending);
            assert!(row.due.is_some_and(|due| due > world.due()), "{row:?}");
        } else if row.is_over {
            assert_ne!(approval.status, Status::Pending);
        }
        if let Some((row, body)) = chain_of(world, &approval) {
            check_step(world, (row, &body), (name, &approval, is_running), told);
        }
    }
}

/// Chain that an approval is part of, unless it is deleted, or nobody knows how it goes on.
fn chain_of<'a>(world: &'a World, approval: &Approval) -> Option<(&'a Row, Body)> {
    let parent = approval.parent.as_ref().expect("a chain");
    let row = world.flows.get(&chain_name(&parent.chain))?;
    let body = Body::parse(&row.body).expect("a body");
    (row.status != STUCK).then_some((row, body))
}

/// The step waits for an approval that runs, and no other; what people decided is what it came to.
fn check_step(
    world: &World,
    (row, body): (&Row, &Body),
    (name, approval, is_running): (&FlowName, &Approval, bool),
    told: &Told,
) {
    let step = &approval.parent.as_ref().expect("a chain").step;
    let state = &body.steps[step];
    let waits = state.phase == Some(Phase::Flow);
    assert!(
        !is_running || (waits && !row.is_over),
        "{name:?} waits, and its chain does not: {state:?}"
    );
    assert!(!(waits && world.flows[name].is_over), "{name:?} is over");
    if let Some(status) = told.ended.get(name) {
        let body: Option<Value> = state
            .body
            .as_ref()
            .map(|body| serde_json::from_str(body.get()).expect("JSON"));
        let decision = body.map_or(Value::Null, |body| body["decision"].clone());
        let expected = if approval.ended_by == Some(EndedBy::Fault) {
            "not_asked"
        } else {
            status.as_str()
        };
        assert_eq!(decision, expected, "of {name:?}: {state:?}");
    }
}
