//! From rows to records: what every engine reads alike.
//!
//! A row whose contents cannot be read hurts nobody but itself: it becomes a record all the same, which says what is wrong with it, and in
//! which stand-ins take the place of what is wrong. Nobody takes a stand-in for what was stored, because the record says so.

use std::sync::Arc;

use acteon_core::{
    Action, ActionId, ActionType, Namespace, Origin, Outcome, Prepared, Priority, ProviderName,
    Tenant, Timestamp,
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model::{ActionState, Record, Seq};
use crate::rows::{Facts, state_of_number};

/// An action with what is to be done about it, or what became of it, as an engine reads it.
pub(crate) struct RawRecord {
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) namespace: String,
    pub(crate) asked: String,
    pub(crate) action_type: String,
    pub(crate) action: String,
    pub(crate) origin: String,
    pub(crate) request: Option<Vec<u8>>,
    pub(crate) request_facts: Option<String>,
    pub(crate) accepted_at: i64,
    pub(crate) caller: String,
    pub(crate) auth_method: String,
    pub(crate) verdict: String,
    pub(crate) rule: Option<String>,
    pub(crate) through: Option<String>,
    pub(crate) charges: Option<String>,
    pub(crate) due_at: Option<i64>,
    pub(crate) give_up_at: Option<i64>,
    pub(crate) owner: Option<i64>,
    pub(crate) in_flight: Option<bool>,
    pub(crate) rounds: Option<i64>,
    pub(crate) note: Option<String>,
    pub(crate) state: Option<i64>,
    pub(crate) finished_at: Option<i64>,
    pub(crate) attempts: Option<i64>,
    pub(crate) takeovers: Option<i64>,
    pub(crate) possible_duplicate: Option<bool>,
    pub(crate) history: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) fence: Option<i64>,
    pub(crate) not_before: Option<i64>,
    pub(crate) class: Option<String>,
    /// What the engine could not read.
    pub(crate) unreadable: Option<String>,
}

impl RawRecord {
    /// The columns of a record in the order of the fields, for tables `a`, `j` and `o`.
    pub(crate) const COLUMNS: &'static str = "a.seq, a.id, a.tenant, a.namespace, a.provider, a.action_type, a.action, a.origin, a.request, \
         a.request_facts, a.accepted_at, a.caller, a.auth_method, a.verdict, a.rule, a.through, a.charges, \
         j.due_at, j.give_up_at, j.owner, j.in_flight, j.rounds, j.note, o.state, o.finished_at, \
         coalesce(o.attempts, j.attempts), coalesce(o.takeovers, j.takeovers), coalesce(o.possible_duplicate, j.possible_duplicate), \
         coalesce(o.history, j.history), coalesce(o.outcome, j.outcome), j.fence, j.not_before, o.class";

    /// The tables that [`Self::COLUMNS`] are of.
    pub(crate) const TABLES: &'static str =
        "actions a LEFT JOIN jobs j ON j.seq = a.seq LEFT JOIN outcomes o ON o.seq = a.seq";

    pub(crate) fn into_record(mut self) -> Record {
        let mut reading = Reading {
            wrong: self.unreadable.take(),
        };
        let accepted_at = Timestamp::from_millis(self.accepted_at);
        let action = reading
            .json("action", &self.action)
            .unwrap_or_else(|| self.stand_in());
        let through = self
            .through
            .as_deref()
            .map(|name| reading.taken("through", ProviderName::parse(name).ok()));
        let provider = through.flatten().unwrap_or_else(|| action.provider.clone());
        let origin = Origin::ALL
            .into_iter()
            .find(|known| known.as_str() == self.origin);
        let state = self.state.map(|number| {
            reading
                .taken("state", state_of_number(number))
                .unwrap_or(ActionState::Dead)
        });
        let facts: Option<Facts> = self
            .request_facts
            .as_deref()
            .and_then(|text| reading.json("request_facts", text));
        let facts = facts.unwrap_or_default();
        let priority = facts.priority.unwrap_or(action.priority);
        let prepared = prepared(self.request.take(), facts, &self.action);
        if state.is_none() && prepared.is_none() {
            reading.fails("request");
        }
        let outcome = self
            .outcome
            .take()
            .filter(|text| reading.json::<Outcome>("outcome", text).is_some());
        Record {
            seq: Seq(self.seq),
            provider,
            origin: reading.taken("origin", origin).unwrap_or(Origin::Api),
            prepared: prepared.map(Arc::new),
            priority,
            action: Arc::new(action),
            charges: self
                .charges
                .as_deref()
                .and_then(|text| reading.json("charges", text))
                .unwrap_or_default(),
            accepted_at,
            due_at: self.due_at.map_or(accepted_at, Timestamp::from_millis),
            not_before: self.not_before.map_or(accepted_at, Timestamp::from_millis),
            give_up_at: self.give_up_at.map_or(accepted_at, Timestamp::from_millis),
            owned: self.owner.is_some_and(|owner| owner != 0),
            in_flight: self.in_flight.unwrap_or(false),
            fence: self.fence.unwrap_or(0),
            rounds: reading.count("rounds", self.rounds),
            attempts: reading.count("attempts", self.attempts),
            takeovers: reading.count("takeovers", self.takeovers),
            possible_duplicate: self.possible_duplicate.unwrap_or(false),
            history: self
                .history
                .as_deref()
                .and_then(|text| reading.json("history", text))
                .unwrap_or_default(),
            finished_at: self.finished_at.map(Timestamp::from_millis),
            class: self.class,
            note: self.note.map(Into::into),
            caller: self.caller,
            auth_method: self.auth_method,
            verdict: self.verdict,
            rule: self.rule.map(Into::into),
            outcome: outcome
                .map(Into::into)
                .or_else(|| ended_unreadable(state, reading.wrong.as_deref())),
            state: state.unwrap_or(ActionState::Open),
            unreadable: reading.wrong,
        }
    }

