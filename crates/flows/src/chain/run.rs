//! One step of an execution's flow: as far as it goes before something must happen.

use std::collections::BTreeSet;

use acteon_core::Timestamp;

use super::body::{Body, Cancel};
use super::definition::{Definition, OnChainFailure, OnStepFailure, StepDefinition};
use super::end::End;
use super::failure::Failure;
use super::limits::MAX_STEPS;
use super::state::Phase;
use super::status::Status;
use super::wanted::is_wanted;
use crate::chain::ids::chain_name;
use crate::kind::{Due, Effect, InvalidBody, Looked, Step};

/// Execution on its way through one step of its flow.
pub(super) struct Run<'a> {
    pub(super) flow: &'a Looked<'a>,
    pub(super) definition: Definition,
    pub(super) body: Body,
    pub(super) effects: Vec<Effect>,
    /// Names of the steps whose actions or flows are asked for by this very step: nobody has looked at those.
    pub(super) fresh: BTreeSet<String>,
}

impl<'a> Run<'a> {
    pub(super) fn new(flow: &'a Looked<'a>) -> Result<Self, InvalidBody> {
        let body = Body::parse(flow.body)?;
        Ok(Self {
            flow,
            definition: body.definition()?.clone(),
            body,
            effects: Vec::new(),
            fresh: BTreeSet::new(),
        })
    }

    pub(super) fn step(mut self) -> Result<Step, InvalidBody> {
        let was_over = self.body.status.is_over();
        if !was_over {
            match self.interruption() {
                Some((status, failure)) => self.end(status, failure)?,
                None => self.go_on()?,
            }
        }
        let notice = self.notice().filter(|_| !was_over);
        let body = self.written()?;
        Ok(Step {
            status: self.body.status.as_str(),
            body,
            due: self.due(),
            effects: self.effects,
            notice,
        })
    }

    /// How it ends at once, if it does: by a wish, with what started it, or because its time is over.
    fn interruption(&mut self) -> Option<(Status, Option<Failure>)> {
        if let Some(parent) = &self.body.parent {
            let name = chain_name(&parent.chain);
            let found = self.flow.flows.iter().find(|flow| flow.name == name);
            if self.body.cancel.is_none() && !is_wanted(found, &parent.step) {
                self.body.cancel = Some(Cancel {
                    reason: Some("the chain that started it does not wait for it any more".into()),
                    by: None,
                    at: self.flow.now,
                });
            }
        }
        if self.body.cancel.is_some() {
            return Some((Status::Cancelled, None));
        }
        (self.flow.due_now >= self.body.expires_due).then(|| {
            let failure = Failure {
                code: "TIMED_OUT".to_owned(),
                message: "the chain took longer than its timeout_seconds".to_owned(),
                dead_letter: self.definition.on_failure == OnChainFailure::Abort,
            };
            (Status::TimedOut, Some(failure))
        })
    }

    /// Goes on from step to step, until one must wait.
    fn go_on(&mut self) -> Result<(), InvalidBody> {
        let definition = self.definition.clone();
        for _ in 0..=MAX_STEPS {
            let index = match &self.body.current {
                Some(name) => position(&definition, name)?,
                None => self.enter(&definition, 0)?,
            };
            let Some(step) = definition.steps.get(index) else {
                return Err(InvalidBody("of a chain: it has no steps".to_owned()));
            };
            let Some(end) = self.progress(step, index)? else {
                self.body.status = Status::of_step(&step.kind);
                return Ok(());
            };
            match next(&definition, index, &end)? {
                Next::Step(next) => {
                    self.enter(&definition, next)?;
                }
                Next::Completed => return self.end(Status::Completed, None),
                Next::Failed(failure) => return self.end(Status::Failed, Some(failure)),
            }
        }
        Err(InvalidBody(
            "of a chain: its steps lead back to each other".to_owned(),
        ))
    }

    /// Makes a step the current one.
    fn enter(&mut self, definition: &Definition, index: usize) -> Result<usize, InvalidBody> {
        let Some(step) = definition.steps.get(index) else {
            return Err(InvalidBody("of a chain: it has no steps".to_owned()));
        };
        if self.body.steps.contains_key(&step.name) {
            return Err(InvalidBody(format!(
                "of a chain: step {:?} comes twice",
                step.name
            )));
        }
        self.body.current = Some(step.name.clone());
        self.body.execution_path.push(step.name.clone());
        Ok(index)
    }

    /// Body as it is to be stored. What did not change keeps the instant of its last change.
    fn written(&mut self) -> Result<String, InvalidBody> {
        let json = self.body.to_json()?;
        if json == self.flow.body {
            return Ok(json);
        }
        self.body.updated_at = self.flow.now;
        self.body.to_json()
    }

    fn due(&self) -> Due {
        if self.body.status.is_over() {
            return Due::Never;
        }
        let running = self.body.running().into_iter();
        let instants = running.filter_map(|(_, phase)| phase.due());
        let first = instants.fold(self.body.expires_due, Timestamp::min);
        Due::Counted(first)
    }

    /// Sentence for the log where it failed.
    fn notice(&self) -> Option<String> {
        let failure = self.body.failure.as_ref()?;
        Some(format!(
            "chain {} failed: {} ({})",
            self.definition.name, failure.message, failure.code
        ))
    }

    pub(super) fn phase(&self, step: &str) -> Option<Phase> {
        self.body.steps.get(step)?.phase
    }
}

/// What follows the end of a step.
enum Next {
    Step(usize),
    Completed,
    Failed(Failure),
}

/// What follows the end of a step.
fn next(definition: &Definition, index: usize, end: &End) -> Result<Next, InvalidBody> {
    let Some(step) = definition.steps.get(index) else {
        return Ok(Next::Completed);
    };
    if let Some(target) = &end.goto {
        return Ok(Next::Step(position(definition, target)?));
    }
    if let Some(error) = &end.error {
        let is_letter = definition.on_failure == OnChainFailure::Abort;
        let dead_letter = match step.on_failure {
            OnStepFailure::Skip => None,
            OnStepFailure::Abort => Some(is_letter),
            OnStepFailure::Dlq => Some(true),
        };
        if let Some(dead_letter) = dead_letter {
            return Ok(Next::Failed(Failure {
                code: error.code.clone(),
                message: format!("step {:?}: {}", step.name, error.message),
                dead_letter,
            }));
        }
    }
    let chosen = target(step, end).map(|name| position(definition, name));
    Ok(match chosen.transpose()? {
        Some(index) => Next::Step(index),
        None if index + 1 < definition.steps.len() => Next::Step(index + 1),
        None => Next::Completed,
    })
}

/// Name of the step that a step's branches, or its default, lead to.
fn target<'s>(step: &'s StepDefinition, end: &End) -> Option<&'s String> {
    let is_success = end.error.is_none();
    let body = end.body.as_deref();
    let branch = step
        .branches
        .iter()
        .find(|branch| branch.is_true(is_success, body));
    branch
        .map(|branch| &branch.target)
        .or(step.default_next.as_ref())
}

fn position(definition: &Definition, name: &str) -> Result<usize, InvalidBody> {
    let at = definition.steps.iter().position(|step| step.name == name);
    at.ok_or_else(|| InvalidBody(format!("of a chain: its definition has no step {name:?}")))
}
