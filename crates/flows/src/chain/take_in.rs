//! What came at the same time as a wish that an execution ends: it counts, and nothing more begins.

use super::definition::{StepDefinition, StepKind};
use super::end::End;
use super::run::Run;
use super::state::Phase;
use crate::kind::InvalidBody;

impl Run<'_> {
    /// Writes down what steps that run came to. What failed is not tried again.
    pub(super) fn take_in(&mut self) -> Result<(), InvalidBody> {
        let definition = self.definition.clone();
        for step in &definition.steps {
            for child in step.children() {
                self.take_in_step(child)?;
            }
            self.take_in_step(step)?;
        }
        Ok(())
    }

    fn take_in_step(&mut self, step: &StepDefinition) -> Result<(), InvalidBody> {
        let end = match self.phase(&step.name) {
            Some(Phase::Sent) => self.sent(step)?,
            Some(Phase::Flow) => self.started(step),
            Some(Phase::Signal(_)) => self.heard(step),
            Some(Phase::Timer(until)) if self.flow.due_now >= until => Some(End::success(None)),
            Some(Phase::Parallel(_)) => self.all_taken_in(step)?,
            Some(Phase::Timer(_) | Phase::Delayed(_)) | None => None,
        };
        match end {
            Some(end) => self.close(step, &end),
            None => Ok(()),
        }
    }

    /// What a parallel step came to, by what its steps did.
    fn all_taken_in(&mut self, step: &StepDefinition) -> Result<Option<End>, InvalidBody> {
        let StepKind::Parallel(parallel) = &step.kind else {
            return Ok(None);
        };
        match self.joined(parallel) {
            Some(end) => self.join(parallel, end).map(Some),
            None => Ok(None),
        }
    }
}