    /// An action with this one's names and an empty payload. Payloads are shown without what is hidden in them, which nobody can find in a text
    /// that cannot be read.
    fn stand_in(&self) -> Action {
        Action {
            id: name(ActionId::parse, &self.id),
            namespace: name(Namespace::parse, &self.namespace),
            tenant: name(Tenant::parse, &self.tenant),
            provider: name(ProviderName::parse, &self.asked),
            action_type: name(ActionType::parse, &self.action_type),
            payload: RawValue::NULL.to_owned(),
            metadata: std::collections::BTreeMap::new(),
            dedup_key: None,
            status: None,
            fingerprint: None,
            starts_at: None,
            ends_at: None,
            created_at: Timestamp::from_millis(self.accepted_at),
            expires_at: None,
            priority: Priority::default(),
        }
    }
}

/// The code of an action that ended because its row cannot be read.
pub const UNREADABLE: &str = "UNREADABLE";

/// The outcome of an action that ended, where that cannot be read.
fn ended_unreadable(state: Option<ActionState>, wrong: Option<&str>) -> Option<Arc<str>> {
    let (Some(_), Some(wrong)) = (state, wrong) else {
        return None;
    };
    Some(unreadable(wrong))
}

fn unreadable(wrong: &str) -> Arc<str> {
    let message = format!("what is stored of this action cannot be read: {wrong}");
    Outcome::Failed {
        code: UNREADABLE.into(),
        message,
        retryable: false,
        attempts: 0,
    }
    .to_json()
}

/// What can be read of a text that a disk damaged. It begins with a mark, with which it is no JSON and no name, so that nobody takes it for what
/// was stored.
pub(crate) fn damaged_text(bytes: &[u8]) -> String {
    format!(
        "\u{fffd}{}",
        String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
    )
}

/// The outcome of an action that ended, or one that says that it cannot be read.
pub(crate) fn outcome_text(text: String) -> Arc<str> {
    let mut reading = Reading { wrong: None };
    match reading.json::<Outcome>("outcome", &text) {
        Some(_) => text.into(),
        None => unreadable(reading.wrong.as_deref().unwrap_or("outcome")),
    }
}

/// A name, or a word in its place.
fn name<T, E: std::fmt::Debug>(parse: impl Fn(&str) -> Result<T, E>, text: &str) -> T {
    parse(text)
        .or_else(|_| parse("unreadable"))
        .expect("a word that is a name")
}

/// What was found wrong while a row is read.
struct Reading {
    wrong: Option<String>,
}

impl Reading {
    /// Reads JSON. The error says where it is wrong, and quotes nothing.
    fn json<T: DeserializeOwned>(&mut self, column: &str, text: &str) -> Option<T> {
        match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let what = match error.classify() {
                    serde_json::error::Category::Data => "does not fit",
                    _ => "is no JSON",
                };
                self.note(format!(
                    "{column} {what} from line {}, column {} on",
                    error.line(),
                    error.column()
                ));
                None
            }
        }
    }

    /// What was made of a column; nothing when it could not be.
    fn taken<T>(&mut self, column: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.fails(column);
        }
        value
    }

    fn count(&mut self, column: &str, value: Option<i64>) -> u32 {
        let Some(value) = value else { return 0 };
        self.taken(column, u32::try_from(value).ok()).unwrap_or(0)
    }

    fn fails(&mut self, column: &str) {
        self.note(format!("{column} is missing or unknown"));
    }

    /// The first thing that is wrong is told.
    fn note(&mut self, wrong: String) {
        self.wrong.get_or_insert(wrong);
    }
}

/// The recipients of a send, out of what was stored of its request.
pub(crate) fn recipients(facts: Option<&str>) -> serde_json::Result<Vec<String>> {
    let facts = facts.map(serde_json::from_str::<Facts>).transpose()?;
    Ok(facts.map(|facts| facts.recipients).unwrap_or_default())
}

fn prepared(request: Option<Vec<u8>>, facts: Facts, action: &str) -> Option<Prepared> {
    let Facts {
        recipients,
        warnings,
        repeat_safe,
        is_action,
        priority: _,
    } = facts;
    let bytes = if is_action {
        Some(action.as_bytes().to_vec())
    } else {
        request
    };
    bytes.map(|bytes| Prepared {
        bytes,
        recipients,
        warnings,
        repeat_safe,
    })
}
