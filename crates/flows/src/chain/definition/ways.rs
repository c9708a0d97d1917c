//! Ways from step to step.

use std::collections::BTreeSet;

use super::chain::Definition;
use super::step::{StepDefinition, StepKind};

impl Definition {
    /// Steps of the chain that may come once it stands at the step with this index: that one, and those that a way leads to.
    pub(crate) fn ahead(&self, index: usize) -> impl Iterator<Item = &StepDefinition> {
        let ahead = ahead(&self.steps, index);
        let all = self.steps.iter().enumerate();
        all.filter_map(move |(at, step)| ahead.contains(&at).then_some(step))
    }
}

/// Indices of a step, and of those that a way leads to from it.
pub(super) fn ahead(steps: &[StepDefinition], index: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::from([index]);
    let mut next = vec![index];
    while let Some(at) = next.pop() {
        for way in ways(steps, at) {
            if found.insert(way) {
                next.push(way);
            }
        }
    }
    found
}

/// Indices of the steps that come behind one.
pub(super) fn ways(steps: &[StepDefinition], index: usize) -> Vec<usize> {
    let Some(step) = steps.get(index) else {
        return Vec::new();
    };
    let on_timeout = match &step.kind {
        StepKind::WaitForSignal { on_timeout, .. } => on_timeout.as_ref(),
        StepKind::Send { .. }
        | StepKind::Timer { .. }
        | StepKind::Approval { .. }
        | StepKind::Parallel(_)
        | StepKind::SubChain { .. } => None,
    };
    let branches = step.branches.iter().map(|branch| &branch.target);
    let named = branches.chain(on_timeout).chain(&step.default_next);
    let find = |name: &String| steps.iter().position(|step| step.name == *name);
    let mut ways: Vec<usize> = named.filter_map(find).collect();
    if step.default_next.is_none() && index + 1 < steps.len() {
        ways.push(index + 1);
    }
    ways
}
