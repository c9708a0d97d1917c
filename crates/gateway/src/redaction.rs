//! Hiding parts of actions from everybody who looks at them afterwards.
//!
//! What is stored is whole: it must be sent, and sent again. Whoever can read the database can read it.

use std::collections::HashSet;
use std::sync::Arc;

use acteon_core::{Action, Outcome};
use acteon_store::Record;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::view::ActionView;

/// What stands in place of what is hidden.
const PLACEHOLDER: &str = "[redacted]";

/// Shortest hidden text that is looked for within other texts: shorter ones are in every other word, and count where they stand alone.
const MIN_ECHO: usize = 4;

/// Most hidden texts that a service's answer is searched for. Of an action that has more the answer is hidden whole: the search takes as long as
/// both together allow.
const MAX_ECHOES: usize = 1000;

/// Which parts are hidden.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    paths: Vec<Vec<String>>,
}

/// A path that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a path such as payload.password, payload.users.*.phone, metadata.token, dedup_key, status or fingerprint; id, namespace, \
     tenant, provider and action_type are what look-ups and grants go by and cannot be hidden"
)]
pub struct InvalidPath(String);

impl Redaction {
    /// Hides what lies at each path: `payload` or `metadata`, whole or with keys, `*` for any key or item; `dedup_key`, `status`, `fingerprint`.
    pub fn new(paths: &[String]) -> Result<Self, InvalidPath> {
        let parse = |text: &String| {
            let path = text.strip_prefix("action.").unwrap_or(text);
            let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
            let has_keys = parts.len() > 1;
            let is_known = match parts.first().map(String::as_str) {
                Some("payload" | "metadata") => true,
                Some("dedup_key" | "status" | "fingerprint") => !has_keys,
                _ => false,
            };
            if is_known && parts.iter().all(|part| !part.is_empty()) { Ok(parts) } else { Err(InvalidPath(text.clone())) }
        };
        Ok(Self { paths: paths.iter().map(parse).collect::<Result<_, _>>()? })
    }

    /// Whether something hidden lies at a field or within, or it lies within something hidden.
    pub(crate) fn touches(&self, field: &str, keys: &[Box<str>]) -> bool {
        self.paths.iter().any(|path| match path.split_first() {
            Some((root, hidden)) if root == field => match field {
                "metadata" => hidden.is_empty() || keys.first().is_none_or(|label| hidden == ["*"] || hidden.join(".") == **label),
                _ => hidden.iter().zip(keys).all(|(hidden, key)| hidden == "*" || hidden == &**key),
            },
            _ => false,
        })
    }

    /// Whether something of an action is hidden.
    pub(crate) fn hides_some_of(&self, action: &Action) -> bool {
        let mut hidden = Hidden::default();
        if !self.paths.is_empty() {
            self.apply(action, &mut hidden);
        }
        !hidden.is_empty()
    }

    /// A record as it may be seen.
    pub(crate) fn view(&self, mut record: Record) -> ActionView {
        if self.paths.is_empty() {
            return ActionView::from(record);
        }
        let mut hidden = Hidden::default();
        record.action = self.apply(&record.action, &mut hidden);
        let mut view = ActionView::from(record);
        hidden.order();
        // A service's answer or error may repeat what it was sent.
        view.outcome = hidden.without(&view.outcome).unwrap_or_else(unreadable);
        view.history = hidden.without(&view.history).unwrap_or_default();
        view.warnings = hidden.without(&view.warnings).unwrap_or_default();
        view
    }

    /// The answer to a replay as it may be seen: who replays an action is not who sent it.
    pub(crate) fn answer(&self, action: &Action, answer: Answer) -> Answer {
        if self.paths.is_empty() {
            return answer;
        }
        let mut hidden = Hidden::default();
        self.apply(action, &mut hidden);
        hidden.order();
        let outcome: Option<Outcome> = serde_json::from_str(&answer.outcome).ok();
        let shown = outcome.and_then(|outcome| hidden.without(&outcome)).unwrap_or_else(unreadable);
        Answer { outcome: shown.to_json(), ..answer }
    }

    /// The action as it may be seen. What is taken out is noted.
    fn apply(&self, action: &Action, hidden: &mut Hidden) -> Arc<Action> {
        let mut shown = action.clone();
        // What cannot be read is hidden whole.
        let mut payload: Value = serde_json::from_str(shown.payload.get()).unwrap_or_else(|_| Value::String(PLACEHOLDER.into()));
        for path in &self.paths {
            let Some((root, keys)) = path.split_first() else { continue };
            let mut optional = |field: &mut Option<String>| {
                if let Some(text) = field {
                    hidden.note(std::mem::replace(text, PLACEHOLDER.into()));
                }
            };
            match root.as_str() {
                "dedup_key" => optional(&mut shown.dedup_key),
                "status" => optional(&mut shown.status),
                "fingerprint" => optional(&mut shown.fingerprint),
                "payload" => hide(&mut payload, keys, hidden),
                _ => {
                    let name = keys.join(".");
                    let labels = shown.metadata.iter_mut().filter(|(label, _)| keys.is_empty() || name == "*" || **label == name);
                    labels.for_each(|(_, value)| hidden.note(std::mem::replace(value, PLACEHOLDER.into())));
                }
            }
        }
        if let Ok(payload) = RawValue::from_string(payload.to_string()) {
            shown.payload = payload;
        }
        Arc::new(shown)
    }
}

