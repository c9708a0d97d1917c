//! Payloads of steps, rendered with what came before.

use acteon_templates::{Context, Escaping, Payload};
use serde_json::Value;
use serde_json::value::RawValue;

use super::body::{Body, Cancel};
use super::definition::{Parallel, StepDefinition, StepKind};
use super::run::Run;
use super::state::{StepState, StepStatus};

/// What templates may read.
pub(super) struct Rendering<'a> {
    context: Context<'a>,
}

impl<'a> Rendering<'a> {
    /// What the templates of a step may read. `index` is that of the chain's step.
    pub(super) fn of_step(run: &Run<'a>, index: usize) -> Self {
        let rendering = Self::new(run);
        Self {
            context: rendering.context.with("step_index", index.to_string()),
        }
    }

    /// What the payload of the action that tells of a cancellation may read.
    pub(super) fn of_cancel(run: &Run<'a>, cancel: &Cancel) -> Self {
        let cancel = serde_json::json!({ "reason": cancel.reason, "by": cancel.by });
        let rendering = Self::new(run);
        Self {
            context: rendering.context.with("cancel", cancel.to_string()),
        }
    }

    fn new(run: &Run<'a>) -> Self {
        let mut context = Context::new()
            .with("origin", origin(&run.body))
            .with("steps", steps(run))
            .with_text("chain_id", run.flow.id);
        if let Some(prev) = prev(run) {
            context = context.with("prev", prev);
        }
        if let Some(signal) = &run.body.last_signal {
            context = context.with("signal", signal.get().to_owned());
        }
        Self { context }
    }

    /// JSON in which all templates are rendered, or what went wrong.
    pub(super) fn payload(&self, template: &RawValue, at: &str) -> Result<Box<RawValue>, String> {
        let payload = Payload::compile(template.get(), at).map_err(|problems| {
            problems
                .first()
                .map_or_else(|| at.to_owned(), ToString::to_string)
        })?;
        let rendered = payload.render(&self.context, Escaping::None);
        let rendered = rendered.map_err(|error| error.to_string())?;
        RawValue::from_string(rendered).map_err(|error| format!("{at}: {error}"))
    }
}

/// The action that started the chain.
fn origin(body: &Body) -> String {
    let origin = &body.origin;
    let metadata: Value = origin
        .metadata
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    format!(
        r#"{{"payload":{},"namespace":{},"tenant":{},"action_type":{},"provider":{},"id":{},"metadata":{metadata}}}"#,
        origin.payload.get(),
        quoted(origin.namespace.as_str()),
        quoted(origin.tenant.as_str()),
        quoted(origin.action_type.as_str()),
        quoted(origin.provider.as_str()),
        quoted(origin.id.as_str()),
    )
}

/// Steps that are over, by their names.
fn steps(run: &Run<'_>) -> String {
    let over = run.definition.all_steps().filter_map(|step| {
        let result = result(run, step)?;
        Some(format!("{}:{result}", quoted(&step.name)))
    });
    format!("{{{}}}", over.collect::<Vec<_>>().join(","))
}

/// Step of the chain that was over last, but for what was given up with the chain.
fn prev(run: &Run<'_>) -> Option<String> {
    let body = &run.body;
    let is_over = |name: &&String| {
        let state = body.steps.get(*name);
        state.is_some_and(|state| {
            !matches!(state.status, StepStatus::Running | StepStatus::Cancelled)
        })
    };
    let last = body.execution_path.iter().rev().find(is_over)?;
    let (_, step) = run.definition.step(last)?;
    result(run, step)
}

/// What a step that is over came to.
fn result(run: &Run<'_>, step: &StepDefinition) -> Option<String> {
    let state = run.body.steps.get(&step.name)?;
    if state.status == StepStatus::Running {
        return None;
    }
    let success = state.status.is_success();
    let body = match &step.kind {
        StepKind::Parallel(parallel) => Some(together(&run.body, parallel)),
        StepKind::Send { .. }
        | StepKind::Timer { .. }
        | StepKind::WaitForSignal { .. }
        | StepKind::Approval { .. }
        | StepKind::SubChain { .. } => body_of(state),
    };
    let body = body.map_or(String::new(), |body| format!(r#","body":{body}"#));
    Some(format!(r#"{{"success":{success}{body}}}"#))
}

/// Bodies of the steps of a parallel one, put together from those that are kept of each.
fn together(body: &Body, parallel: &Parallel) -> String {
    let of_step = |child: &StepDefinition| {
        let state = body.steps.get(&child.name);
        let body = state.map_or_else(|| Some("null".to_owned()), body_of)?;
        Some(format!("{}:{body}", quoted(&child.name)))
    };
    let bodies: Vec<String> = parallel.steps.iter().filter_map(of_step).collect();
    format!("{{{}}}", bodies.join(","))
}

/// Body of a step; null where it came to none. One that was not kept is not there, so that a template that reads it fails.
fn body_of(state: &StepState) -> Option<String> {
    match (&state.body, state.dropped_bytes) {
        (Some(body), _) => Some(body.get().to_owned()),
        (None, None) => Some("null".to_owned()),
        (None, Some(_)) => None,
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
