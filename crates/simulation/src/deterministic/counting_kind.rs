//! Kind of the flows that count.

use std::sync::Arc;

use acteon_core::{Action, ActionId, Origin, Requesters};
use acteon_flows::{ChildState, Due, Effect, InvalidBody, Kind, Looked, LooksAt, Step};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::provider_names::PLAIN;

/// Name of the kind.
pub(super) const NAME: &str = "counting";
/// Status of a flow that has sent everything.
pub(super) const DONE: &str = "done";

/// Kind of the flows that count.
pub(super) struct Counting;

/// Body of a flow that counts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Body {
    /// Number of actions to send.
    pub(super) of: u64,
    /// Ids of those that were sent, in their order.
    pub(super) sent: Vec<ActionId>,
}

impl Kind for Counting {
    fn name(&self) -> &'static str {
        NAME
    }

    fn origin(&self, _action: &ActionId) -> Origin {
        Origin::Recurring
    }

    fn follows_actions(&self) -> bool {
        true
    }

    fn waits_for_the_wall_clock(&self) -> bool {
        false
    }

    fn looks_at(&self, body: &str) -> Result<LooksAt, InvalidBody> {
        Ok(LooksAt {
            actions: parse(body)?.sent.pop().into_iter().collect(),
            flows: Vec::new(),
        })
    }

    fn step(&self, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
        let mut body = parse(flow.body)?;
        let mut effects = Vec::new();
        let waits = flow
            .children
            .iter()
            .any(|child| child.state != ChildState::Ended);
        let is_done = body.sent.len() as u64 == body.of;
        if !waits && !is_done {
            let action = action(flow.id, body.sent.len()).map_err(InvalidBody)?;
            body.sent.push(action.id.clone());
            effects.push(Effect::Admit {
                action: Arc::new(action),
                since: flow.now,
                requester: Requesters::default(),
            });
        }
        let is_over = is_done && !waits;
        Ok(Step {
            status: if is_over { DONE } else { "counting" },
            body: serde_json::to_string(&body).map_err(|error| InvalidBody(error.to_string()))?,
            due: if is_over { Due::Never } else { Due::Poked },
            effects,
            notice: None,
        })
    }
}

pub(super) fn parse(body: &str) -> Result<Body, InvalidBody> {
    serde_json::from_str(body).map_err(|error| InvalidBody(error.to_string()))
}

fn action(flow: &str, number: usize) -> Result<Action, String> {
    let whole = json!({ "id": id_of(flow, number), "namespace": "n", "tenant": "t", "provider": PLAIN, "action_type": "count",
        "payload": { "number": number }, "created_at": "2026-01-01T00:00:00Z" });
    serde_json::from_value(whole).map_err(|error| error.to_string())
}

pub(super) fn id_of(flow: &str, number: usize) -> String {
    format!("{flow}:{number}")
}
