//! Actions and rule sets.

use acteon_core::{Action, Timestamp};
use acteon_rules::{Context, RuleFile, RuleSet};
use serde_json::{Value, json};

pub(crate) fn action(payload: &Value, metadata: &Value) -> Action {
    let whole = json!({
        "id": "a-1", "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "notify",
        "payload": payload, "metadata": metadata, "created_at": "2026-01-01T00:00:00Z",
    });
    serde_json::from_str(&whole.to_string()).expect("an action")
}

/// What a decision merges into the payload.
pub(crate) fn patch(decided: &acteon_rules::Decision<'_>) -> Option<Value> {
    decided
        .patch
        .as_ref()
        .map(|patch| serde_json::from_str(patch.get()).expect("JSON"))
}

pub(crate) fn now() -> Timestamp {
    at("2026-01-03T02:00:00Z")
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

pub(crate) fn file(text: &str) -> RuleFile {
    RuleFile {
        name: "rules.yaml".into(),
        text: text.into(),
    }
}

pub(crate) fn rules(text: &str) -> RuleSet {
    RuleSet::compile(&[file(text)], &Context::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// The faults of a file, one a line.
pub(crate) fn faults(text: &str, context: &Context) -> String {
    RuleSet::compile(&[file(text)], context)
        .expect_err("refused")
        .to_string()
}
