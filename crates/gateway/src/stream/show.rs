//! Showing of events to readers of the stream: without bodies, and without what is hidden.

use std::sync::Arc;

use acteon_core::limits::{MAX_EVENT_RECORDS, MAX_INLINE_BYTES};
use acteon_core::{Action, Outcome, Timestamp};
use acteon_store::{
    Event, EventAction, EventId, EventKind, EventPosition, Record, Seq, StoreError, UNREADABLE,
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::history::redaction::Redaction;
use crate::history::view::ActionView;
use crate::shared::Inner;
use crate::stream::event::StreamEvent;

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

/// Event of a flow in the wire format. The action is the one that the flow began with.
#[derive(Serialize)]
struct FlowData<'a> {
    id: String,
    timestamp: Timestamp,
    r#type: &'static str,
    provider: &'a str,
    namespace: &'a str,
    tenant: &'a str,
    action_type: &'a str,
    action_id: &'a str,
    #[serde(flatten)]
    told: serde_json::Map<String, serde_json::Value>,
}

impl StreamEvent {
    /// Events as they may be seen. The actions of which something is hidden are read together.
    pub(crate) async fn of(inner: &Inner, events: Vec<Event>) -> Result<Vec<Self>, StoreError> {
        let mut shown = Vec::with_capacity(events.len());
        let mut left = events.into_iter();
        loop {
            let some: Vec<Event> = left.by_ref().take(MAX_EVENT_RECORDS).collect();
            if some.is_empty() {
                return Ok(shown);
            }
            shown.extend(Self::of_some(inner, some).await?);
        }
    }

    async fn of_some(inner: &Inner, events: Vec<Event>) -> Result<Vec<Self>, StoreError> {
        let mut outcomes: Vec<Option<Outcome>> =
            events.iter().map(|event| read(inner, event)).collect();
        let is_hidden = inner.options.redaction.hides_something();
        let mut whole: Vec<Seq> = events
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| is_hidden && outcome.as_ref().is_some_and(has_words_of_others))
            .map(|(event, _)| event.action.seq)
            .collect();
        whole.dedup();
        // No more of them at a time than a page has bytes for: payloads may be long.
        while !whole.is_empty() {
            let (records, count) = inner.store.first_records(whole.clone()).await?;
            let records: Vec<Arc<Record>> = records.into_iter().map(Arc::new).collect();
            let read: Vec<Seq> = whole.drain(..count.clamp(1, whole.len())).collect();
            for (event, outcome) in events.iter().zip(&mut outcomes) {
                let seq = event.action.seq;
                if let Some(outcome) = outcome
                    && read.contains(&seq)
                {
                    let record = records.iter().find(|record| record.seq == seq);
                    *outcome = redacted(inner, record.map(Arc::clone), outcome.clone()).await?;
                    leave_out_body(outcome);
                }
            }
        }
        let shown = events.into_iter().zip(outcomes).map(|(event, outcome)| {
            let id = EventId::new(event.at, event.position);
            match outcome {
                Some(outcome) => Self::with(inner, id, event, outcome),
                None => Self::of_flow(inner, id, event),
            }
        });
        Ok(shown.collect())
    }

    /// Event of an action that is over, as the journal has it.
    pub(crate) fn of_view(inner: &Inner, view: &ActionView) -> Self {
        let mut outcome = view.outcome.clone();
        leave_out_body(&mut outcome);
        let at = view.finished_at.unwrap_or(view.accepted_at);
        let action: &Action = &view.action;
        let event = Event {
            position: EventPosition::START,
            at,
            kind: EventKind::ActionDispatched,
            flow: None,
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
        Self::with(inner, EventId::of_action(at, view.seq), event, outcome)
    }

    /// Event of a flow, which has nothing that is hidden.
    pub(crate) fn of_flow(inner: &Inner, id: EventId, mut event: Event) -> Self {
        let data = flow_to_json(id, &event).unwrap_or_else(|error| {
            say_unreadable(inner, &event, &error);
            serde_json::json!({ "id": id.to_string(), "timestamp": event.at, "type": event.kind.as_str() }).to_string()
        });
        event.action.outcome = "".into();
        Self {
            id,
            kind: event.kind,
            data: data.into(),
            outcome: "",
            event,
        }
    }

    fn with(inner: &Inner, id: EventId, mut event: Event, outcome: Outcome) -> Self {
        let name = outcome.as_str();
        let data = to_json(id, &event, outcome).unwrap_or_else(|error| {
            say_unreadable(inner, &event, &error);
            let action = &event.action;
            serde_json::json!({ "id": id.to_string(), "timestamp": event.at, "type": event.kind.as_str(), "outcome": null,
                "provider": action.provider, "namespace": action.namespace, "tenant": action.tenant, "action_type": action.action_type,
                "action_id": action.id })
            .to_string()
        });
        // It is told in `data`, and may be long.
        event.action.outcome = "".into();
        Self {
            id,
            kind: event.kind,
            data: data.into(),
            outcome: name,
            event,
        }
    }
}

