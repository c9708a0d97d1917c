//! What comes from outside: an execution starts, hears a signal, is cancelled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acteon_core::json::head;
use acteon_core::limits::MAX_ERROR_BYTES;
use acteon_core::similar::nearest;
use acteon_core::{Action, Requesters, Timestamp, check_label_name};
use serde_json::value::RawValue;

use super::begin::expires;
use super::body::{Body, Cancel, Signal};
use super::definition::{Definition, DefinitionSet, StepDefinition, StepKind};
use super::ids::chain_name;
use super::limits::{
    MAX_ATTRIBUTES, MAX_ATTRIBUTES_BYTES, MAX_RESET_DEPTH, MAX_RESET_KEY_BYTES, MAX_SIGNAL_BYTES,
    MAX_START_ID_BYTES,
};
use super::status::Status;
use crate::kind::{Due, FlowName, InvalidBody};

/// Execution that is to begin.
#[derive(Clone, Debug)]
pub struct Start {
    /// Id of the execution, unique over all namespaces and tenants. It must follow from the action, so that what is done again starts nothing twice.
    /// Without `:` and `~`, which part the ids of what it starts.
    pub id: String,
    /// Definition, with those of all chains that it starts.
    pub definitions: DefinitionSet,
    /// Action that starts it.
    pub origin: Action,
    /// Who caused that action.
    pub requester: Requesters,
    /// Whether the instant at which it starts is yet to come.
    pub is_later: bool,
}

/// Flow of an execution that begins, as the commit that starts it writes it.
#[derive(Clone, Debug)]
pub struct Started {
    /// Name of the flow.
    pub name: FlowName,
    /// Word for where it stands.
    pub status: &'static str,
    /// First body.
    pub body: String,
    /// When its first step is due.
    pub due: Due,
}

/// Why an execution cannot be changed from outside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is over, or about to be.
    #[error("the chain is not active: it is {0}")]
    NotActive(&'static str),
    /// It is not over.
    #[error("the chain is {0}, and only one that is over can be done over; cancel it first")]
    Active(&'static str),
    /// Another chain started it.
    #[error("the chain {0} started this one, and only that one can be done over")]
    OfAnother(String),
    /// One that does it over, or another one that leads back to the same, is not over.
    #[error(
        "the chain {id} does this one over already, by itself or by way of others, and is {status}; wait for its end, or cancel it first"
    )]
    DoneOver {
        /// Id of the execution that does it over.
        id: String,
        /// Where that one stands.
        status: String,
    },
    /// It does one over that does another one over, and so on, too often.
    #[error(
        "the chain does one over that does another one over, and so on, {MAX_RESET_DEPTH} times, and no more are allowed; do one of the first of them over, or send the action anew"
    )]
    TooDeep,
    /// The action that started it has expired.
    #[error(
        "the action that started the chain expired at {0}, and so would all that its steps send; send the action anew, with a later expires_at"
    )]
    Expired(Timestamp),
    /// The key of a request came with another one before.
    #[error(
        "this Idempotency-Key came with another from_step or for another chain before, and made the chain {0}; send a key of its own with each request"
    )]
    OtherReset(String),
    /// The key of a request is empty or too long.
    #[error("Idempotency-Key must have 1 to {MAX_RESET_KEY_BYTES} bytes, it has {0}")]
    ResetKey(usize),
    /// It never came to the step.
    #[error("the chain never came to a step {step:?}; {hint}")]
    NotReached {
        /// Name of the step.
        step: String,
        /// What is probably meant.
        hint: String,
    },
    /// Attributes are too many or too long.
    #[error("{0}")]
    Attributes(String),
    /// No step waits for such a signal.
    #[error("no step of the chain waits for a signal {name:?}; {hint}")]
    UnknownSignal {
        /// Name of the signal.
        name: String,
        /// What is probably meant.
        hint: String,
    },
    /// As many signals of the name came as steps may still take.
    #[error(
        "no step of the chain takes this signal any more: each that waits for it is over, was passed by, or has its signal already"
    )]
    TooMany,
    /// The signal's payload is too long.
    #[error("the payload is {0} bytes long, at most {MAX_SIGNAL_BYTES} are allowed")]
    TooLong(usize),
    /// The body cannot be read.
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
}

/// First state of an execution that starts at an instant, by the wall clock and in due time. It does nothing until its first step.
pub fn start(start: Start, at: Timestamp, due_at: Timestamp) -> Result<Started, InvalidBody> {
    check_id(&start.id)?;
    let missing = || InvalidBody("of a chain: its definition is not in it".to_owned());
    let definition = start.definitions.definition().ok_or_else(missing)?;
    let expires = expires(definition, at, due_at);
    let by = (start.origin, start.requester);
    let name = chain_name(&start.id);
    let mut body = Body::begin((start.id, start.definitions), by, None, at, expires);
    body.set_start(start.is_later.then_some(due_at));
    Ok(Started {
        name,
        status: Status::Running.as_str(),
        body: body.to_json()?,
        due: if start.is_later {
            Due::Counted(due_at)
        } else {
            Due::After(Duration::ZERO)
        },
    })
}

