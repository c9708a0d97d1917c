//! Hiding parts of actions from everybody who looks at them afterwards.
//!
//! What is stored is whole: it must be sent, and sent again. Whoever can read the database can read it.

use std::sync::Arc;

use acteon_core::Action;
use serde_json::Value;
use serde_json::value::RawValue;

/// What stands in place of what is hidden.
const PLACEHOLDER: &str = "[redacted]";

/// Which parts are hidden.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    paths: Vec<Vec<String>>,
}

/// A path that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a path such as payload.password, payload.users.*.phone or metadata.token")]
pub struct InvalidPath(String);

impl Redaction {
    /// Hides what lies at each path: `payload.` or `metadata.` and keys, `*` for any key or item.
    pub fn new(paths: &[String]) -> Result<Self, InvalidPath> {
        let parse = |text: &String| {
            let path = text.strip_prefix("action.").unwrap_or(text);
            let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
            let rooted = matches!(parts.first().map(String::as_str), Some("payload" | "metadata"));
            if rooted && parts.len() > 1 && parts.iter().all(|part| !part.is_empty()) { Ok(parts) } else { Err(InvalidPath(text.clone())) }
        };
        Ok(Self { paths: paths.iter().map(parse).collect::<Result<_, _>>()? })
    }

    /// The action as it may be seen.
    pub(crate) fn apply(&self, action: Arc<Action>) -> Arc<Action> {
        if self.paths.is_empty() {
            return action;
        }
        let mut shown = (*action).clone();
        let mut payload: Value = serde_json::from_str(shown.payload.get()).unwrap_or_default();
        for path in &self.paths {
            match path.split_first() {
                Some((root, keys)) if root == "payload" => hide(&mut payload, keys),
                Some((_, keys)) => {
                    let name = keys.join(".");
                    let hidden = shown.metadata.iter_mut().filter(|(label, _)| name == "*" || **label == name);
                    hidden.for_each(|(_, value)| PLACEHOLDER.clone_into(value));
                }
                None => {}
            }
        }
        if let Ok(payload) = RawValue::from_string(payload.to_string()) {
            shown.payload = payload;
        }
        Arc::new(shown)
    }
}

fn hide(value: &mut Value, keys: &[String]) {
    let Some((key, rest)) = keys.split_first() else {
        *value = Value::String(PLACEHOLDER.into());
        return;
    };
    match value {
        Value::Object(map) if key == "*" => map.values_mut().for_each(|inner| hide(inner, rest)),
        Value::Object(map) => {
            if let Some(inner) = map.get_mut(key) {
                hide(inner, rest);
            }
        }
        Value::Array(items) if key == "*" => items.iter_mut().for_each(|inner| hide(inner, rest)),
        Value::Array(items) => {
            if let Some(inner) = key.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                hide(inner, rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hides_keys_items_and_labels() {
        let whole = json!({ "id": "a", "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "created_at": "2026-01-01T00:00:00Z",
            "payload": { "password": "x", "users": [{ "phone": 1, "name": "li" }] }, "metadata": { "token": "y", "team": "pay" } });
        let action: Arc<Action> = Arc::new(serde_json::from_str(&whole.to_string()).expect("an action"));
        let paths = ["payload.password", "action.payload.users.*.phone", "metadata.token", "payload.missing.more"].map(str::to_owned);
        let shown = Redaction::new(&paths).expect("paths").apply(action);
        let payload: Value = serde_json::from_str(shown.payload.get()).expect("JSON");
        assert_eq!(payload, json!({ "password": "[redacted]", "users": [{ "phone": "[redacted]", "name": "li" }] }));
        assert_eq!((shown.metadata["token"].as_str(), shown.metadata["team"].as_str()), ("[redacted]", "pay"));
        assert!(Redaction::new(&["password".to_owned()]).is_err());
    }
}
