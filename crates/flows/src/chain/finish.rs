//! Ends of executions: what runs is called off, and who waits is told.

use super::begin::raw;
use super::body::{Body, Cancel};
use super::definition::{DEAD_LETTER, ON_CANCEL, OnCancel, StepDefinition};
use super::end::End;
use super::failure::Failure;
use super::ids::{action_id, chain_name};
use super::render::Rendering;
use super::run::Run;
use super::started::flow_of;
use super::state::{AttemptState, Phase, StepState, StepStatus};
use super::status::Status;
use crate::kind::{Effect, InvalidBody};
use std::sync::Arc;

use acteon_core::Action;
use acteon_core::json::head;
use acteon_core::limits::MAX_ERROR_BYTES;

/// Code of the dead letter of an execution.
const CHAIN_FAILED: &str = "CHAIN_FAILED";

impl Run<'_> {
    /// Ends the execution.
    pub(super) fn end(
        &mut self,
        status: Status,
        failure: Option<Failure>,
    ) -> Result<(), InvalidBody> {
        let definition = self.definition.clone();
        for step in definition.steps.iter().flat_map(Body::with_children) {
            self.abandon(step)?;
        }
        if status == Status::Cancelled && definition.on_cancel.is_some() && self.calls_off() {
            // Nothing runs any more, and the next step, due at once, ends it.
            self.has_more = true;
            return Ok(());
        }
        self.body.status = status;
        self.body.failure = failure;
        self.body.ended_at = Some(self.flow.now);
        self.body.current = None;
        self.body.signals.clear();
        if let (Status::Cancelled, Some(on_cancel), Some(cancel)) =
            (status, &definition.on_cancel, self.body.cancel.clone())
        {
            self.tell(on_cancel, &cancel)?;
        }
        self.bury()?;
        if let Some(parent) = &self.body.parent {
            self.effects.push(Effect::Poke(chain_name(&parent.chain)));
        }
        Ok(())
    }

    /// Puts an execution that failed for good on the list of dead letters: replayed from there, the action that started it starts it once more. One that
    /// another chain started fails a step of that one, which is listed itself.
    fn bury(&mut self) -> Result<(), InvalidBody> {
        let failure = self.body.failure.as_ref().filter(|f| f.dead_letter);
        let (Some(failure), None) = (failure, &self.body.parent) else {
            return Ok(());
        };
        let name = &self.definition.name;
        let message = format!(
            "the chain {name} ({}) failed: {} ({})",
            self.flow.id, failure.message, failure.code
        );
        let action = Action {
            id: action_id(self.flow.id, DEAD_LETTER, 1)?,
            created_at: self.flow.now,
            ..self.body.origin.clone().unsigned()
        };
        self.effects.push(Effect::Bury {
            action: Arc::new(action),
            code: CHAIN_FAILED,
            message,
        });
        Ok(())
    }

    /// Gives a step up that runs: what nobody has begun to send is called off, and what it started is told to look.
    pub(super) fn abandon(&mut self, step: &StepDefinition) -> Result<(), InvalidBody> {
        let Some(phase) = self.phase(&step.name) else {
            return Ok(());
        };
        let (now, chain) = (self.flow.now, self.flow.id);
        let has_begun = !self.fresh.contains(&step.name) && !matches!(phase, Phase::Delayed(_));
        let state = self.state_mut(&step.name)?;
        if has_begun {
            let error = End::failure("CANCELLED", why_given_up(chain, step, state, phase)).error;
            if phase == Phase::Sent {
                state.error.clone_from(&error);
            }
            state.attempts.push(AttemptState {
                attempt: state.attempt,
                started_at: state.attempted_at,
                completed_at: now,
                error,
            });
        }
        state.status = StepStatus::Cancelled;
        state.phase = None;
        state.completed_at = Some(now);
        match phase {
            Phase::Sent => {
                let id = action_id(chain, &step.name, state.attempt)?;
                if self.fresh.contains(&step.name) {
                    let is_it = |effect: &Effect| matches!(effect, Effect::Admit { action, .. } if action.id == id);
                    self.effects.retain(|effect| !is_it(effect));
                } else {
                    self.effects.push(Effect::Cancel(id));
                }
            }
            Phase::Flow => {
                let Some(name) = flow_of(chain, step) else {
                    return Ok(());
                };
                if self.fresh.contains(&step.name) {
                    let is_it = |effect: &Effect| matches!(effect, Effect::Begin { name: begun, .. } if *begun == name);
                    self.effects.retain(|effect| !is_it(effect));
                } else {
                    self.effects.push(Effect::Poke(name));
                }
            }
            Phase::Delayed(_) | Phase::Timer(_) | Phase::Signal(_) | Phase::Parallel(_) => {}
        }
        Ok(())
    }

    /// Sends what the definition wants sent when it is cancelled.
    fn tell(&mut self, on_cancel: &OnCancel, cancel: &Cancel) -> Result<(), InvalidBody> {
        let template = on_cancel.payload_template.as_ref();
        let rendered = template.map(|template| {
            Rendering::of_cancel(self, cancel).payload(template, "on_cancel.payload_template")
        });
        let payload = match rendered {
            Some(Ok(payload)) => payload,
            None => raw(self.cancelled(cancel, ""))?,
            // People must hear of it, whatever their template reads.
            Some(Err(error)) => {
                let why = format!("its on_cancel.payload_template could not be rendered: {error}");
                let name = &self.definition.name;
                self.notice = Some(format!("chain {name} tells of its end without it: {why}"));
                let why = format!(" ({})", head(&why, MAX_ERROR_BYTES));
                raw(self.cancelled(cancel, &why))?
            }
        };
        let action = Action {
            id: action_id(self.flow.id, ON_CANCEL, 1)?,
            provider: on_cancel.provider.clone(),
            action_type: on_cancel.action_type.clone(),
            payload,
            // However late it is.
            expires_at: None,
            ..self.blank()?
        };
        self.admit(action);
        Ok(())
    }

    /// Payload that says what was cancelled, with what follows at its end.
    fn cancelled(&self, cancel: &Cancel, further: &str) -> String {
        let by = cancel
            .by
            .as_ref()
            .map_or(String::new(), |by| format!(" by {by}"));
        let reason = cancel
            .reason
            .as_ref()
            .map_or(String::new(), |reason| format!(": {reason}"));
        let text = format!(
            "Chain {} ({}) was cancelled{by}{reason}{further}",
            self.definition.name, self.flow.id
        );
        serde_json::json!({ "content": text }).to_string()
    }
}

/// Why a step is given up, for a person. What nobody has begun to send is called off; what is on its way may arrive, and nobody waits for that.
fn why_given_up(chain: &str, step: &StepDefinition, state: &StepState, phase: Phase) -> String {
    match phase {
        Phase::Sent => format!(
            "it was ended before it was known what became of its action {chain}:{}:{}; that is called off, or may have been sent: see its own outcome",
            step.name, state.attempt
        ),
        Phase::Delayed(_)
        | Phase::Timer(_)
        | Phase::Signal(_)
        | Phase::Flow
        | Phase::Parallel(_) => "it was ended before it came to anything".to_owned(),
    }
}
