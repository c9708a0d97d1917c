//! Beginnings of attempts: what is sent, started, or waited for.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, ActionType, Priority, ProviderName, Timestamp};
use serde_json::value::RawValue;

use super::approval::{ApprovalStart, not_asked};
use super::body::{Body, Parent};
use super::definition::{Definition, StepDefinition, StepKind};
use super::end::End;
use super::ids::{action_id, chain_name, child_id};
use super::limits::DEFAULT_TIMEOUT;
use super::render::Rendering;
use super::run::Run;
use super::state::Phase;
use super::status::Status;
use crate::kind::{Due, Effect, FlowName, InvalidBody};

impl Run<'_> {
    /// Begins an attempt of a step; an end where it failed at once.
    pub(super) fn begin(
        &mut self,
        step: &StepDefinition,
        index: usize,
    ) -> Result<Option<End>, InvalidBody> {
        let now = self.flow.due_now;
        let at = self.flow.now;
        self.state_mut(&step.name)?.attempted_at = at;
        let phase = match &step.kind {
            StepKind::Send {
                provider,
                action_type,
                payload_template,
            } => {
                let to = (provider, action_type);
                if let Some(end) = self.send(step, index, to, payload_template)? {
                    return Ok(Some(end));
                }
                Phase::Sent
            }
            StepKind::Timer { duration } => Phase::Timer(now + *duration),
            StepKind::WaitForSignal { timeout, .. } => {
                Phase::Signal(timeout.map(|timeout| now + timeout))
            }
            StepKind::Parallel(parallel) => {
                Phase::Parallel(parallel.timeout.map(|timeout| now + timeout))
            }
            StepKind::Approval { policy, .. } => {
                if let Some(end) = self.ask(step, index, policy)? {
                    return Ok(Some(end));
                }
                Phase::Flow
            }
            StepKind::SubChain { chain } => {
                if let Some(end) = self.start_chain(step, chain)? {
                    return Ok(Some(end));
                }
                Phase::Flow
            }
        };
        self.state_mut(&step.name)?.phase = Some(phase);
        Ok(None)
    }

    fn send(
        &mut self,
        step: &StepDefinition,
        index: usize,
        (provider, action_type): (&ProviderName, &ActionType),
        template: &RawValue,
    ) -> Result<Option<End>, InvalidBody> {
        let payload = match Rendering::of_step(self, index).payload(template, "payload_template") {
            Ok(payload) => payload,
            Err(message) => return Ok(Some(End::failure("TEMPLATE_FAILED", message))),
        };
        let attempt = self.state(&step.name)?.attempt;
        let id = action_id(self.flow.id, &step.name, attempt)?;
        let action = Action {
            id,
            provider: provider.clone(),
            action_type: action_type.clone(),
            payload,
            ..self.blank()?
        };
        self.admit(action);
        self.fresh.insert(step.name.clone());
        Ok(None)
    }

    pub(super) fn admit(&mut self, action: Action) {
        self.asked_bytes += action.payload.get().len();
        self.effects.push(Effect::Admit {
            action: Arc::new(action),
            since: self.flow.now,
            requester: self.body.requester.clone(),
        });
    }

    /// Action with what all actions of the chain have in common: the labels and the urgency of what started it.
    pub(super) fn blank(&self) -> Result<Action, InvalidBody> {
        let origin = &self.body.origin;
        Ok(Action {
            id: origin.id.clone(),
            namespace: self.flow.namespace.clone(),
            tenant: self.flow.tenant.clone(),
            provider: origin.provider.clone(),
            action_type: origin.action_type.clone(),
            payload: raw("{}".to_owned())?,
            metadata: origin.metadata.clone(),
            dedup_key: None,
            status: None,
            fingerprint: None,
            starts_at: None,
            ends_at: None,
            created_at: self.flow.now,
            expires_at: origin.expires_at,
            template: None,
            priority: Priority::clone(&origin.priority),
            scheduled_at: None,
            delay_seconds: None,
            attachments: Vec::new(),
            signature: None,
            signer_id: None,
            kid: None,
        })
    }

    /// Begins an approval.
    fn ask(
        &mut self,
        step: &StepDefinition,
        index: usize,
        policy: &RawValue,
    ) -> Result<Option<End>, InvalidBody> {
        let policy = match Rendering::of_step(self, index).payload(policy, "approval") {
            Ok(policy) => policy,
            Err(message) => {
                let end = not_asked("TEMPLATE_FAILED", message.clone(), &message);
                return Ok(Some(end));
            }
        };
        let start = ApprovalStart {
            origin: self.body.origin.clone(),
            policy,
            parent: self.as_parent(step),
            chain_name: self.definition.name.clone(),
            requester: self.body.requester.clone(),
        };
        let name = ApprovalStart::name(self.flow.id, &step.name);
        self.begin_flow(step, name, ApprovalStart::STATUS, start.to_json()?);
        Ok(None)
    }

    /// Starts another chain, with the definition that was kept of it.
    fn start_chain(
        &mut self,
        step: &StepDefinition,
        chain: &str,
    ) -> Result<Option<End>, InvalidBody> {
        let pinned = match self.body.pinned.of_sub_chain(chain) {
            Ok(pinned) => pinned,
            Err(error) => return Ok(Some(End::failure("CHAIN_NOT_FOUND", error.to_string()))),
        };
        let Some(definition) = pinned.definition() else {
            return Ok(Some(End::failure("CHAIN_NOT_FOUND", chain.to_owned())));
        };
        let expires = expires(definition, self.flow.now, self.flow.due_now);
        let by = (self.body.origin.clone(), self.body.requester.clone());
        let parent = Some(self.as_parent(step));
        let id = child_id(self.flow.id, &step.name);
        let name = chain_name(&id);
        let body = Body::begin((id, pinned), by, parent, self.flow.now, expires).to_json()?;
        self.begin_flow(step, name, Status::Running.as_str(), body);
        Ok(None)
    }

    fn begin_flow(
        &mut self,
        step: &StepDefinition,
        name: FlowName,
        status: &'static str,
        body: String,
    ) {
        self.asked_bytes += body.len();
        self.effects.push(Effect::Begin {
            name,
            status,
            body,
            due: Due::After(Duration::ZERO),
        });
        self.fresh.insert(step.name.clone());
    }

    fn as_parent(&self, step: &StepDefinition) -> Parent {
        Parent {
            chain: self.flow.id.to_owned(),
            step: step.name.clone(),
        }
    }
}

/// When the time of an execution that begins is over: by the wall clock, and in due time.
pub(super) fn expires(
    definition: &Definition,
    now: Timestamp,
    due_now: Timestamp,
) -> (Timestamp, Timestamp) {
    let seconds = definition.timeout_seconds;
    let timeout = seconds.map_or(DEFAULT_TIMEOUT, Duration::from_secs);
    (now + timeout, due_now + timeout)
}

pub(super) fn raw(json: String) -> Result<Box<RawValue>, InvalidBody> {
    RawValue::from_string(json).map_err(|error| InvalidBody(format!("of a chain: {error}")))
}
