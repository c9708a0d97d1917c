//! Names that templates of a chain may read.

use std::collections::BTreeSet;

use acteon_core::similar::nearest;
use acteon_templates::Payload;

use super::asked::{OF_AN_APPROVAL, asks};
use super::chain::OnCancel;
use super::check::with_paths;
use super::problem::Problems;
use super::step::{StepDefinition, StepKind};
use super::subscripts::{paths, strings};
use super::ways::{ahead, ways};

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

/// What the templates of one place may read.
struct Readable<'a> {
    roots: &'static [&'static str],
    /// Names of steps, but for its own: what it reads of itself is not there yet.
    steps: BTreeSet<&'a str>,
    /// Names of those that are over by then on some way.
    before: BTreeSet<&'a str>,
    /// Names of those that ask people.
    asking: BTreeSet<&'a str>,
    has_signals: bool,
    is_first: bool,
    /// Whether whichever step comes before it asks people.
    is_behind_asking: bool,
}

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
    let is_wait = |step: &StepDefinition| matches!(step.kind, StepKind::WaitForSignal { .. });
    let has_signals = steps.iter().any(is_wait);
    let asking: BTreeSet<&str> = with_paths(steps)
        .iter()
        .filter(|(step, _)| asks(step))
        .map(|(step, _)| &*step.name)
        .collect();
    let ahead: Vec<_> = (0..steps.len()).map(|at| ahead(steps, at)).collect();
    for (index, of_chain) in steps.iter().enumerate() {
        let is_before = |at: &usize| *at != index && ahead[*at].contains(&index);
        let before = (0..steps.len()).filter(is_before).map(|at| &steps[at]);
        let before = before.flat_map(|step| std::iter::once(step).chain(step.children()));
        let before: BTreeSet<&str> = before.map(|step| &*step.name).collect();
        for (step, path) in of_step(of_chain, index) {
            let mut readable = Readable {
                roots: ROOTS,
                steps: names.clone(),
                before: before.clone(),
                asking: asking.clone(),
                has_signals,
                is_first: index == 0,
                is_behind_asking: is_behind_asking(steps, index),
            };
            readable.steps.remove(&*step.name);
            if let StepKind::Parallel(parallel) = &of_chain.kind
                && parallel.max_concurrency.is_some()
            {
                // Which of its steps is over before which others begin is not known.
                let children = parallel.steps.iter().map(|child| &*child.name);
                readable.before.extend(children);
            }
            check_step(step, &path, &readable, problems);
        }
    }
    if let Some(template) = on_cancel.and_then(|on_cancel| on_cancel.payload_template.as_ref()) {
        let readable = Readable {
            roots: ON_CANCEL_ROOTS,
            before: names.clone(),
            steps: names,
            asking,
            has_signals,
            is_first: false,
            is_behind_asking: false,
        };
        let at = "on_cancel.payload_template";
        check_template((template.get(), at), &readable, problems);
    }
}

/// Whether all steps from which a way leads to this one ask people.
fn is_behind_asking(steps: &[StepDefinition], index: usize) -> bool {
    let mut before = (0..steps.len()).filter(|at| ways(steps, *at).contains(&index));
    let first = before.next().is_some_and(|at| asks(&steps[at]));
    first && before.all(|at| asks(&steps[at]))
}

/// A step of the chain and those within it, with their paths.
fn of_step(step: &StepDefinition, index: usize) -> Vec<(&StepDefinition, String)> {
    let children = step.children().iter().enumerate();
    let children =
        children.map(|(at, child)| (child, format!("steps[{index}].parallel.steps[{at}]")));
    std::iter::once((step, format!("steps[{index}]")))
        .chain(children)
        .collect()
}

fn check_step(step: &StepDefinition, path: &str, readable: &Readable<'_>, problems: &mut Problems) {
    let (template, at) = match &step.kind {
        StepKind::Send {
            payload_template, ..
        } => (payload_template, format!("{path}.payload_template")),
        StepKind::Approval { policy, .. } => (policy, format!("{path}.approval")),
        StepKind::Timer { .. }
        | StepKind::WaitForSignal { .. }
        | StepKind::Parallel(_)
        | StepKind::SubChain { .. } => return,
    };
    check_template((template.get(), &at), readable, problems);
}

