//! Texts that were taken out of an action, and taking them out of what others wrote about it.
//!
//! Only what others wrote is looked through: a service's answer, errors, hints and warnings. The gateway's own words, numbers and times stay
//! whatever is hidden, so what was sent is never shown as anything else.

use std::collections::{BTreeMap, HashSet};

use acteon_core::json::whole_letters;
use acteon_core::{Attempt, LastError, Outcome, Response};
use acteon_store::UNREADABLE;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::history::redaction::placeholder::{REDACTED, placeholder};

mod rendered;

/// Shortest hidden text that is looked for within other texts: shorter ones are in every other word, and count where they stand alone.
const MIN_ECHO: usize = 4;

/// Most hidden texts that a service's answer is searched for. Of an action that has more the answer is hidden whole: the search takes as long as
/// both together allow.
const MAX_ECHOES: usize = 1000;

/// Texts that were taken out of an action.
#[derive(Default)]
pub(super) struct Hidden {
    /// Texts that are looked for within others.
    texts: Vec<String>,
    /// Texts as they stand alone, all of them.
    whole: HashSet<String>,
    /// Names of fields that were hidden.
    names: HashSet<String>,
    /// Whether something is hidden that cannot be read, and so not be looked for.
    unreadable: bool,
}

impl Hidden {
    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty() && !self.unreadable
    }

    pub(super) fn collect(&mut self, text: String) {
        if text.is_empty() || text == REDACTED {
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

    /// Collects what a JSON text holds. Of what cannot be read, everything counts as hidden.
    pub(super) fn collect_json(&mut self, json: &str) {
        match serde_json::from_str(&whole_letters(json)) {
            Ok(value) => {
                if let Value::Number(_) = &value {
                    // As it was written: 1.10 need not be what a number is written as.
                    self.collect(json.to_owned());
                }
                self.collect_all(value);
            }
            Err(_) => self.mark_unreadable(),
        }
    }

    pub(super) fn mark_unreadable(&mut self) {
        self.unreadable = true;
    }

    fn collect_all(&mut self, value: Value) {
        match value {
            Value::String(text) => self.collect(text),
            Value::Number(number) => self.collect(number.to_string()),
            Value::Array(items) => items.into_iter().for_each(|item| self.collect_all(item)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    self.names.insert(name);
                    self.collect_all(field);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Recipients without those that a hidden text names, alone or in a list such as `zhang|li`, or is a part of.
    pub(super) fn visible(&self, recipients: Vec<String>) -> Vec<String> {
        if self.unreadable {
            return Vec::new();
        }
        let names = self
            .whole
            .iter()
            .flat_map(|text| text.split('|'))
            .map(|name| name.trim().to_lowercase());
        let names: HashSet<String> = names.filter(|name| !name.is_empty()).collect();
        let parts: Vec<String> = self.texts.iter().map(|text| text.to_lowercase()).collect();
        // Departments and tags are shown with their kind, which stands in no payload.
        let is_hidden = |recipient: &String| {
            let recipient = recipient.to_lowercase();
            let has_part = parts.iter().any(|part| recipient.contains(part.as_str()));
            has_part
                || names.contains(&recipient)
                || recipient
                    .split_once('/')
                    .is_some_and(|(_, id)| names.contains(id))
        };
        recipients
            .into_iter()
            .filter(|recipient| !is_hidden(recipient))
            .collect()
    }

    /// Sorts longer texts first: a part of one may be another.
    pub(super) fn order(&mut self) {
        self.texts.sort_unstable_by(|one, other| {
            other.len().cmp(&one.len()).then_with(|| one.cmp(other))
        });
        self.texts.dedup();
    }

    /// Takes the texts out of what others wrote of an outcome.
    pub(super) fn blot_outcome(&self, outcome: &mut Outcome) {
        match outcome {
            Outcome::Executed(response) | Outcome::Rerouted { response, .. } => {
                self.blot_response(response);
            }
            // The gateway's own words about a row that is damaged.
            Outcome::Failed { code, .. } if code == UNREADABLE => {}
            Outcome::Failed { message, .. } => self.blot(message),
            Outcome::Scheduled { last_error, .. } => last_error
                .iter_mut()
                .for_each(|error| self.blot_error(error)),
            Outcome::DryRun(dry_run) => {
                dry_run
                    .outcome
                    .iter_mut()
                    .for_each(|outcome| self.blot_outcome(outcome));
                dry_run
                    .rule_errors
                    .iter_mut()
                    .for_each(|error| self.blot(error));
            }
            // Names and numbers of the gateway's own.
            Outcome::Suppressed { .. }
            | Outcome::Deduplicated { .. }
            | Outcome::Throttled { .. }
            | Outcome::QuotaExceeded { .. }
            | Outcome::CircuitOpen { .. }
            | Outcome::Silenced { .. }
            | Outcome::Muted { .. }
            | Outcome::ChainStarted { .. }
            | Outcome::PendingApproval { .. }
            | Outcome::Cancelled { .. } => {}
        }
    }

    /// Takes the texts out of what others wrote of an attempt.
    pub(super) fn blot_attempt(&self, attempt: &mut Attempt) {
        attempt
            .error
            .iter_mut()
            .for_each(|error| self.blot_error(error));
        attempt.hint.iter_mut().for_each(|hint| self.blot(hint));
    }

    fn blot_error(&self, error: &mut LastError) {
        self.blot(&mut error.message);
    }

    fn blot_response(&self, response: &mut Response) {
        let headers = std::mem::take(&mut response.headers);
        response.headers = headers
            .into_iter()
            .map(|(name, mut value)| {
                self.blot(&mut value);
                (name, value)
            })
            .collect::<BTreeMap<_, _>>();
        response.body = self.blotted(&response.body);
    }

    /// JSON that others wrote, without the texts.
    pub(super) fn blotted(&self, json: &RawValue) -> Box<RawValue> {
        if self.unreadable || self.texts.len() > MAX_ECHOES {
            return placeholder();
        }
        if self.is_empty() {
            return json.to_owned();
        }
        match serde_json::from_str::<Value>(json.get()) {
            Ok(value) => {
                let mut blotted = value.clone();
                self.blot_json(&mut blotted);
                // What repeats nothing stays byte for byte.
                if blotted == value {
                    return json.to_owned();
                }
                RawValue::from_string(blotted.to_string()).unwrap_or_else(|_| placeholder())
            }
            Err(_) => placeholder(),
        }
    }

    /// Takes the texts out of another text.
    pub(super) fn blot(&self, text: &mut String) {
        if self.unreadable {
            REDACTED.clone_into(text);
        }
        for hidden in &self.texts {
            if text.contains(hidden.as_str()) {
                *text = text.replace(hidden.as_str(), REDACTED);
            }
        }
    }

    /// Takes the texts out of what a service wrote, which may repeat numbers and names too.
    fn blot_json(&self, value: &mut Value) {
        match value {
            Value::String(text) if self.whole.contains(text) => REDACTED.clone_into(text),
            Value::String(text) => self.blot(text),
            Value::Number(number) if self.whole.contains(&number.to_string()) => {
                *value = Value::String(REDACTED.into());
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.blot_json(item)),
            Value::Object(fields) => {
                for (mut name, mut field) in std::mem::take(fields) {
                    if self.names.contains(&name) || self.whole.contains(&name) {
                        REDACTED.clone_into(&mut name);
                    }
                    self.blot(&mut name);
                    self.blot_json(&mut field);
                    fields.insert(name, field);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
