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

use crate::flows::FlowKey;
use crate::model::{ActionState, Record, Seq};
use crate::rows::{Facts, state_of_number};

/// Row as an engine reads it, by the indexes of its columns.
pub(crate) trait RawRow {
    /// Error of a column that cannot be read.
    type Error;

    /// Reads a column that is a number, or a flag, or bytes, or a text, and may be NULL or not, as `T` says.
    fn read<T: RawColumn>(&mut self, place: usize) -> Result<T, Self::Error> {
        T::read(self, place)
    }

    fn number(&mut self, place: usize) -> Result<i64, Self::Error>;
    fn maybe_number(&mut self, place: usize) -> Result<Option<i64>, Self::Error>;
    fn maybe_flag(&mut self, place: usize) -> Result<Option<bool>, Self::Error>;
    fn maybe_bytes(&mut self, place: usize) -> Result<Option<Vec<u8>>, Self::Error>;
    fn text(&mut self, place: usize) -> Result<String, Self::Error>;
    fn maybe_text(&mut self, place: usize) -> Result<Option<String>, Self::Error>;

    /// Description of what could not be read so far, without a quotation of it.
    fn unreadable(self) -> Option<String>;
}

/// Type of a column of a [`RawRecord`].
pub(crate) trait RawColumn: Sized {
    fn read<R: RawRow + ?Sized>(row: &mut R, place: usize) -> Result<Self, R::Error>;
}

macro_rules! raw_columns {
    ($($type:ty: $read:ident),* $(,)?) => {
        $(impl RawColumn for $type {
            fn read<R: RawRow + ?Sized>(row: &mut R, place: usize) -> Result<Self, R::Error> {
                row.$read(place)
            }
        })*
    };
}

raw_columns! {
    i64: number,
    Option<i64>: maybe_number,
    Option<bool>: maybe_flag,
    Option<Vec<u8>>: maybe_bytes,
    String: text,
    Option<String>: maybe_text,
}

/// Defines [`RawRecord`] by its fields, each with its type and its column: what is selected and what is read are this one list.
macro_rules! raw_record {
    ($first:ident: $first_type:ty = $first_column:literal, $($field:ident: $type:ty = $column:literal,)*) => {
        /// Action with its job or its outcome, as an engine reads it.
        pub(crate) struct RawRecord {
            pub(crate) $first: $first_type,
            $(pub(crate) $field: $type,)*
            /// Description of what the engine could not read.
            pub(crate) unreadable: Option<String>,
        }

        impl RawRecord {
            /// Columns of a record in the order of the fields, for tables `a`, `j` and `o`.
            pub(crate) const COLUMNS: &'static str = concat!($first_column, $(", ", $column),*);

            /// Reads a row of [`Self::COLUMNS`].
            pub(crate) fn read<R: RawRow>(mut row: R) -> Result<Self, R::Error> {
                let mut places = 0..;
                let mut place = || places.next().unwrap_or(usize::MAX);
                let $first = row.read(place())?;
                $(let $field = row.read(place())?;)*
                Ok(Self {
                    $first,
                    $($field,)*
                    unreadable: row.unreadable(),
                })
            }
        }
    };
}

raw_record! {
    seq: i64 = "a.seq",
    id: String = "a.id",
    tenant: String = "a.tenant",
    namespace: String = "a.namespace",
    asked: String = "a.provider",
    action_type: String = "a.action_type",
    action: String = "a.action",
    origin: String = "a.origin",
    request: Option<Vec<u8>> = "a.request",
    request_facts: Option<String> = "a.request_facts",
    accepted_at: i64 = "a.accepted_at",
    caller: String = "a.caller",
    auth_method: String = "a.auth_method",
    verdict: String = "a.verdict",
    rule: Option<String> = "a.rule",
    through: Option<String> = "a.through",
    charges: Option<String> = "a.charges",
    due_at: Option<i64> = "j.due_at",
    give_up_at: Option<i64> = "j.give_up_at",
    owner: Option<i64> = "j.owner",
    in_flight: Option<bool> = "j.in_flight",
    durable_retries: Option<i64> = "j.rounds",
    late_mark: Option<String> = "j.note",
    state: Option<i64> = "o.state",
    finished_at: Option<i64> = "o.finished_at",
    attempts: Option<i64> = "coalesce(o.attempts, j.attempts)",
    takeovers: Option<i64> = "coalesce(o.takeovers, j.takeovers)",
    possible_duplicate: Option<bool> = "coalesce(o.possible_duplicate, j.possible_duplicate)",
    history: Option<String> = "coalesce(o.history, j.history)",
    outcome: Option<String> = "coalesce(o.outcome, j.outcome)",
    fence: Option<i64> = "j.fence",
    not_before: Option<i64> = "j.not_before",
    class: Option<String> = "o.class",
    parent: Option<String> = "a.parent",
}