/// What is shown of an outcome that cannot be shown without what is hidden.
fn unreadable() -> Outcome {
    Outcome::Failed { code: "REDACTED".into(), message: PLACEHOLDER.into(), retryable: false, attempts: 0 }
}

/// Texts that were taken out of an action.
#[derive(Default)]
struct Hidden {
    /// Those that are looked for within others.
    texts: Vec<String>,
    /// All, as they stand alone.
    whole: HashSet<String>,
    /// Names of fields.
    names: HashSet<String>,
}

impl Hidden {
    fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    fn note(&mut self, text: String) {
        if text.is_empty() || text == PLACEHOLDER {
            return;
        }
        if text.len() >= MIN_ECHO {
            // A text within JSON within a text has its quotes escaped.
            let escaped = Value::String(text.clone()).to_string();
            let escaped = &escaped[1..escaped.len() - 1];
            if escaped != text {
                self.texts.push(escaped.to_owned());
            }
            self.texts.push(text.clone());
        }
        self.whole.insert(text);
    }

    fn note_all(&mut self, value: Value) {
        match value {
            Value::String(text) => self.note(text),
            Value::Number(number) => self.note(number.to_string()),
            Value::Array(items) => items.into_iter().for_each(|item| self.note_all(item)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    self.names.insert(name);
                    self.note_all(field);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Longer ones first: a part of one may be another.
    fn order(&mut self) {
        self.texts.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        self.texts.dedup();
    }

    /// The same without the texts, wherever they are repeated; `None` where it then means nothing.
    fn without<T: Serialize + DeserializeOwned>(&self, whole: &T) -> Option<T> {
        let mut value = serde_json::to_value(whole).ok()?;
        self.blot(&mut value);
        serde_json::from_str(&value.to_string()).ok()
    }

    /// Takes the texts out of what the gateway wrote, whose numbers and names are its own.
    fn blot(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.blot_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.blot(item)),
            Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| match name.as_str() {
                "body" if self.texts.len() > MAX_ECHOES => *field = Value::String(PLACEHOLDER.into()),
                "body" => self.blot_body(field),
                _ => self.blot(field),
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Takes them out of what a service wrote, which may repeat numbers and names too.
    fn blot_body(&self, value: &mut Value) {
        match value {
            Value::String(text) if self.whole.contains(text) => PLACEHOLDER.clone_into(text),
            Value::String(text) => self.blot_text(text),
            Value::Number(number) if self.whole.contains(&number.to_string()) => *value = Value::String(PLACEHOLDER.into()),
            Value::Array(items) => items.iter_mut().for_each(|item| self.blot_body(item)),
            Value::Object(fields) => {
                for (mut name, mut field) in std::mem::take(fields) {
                    if self.names.contains(&name) || self.whole.contains(&name) {
                        PLACEHOLDER.clone_into(&mut name);
                    }
                    self.blot_text(&mut name);
                    self.blot_body(&mut field);
                    fields.insert(name, field);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn blot_text(&self, text: &mut String) {
        for hidden in &self.texts {
            if text.contains(hidden.as_str()) {
                *text = text.replace(hidden.as_str(), PLACEHOLDER);
            }
        }
    }
}

fn hide(value: &mut Value, keys: &[String], hidden: &mut Hidden) {
    let Some((key, rest)) = keys.split_first() else {
        hidden.note_all(std::mem::replace(value, Value::String(PLACEHOLDER.into())));
        return;
    };
    match value {
        Value::Object(map) if key == "*" => map.values_mut().for_each(|inner| hide(inner, rest, hidden)),
        Value::Object(map) => {
            if let Some(inner) = map.get_mut(key) {
                hide(inner, rest, hidden);
            }
        }
        Value::Array(items) if key == "*" => items.iter_mut().for_each(|inner| hide(inner, rest, hidden)),
        Value::Array(items) => {
            if let Some(inner) = key.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                hide(inner, rest, hidden);
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
        let redaction = Redaction::new(&paths).expect("paths");
        let shown = redaction.apply(&action, &mut Hidden::default());
        let payload: Value = serde_json::from_str(shown.payload.get()).expect("JSON");
        assert_eq!(payload, json!({ "password": "[redacted]", "users": [{ "phone": "[redacted]", "name": "li" }] }));
        assert_eq!((shown.metadata["token"].as_str(), shown.metadata["team"].as_str()), ("[redacted]", "pay"));
        for wrong in ["password", "id", "provider", "dedup_key.x", "payload..x", ""] {
            assert!(Redaction::new(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
        let touches = |field: &str, keys: &[&str]| {
            let keys: Vec<Box<str>> = keys.iter().map(|key| Box::from(*key)).collect();
            redaction.touches(field, &keys)
        };
        for (field, keys) in [("payload", &["password"][..]), ("payload", &["users"]), ("payload", &[]), ("payload", &["password", "x"])] {
            assert!(touches(field, keys), "{field} {keys:?}");
        }
        assert!(touches("metadata", &["token"]) && touches("metadata", &[]) && touches("payload", &["users", "3", "phone", "x"]));
        for (field, keys) in [("payload", &["text"][..]), ("payload", &["users", "3", "name"]), ("metadata", &["team"]), ("dedup_key", &[])]
        {
            assert!(!touches(field, keys), "{field} {keys:?}");
        }
    }
}