/// Body of an execution that heard a signal. Its next step, which is due at once then, takes it, or keeps it.
pub fn signal(
    body: &str,
    name: &str,
    payload: &RawValue,
    now: Timestamp,
) -> Result<String, Refused> {
    let mut body = active(body)?;
    let definition = body.definition()?;
    let known: BTreeSet<&str> = definition.steps.iter().filter_map(signal_of).collect();
    if !known.contains(name) {
        let hint = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean {meant}?"),
            None if known.is_empty() => "it waits for none".to_owned(),
            None => format!(
                "it waits for {}",
                known.into_iter().collect::<Vec<_>>().join(", ")
            ),
        };
        let name = head(name, MAX_ERROR_BYTES).to_owned();
        return Err(Refused::UnknownSignal { name, hint });
    }
    let kept = body.signals.iter().filter(|kept| kept.name == name).count();
    let may_take = may_take(&body, definition, name);
    if payload.get().len() > MAX_SIGNAL_BYTES {
        return Err(Refused::TooLong(payload.get().len()));
    }
    if kept >= may_take {
        return Err(Refused::TooMany);
    }
    body.signals.push(Signal {
        name: name.to_owned(),
        payload: payload.to_owned(),
        at: now,
    });
    body.updated_at = now;
    Ok(body.to_json()?)
}

/// How many steps may still take a signal: those that wait for it, and those that are yet to come.
fn may_take(body: &Body, definition: &Definition, name: &str) -> usize {
    let is_current = |step: &StepDefinition| Some(&step.name) == body.current.as_ref();
    let at = definition.steps.iter().position(is_current).unwrap_or(0);
    let may_take = |step: &&StepDefinition| {
        let state = body.steps.get(&step.name);
        signal_of(step) == Some(name) && state.is_none_or(|state| state.phase.is_some())
    };
    definition.ahead(at).filter(may_take).count()
}

/// Name of the signal that a step waits for, if it waits for one.
fn signal_of(step: &StepDefinition) -> Option<&str> {
    match &step.kind {
        StepKind::WaitForSignal { signal_name, .. } => Some(signal_name),
        StepKind::Send { .. }
        | StepKind::Timer { .. }
        | StepKind::Approval { .. }
        | StepKind::Parallel(_)
        | StepKind::SubChain { .. } => None,
    }
}

/// Body of an execution that is to be cancelled: its next step, which is due at once then, does it.
pub fn cancel(
    body: &str,
    reason: Option<&str>,
    by: Option<&str>,
    now: Timestamp,
) -> Result<String, Refused> {
    let mut body = active(body)?;
    let text = |text: &str| head(text, MAX_ERROR_BYTES).to_owned();
    body.cancel = Some(Cancel {
        reason: reason.map(text),
        by: by.map(text),
        at: now,
    });
    body.updated_at = now;
    Ok(body.to_json()?)
}

/// Body of an execution with these attributes in place of those that it has. It may be over.
pub fn set_attributes(
    body: &str,
    attributes: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<String, Refused> {
    let mut body = Body::parse(body)?;
    body.attributes.clone_from(attributes);
    let bytes: usize = body
        .attributes
        .iter()
        .map(|(name, text)| name.len() + text.len())
        .sum();
    if body.attributes.len() > MAX_ATTRIBUTES || bytes > MAX_ATTRIBUTES_BYTES {
        return Err(Refused::Attributes(format!(
            "the chain would have {} attributes of {bytes} bytes, at most {MAX_ATTRIBUTES} of {MAX_ATTRIBUTES_BYTES} bytes together are allowed",
            body.attributes.len()
        )));
    }
    if let Some(name) = body.attributes.keys().find(|name| name.contains('=')) {
        let name = head(name, MAX_ERROR_BYTES);
        return Err(Refused::Attributes(format!(
            "the name {name:?} has an =, which parts name and text where attributes are looked for; expected one without"
        )));
    }
    body.updated_at = now;
    Ok(body.to_json()?)
}

/// Body of an execution that is not over, and that nobody has cancelled.
fn active(body: &str) -> Result<Body, Refused> {
    let body = Body::parse(body)?;
    if body.cancel.is_some() {
        return Err(Refused::NotActive(Status::Cancelled.as_str()));
    }
    if body.status.is_over() {
        return Err(Refused::NotActive(body.status.as_str()));
    }
    Ok(body)
}

pub(super) fn check_id(id: &str) -> Result<(), InvalidBody> {
    let invalid = |why: String| InvalidBody(format!("of a chain: the id {id:?} {why}"));
    check_label_name(id).map_err(|error| invalid(error.to_string()))?;
    if id.len() > MAX_START_ID_BYTES || id.contains([':', '~']) {
        let why = format!("must have {MAX_START_ID_BYTES} bytes at most, and neither : nor ~");
        return Err(invalid(why));
    }
    Ok(())
}
