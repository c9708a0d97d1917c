//! Several steps at a time.

use acteon_core::Timestamp;

use super::definition::{
    Join, OnParallelFailure, OnStepFailure, Parallel, StepDefinition, StepKind,
};
use super::end::End;
use super::run::Run;
use super::state::StepStatus;
use crate::kind::InvalidBody;

impl Run<'_> {
    /// Takes the steps of a parallel step as far as they go, and joins them.
    pub(super) fn together(
        &mut self,
        step: &StepDefinition,
        index: usize,
        until: Option<Timestamp>,
    ) -> Result<Option<End>, InvalidBody> {
        let StepKind::Parallel(parallel) = &step.kind else {
            return Ok(None);
        };
        // What ended is looked at before others begin, or are called off.
        for child in &parallel.steps {
            if self.phase(&child.name).is_some() {
                self.progress(child, index)?;
            }
        }
        let mut joined = self.joined(parallel);
        if joined.is_none() && until.is_some_and(|until| self.flow.due_now >= until) {
            let message = "its steps took longer than its timeout_seconds";
            joined = Some(End::failure("TIMED_OUT", message));
        }
        for child in &parallel.steps {
            if joined.is_some() || !self.has_room(parallel) {
                break;
            }
            if !self.body.steps.contains_key(&child.name) {
                if self.is_full() {
                    break;
                }
                self.progress(child, index)?;
                joined = self.joined(parallel);
            }
        }
        let Some(end) = joined else {
            return Ok(None);
        };
        self.join(parallel, end).map(Some)
    }

    /// What a parallel step comes to that is over: those of its steps that run are given up.
    pub(super) fn join(&mut self, parallel: &Parallel, end: End) -> Result<End, InvalidBody> {
        for child in &parallel.steps {
            self.abandon(child)?;
        }
        let body = Some(self.bodies(parallel));
        let is_letter = |child: &StepDefinition| {
            let state = self.body.steps.get(&child.name);
            child.on_failure == OnStepFailure::Dlq
                && state.is_some_and(|state| state.status == StepStatus::Failed)
        };
        let dropped = parallel.steps.iter().filter_map(|child| {
            let state = self.body.steps.get(&child.name)?;
            state.dropped_bytes
        });
        let dropped: usize = dropped.sum();
        let mut end = End {
            body,
            dropped_bytes: (dropped > 0).then_some(dropped),
            ..end
        };
        if let Some(error) = &mut end.error {
            error.dead_letter = parallel.steps.iter().any(is_letter);
        }
        Ok(end)
    }

    /// Whether another step may begin.
    fn has_room(&self, parallel: &Parallel) -> bool {
        let running = parallel
            .steps
            .iter()
            .filter(|child| self.phase(&child.name).is_some());
        parallel
            .max_concurrency
            .is_none_or(|most| running.count() < most)
    }

    /// What they come to together; `None` while that is open.
    pub(super) fn joined(&self, parallel: &Parallel) -> Option<End> {
        let statuses = || {
            let status =
                |child: &StepDefinition| self.body.steps.get(&child.name).map(|s| s.status);
            parallel.steps.iter().map(status)
        };
        let is_good = |status: Option<StepStatus>| {
            matches!(status, Some(StepStatus::Completed | StepStatus::Skipped))
        };
        let is_success = |status: Option<StepStatus>| status == Some(StepStatus::Completed);
        let is_open =
            |status: Option<StepStatus>| matches!(status, None | Some(StepStatus::Running));
        let failed = || {
            let is_failed = |child: &&StepDefinition| {
                let state = self.body.steps.get(&child.name);
                state.is_some_and(|state| state.status == StepStatus::Failed)
            };
            let first = parallel.steps.iter().find(is_failed)?;
            let error = self.body.steps.get(&first.name)?.error.as_ref()?;
            let message = format!("step {:?}: {}", first.name, error.message);
            Some(End::failure(&error.code, message))
        };
        match parallel.join {
            Join::Any if statuses().any(is_success) => Some(End::success(None)),
            Join::Any if statuses().any(is_open) => None,
            // None succeeded; where all of them were skipped, nobody minds.
            Join::Any => Some(failed().unwrap_or_else(|| End::success(None))),
            Join::All if statuses().all(is_good) => Some(End::success(None)),
            Join::All => {
                let is_early = parallel.on_failure == OnParallelFailure::FailFast;
                failed().filter(|_| is_early || !statuses().any(is_open))
            }
        }
    }

    /// Bodies of the steps, by their names.
    fn bodies(&self, parallel: &Parallel) -> String {
        let body = |child: &StepDefinition| {
            let body = self.body.steps.get(&child.name)?.body.as_ref()?;
            let name = serde_json::Value::from(child.name.as_str());
            Some(format!("{name}:{}", body.get()))
        };
        let bodies: Vec<String> = parallel.steps.iter().filter_map(body).collect();
        format!("{{{}}}", bodies.join(","))
    }
}