impl RawRecord {
    /// Tables of [`Self::COLUMNS`], joined.
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
        let provider = reading
            .provider("through", self.through.as_deref())
            .unwrap_or_else(|| action.provider.clone());
        let state = reading.state(self.state);
        let facts: Facts = reading.maybe_json("request_facts", self.request_facts.as_deref());
        let priority = facts.priority.unwrap_or(action.priority);
        let prepared = prepared(self.request.take(), facts, &self.action);
        if state.is_none() && prepared.is_none() {
            reading.fails("request");
        }
        let outcome = self
            .outcome
            .take()
            .filter(|text| reading.json::<Outcome>("outcome", text).is_some());
        let instant = |millis: Option<i64>| millis.map_or(accepted_at, Timestamp::from_millis);
        Record {
            seq: Seq(self.seq),
            provider,
            origin: reading.origin(&self.origin),
            prepared: prepared.map(Arc::new),
            priority,
            action: Arc::new(action),
            charges: reading.maybe_json("charges", self.charges.as_deref()),
            accepted_at,
            due_at: instant(self.due_at),
            not_before: instant(self.not_before),
            give_up_at: instant(self.give_up_at),
            owned: self.owner.is_some_and(|owner| owner != 0),
            in_flight: self.in_flight.unwrap_or(false),
            fence: self.fence.unwrap_or(0),
            durable_retries: reading.count("rounds", self.durable_retries),
            attempts: reading.count("attempts", self.attempts),
            takeovers: reading.count("takeovers", self.takeovers),
            possible_duplicate: self.possible_duplicate.unwrap_or(false),
            history: reading.maybe_json("history", self.history.as_deref()),
            finished_at: self.finished_at.map(Timestamp::from_millis),
            class: self.class,
            parent: reading.parent(self.parent.as_deref()),
            late_mark: self.late_mark.map(Into::into),
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

    /// Action with this one's names and an empty payload. Payloads are shown without what is redacted in them, which cannot be found in a text that
    /// cannot be read.
    fn stand_in(&self) -> Action {
        Action {
            id: name(ActionId::parse, &self.id),
            namespace: name(Namespace::parse, &self.namespace),
            tenant: name(Tenant::parse, &self.tenant),
            provider: name(ProviderName::parse, &self.asked),
            action_type: name(ActionType::parse, &self.action_type),
            payload: RawValue::NULL.to_owned(),
            template: None,
            metadata: std::collections::BTreeMap::new(),
            dedup_key: None,
            status: None,
            fingerprint: None,
            starts_at: None,
            ends_at: None,
            created_at: Timestamp::from_millis(self.accepted_at),
            expires_at: None,
            scheduled_at: None,
            delay_seconds: None,
            attachments: Vec::new(),
            signature: None,
            signer_id: None,
            kid: None,
            priority: Priority::default(),
        }
    }
}

/// Code of an action that ended because its row cannot be read.
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

/// Readable part of a text that a disk damaged. It begins with a mark, with which it is neither JSON nor a name, so that it is not taken for what was
/// stored.
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

/// Reader of a row, with the first thing that was found wrong.
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
                self.keep_flaw(format!(
                    "{column} {what} from line {}, column {} on",
                    error.line(),
                    error.column()
                ));
                None
            }
        }
    }

    /// Value that was made of a column; `None`, and a flaw of the row, where none could be.
    fn taken<T>(&mut self, column: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.fails(column);
        }
        value
    }

    /// Reads JSON of a column that may be NULL; what cannot be read is as if nothing were there.
    fn maybe_json<T: DeserializeOwned + Default>(&mut self, column: &str, text: Option<&str>) -> T {
        text.and_then(|text| self.json(column, text))
            .unwrap_or_default()
    }

    fn provider(&mut self, column: &str, name: Option<&str>) -> Option<ProviderName> {
        self.taken(column, ProviderName::parse(name?).ok())
    }

    fn parent(&mut self, name: Option<&str>) -> Option<FlowKey> {
        self.taken("parent", FlowKey::parse(name?))
    }

    /// The origin of that name; a stand-in where there is none.
    fn origin(&mut self, name: &str) -> Origin {
        let origin = Origin::ALL.into_iter().find(|known| known.as_str() == name);
        self.taken("origin", origin).unwrap_or(Origin::Api)
    }

    /// State by its number, `None` of an open action; a dead letter, which people look at, for an unknown number.
    fn state(&mut self, number: Option<i64>) -> Option<ActionState> {
        let state = state_of_number(number?);
        Some(self.taken("state", state).unwrap_or(ActionState::Dead))
    }

    fn count(&mut self, column: &str, value: Option<i64>) -> u32 {
        let Some(value) = value else { return 0 };
        self.taken(column, u32::try_from(value).ok()).unwrap_or(0)
    }

    fn fails(&mut self, column: &str) {
        self.keep_flaw(format!("{column} is missing or unknown"));
    }

    /// Keeps a flaw of the row, unless there is one already.
    fn keep_flaw(&mut self, wrong: String) {
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
