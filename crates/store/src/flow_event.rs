//! Events of flows, which are written in the commit of the step or change that they tell of.

use std::sync::Arc;

use acteon_core::{Action, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event::{Event, EventAction, EventKind, EventPosition};
use crate::model::Seq;

/// Event of a flow, for those who may see the action that it began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowEvent {
    /// Kind of the event.
    pub kind: EventKind,
    /// Instant of the event, of the wall clock.
    pub at: Timestamp,
    /// Id of the flow.
    pub flow: Arc<str>,
    /// Namespace of the action that the flow began with.
    pub namespace: String,
    /// Tenant of that action.
    pub tenant: String,
    /// What else is stored of the event, as JSON.
    pub(crate) body: String,
}

/// Body of an event of a flow, as it is stored.
#[derive(Serialize, Deserialize)]
struct Body {
    action_id: String,
    provider: String,
    action_type: String,
    told: Box<RawValue>,
}

impl FlowEvent {
    /// Event of a flow that began with an action. `told` are the members of what readers are told.
    pub fn new(
        (kind, at): (EventKind, Timestamp),
        flow: &str,
        origin: &Action,
        told: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, serde_json::Error> {
        let body = Body {
            action_id: origin.id.to_string(),
            provider: origin.provider.to_string(),
            action_type: origin.action_type.to_string(),
            told: serde_json::value::to_raw_value(told)?,
        };
        Ok(Self {
            kind,
            at,
            flow: flow.into(),
            namespace: origin.namespace.to_string(),
            tenant: origin.tenant.to_string(),
            body: serde_json::to_string(&body)?,
        })
    }

    /// The event as it is read at a position; `None` where its body cannot be read.
    pub fn read_at(self, position: EventPosition) -> Option<Event> {
        let body: Body = serde_json::from_str(&self.body).ok()?;
        Some(Event {
            position,
            at: self.at,
            kind: self.kind,
            flow: Some(self.flow),
            action: EventAction {
                seq: Seq(0),
                id: body.action_id,
                namespace: self.namespace,
                tenant: self.tenant,
                provider: body.provider,
                action_type: body.action_type,
                outcome: body.told.get().into(),
            },
        })
    }
}
