//! What the next step of an execution must know of others.

use super::body::Body;
use super::ids::{action_id, chain_name};
use super::started::flow_of;
use super::state::Phase;
use crate::kind::{InvalidBody, LooksAt};

/// Actions and flows that an execution waits for, and the chain that it is part of.
pub(super) fn looks_at(body: &Body) -> Result<LooksAt, InvalidBody> {
    let mut looks_at = LooksAt::default();
    if body.status.is_over() {
        return Ok(looks_at);
    }
    let parent = body.parent.iter();
    looks_at
        .flows
        .extend(parent.map(|parent| chain_name(&parent.chain)));
    let definition = body.definition()?;
    for step in definition.all_steps() {
        let Some(state) = body.steps.get(&step.name) else {
            continue;
        };
        match state.phase {
            Some(Phase::Sent) => {
                let id = action_id(&body.id, &step.name, state.attempt)?;
                looks_at.actions.push(id);
            }
            Some(Phase::Flow) => looks_at.flows.extend(flow_of(&body.id, step)),
            None
            | Some(Phase::Delayed(_) | Phase::Timer(_) | Phase::Signal(_) | Phase::Parallel(_)) => {
            }
        }
    }
    Ok(looks_at)
}
