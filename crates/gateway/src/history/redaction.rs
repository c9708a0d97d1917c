//! Redaction: parts of actions that are hidden from everybody who looks at them afterwards.
//!
//! What is stored is whole: it must be sent, and sent again. Whoever can read the database can read
//! it.

use std::sync::Arc;

use acteon_core::{Action, Outcome, Response};
use acteon_rules::path_parts;
use acteon_store::Record;
use hidden::Hidden;

use crate::admit::answer::DispatchAnswer;
use crate::approvals::message::is_rendered;
use crate::history::redaction::placeholder::placeholder;
use crate::history::view::ActionView;

mod blotter;
mod hidden;
mod hide;
mod placeholder;

pub(crate) use blotter::Blotter;
pub use placeholder::REDACTED;

/// Redaction: the parts that are hidden.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    paths: Vec<Vec<String>>,
}

/// Error of a path that cannot be hidden.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{1}{0:?} is not a path such as payload.password, payload.users.*.phone, metadata.token, dedup_key, status or fingerprint; id, namespace, \
     tenant, provider and action_type are what look-ups and grants go by and cannot be hidden"
)]
pub struct InvalidPath(String, String);

/// Path into the `labels` of `metadata`, as some clients send labels, as one to where they lie in
/// the end.
fn flat(path: &[String]) -> Option<Vec<String>> {
    let within = path.strip_prefix(&["metadata".to_owned(), "labels".to_owned()])?;
    Some([&["metadata".to_owned()], within].concat())
}

impl Redaction {
    /// Redaction of each path: `payload` or `metadata`, whole or with keys, `*` for any key or
    /// item; `dedup_key`, `status`, `fingerprint`.
    pub fn new(paths: &[String]) -> Result<Self, InvalidPath> {
        let parse = |text: &String| {
            let wrong = |why: String| InvalidPath(text.clone(), why);
            let parts = path_parts(text).map_err(|why| wrong(format!("{why}; ")))?;
            let parts: Vec<String> = parts.into_iter().map(String::from).collect();
            let parts = if parts.first().is_some_and(|first| first == "action") {
                parts[1..].to_vec()
            } else {
                parts
            };
            let has_keys = parts.len() > 1;
            let is_known = match parts.first().map(String::as_str) {
                Some("payload" | "metadata") => true,
                Some("dedup_key" | "status" | "fingerprint") => !has_keys,
                _ => false,
            };
            if is_known {
                Ok(parts)
            } else {
                Err(wrong(String::new()))
            }
        };
        let mut paths: Vec<Vec<String>> = paths.iter().map(parse).collect::<Result<_, _>>()?;
        let flat: Vec<Vec<String>> = paths.iter().filter_map(|path| flat(path)).collect();
        paths.extend(flat);
        Ok(Self { paths })
    }

    /// Whether something hidden lies at a field or within, or it lies within something hidden.
    pub(crate) fn touches(&self, field: &str, keys: &[Box<str>]) -> bool {
        self.paths.iter().any(|path| match path.split_first() {
            Some((root, hidden)) if root == field => match field {
                "metadata" => {
                    hidden.is_empty()
                        || keys
                            .first()
                            .is_none_or(|label| hidden == ["*"] || hidden.join(".") == **label)
                }
                _ => hidden
                    .iter()
                    .zip(keys)
                    .all(|(hidden, key)| hidden == "*" || hidden == &**key),
            },
            _ => false,
        })
    }

    /// Action as it may be seen.
    pub(crate) fn action(&self, action: &Action) -> Arc<Action> {
        self.apply(action, &mut Hidden::default())
    }

    /// Action that people decide about, as it may be seen: where a profile rendered it, its texts may repeat what is hidden of it.
    pub(crate) fn asked_for(&self, action: &Action) -> Arc<Action> {
        let mut hidden = Hidden::default();
        let mut shown = self.apply(action, &mut hidden);
        if action.template.is_some() {
            hide_in_texts(&mut shown, &mut hidden);
        }
        shown
    }

    /// Whether something of an action is hidden.
    pub(crate) fn hides_some_of(&self, action: &Action) -> bool {
        let mut hidden = Hidden::default();
        if !self.paths.is_empty() {
            self.apply(action, &mut hidden);
        }
        !hidden.is_empty()
    }

