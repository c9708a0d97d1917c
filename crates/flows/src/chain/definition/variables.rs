//! Names that templates of a chain may read.

use std::collections::BTreeSet;

use acteon_core::similar::nearest;
use acteon_templates::Payload;

use super::chain::OnCancel;
use super::check::with_paths;
use super::problem::Problems;
use super::step::{StepDefinition, StepKind};

/// Names that templates of steps may read.
const ROOTS: &[&str] = &[
    "origin",
    "prev",
    "steps",
    "signal",
    "chain_id",
    "step_index",
];

/// Names that the payload of what is sent at a cancellation may read.
const ON_CANCEL_ROOTS: &[&str] = &["origin", "prev", "steps", "signal", "chain_id", "cancel"];

/// What is below the names that have a fixed shape.
const BELOW: &[(&str, &[&str])] = &[
    (
        "origin",
        &[
            "payload",
            "namespace",
            "tenant",
            "action_type",
            "provider",
            "id",
            "metadata",
        ],
    ),
    ("prev", &["body", "success"]),
    ("cancel", &["reason", "by"]),
];

/// What is below the name of a step.
const OF_A_STEP: &[&str] = &["body", "success"];

/// Checks all templates: that they compile, and read what there is.
pub(super) fn check(
    steps: &[StepDefinition],
    on_cancel: Option<&OnCancel>,
    problems: &mut Problems,
) {
    let names: BTreeSet<&str> = with_paths(steps)
        .iter()
        .map(|(step, _)| &*step.name)
        .collect();
    for (step, path) in with_paths(steps) {
        let (template, at) = match &step.kind {
            StepKind::Send {
                payload_template, ..
            } => (payload_template, format!("{path}.payload_template")),
            StepKind::Approval { policy, .. } => (policy, format!("{path}.approval")),
            StepKind::Timer { .. }
            | StepKind::WaitForSignal { .. }
            | StepKind::Parallel(_)
            | StepKind::SubChain { .. } => continue,
        };
        // What it reads of itself is not there yet.
        let mut others = names.clone();
        others.remove(&*step.name);
        check_template((template.get(), &at), ROOTS, &others, problems);
    }
    if let Some(template) = on_cancel.and_then(|on_cancel| on_cancel.payload_template.as_ref()) {
        let at = "on_cancel.payload_template";
        check_template((template.get(), at), ON_CANCEL_ROOTS, &names, problems);
    }
}

fn check_template(
    (template, at): (&str, &str),
    roots: &[&str],
    steps: &BTreeSet<&str>,
    problems: &mut Problems,
) {
    match Payload::compile(template, at) {
        Ok(payload) => {
            for variable in payload.variables() {
                if let Err(message) = check_variable(&variable.name, roots, steps) {
                    problems.add(&variable.at, message);
                }
            }
        }
        Err(found) => {
            for problem in found {
                let line = problem
                    .line
                    .map_or(String::new(), |line| format!("line {line}: "));
                problems.add(&problem.path, format!("{line}{}", problem.message));
            }
        }
    }
}

fn check_variable(name: &str, roots: &[&str], steps: &BTreeSet<&str>) -> Result<(), String> {
    let mut parts = name.split('.');
    let root = parts.next().unwrap_or(name);
    one_of(name, root, "name", roots.iter().copied())?;
    let Some(below) = parts.next() else {
        return Ok(());
    };
    if root == "steps" {
        one_of(name, below, "other step", steps.iter().copied())?;
        return match parts.next() {
            Some(below) => one_of(name, below, "part of a step", OF_A_STEP.iter().copied()),
            None => Ok(()),
        };
    }
    match BELOW.iter().find(|(known, _)| *known == root) {
        Some((_, known)) => one_of(name, below, "part of it", known.iter().copied()),
        None => Ok(()),
    }
}

fn one_of<'a>(
    variable: &str,
    part: &str,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), String> {
    if known.clone().any(|known| known == part) {
        return Ok(());
    }
    let hint = if let Some(meant) = nearest(part, known.clone()) {
        format!("did you mean {meant}?")
    } else {
        let known: Vec<_> = known.collect();
        format!("expected one of {}", known.join(", "))
    };
    Err(format!(
        "reads {variable}, but no {what} is called {part:?}; {hint}"
    ))
}
