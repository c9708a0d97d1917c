//! Resets: an execution that is over is done over by another one, from its beginning or from one of its steps.

use std::collections::BTreeMap;

use acteon_core::similar::nearest;
use acteon_core::{Requesters, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::begin::expires;
use super::body::{Body, Reset};
use super::definition::{Definition, StepDefinition, StepKind};
use super::ids::chain_name;
use super::limits::{MAX_RESET_KEY_BYTES, MAX_RESETS};
use super::outside::{Refused, Started, check_id};
use super::started::flow_of;
use super::state::StepStatus;
use super::status::Status;
use crate::kind::{Due, InvalidBody};

/// What is asked for where an execution is to be done over.
#[derive(Clone, Copy, Debug, Default)]
pub struct AskedReset<'a> {
    /// Step from which it is done over; `None` for its beginning.
    pub from: Option<&'a str>,
    /// Key of the request: with the same one an execution is done over once.
    pub key: Option<&'a str>,
    /// Who does it over: what the other one sends is caused by them too.
    pub by: Option<&'a Requesters>,
}

/// Lineage of an execution: which one it does over, and which do it over.
#[derive(Clone, Debug, Deserialize)]
pub struct Lineage {
    /// Execution that it does over, if it does one.
    #[serde(default)]
    pub reset_of: Option<String>,
    /// Executions that do it over, itself or by way of others, oldest first; the latest of them.
    #[serde(default)]
    pub resets: Vec<Reset>,
}

impl Lineage {
    /// Lineage of the execution with a body.
    pub fn read(body: &str) -> Result<Self, InvalidBody> {
        serde_json::from_str(body).map_err(|error| InvalidBody(format!("of a chain: {error}")))
    }
}

impl AskedReset<'_> {
    /// Execution that the same request made before, by the resets that are remembered; `None` where there is none.
    pub fn made(&self, resets: &[Reset]) -> Result<Option<String>, Refused> {
        let Some(key) = self.key else {
            return Ok(None);
        };
        if key.is_empty() || key.len() > MAX_RESET_KEY_BYTES {
            return Err(Refused::ResetKey(key.len()));
        }
        let is_it = |reset: &&Reset| reset.key.as_deref() == Some(key);
        match resets.iter().find(is_it) {
            Some(reset) if reset.from.as_deref() == self.from => Ok(Some(reset.id.clone())),
            Some(reset) => Err(Refused::OtherReset(reset.id.clone())),
            None => Ok(None),
        }
    }
}

/// First state of an execution that does another one over. What the steps before `from` came to is taken from that one; what it sends has ids of its own.
pub fn reset(
    body: &str,
    asked: AskedReset<'_>,
    id: String,
    now: Timestamp,
    due_now: Timestamp,
) -> Result<Started, Refused> {
    check_id(&id)?;
    let before = Body::parse(body)?;
    if !before.status.is_over() {
        return Err(Refused::Active(before.status.as_str()));
    }
    if let Some(parent) = before.parent {
        return Err(Refused::OfAnother(parent.chain));
    }
    if let Some(expires) = before.origin.expires_at.filter(|at| *at <= now) {
        return Err(Refused::Expired(expires));
    }
    begin_again(&before, asked, id, (now, due_now))
}

/// Body of the execution that is done over by one with this id, itself or by way of others, and that remembers it.
pub fn remember(first: &str, asked: AskedReset<'_>, id: String) -> Result<String, InvalidBody> {
    let mut first = Body::parse(first)?;
    if first.resets.len() >= MAX_RESETS {
        first.resets.remove(0);
    }
    first.resets.push(Reset {
        id,
        key: asked.key.map(str::to_owned),
        from: asked.from.map(str::to_owned),
    });
    first.to_json()
}

fn begin_again(
    before: &Body,
    asked: AskedReset<'_>,
    id: String,
    (now, due_now): (Timestamp, Timestamp),
) -> Result<Started, Refused> {
    let expires = expires(before.definition()?, now, due_now);
    let name = chain_name(&id);
    let mut requester = before.requester.clone();
    if let Some(by) = asked.by {
        requester.add_all(by);
    }
    let by = (before.origin.clone(), requester);
    let pinned = (id, before.pinned.clone());
    let mut again = Body::begin(pinned, by, None, now, expires);
    again.reset_of = Some(before.id.clone());
    again.attributes.clone_from(&before.attributes);
    if let Some(from) = asked.from {
        let path = &before.execution_path;
        let Some(at) = path.iter().position(|step| step == from) else {
            let hint = nearest(from, path.iter().map(String::as_str));
            return Err(Refused::NotReached {
                step: acteon_core::json::head(from, acteon_core::limits::MAX_ERROR_BYTES)
                    .to_owned(),
                hint: hint.map_or_else(
                    || format!("it went through {}", path.join(", ")),
                    |near| format!("did you mean {near}?"),
                ),
            });
        };
        again.execution_path = path[..=at].to_vec();
        again.current = Some(from.to_owned());
        take_over(&mut again, before, at)?;
    }
    Ok(Started {
        name,
        status: Status::Running.as_str(),
        body: again.to_json()?,
        due: Due::After(std::time::Duration::ZERO),
    })
}

/// Takes over what the steps came to that stand before a place of another execution's path.
fn take_over(again: &mut Body, before: &Body, at: usize) -> Result<(), InvalidBody> {
    let definition = before.definition()?;
    let path = &before.execution_path[..at];
    let kept = definition.steps.iter();
    let kept = kept.filter(|step| path.contains(&step.name));
    let mut flows = BTreeMap::new();
    for step in kept.flat_map(Body::with_children) {
        let state = before.steps.get(&step.name);
        let Some(state) = state.filter(|s| s.status != StepStatus::Running) else {
            continue;
        };
        again.steps.insert(step.name.clone(), state.clone());
        if flow_of(&before.id, step).is_some() {
            flows.insert(step.name.clone(), before.child_id(&step.name));
        }
    }
    again.take_over(flows);
    again.last_signal = last_signal(before, definition, at);
    Ok(())
}

/// Payload of the signal that a step took last, of those before a place of the path.
fn last_signal(before: &Body, definition: &Definition, at: usize) -> Option<Box<RawValue>> {
    let heard = |name: &&String| {
        let step = definition.step(name).map(|(_, step)| step);
        let state = before.steps.get(*name);
        step.is_some_and(waits_for_signal)
            && state.is_some_and(|state| state.status == StepStatus::Completed)
    };
    let (taken_over, anew) = before.execution_path.split_at(at);
    if anew.iter().any(|name| heard(&name)) {
        let last = taken_over.iter().rev().find(heard)?;
        return before.steps.get(last)?.body.clone();
    }
    before.last_signal.clone()
}

fn waits_for_signal(step: &StepDefinition) -> bool {
    matches!(step.kind, StepKind::WaitForSignal { .. })
}