    /// View of a record, with its outcome and those to whom it goes.
    pub(crate) fn view(
        &self,
        mut record: Record,
        outcome: Outcome,
        recipients: Vec<String>,
    ) -> ActionView {
        if self.paths.is_empty() {
            return ActionView::of(record, outcome, recipients);
        }
        let mut hidden = Hidden::default();
        record.action = self.apply_to(&record, &mut hidden);
        let mut view = ActionView::of(record, outcome, hidden.visible(recipients));
        hidden.order();
        // A service's answer or error may repeat what it was sent.
        hidden.blot_outcome(&mut view.outcome);
        view.history
            .iter_mut()
            .for_each(|attempt| hidden.blot_attempt(attempt));
        view.warnings
            .iter_mut()
            .for_each(|warning| hidden.blot(warning));
        view
    }

    /// Blotter for what others wrote that may repeat what is hidden of an action.
    pub(crate) fn blotter(&self, action: &Action) -> Blotter {
        let mut hidden = Hidden::default();
        self.apply(action, &mut hidden);
        hidden.order();
        Blotter(hidden)
    }

    /// Whether anything is hidden.
    pub(crate) fn hides_something(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Outcome of a record's action as it may be seen.
    pub(crate) fn outcome(&self, record: &Record, mut outcome: Outcome) -> Outcome {
        let mut hidden = Hidden::default();
        self.apply_to(record, &mut hidden);
        hidden.order();
        hidden.blot_outcome(&mut outcome);
        outcome
    }

    /// Outcome as it may be seen where nobody knows what is hidden of its action.
    pub(crate) fn outcome_of_unknown(mut outcome: Outcome) -> Outcome {
        let mut hidden = Hidden::default();
        hidden.mark_unreadable();
        hidden.blot_outcome(&mut outcome);
        outcome
    }

    /// Answer as it may be seen where nobody knows what is hidden of its action.
    pub(crate) fn answer_of_unknown(mut answer: DispatchAnswer) -> DispatchAnswer {
        let outcome =
            serde_json::from_str(&answer.outcome).unwrap_or_else(|_| unreadable(&answer.outcome));
        answer.outcome = Self::outcome_of_unknown(outcome).to_json();
        answer
    }

    /// Answer to a replay as it may be seen: who replays an action is not who sent it.
    pub(crate) fn answer(&self, action: &Action, answer: DispatchAnswer) -> DispatchAnswer {
        if self.paths.is_empty() {
            return answer;
        }
        let mut hidden = Hidden::default();
        self.apply(action, &mut hidden);
        hidden.order();
        let mut outcome =
            serde_json::from_str(&answer.outcome).unwrap_or_else(|_| unreadable(&answer.outcome));
        hidden.blot_outcome(&mut outcome);
        DispatchAnswer {
            outcome: outcome.to_json(),
            ..answer
        }
    }

    /// Action of a record as it may be seen. Where the row is damaged a stand-in may be in the action's place: nobody knows what of it others repeat.
    fn apply_to(&self, record: &Record, hidden: &mut Hidden) -> Arc<Action> {
        if record.unreadable.is_some() {
            hidden.mark_unreadable();
        }
        let mut shown = self.apply(&record.action, hidden);
        if is_rendered(&record.action, record.origin) {
            hide_in_texts(&mut shown, hidden);
        }
        shown
    }

    /// Action as it may be seen. What is taken out is put into `hidden`, and what is not stays byte
    /// for byte.
    fn apply(&self, action: &Action, hidden: &mut Hidden) -> Arc<Action> {
        let mut shown = action.clone();
        let mut within_payload: Vec<&[String]> = Vec::new();
        for path in &self.paths {
            let Some((root, keys)) = path.split_first() else {
                continue;
            };
            let mut optional = |field: &mut Option<String>| {
                if let Some(text) = field {
                    hidden.collect(std::mem::replace(text, REDACTED.into()));
                }
            };
            match root.as_str() {
                "dedup_key" => optional(&mut shown.dedup_key),
                "status" => optional(&mut shown.status),
                "fingerprint" => optional(&mut shown.fingerprint),
                "payload" => within_payload.push(keys),
                _ => {
                    let name = keys.join(".");
                    let labels = shown
                        .metadata
                        .iter_mut()
                        .filter(|(label, _)| keys.is_empty() || name == "*" || **label == name);
                    labels.for_each(|(_, value)| {
                        hidden.collect(std::mem::replace(value, REDACTED.into()));
                    });
                }
            }
        }
        if !within_payload.is_empty() {
            shown.payload = hide::payload(&action.payload, &within_payload, hidden);
        }
        Arc::new(shown)
    }
}

/// Hides what the texts of a rendered payload repeat.
fn hide_in_texts(shown: &mut Arc<Action>, hidden: &mut Hidden) {
    if !hidden.is_empty() {
        hidden.order();
        Arc::make_mut(shown).payload = hidden.rendered(&shown.payload);
    }
}

/// Outcome that is shown for one that cannot be read: no more than that it was sent, or was not.
fn unreadable(outcome: &str) -> Outcome {
    if outcome.starts_with(r#"{"Executed""#) || outcome.starts_with(r#"{"Rerouted""#) {
        return Outcome::Executed(Response::success(placeholder()));
    }
    Outcome::Failed {
        code: "REDACTED".into(),
        message: REDACTED.into(),
        retryable: false,
        attempts: 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn hides_keys_items_and_labels() {
        let whole = json!({ "id": "a", "namespace": "n", "tenant": "t", "provider": "p", "action_type": "x", "created_at": "2026-01-01T00:00:00Z",
            "payload": { "password": "x", "users": [{ "phone": 1, "name": "li" }] }, "metadata": { "token": "y", "team": "pay" } });
        let action: Arc<Action> =
            Arc::new(serde_json::from_str(&whole.to_string()).expect("an action"));
        let paths = [
            "payload.password",
            "action.payload.users.*.phone",
            "metadata.token",
            "payload.missing.more",
        ]
        .map(str::to_owned);
        let redaction = Redaction::new(&paths).expect("paths");
        let shown = redaction.apply(&action, &mut Hidden::default());
        let payload: Value = serde_json::from_str(shown.payload.get()).expect("JSON");
        assert_eq!(
            payload,
            json!({ "password": "[redacted]", "users": [{ "phone": "[redacted]", "name": "li" }] })
        );
        assert_eq!(
            (
                shown.metadata["token"].as_str(),
                shown.metadata["team"].as_str()
            ),
            ("[redacted]", "pay")
        );
        for wrong in [
            "password",
            "id",
            "provider",
            "dedup_key.x",
            "payload..x",
            "",
        ] {
            assert!(Redaction::new(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
        let touches = |field: &str, keys: &[&str]| {
            let keys: Vec<Box<str>> = keys.iter().map(|key| Box::from(*key)).collect();
            redaction.touches(field, &keys)
        };
        for (field, keys) in [
            ("payload", &["password"][..]),
            ("payload", &["users"]),
            ("payload", &[]),
            ("payload", &["password", "x"]),
        ] {
            assert!(touches(field, keys), "{field} {keys:?}");
        }
        assert!(
            touches("metadata", &["token"])
                && touches("metadata", &[])
                && touches("payload", &["users", "3", "phone", "x"])
        );
        for (field, keys) in [
            ("payload", &["text"][..]),
            ("payload", &["users", "3", "name"]),
            ("metadata", &["team"]),
            ("dedup_key", &[]),
        ] {
            assert!(!touches(field, keys), "{field} {keys:?}");
        }
    }

    /// Older versions accepted payloads with numbers that nobody can read.
    #[test]
    fn of_what_cannot_be_read_everything_counts_as_hidden() {
        let text = r#"{"id":"a","namespace":"n","tenant":"t","provider":"p","action_type":"x","created_at":"2026-01-01T00:00:00Z",
            "payload":{"pin":["4711",1e400],"n":1.10}}"#;
        let action: Action = serde_json::from_str(text).expect("an action");
        let redaction = Redaction::new(&["payload.pin".to_owned()]).expect("a path");
        assert!(
            redaction.hides_some_of(&action),
            "so that nobody can guess it"
        );
        let shown = redaction.apply(&action, &mut Hidden::default());
        assert_eq!(shown.payload.get(), r#"{"pin":"[redacted]","n":1.10}"#);
        let body = RawValue::from_string(r#"{"you_sent":"4711"}"#.into()).expect("JSON");
        let answer = DispatchAnswer {
            outcome: Outcome::Executed(Response::success(body)).to_json(),
            pending: false,
        };
        let shown = redaction.answer(&action, answer).outcome;
        assert!(
            shown.starts_with(r#"{"Executed""#) && !shown.contains("4711"),
            "{shown}"
        );
    }
}