/// Event of a flow in the wire format, as JSON.
fn flow_to_json(id: EventId, event: &Event) -> serde_json::Result<String> {
    let action = &event.action;
    let told = serde_json::from_str(&action.outcome)?;
    serde_json::to_string(&FlowData {
        id: id.to_string(),
        timestamp: event.at,
        r#type: event.kind.as_str(),
        provider: &action.provider,
        namespace: &action.namespace,
        tenant: &action.tenant,
        action_type: &action.action_type,
        action_id: &action.id,
        told,
    })
}

/// Event in the wire format, as JSON.
fn to_json(id: EventId, event: &Event, outcome: Outcome) -> serde_json::Result<String> {
    let action = &event.action;
    let data = Data {
        id: id.to_string(),
        timestamp: event.at,
        r#type: event.kind.as_str(),
        outcome: in_the_wire_format(outcome)?,
        provider: &action.provider,
        namespace: &action.namespace,
        tenant: &action.tenant,
        action_type: &action.action_type,
        action_id: &action.id,
    };
    serde_json::to_string(&data)
}

/// Outcome of an event without a body; `None` of an event of a flow. One that cannot be read is told as a failure, and the log says why.
fn read(inner: &Inner, event: &Event) -> Option<Outcome> {
    if event.flow.is_some() {
        return None;
    }
    let mut outcome = serde_json::from_str(&event.action.outcome).unwrap_or_else(|error| {
        say_unreadable(inner, event, &error);
        unreadable()
    });
    leave_out_body(&mut outcome);
    Some(outcome)
}

/// Logs and counts an event that cannot be told as it is.
fn say_unreadable(inner: &Inner, event: &Event, error: &serde_json::Error) {
    let action = &event.action;
    tracing::error!(
        action = %action.id, namespace = %action.namespace, tenant = %action.tenant, %error,
        "the outcome of an action could not be read or written for the stream; its readers are told that it cannot be read"
    );
    inner.observer.event_unreadable();
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
fn in_the_wire_format(outcome: Outcome) -> serde_json::Result<Box<RawValue>> {
    match outcome {
        Outcome::Deduplicated { .. } => to_raw_value("Deduplicated"),
        other => to_raw_value(&other.as_published()),
    }
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
        | Outcome::ChainStarted { .. }
        | Outcome::PendingApproval { .. }
        | Outcome::Cancelled { .. } => false,
    }
}

/// Outcome without what is hidden of its action.
async fn redacted(
    inner: &Inner,
    record: Option<Arc<Record>>,
    outcome: Outcome,
) -> Result<Outcome, StoreError> {
    let redaction = inner.options.redaction.clone();
    let Some(record) = record else {
        // It was deleted just now: nobody knows what of it is hidden.
        return Ok(Redaction::outcome_of_unknown(outcome));
    };
    let bytes = record.action.payload.get().len();
    let blot = move || redaction.outcome(&record, outcome);
    if bytes <= MAX_INLINE_BYTES {
        return Ok(blot());
    }
    let blotted = tokio::task::spawn_blocking(blot).await;
    blotted.map_err(|_| StoreError::Engine("an event could not be shown".into()))
}
