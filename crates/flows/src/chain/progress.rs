//! One step of a chain: begun, waited for, tried again, ended.

use acteon_core::Timestamp;
use acteon_core::json::{head, nests_deeper_than};
use acteon_core::limits::{MAX_DEPTH, MAX_FAULT_BYTES};
use serde_json::value::RawValue;

use super::definition::{OnStepFailure, StepDefinition, StepKind};
use super::end::End;
use super::ids::{action_id, seed};
use super::limits::{MAX_ASKED_BYTES, MAX_RESULT_BYTES, MAX_RESULTS_BYTES};
use super::run::Run;
use super::state::{AttemptState, Phase, StepState, StepStatus};
use crate::kind::{ChildState, InvalidBody};

impl Run<'_> {
    /// Takes a step as far as it goes; `None` where it waits. `index` is that of the chain's step that it is, or is part of.
    pub(super) fn progress(
        &mut self,
        step: &StepDefinition,
        index: usize,
    ) -> Result<Option<End>, InvalidBody> {
        // Each pass begins an attempt, or ends one. A pause of no time may follow each.
        for _ in 0..=3 * (step.max_retries() + 1) {
            let Some(phase) = self.phase(&step.name) else {
                self.open(step);
                continue;
            };
            let end = match phase {
                Phase::Delayed(until) if self.flow.due_now < until => return Ok(None),
                Phase::Delayed(_) if self.is_full() => return Ok(None),
                Phase::Delayed(_) => match self.begin(step, index)? {
                    Some(end) => Some(end),
                    None => continue,
                },
                Phase::Sent => self.sent(step)?,
                Phase::Timer(until) => (self.flow.due_now >= until).then(|| End::success(None)),
                Phase::Signal(until) => self.signal(step, until),
                Phase::Flow => self.started(step),
                Phase::Parallel(until) => self.together(step, index, until)?,
            };
            let Some(end) = end else {
                return Ok(None);
            };
            if let Some(end) = self.attempted(step, end)? {
                return Ok(Some(end));
            }
        }
        Err(InvalidBody(format!(
            "of a chain: step {:?} comes to no end",
            step.name
        )))
    }

    /// Whether as much was asked for as goes into one commit: the next one, due at once then, goes on.
    pub(super) fn is_full(&mut self) -> bool {
        let is_full = self.asked_bytes > MAX_ASKED_BYTES;
        self.has_more |= is_full;
        is_full
    }

    /// State of a step that is to begin.
    fn open(&mut self, step: &StepDefinition) {
        let delay = step.delay.unwrap_or_default();
        let state = StepState {
            status: StepStatus::Running,
            phase: Some(Phase::Delayed(self.flow.due_now + delay)),
            attempt: 1,
            started_at: self.flow.now,
            attempted_at: self.flow.now,
            completed_at: None,
            body: None,
            dropped_bytes: None,
            error: None,
            attempts: Vec::new(),
        };
        self.body.steps.insert(step.name.clone(), state);
    }

    /// What an action came to; `None` while it is open, or was asked for just now.
    pub(super) fn sent(&self, step: &StepDefinition) -> Result<Option<End>, InvalidBody> {
        if self.fresh.contains(&step.name) {
            return Ok(None);
        }
        let attempt = self.state(&step.name)?.attempt;
        let id = action_id(self.flow.id, &step.name, attempt)?;
        let Some(child) = self.flow.children.iter().find(|child| child.id == id) else {
            return Err(InvalidBody(format!(
                "of a chain: nobody looked at action {id}; this is a bug, please report it"
            )));
        };
        Ok(match (child.state, &child.outcome) {
            (ChildState::Open, _) => None,
            (ChildState::Absent, _) => Some(End::failure(
                "DELETED",
                format!("action {id} was deleted, and what became of it is not known"),
            )),
            (ChildState::Ended, Some(outcome)) => Some(End::of(outcome)),
            (ChildState::Ended, None) => Some(End::failure(
                "UNREADABLE",
                format!("what became of action {id} cannot be read"),
            )),
        })
    }

    /// Takes the signal that a step waits for, or its time-out.
    fn signal(&mut self, step: &StepDefinition, until: Option<Timestamp>) -> Option<End> {
        if let Some(end) = self.heard(step) {
            return Some(end);
        }
        let StepKind::WaitForSignal {
            signal_name,
            timeout,
            on_timeout,
        } = &step.kind
        else {
            return None;
        };
        until.filter(|until| self.flow.due_now >= *until)?;
        let seconds = timeout.unwrap_or_default().as_secs();
        let message = format!("no signal {signal_name} came within {seconds} s");
        Some(End {
            goto: on_timeout.clone(),
            ..End::failure("SIGNAL_TIMED_OUT", message)
        })
    }

    /// Takes the signal that a step waits for, if it came.
    pub(super) fn heard(&mut self, step: &StepDefinition) -> Option<End> {
        let StepKind::WaitForSignal { signal_name, .. } = &step.kind else {
            return None;
        };
        let came = self
            .body
            .signals
            .iter()
            .position(|signal| signal.name == *signal_name);
        let signal = self.body.signals.remove(came?);
        let payload = signal.payload.get().to_owned();
        self.body.last_signal = Some(signal.payload);
        Some(End::success(Some(payload)))
    }

    /// Writes the end of an attempt down. `None` where another follows.
    fn attempted(&mut self, step: &StepDefinition, end: End) -> Result<Option<End>, InvalidBody> {
        let end = self.with_all_read(step, end);
        let (now, due_now) = (self.flow.now, self.flow.due_now);
        let chain = self.flow.id;
        let state = self.state_mut(&step.name)?;
        let retry = step.retry.filter(|retry| {
            end.error.is_some() && end.may_retry && state.attempt <= retry.max_retries
        });
        if let Some(retry) = retry {
            state.attempts.push(over(state, &end, now));
            let pause = retry.pause(state.attempt, seed(chain, &step.name, state.attempt));
            state.error.clone_from(&end.error);
            state.attempt += 1;
            state.attempted_at = now;
            state.phase = Some(Phase::Delayed(due_now + pause));
            return Ok(None);
        }
        self.close(step, &end)?;
        Ok(Some(end))
    }

    /// Writes the end of a step down, with that of its last attempt.
    pub(super) fn close(&mut self, step: &StepDefinition, end: &End) -> Result<(), InvalidBody> {
        let room = MAX_RESULTS_BYTES.saturating_sub(self.body.kept_bytes());
        let room = room.min(MAX_RESULT_BYTES);
        let now = self.flow.now;
        let state = self.state_mut(&step.name)?;
        state.attempts.push(over(state, end, now));
        state.status = match (&end.error, step.on_failure) {
            (None, _) => StepStatus::Completed,
            (Some(_), OnStepFailure::Skip) => StepStatus::Skipped,
            (Some(_), OnStepFailure::Abort | OnStepFailure::Dlq) => StepStatus::Failed,
        };
        state.phase = None;
        state.completed_at = Some(now);
        state.error.clone_from(&end.error);
        state.dropped_bytes = end.dropped_bytes;
        match &end.body {
            Some(body) if body.len() > room || nests_deeper_than(body, MAX_DEPTH) => {
                state.dropped_bytes = Some(body.len());
            }
            Some(body) => {
                let raw = RawValue::from_string(body.clone());
                state.body = Some(raw.map_err(|error| {
                    let shown = head(body, MAX_FAULT_BYTES);
                    InvalidBody(format!(
                        "of a chain: a step's body is no JSON: {error}: {shown}"
                    ))
                })?);
            }
            None => {}
        }
        Ok(())
    }

    pub(super) fn state(&self, step: &str) -> Result<&StepState, InvalidBody> {
        self.body.steps.get(step).ok_or_else(|| no_state(step))
    }

    pub(super) fn state_mut(&mut self, step: &str) -> Result<&mut StepState, InvalidBody> {
        self.body.steps.get_mut(step).ok_or_else(|| no_state(step))
    }
}

/// Attempt of a step that is over.
fn over(state: &StepState, end: &End, now: Timestamp) -> AttemptState {
    AttemptState {
        attempt: state.attempt,
        started_at: state.attempted_at,
        completed_at: now,
        error: end.error.clone(),
    }
}

fn no_state(step: &str) -> InvalidBody {
    InvalidBody(format!("of a chain: step {step:?} has not begun"))
}
