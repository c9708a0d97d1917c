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
    /// Bytes of what was asked for by this very step.
    pub(super) asked_bytes: usize,
    /// Whether there is more to do at once, in a commit of its own.
    pub(super) has_more: bool,
    /// Sentence for the log, where something happened beside a failure.
    pub(super) notice: Option<String>,
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
            asked_bytes: 0,
            has_more: false,
            notice: None,
        })
    }

    pub(super) fn step(mut self) -> Result<Step, InvalidBody> {
        let was_over = self.body.status.is_over();
        if !was_over {
            self.look_above();
            if self.body.cancel.is_some() {
                self.take_in()?;
                self.end(Status::Cancelled, None)?;
            } else {
                self.go_on()?;
                self.time_out()?;
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

    /// Wishes that it ends where what started it does not wait for it any more.
    fn look_above(&mut self) {
        let Some(parent) = &self.body.parent else {
            return;
        };
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

    /// Ends it where its time is over. What came before counts: it has gone on by that already.
    fn time_out(&mut self) -> Result<(), InvalidBody> {
        if self.body.status.is_over() || self.flow.due_now < self.body.expires_due {
            return Ok(());
        }
        let failure = Failure {
            code: "TIMED_OUT".to_owned(),
            message: "the chain took longer than its timeout_seconds".to_owned(),
            dead_letter: self.definition.on_failure == OnChainFailure::Abort,
        };
        self.end(Status::TimedOut, Some(failure))
    }

    /// Goes on from step to step, until one must wait.
    fn go_on(&mut self) -> Result<(), InvalidBody> {
        if let Some(start) = self.body.starts_due {
            if self.flow.due_now < start {
                return Ok(());
            }
            self.body.set_start(None);
        }
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
                self.body.status = match self.phase(&step.name) {
                    Some(Phase::Delayed(_)) => Status::Running,
                    Some(_) | None => Status::of_step(&step.kind),
                };
                return Ok(());
            };
            match next(&definition, index, &end)? {
                Next::Step(next) => {
                    self.enter(&definition, next)?;
                    if self.calls_off() {
                        self.body.status = Status::Running;
                        self.has_more = true;
                        return Ok(());
                    }
                }
                Next::Completed => return self.end(Status::Completed, None),
                Next::Failed(failure) => return self.end(Status::Failed, Some(failure)),
            }
        }
        Err(InvalidBody(
            "of a chain: its steps lead back to each other".to_owned(),
        ))
    }

    /// Whether actions are called off. Nothing is sent in the commit that does so: it would have to wait until there is room.
    pub(super) fn calls_off(&self) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Cancel(_)))
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
        if self.has_more {
            return Due::Counted(self.flow.due_now);
        }
        let running = self.body.running().into_iter();
        let instants = running.filter_map(|(_, phase)| phase.due());
        let instants = instants.chain(self.body.starts_due);
        let first = instants.fold(self.body.expires_due, Timestamp::min);
        Due::Counted(first)
    }

    /// Sentence for the log where it failed, or could not tell of its end.
    fn notice(&self) -> Option<String> {
        let Some(failure) = &self.body.failure else {
            return self.notice.clone();
        };
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
            OnStepFailure::Abort => Some(is_letter || error.dead_letter),
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
