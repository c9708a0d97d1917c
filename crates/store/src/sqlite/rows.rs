//! From rows to records.

use std::sync::Arc;

use acteon_core::{Action, Origin, Prepared, ProviderName, Timestamp};
use rusqlite::{Row, types::Type};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::model::{Admission, Fate, Record, Seq, State, Way};

/// The columns that [`record`] reads, in its order, out of [`TABLES`].
pub(super) const COLUMNS: &str = "a.seq, a.action, a.origin, a.request, a.request_facts, a.accepted_at, \
     a.caller, a.auth_method, a.verdict, a.rule, a.through, a.charges, \
     j.due_at, j.give_up_at, j.owner, j.rounds, o.state, o.finished_at, \
     coalesce(o.attempts, j.attempts), coalesce(o.takeovers, j.takeovers), coalesce(o.possible_duplicate, j.possible_duplicate), \
     coalesce(o.history, j.history), coalesce(o.outcome, j.outcome)";

/// An action with what is to be done about it, or what became of it.
pub(super) const TABLES: &str = "actions a LEFT JOIN jobs j ON j.seq = a.seq LEFT JOIN outcomes o ON o.seq = a.seq";

/// What is known of a request beside its bytes.
#[derive(Default, Serialize, Deserialize)]
struct Facts {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipients: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    repeat_safe: bool,
    /// The request is the action's own text, which need not be kept twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_action: bool,
}

/// The texts of a row, made before it queues for the writer, whose time everybody shares.
pub(super) struct RowTexts {
    pub(super) action: String,
    /// For each way that the action may go.
    pub(super) requests: Vec<RequestTexts>,
}

pub(super) struct RequestTexts {
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) facts: Option<String>,
}

pub(super) fn row_texts(admission: &Admission) -> Result<RowTexts, StoreError> {
    let action = serde_json::to_string(&*admission.action).map_err(|error| StoreError::Engine(error.to_string()))?;
    let request = |way: &Way| {
        let is_action = way.prepared.bytes == action.as_bytes();
        RequestTexts { bytes: (!is_action).then(|| way.prepared.bytes.clone()), facts: facts(&way.prepared, is_action) }
    };
    let requests = match &admission.fate {
        Fate::Ended(_) => Vec::new(),
        Fate::Send { ways, .. } => ways.iter().map(request).collect(),
    };
    Ok(RowTexts { action, requests })
}

/// The facts as text; `None` when there are none.
fn facts(prepared: &Prepared, is_action: bool) -> Option<String> {
    let Prepared { recipients, warnings, repeat_safe, .. } = prepared;
    if recipients.is_empty() && warnings.is_empty() && !repeat_safe && !is_action {
        return None;
    }
    serde_json::to_string(&Facts { recipients: recipients.clone(), warnings: warnings.clone(), repeat_safe: *repeat_safe, is_action }).ok()
}

/// The number of a state that ended; 0 for one that did not.
pub(super) const fn state_number(state: State) -> i64 {
    match state {
        State::Open => 0,
        State::Done => 1,
        State::Dead => 2,
        State::Refused => 3,
        State::Discarded => 4,
    }
}

/// The state of a number that ended.
pub(super) fn state_of_number(number: i64) -> Option<State> {
    [State::Done, State::Dead, State::Refused, State::Discarded].into_iter().find(|state| state_number(*state) == number)
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let action: Action = json(row, 1)?.ok_or(rusqlite::Error::InvalidColumnIndex(1))?;
    let origin: String = row.get(2)?;
    let accepted_at = instant(row, 5)?.unwrap_or_default();
    let through: Option<String> = row.get(10)?;
    let provider = through.and_then(|name| ProviderName::parse(&name).ok()).unwrap_or_else(|| action.provider.clone());
    Ok(Record {
        seq: Seq(row.get(0)?),
        provider,
        action: Arc::new(action),
        origin: Origin::ALL.into_iter().find(|known| known.as_str() == origin).unwrap_or(Origin::Api),
        prepared: prepared(row)?.map(Arc::new),
        caller: row.get(6)?,
        auth_method: row.get(7)?,
        verdict: row.get(8)?,
        rule: row.get(9)?,
        charges: json(row, 11)?.unwrap_or_default(),
        accepted_at,
        due_at: instant(row, 12)?.unwrap_or(accepted_at),
        give_up_at: instant(row, 13)?.unwrap_or(accepted_at),
        owned: row.get::<_, Option<i64>>(14)?.is_some_and(|owner| owner != 0),
        rounds: row.get::<_, Option<u32>>(15)?.unwrap_or(0),
        state: row.get::<_, Option<i64>>(16)?.and_then(state_of_number).unwrap_or(State::Open),
        finished_at: instant(row, 17)?,
        attempts: row.get::<_, Option<u32>>(18)?.unwrap_or(0),
        takeovers: row.get::<_, Option<u32>>(19)?.unwrap_or(0),
        possible_duplicate: row.get::<_, Option<bool>>(20)?.unwrap_or(false),
        history: row.get::<_, Option<String>>(21)?.unwrap_or_else(|| "[]".into()),
        outcome: row.get(22)?,
    })
}

/// The value of a JSON text, if there is one.
fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    let parse = |text: String| serde_json::from_str(&text);
    text.map(parse).transpose().map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

fn prepared(row: &Row<'_>) -> rusqlite::Result<Option<Prepared>> {
    let facts = row.get::<_, Option<String>>(4)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(Facts::default);
    let Facts { recipients, warnings, repeat_safe, is_action } = facts;
    let bytes = if is_action { Some(row.get::<_, String>(1)?.into_bytes()) } else { row.get(3)? };
    Ok(bytes.map(|bytes| Prepared { bytes, recipients, warnings, repeat_safe }))
}
