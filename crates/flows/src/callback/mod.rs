//! Callbacks: events that a provider's service told of, each done once.
//!
//! An event is written down before it is answered, under its digest: however often it is delivered, and to whichever gateway, it is one flow. What it asks
//! for is an [`Errand`] of its step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, ActionId, ActionType, CallbackEvent, Origin, Priority, ProviderName, Requesters,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::kind::{
    Due, Effect, Errand, FlowName, InvalidBody, Kind, Looked, LooksAt, Step, is_newer,
};

/// What the ids of the actions begin with that answer callbacks. No caller posts such an action.
pub const CALLBACK_ACTION_IDS: &str = "callback:";

/// Type of the actions that answer who pressed or wrote.
const REPLY_TYPE: &str = "callback_reply";

/// Time for which an event is known again. No service tells of one for so long, and older ones are not taken.
const KEPT: Duration = Duration::from_hours(24);

/// Version of the shape of bodies.
const VERSION: u32 = 1;

/// Body of an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// Version of this shape.
    v: u32,
    /// Provider whose service told of it.
    pub provider: ProviderName,
    /// Event.
    pub event: CallbackEvent,
    /// Whether it was done. It is kept then for as long as it may be told of again.
    #[serde(default)]
    is_done: bool,
}

/// Kind of the flows of events.
pub struct CallbackFlow;

impl CallbackFlow {
    /// Name of the kind.
    pub const NAME: &'static str = "callback";
}

/// Name of an event's flow.
pub fn callback_name(provider: &ProviderName, event: &CallbackEvent) -> FlowName {
    FlowName {
        kind: CallbackFlow::NAME.into(),
        id: format!("{provider}:{}", event.digest).into(),
    }
}

impl Callback {
    /// Event of a provider's service.
    pub const fn new(provider: ProviderName, event: CallbackEvent) -> Self {
        Self {
            v: VERSION,
            provider,
            event,
            is_done: false,
        }
    }

    /// Event of a body.
    pub fn read(body: &str) -> Result<Self, InvalidBody> {
        serde_json::from_str(body).map_err(|error| invalid(&error.to_string()))
    }

    /// Body as it is to be stored.
    pub fn to_json(&self) -> Result<String, InvalidBody> {
        serde_json::to_string(self).map_err(|error| invalid(&error.to_string()))
    }
}

fn invalid(why: &str) -> InvalidBody {
    InvalidBody(format!("of a callback: {why}"))
}

impl Kind for CallbackFlow {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn origin(&self, _action: &ActionId) -> Origin {
        Origin::Notice
    }

    fn follows_actions(&self) -> bool {
        false
    }

    fn waits_for_the_wall_clock(&self) -> bool {
        false
    }

    fn is_newer(&self, body: &str) -> bool {
        is_newer(body, VERSION)
    }

    fn looks_at(&self, _body: &str) -> Result<LooksAt, InvalidBody> {
        Ok(LooksAt::default())
    }

    fn errand(&self, body: &str) -> Result<Option<Errand>, InvalidBody> {
        let callback = Callback::read(body)?;
        let Callback {
            provider, event, ..
        } = callback;
        Ok((!callback.is_done).then_some(Errand::Callback(provider, event)))
    }

    fn step(&self, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
        let mut callback = Callback::read(flow.body)?;
        let due = if callback.is_done {
            Due::Gone
        } else {
            Due::Counted(flow.due_now + KEPT)
        };
        let reply = flow.reply.map(RawValue::to_owned);
        let effect = reply.map(|payload| reply_of(&callback, payload, flow));
        callback.is_done = true;
        Ok(Step {
            status: "done",
            body: callback.to_json()?,
            due,
            effects: effect.transpose()?.into_iter().collect(),
            notice: None,
        })
    }
}

/// Message to who pressed or wrote.
fn reply_of(
    callback: &Callback,
    payload: Box<RawValue>,
    flow: &Looked<'_>,
) -> Result<Effect, InvalidBody> {
    let id = format!("{CALLBACK_ACTION_IDS}{}", callback.event.digest);
    let action = Action {
        id: ActionId::parse(&id).map_err(|error| invalid(&error.to_string()))?,
        namespace: flow.namespace.clone(),
        tenant: flow.tenant.clone(),
        provider: callback.provider.clone(),
        action_type: ActionType::parse(REPLY_TYPE).map_err(|error| invalid(&error.to_string()))?,
        payload,
        metadata: BTreeMap::new(),
        dedup_key: None,
        status: None,
        fingerprint: None,
        starts_at: None,
        ends_at: None,
        created_at: flow.now,
        expires_at: None,
        template: None,
        priority: Priority::default(),
        scheduled_at: None,
        delay_seconds: None,
        attachments: Vec::new(),
        signature: None,
        signer_id: None,
        kid: None,
    };
    Ok(Effect::Admit {
        action: Arc::new(action),
        since: flow.now,
        requester: Requesters::default(),
    })
}
