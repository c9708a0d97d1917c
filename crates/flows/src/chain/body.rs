//! Body of an execution: what it does by, and how far it came.

use std::collections::BTreeMap;

use acteon_core::{Action, Requesters, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::definition::{Definition, DefinitionSet, StepDefinition};
use super::failure::Failure;
use super::ids::child_id;
use super::state::{Phase, StepState, StepStatus};
use super::status::Status;
use crate::kind::InvalidBody;

/// Newest version of the shape of bodies.
pub(super) const VERSION: u32 = 2;

/// Version of bodies without what came with version 2: an older program goes on with those too.
const FIRST_VERSION: u32 = 1;

/// Body of an execution of a chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Version of this shape: the oldest that has all that is in it, so that a program beside this one leaves alone what it would take wrongly.
    v: u32,
    /// Id of the execution.
    pub id: String,
    /// Definition of the chain, and of those that it starts, as they were when it began.
    pub pinned: DefinitionSet,
    /// Action that started it, or the chain that it is part of.
    pub origin: Action,
    /// Who caused that action, and whoever did it over.
    pub requester: Requesters,
    /// Chain that started it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Where it stands.
    pub status: Status,
    /// Name of the step that runs, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// State of each step that began.
    #[serde(default)]
    pub steps: BTreeMap<String, StepState>,
    /// Names of the steps that began, in their order; those of parallel steps not among them.
    #[serde(default)]
    pub execution_path: Vec<String>,
    /// Signals that came and that no step took yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
    /// Texts that people keep with it, by their names. Nothing here reads them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Instant of due time at which it starts, where it has not: nothing but its cancellation happens before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) starts_due: Option<Timestamp>,
    /// Execution that it does over, if it does one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_of: Option<String>,
    /// Executions that do it over, itself or by way of others, oldest first; the latest of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resets: Vec<Reset>,
    /// Ids of the flows of steps that another execution did and whose results it took over, by the names of the steps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) taken_over: BTreeMap<String, String>,
    /// Payload of the signal that a step took last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_signal: Option<Box<RawValue>>,
    /// Wish that it ends, if somebody has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Cancel>,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it ended, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When its time is over, by the wall clock that stood when it began.
    pub expires_at: Timestamp,
    /// When its time is over, in due time.
    pub expires_due: Timestamp,
}

/// Step of a chain that started a flow, as the flow knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Id of the execution.
    pub chain: String,
    /// Name of the step.
    pub step: String,
}

/// Signal that came from outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Name of the signal.
    pub name: String,
    /// Payload of the signal.
    pub payload: Box<RawValue>,
    /// When it came.
    pub at: Timestamp,
}

/// Wish that an execution ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Why, in the words of who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it came.
    pub at: Timestamp,
}

/// Execution that does another one over, as that one knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Id of the execution.
    pub id: String,
    /// Key of the request, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Step from which it was asked for, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// Version of a body, whatever else is in it.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

impl Body {
    /// Body of an execution that begins.
    pub(super) fn begin(
        (id, pinned): (String, DefinitionSet),
        (origin, requester): (Action, Requesters),
        parent: Option<Parent>,
        now: Timestamp,
        expires: (Timestamp, Timestamp),
    ) -> Self {
        Self {
            v: FIRST_VERSION,
            id,
            pinned,
            origin,
            requester,
            parent,
            status: Status::Running,
            current: None,
            steps: BTreeMap::new(),
            execution_path: Vec::new(),
            signals: Vec::new(),
            attributes: BTreeMap::new(),
            starts_due: None,
            reset_of: None,
            resets: Vec::new(),
            taken_over: BTreeMap::new(),
            last_signal: None,
            cancel: None,
            failure: None,
            started_at: now,
            updated_at: now,
            ended_at: None,
            expires_at: expires.0,
            expires_due: expires.1,
        }
    }

    /// Body as it is stored.
    pub fn parse(body: &str) -> Result<Self, InvalidBody> {
        let invalid = |error: serde_json::Error| InvalidBody(format!("of a chain: {error}"));
        let Versioned { v } = serde_json::from_str(body).map_err(invalid)?;
        if !(FIRST_VERSION..=VERSION).contains(&v) {
            return Err(InvalidBody(format!(
                "of a chain: it has the shape of version {v}, and this program knows {FIRST_VERSION} to {VERSION}; run the program that wrote it, or a newer one"
            )));
        }
        let body: Self = serde_json::from_str(body).map_err(invalid)?;
        body.definition()?;
        Ok(body)
    }

    /// Body as it is to be stored.
    pub fn to_json(&self) -> Result<String, InvalidBody> {
        serde_json::to_string(self).map_err(|error| InvalidBody(format!("of a chain: {error}")))
    }

    /// Has it start at an instant of due time, or says that it has started.
    pub(super) fn set_start(&mut self, due: Option<Timestamp>) {
        self.starts_due = due;
        self.set_version();
    }

    /// Takes over what the steps of another execution came to whose flows these are, by the names of the steps.
    pub(super) fn take_over(&mut self, flows: BTreeMap<String, String>) {
        self.taken_over = flows;
        self.set_version();
    }

    fn set_version(&mut self) {
        let is_first = self.starts_due.is_none() && self.taken_over.is_empty();
        self.v = if is_first { FIRST_VERSION } else { VERSION };
    }

    /// Id of the flow that a step begins, or began in the execution that did it.
    pub fn child_id(&self, step: &str) -> String {
        let taken_over = self.taken_over.get(step).cloned();
        taken_over.unwrap_or_else(|| child_id(&self.id, step))
    }

    /// Definition that it goes by.
    pub fn definition(&self) -> Result<&Definition, InvalidBody> {
        let missing = || InvalidBody("of a chain: its definition is not in it".to_owned());
        self.pinned.definition().ok_or_else(missing)
    }

    /// Steps that run, those of a parallel step behind it.
    pub(super) fn running(&self) -> Vec<(&str, Phase)> {
        let running = self.steps.iter().filter_map(|(name, state)| {
            let phase = state.phase?;
            (state.status == StepStatus::Running).then_some((&**name, phase))
        });
        running.collect()
    }

    /// Names of a definition's step and those within it.
    pub(super) fn with_children(step: &StepDefinition) -> impl Iterator<Item = &StepDefinition> {
        std::iter::once(step).chain(step.children())
    }

    /// Bytes of the steps' bodies that are kept.
    pub(super) fn kept_bytes(&self) -> usize {
        let bodies = self.steps.values().filter_map(|state| state.body.as_ref());
        bodies.map(|body| body.get().len()).sum()
    }
}
