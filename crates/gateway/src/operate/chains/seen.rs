//! What of an execution may be seen: nothing of what is redacted in the action that started it, and of steps only where the scope covers what they send.

use acteon_core::Scope;
use acteon_flows::chain::{Body, StepKind, StepState};
use serde_json::value::RawValue;

use crate::history::redaction::Blotter;
use crate::offload;
use crate::shared::Gateway;

/// Message in place of why a step failed that sends what the caller may not see.
const NOT_COVERED: &str = "no grant of this caller covers what this step sends";

/// Whether a scope covers the action that started an execution.
pub(super) fn covers(scope: &Scope, body: &Body) -> bool {
    let origin = &body.origin;
    scope.covers(
        origin.namespace.as_str(),
        origin.tenant.as_str(),
        origin.provider.as_str(),
        origin.action_type.as_str(),
    )
}

impl Gateway {
    /// Body as a scope may see it.
    pub(super) fn seen_chain(&self, scope: &Scope, mut body: Body) -> Body {
        let bytes = body.origin.payload.get().len() + kept_bytes(&body);
        let blot = || {
            hide_uncovered(scope, &mut body);
            if self.inner.options.redaction.hides_something() {
                let blotter = self.inner.options.redaction.blotter(&body.origin);
                blot_texts(&blotter, &mut body);
            }
        };
        offload::by_size(bytes, blot);
        body
    }
}

fn kept_bytes(body: &Body) -> usize {
    let bodies = body.steps.values().filter_map(|state| state.body.as_ref());
    bodies.map(|body| body.get().len()).sum()
}

/// Takes out what steps came to that send what the scope does not cover.
fn hide_uncovered(scope: &Scope, body: &mut Body) {
    let Ok(definition) = body.definition().cloned() else {
        return;
    };
    let pinned = body.pinned.clone();
    let (namespace, tenant) = (&body.origin.namespace, &body.origin.tenant);
    let is_hidden = |kind: &StepKind| match kind {
        StepKind::Send {
            provider,
            action_type,
            ..
        } => !scope.covers(
            namespace.as_str(),
            tenant.as_str(),
            provider.as_str(),
            action_type.as_str(),
        ),
        StepKind::Timer { .. }
        | StepKind::WaitForSignal { .. }
        | StepKind::Approval { .. }
        | StepKind::Parallel(_)
        | StepKind::SubChain { .. } => false,
    };
    let is_hidden = |kind: &StepKind| match kind {
        // Its body, and why it fails, are those of a step within it.
        StepKind::SubChain { chain } => {
            let below = pinned.below(chain);
            let mut steps = below.iter().flat_map(|chain| chain.all_steps());
            steps.any(|step| is_hidden(&step.kind))
        }
        kind => is_hidden(kind),
    };
    let mut hides_some = false;
    for step in definition.steps {
        // What the steps of a parallel one came to stands in its own body too.
        let hidden_child = step.children().iter().any(|child| is_hidden(&child.kind));
        for shown in std::iter::once(&step).chain(step.children()) {
            let is_parent = shown.name == step.name;
            if !(is_hidden(&shown.kind) || (is_parent && hidden_child)) {
                continue;
            }
            if let Some(state) = body.steps.get_mut(&shown.name) {
                hides_some = true;
                hide(state);
            }
        }
    }
    if hides_some && let Some(failure) = &mut body.failure {
        NOT_COVERED.clone_into(&mut failure.message);
    }
}

fn hide(state: &mut StepState) {
    (state.body, state.dropped_bytes) = (None, None);
    let of_attempts = state.attempts.iter_mut().filter_map(|a| a.error.as_mut());
    for failure in state.error.iter_mut().chain(of_attempts) {
        NOT_COVERED.clone_into(&mut failure.message);
    }
}

/// Takes what is redacted in the origin out of what steps came to, which may repeat it.
fn blot_texts(blotter: &Blotter, body: &mut Body) {
    let blot_json = |json: &mut Box<RawValue>| *json = blotter.json(json);
    for state in body.steps.values_mut() {
        state.body.iter_mut().for_each(blot_json);
        let of_attempts = state.attempts.iter_mut().filter_map(|a| a.error.as_mut());
        for failure in state.error.iter_mut().chain(of_attempts) {
            blotter.text(&mut failure.message);
        }
    }
    if let Some(failure) = &mut body.failure {
        blotter.text(&mut failure.message);
    }
    if let Some(reason) = body.cancel.as_mut().and_then(|c| c.reason.as_mut()) {
        blotter.text(reason);
    }
}
