//! What a step of the kind approval comes to, as branches and templates may read it.

use acteon_core::json::text;
use acteon_core::similar::nearest;

use super::branch::{Branch, Field, Operator};
use super::problem::Problems;
use super::step::{StepDefinition, StepKind};
use crate::approval::Status;
use crate::chain::approval::NOT_ASKED_DECISION;

/// Names in the body of a step of the kind approval.
pub(super) const OF_AN_APPROVAL: &[&str] = &["decision", "decided_by", "comment"];

/// Whether a step asks people.
pub(super) const fn asks(step: &StepDefinition) -> bool {
    matches!(step.kind, StepKind::Approval { .. })
}

/// Checks what branches of a step that asks people compare: one that is never true leads past what it was meant for.
pub(super) fn check(step: &StepDefinition, path: &str, problems: &mut Problems) {
    if !asks(step) {
        return;
    }
    for (number, branch) in step.branches.iter().enumerate() {
        let at = format!("{path}.branches[{number}]");
        check_branch(branch, &at, problems);
    }
}

fn check_branch(branch: &Branch, at: &str, problems: &mut Problems) {
    let Field::Body(names) = &branch.field else {
        return;
    };
    let Some(name) = names.first() else {
        return;
    };
    if !OF_AN_APPROVAL.contains(&name.as_str()) {
        let hint = hint(name, OF_AN_APPROVAL.iter().copied());
        let message = format!("reads body.{name}, which no approval has; {hint}");
        problems.add(&format!("{at}.field"), message);
        return;
    }
    let is_compared = matches!(branch.operator, Operator::Eq | Operator::Neq);
    let value = branch.value.as_ref().filter(|_| is_compared);
    let value = value.and_then(|value| text(value.get()));
    if let Some(value) = value.filter(|_| name == "decision") {
        let known = Status::ALL.iter().map(|status| status.as_str());
        let known = known
            .filter(|known| *known != Status::Pending.as_str())
            .chain([NOT_ASKED_DECISION]);
        if !known.clone().any(|known| known == value) {
            let hint = hint(&value, known);
            let message = format!("is {value:?}, which no approval comes to; {hint}");
            problems.add(&format!("{at}.value"), message);
        }
    }
}

fn hint<'a>(found: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    nearest(found, known.clone()).map_or_else(
        || {
            let known: Vec<_> = known.collect();
            format!("expected one of {}", known.join(", "))
        },
        |meant| format!("did you mean {meant}?"),
    )
}
