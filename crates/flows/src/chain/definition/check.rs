//! What follows from what: names, targets, and ways that lead back.

use std::collections::{BTreeMap, BTreeSet};

use acteon_core::similar::nearest;

use super::problem::Problems;
use super::step::{StepDefinition, StepKind};
use crate::chain::limits::{MAX_SIGNALS, MAX_STEPS};

/// Way from a step to another: index of the other, and the path to what says so; `None` for the next in order.
type Way = (usize, Option<String>);

/// Checks that names are unique, that targets are there, and that no way leads back.
pub(super) fn check(steps: &[StepDefinition], problems: &mut Problems) {
    check_names(steps, problems);
    check_waits(steps, problems);
    let ways = ways(steps, problems);
    for (from, out) in ways.iter().enumerate() {
        for (to, path) in out {
            let Some(path) = path.as_ref().filter(|_| *to <= from) else {
                continue;
            };
            // Every circle has a way that does not lead onwards in order.
            if let Some(circle) = way_between(&ways, *to, from) {
                let mut names: Vec<&str> =
                    circle.iter().map(|index| &*steps[*index].name).collect();
                names.push(&steps[*to].name);
                let message = format!(
                    "leads back ({}), and loops are refused; expected a step that does not lead here",
                    names.join(" -> ")
                );
                problems.add(path, message);
            }
        }
    }
}

fn check_names(steps: &[StepDefinition], problems: &mut Problems) {
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    let mut count = 0;
    for (step, path) in with_paths(steps) {
        count += 1;
        if let Some(first) = known.get(&*step.name) {
            let message = format!(
                "{:?} is the name of {first} as well; expected another",
                step.name
            );
            problems.add(&format!("{path}.name"), message);
        } else {
            known.insert(&step.name, path);
        }
    }
    if count > MAX_STEPS {
        let message = format!(
            "has {count} steps with those of parallel ones, at most {MAX_STEPS} are allowed"
        );
        problems.add("steps", message);
    }
}

fn check_waits(steps: &[StepDefinition], problems: &mut Problems) {
    let is_wait = |step: &&StepDefinition| matches!(step.kind, StepKind::WaitForSignal { .. });
    let count = steps.iter().filter(is_wait).count();
    if count > MAX_SIGNALS {
        let message =
            format!("has {count} steps with wait_for_signal, at most {MAX_SIGNALS} are allowed");
        problems.add("steps", message);
    }
}

/// All steps with their paths, those of parallel steps behind each of them.
pub(super) fn with_paths(steps: &[StepDefinition]) -> Vec<(&StepDefinition, String)> {
    let mut all = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let path = format!("steps[{index}]");
        let children = step.children().iter().enumerate();
        let children: Vec<_> = children
            .map(|(at, child)| (child, format!("{path}.parallel.steps[{at}]")))
            .collect();
        all.push((step, path));
        all.extend(children);
    }
    all
}

/// Ways out of each step.
fn ways(steps: &[StepDefinition], problems: &mut Problems) -> Vec<Vec<Way>> {
    let mut all = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let at = format!("steps[{index}]");
        let mut named: Vec<(&str, String)> = Vec::new();
        for (number, branch) in step.branches.iter().enumerate() {
            named.push((&branch.target, format!("{at}.branches[{number}].target")));
        }
        if let StepKind::WaitForSignal {
            on_timeout: Some(target),
            ..
        } = &step.kind
        {
            named.push((target, format!("{at}.wait_for_signal.on_timeout")));
        }
        if let Some(target) = &step.default_next {
            named.push((target, format!("{at}.default_next")));
        }
        let mut ways = Vec::new();
        for (target, path) in named {
            match steps.iter().position(|step| step.name == target) {
                Some(to) => ways.push((to, Some(path))),
                None => problems.add(&path, unknown_target(target, steps)),
            }
        }
        if step.default_next.is_none() && index + 1 < steps.len() {
            ways.push((index + 1, None));
        }
        all.push(ways);
    }
    all
}

fn unknown_target(target: &str, steps: &[StepDefinition]) -> String {
    let names = || steps.iter().map(|step| &*step.name);
    if steps
        .iter()
        .any(|step| step.children().iter().any(|child| child.name == target))
    {
        return format!(
            "{target:?} stands within a parallel step; expected a step of the chain itself"
        );
    }
    if let Some(meant) = nearest(target, names()) {
        return format!("no step is named {target:?}; did you mean {meant}?");
    }
    let names: Vec<_> = names().collect();
    format!(
        "no step is named {target:?}, expected one of {}",
        names.join(", ")
    )
}

/// Shortest way between two steps, with both ends.
fn way_between(ways: &[Vec<Way>], from: usize, to: usize) -> Option<Vec<usize>> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::new();
    let mut seen = BTreeSet::from([from]);
    let mut next = std::collections::VecDeque::from([from]);
    while let Some(at) = next.pop_front() {
        if at == to {
            let mut way = vec![to];
            while let Some(earlier) = way.last().and_then(|last| before.get(last)) {
                way.push(*earlier);
            }
            way.reverse();
            return Some(way);
        }
        for (further, _) in ways.get(at)? {
            if seen.insert(*further) {
                before.insert(*further, at);
                next.push_back(*further);
            }
        }
    }
    None
}
