//! Definitions, actions and outcomes, as tests write them.

use acteon_core::{Action, Outcome, Response};
use acteon_flows::chain::Definition;
use serde_json::{Value, json};

use crate::world::raw;

pub(crate) fn read(definition: &Value) -> Definition {
    Definition::read(&definition.to_string()).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}\n{definition}", lines.join("\n"))
    })
}

pub(crate) fn origin(payload: &Value) -> Action {
    let action = json!({
        "id": "origin-1", "namespace": "n", "tenant": "t", "provider": "p", "action_type": "alert", "payload": payload,
        "metadata": {"team": "ops"}, "created_at": "2026-11-27T09:00:00Z",
    });
    serde_json::from_str(&action.to_string()).expect("an action")
}

pub(crate) fn executed(body: &Value) -> Outcome {
    Outcome::Executed(Response::success(raw(body)))
}

pub(crate) fn failed() -> Outcome {
    Outcome::Failed {
        code: "EXECUTION_FAILED".into(),
        message: "errcode 40003".into(),
        retryable: true,
        attempts: 1,
    }
}

/// Failure that sending once more does not change.
pub(crate) fn failed_for_good() -> Outcome {
    Outcome::Failed {
        code: "POISONED".into(),
        message: "three processes died over it".into(),
        retryable: false,
        attempts: 3,
    }
}

/// A step that sends.
pub(crate) fn send(name: &str) -> Value {
    json!({"name": name, "provider": "p", "action_type": "notify", "payload_template": {"content": name}})
}

/// A step, with further keys.
pub(crate) fn with(mut step: Value, keys: &Value) -> Value {
    for (name, value) in keys.as_object().expect("keys") {
        step[name] = value.clone();
    }
    step
}

pub(crate) fn step(name: &str, keys: &Value) -> Value {
    with(json!({"name": name}), keys)
}

pub(crate) fn chain(steps: &[Value]) -> Value {
    json!({"name": "deploy", "steps": steps})
}
