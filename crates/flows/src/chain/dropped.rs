//! Branches that read what was not kept of a step's body: which of them is true is not known.

use super::definition::{Branch, Field, Operator, StepDefinition, StepKind};
use super::end::End;
use super::run::Run;

/// Code of a step whose branches read what was not kept of its body.
const BODY_DROPPED: &str = "BODY_DROPPED";

impl Run<'_> {
    /// End of a step's attempt. It is a failure where the branches read what was not kept.
    pub(super) fn with_all_read(&self, step: &StepDefinition, end: End) -> End {
        if end.error.is_some() || end.goto.is_some() {
            return end;
        }
        let (Some(branch), Some(bytes)) = (self.unread(step, &end), end.dropped_bytes) else {
            return end;
        };
        let message = format!(
            "its branch {branch} reads what was dropped of its body: {bytes} bytes, too long or too deep to be kept"
        );
        End {
            body: end.body,
            dropped_bytes: end.dropped_bytes,
            ..End::failure(BODY_DROPPED, message)
        }
    }

    /// First branch that reads what was not kept, where none before it is true.
    fn unread<'s>(&self, step: &'s StepDefinition, end: &End) -> Option<&'s Branch> {
        let body = end.body.as_deref();
        let decides = |branch: &&Branch| {
            self.reads_dropped(step, branch, end) || branch.is_true(end.error.is_none(), body)
        };
        let first = step.branches.iter().find(decides)?;
        self.reads_dropped(step, first, end).then_some(first)
    }

    fn reads_dropped(&self, step: &StepDefinition, branch: &Branch, end: &End) -> bool {
        let (Field::Body(names), Some(_)) = (&branch.field, end.dropped_bytes) else {
            return false;
        };
        let is_there = branch.finds(end.body.as_deref());
        match (&step.kind, names.first()) {
            // Some of it is missing.
            (_, None) => !(is_there && branch.operator == Operator::Exists),
            (StepKind::Parallel(_), Some(child)) => {
                let state = self.body.steps.get(child);
                !is_there && state.is_some_and(|state| state.dropped_bytes.is_some())
            }
            (_, Some(_)) => !is_there,
        }
    }
}
