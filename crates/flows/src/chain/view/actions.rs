//! Ids of the actions of an execution.

use acteon_core::ActionId;

use crate::chain::body::Body;
use crate::chain::definition::{DEAD_LETTER, ON_CANCEL, StepKind};
use crate::chain::ids::action_id;
use crate::kind::InvalidBody;

/// Ids of the actions of an execution: the one that started it, and those that its steps sent. Some may not be there.
pub fn actions(body: &Body) -> Result<Vec<ActionId>, InvalidBody> {
    let mut ids = vec![body.origin.id.clone()];
    for step in body.definition()?.all_steps() {
        let Some(state) = body.steps.get(&step.name) else {
            continue;
        };
        if matches!(step.kind, StepKind::Send { .. }) {
            for attempt in 1..=state.attempt {
                ids.push(action_id(&body.id, &step.name, attempt)?);
            }
        }
    }
    if body.cancel.is_some() {
        ids.push(action_id(&body.id, ON_CANCEL, 1)?);
    }
    if body.failure.as_ref().is_some_and(|why| why.dead_letter) {
        ids.push(action_id(&body.id, DEAD_LETTER, 1)?);
    }
    Ok(ids)
}