fn check_template((template, at): (&str, &str), readable: &Readable<'_>, problems: &mut Problems) {
    let payload = match Payload::compile(template, at) {
        Ok(payload) => payload,
        Err(found) => {
            for problem in found {
                let line = problem
                    .line
                    .map_or(String::new(), |line| format!("line {line}: "));
                problems.add(&problem.path, format!("{line}{}", problem.message));
            }
            return;
        }
    };
    let strings = strings(template, at);
    for variable in payload.variables() {
        let path: Vec<&str> = variable.name.split('.').collect();
        let text = strings.get(&variable.at).map_or("", |text| &**text);
        if let Err(message) = readable.check(&path, is_careful(text)) {
            problems.add(&variable.at, message);
        }
    }
    for (at, text) in &strings {
        for path in paths(text) {
            let path: Vec<&str> = path.iter().map(|name| &**name).collect();
            // A root that is none was told, or is a name of the template's own.
            let is_root = path
                .first()
                .is_some_and(|root| readable.roots.contains(root));
            if let Some(Err(message)) = is_root.then(|| readable.check(&path, is_careful(text))) {
                problems.add(at, message);
            }
        }
    }
}

/// Whether a template may mind what is not there.
fn is_careful(text: &str) -> bool {
    ["default", "defined", "if "]
        .iter()
        .any(|word| text.contains(word))
}

impl Readable<'_> {
    /// Checks a path that is read, by a template that minds what is not there or one that does not.
    fn check(&self, path: &[&str], is_careful: bool) -> Result<(), String> {
        let shown = path.join(".");
        let Some((root, below)) = path.split_first() else {
            return Ok(());
        };
        one_of(&shown, root, "name", self.roots.iter().copied())?;
        match *root {
            "prev" if self.is_first && !is_careful => {
                return Err(format!(
                    "reads {shown}, but this is the first step of the chain; expected origin, or a step that others come before"
                ));
            }
            "signal" if !self.has_signals && !is_careful => {
                return Err(format!(
                    "reads {shown}, but no step of the chain waits for a signal"
                ));
            }
            _ => {}
        }
        let Some(name) = below.first() else {
            return Ok(());
        };
        let of_asking = match *root {
            "steps" => {
                self.check_step(&shown, name, below.get(1).copied(), is_careful)?;
                below.get(1..).filter(|_| self.asking.contains(name))
            }
            "prev" => Some(below).filter(|_| self.is_behind_asking),
            _ => None,
        };
        if let Some((_, known)) = BELOW.iter().find(|(known, _)| known == root) {
            one_of(&shown, name, "part of it", known.iter().copied())?;
        }
        match of_asking {
            Some(["body", name, ..]) if !is_careful => {
                one_of(&shown, name, "part of it", OF_AN_APPROVAL.iter().copied())
            }
            _ => Ok(()),
        }
    }

    fn check_step(
        &self,
        shown: &str,
        name: &str,
        part: Option<&str>,
        is_careful: bool,
    ) -> Result<(), String> {
        let goes_on = |known: &&&str| {
            let rest = known.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['-', '.', ' ']))
        };
        if !self.steps.contains(name)
            && let Some(meant) = self.steps.iter().find(goes_on)
        {
            return Err(format!(
                "reads {shown}, but no other step is called {name:?}; did you mean steps['{meant}']?"
            ));
        }
        one_of(shown, name, "other step", self.steps.iter().copied())?;
        if let Some(part) = part {
            one_of(shown, part, "part of a step", OF_A_STEP.iter().copied())?;
        }
        if !self.before.contains(name) && !is_careful {
            return Err(format!(
                "reads {shown}, but no way leads from {name:?} to this step"
            ));
        }
        Ok(())
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
