//! Events as readers of the stream get them: without bodies, and without what is hidden.

use std::sync::Arc;

use acteon_core::limits::MAX_INLINE_BYTES;
use acteon_core::{Action, Outcome, Timestamp};
use acteon_store::{Event, EventAction, EventId, EventKind, EventPosition, StoreError, UNREADABLE};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::history::redaction::Redaction;
use crate::history::view::ActionView;
use crate::shared::Inner;

/// Event as readers of the stream get it.
#[derive(Clone, Debug)]
pub struct StreamEvent {
    /// Id of the event.
    pub id: EventId,
    /// Kind of the event.
    pub kind: EventKind,
    /// The event in the wire format, as JSON.
    pub data: Arc<str>,
    /// Name of the outcome, such as `executed`.
    pub(crate) outcome: &'static str,
    pub(crate) event: Event,
}

/// Event in the wire format.
#[derive(Serialize)]
struct Data<'a> {
    id: String,
    timestamp: Timestamp,
    r#type: &'static str,
    outcome: Box<RawValue>,
    provider: &'a str,
    namespace: &'a str,
    tenant: &'a str,
    action_type: &'a str,
    action_id: &'a str,
}

impl StreamEvent {
    /// Event as it may be seen.
    pub(crate) async fn of(inner: &Inner, event: Event) -> Result<Self, StoreError> {
        let mut outcome =
            serde_json::from_str(&event.action.outcome).unwrap_or_else(|_| unreadable());
        leave_out_body(&mut outcome);
        if inner.options.redaction.hides_something() && has_words_of_others(&outcome) {
            outcome = redacted(inner, &event, outcome).await?;
            leave_out_body(&mut outcome);
        }
        Ok(Self::with(
            EventId::new(event.at, event.position),
            event,
            outcome,
        ))
    }

    /// Event of an action that is over, as the journal has it.
    pub(crate) fn of_view(view: &ActionView) -> Self {
        let mut outcome = view.outcome.clone();
        leave_out_body(&mut outcome);
        let at = view.finished_at.unwrap_or(view.accepted_at);
        let action: &Action = &view.action;
        let event = Event {
            position: EventPosition::START,
            at,
            kind: EventKind::ActionDispatched,
            action: EventAction {
                seq: view.seq,
                id: action.id.to_string(),
                namespace: action.namespace.to_string(),
                tenant: action.tenant.to_string(),
                provider: action.provider.to_string(),
                action_type: action.action_type.to_string(),
                outcome: "".into(),
            },
        };
        Self::with(EventId::of_action(at, view.seq), event, outcome)
    }

    fn with(id: EventId, event: Event, outcome: Outcome) -> Self {
        let name = outcome.as_str();
        let action = &event.action;
        let data = Data {
            id: id.to_string(),
            timestamp: event.at,
            r#type: event.kind.as_str(),
            outcome: in_the_wire_format(outcome),
            provider: &action.provider,
            namespace: &action.namespace,
            tenant: &action.tenant,
            action_type: &action.action_type,
            action_id: &action.id,
        };
        // Plain data with text keys: serializing it cannot fail.
        let data = serde_json::to_string(&data).unwrap_or_default();
        Self {
            id,
            kind: event.kind,
            data: data.into(),
            outcome: name,
            event,
        }
    }
}

/// Outcome that is told in the place of one that cannot be read.
fn unreadable() -> Outcome {
    Outcome::Failed {
        code: UNREADABLE.into(),
        message: "it is over, and its outcome in the store cannot be read".into(),
        retryable: false,
        attempts: 0,
    }
}

/// An outcome as the published clients read it.
fn in_the_wire_format(outcome: Outcome) -> Box<RawValue> {
    let text = match outcome {
        Outcome::Deduplicated { .. } => r#""Deduplicated""#.to_owned(),
        other => other.as_published().to_json().to_string(),
    };
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Leaves out what a service answered. It may be long, and the audit trail has it.
fn leave_out_body(outcome: &mut Outcome) {
    if let Outcome::Executed(response) | Outcome::Rerouted { response, .. } = outcome {
        response.body = RawValue::NULL.to_owned();
    }
}

/// Whether something of an outcome may repeat what the action had.
fn has_words_of_others(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Executed(response) | Outcome::Rerouted { response, .. } => {
            !response.headers.is_empty()
        }
        Outcome::Failed { .. } | Outcome::Scheduled { .. } | Outcome::DryRun(_) => true,
        Outcome::Suppressed { .. }
        | Outcome::Deduplicated { .. }
        | Outcome::Throttled { .. }
        | Outcome::QuotaExceeded { .. }
        | Outcome::CircuitOpen { .. }
        | Outcome::Silenced { .. }
        | Outcome::Muted { .. }
        | Outcome::Cancelled { .. } => false,
    }
}

/// Outcome without what is hidden of its action, for which the whole of the action is read.
async fn redacted(inner: &Inner, event: &Event, outcome: Outcome) -> Result<Outcome, StoreError> {
    let redaction = inner.options.redaction.clone();
    let found = inner.store.records(vec![event.action.seq]).await?.pop();
    let Some(record) = found else {
        // It was deleted just now: nobody knows what of it is hidden.
        return Ok(Redaction::outcome_of_unknown(outcome));
    };
    let bytes = record.action.payload.get().len();
    let blot = move || redaction.outcome(&record.action, outcome);
    if bytes <= MAX_INLINE_BYTES {
        return Ok(blot());
    }
    let blotted = tokio::task::spawn_blocking(blot).await;
    blotted.map_err(|_| StoreError::Engine("an event could not be shown".into()))
}
