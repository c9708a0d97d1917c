//! Payloads of steps, rendered with what came before.

use std::fmt::Write as _;

use acteon_templates::{Context, Escaping, Payload};
use serde_json::Value;
use serde_json::value::RawValue;

use super::body::{Body, Cancel};
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
            .with("steps", steps(&run.body))
            .with_text("chain_id", run.flow.id);
        if let Some(prev) = prev(&run.body) {
            context = context.with("prev", result(prev));
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
    let text = |text: &str| Value::from(text).to_string();
    let metadata: Value = origin
        .metadata
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    format!(
        r#"{{"payload":{},"namespace":{},"tenant":{},"action_type":{},"provider":{},"id":{},"metadata":{metadata}}}"#,
        origin.payload.get(),
        text(origin.namespace.as_str()),
        text(origin.tenant.as_str()),
        text(origin.action_type.as_str()),
        text(origin.provider.as_str()),
        text(origin.id.as_str()),
    )
}

/// Steps that are over, by their names.
fn steps(body: &Body) -> String {
    let mut json = String::from("{");
    let over = body
        .steps
        .iter()
        .filter(|(_, state)| state.status != StepStatus::Running);
    for (at, (name, state)) in over.enumerate() {
        let comma = if at > 0 { "," } else { "" };
        // Writing to a text does not fail.
        let _ = write!(
            json,
            "{comma}{}:{}",
            Value::from(name.as_str()),
            result(state)
        );
    }
    json.push('}');
    json
}

/// Step of the chain that was over last.
fn prev(body: &Body) -> Option<&StepState> {
    let mut states = body
        .execution_path
        .iter()
        .rev()
        .filter_map(|name| body.steps.get(name));
    states.find(|state| state.status != StepStatus::Running)
}

/// What a step came to. A body that was not kept is not there, so that a template that reads it fails.
fn result(state: &StepState) -> String {
    let success = state.status.is_success();
    match &state.body {
        Some(body) => format!(r#"{{"success":{success},"body":{}}}"#, body.get()),
        None => format!(r#"{{"success":{success}}}"#),
    }
}
