//! From rows to records.

use std::sync::Arc;

use acteon_core::{Origin, Prepared, Timestamp};
use rusqlite::{Row, types::Type};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::model::{Admission, Record, Seq, State};

/// The columns that [`record`] reads, in its order, out of [`TABLES`].
pub(super) const COLUMNS: &str = "a.seq, a.action, a.origin, a.request, a.request_facts, a.accepted_at, \
     j.lane, j.due_at, j.give_up_at, j.owner, j.rounds, o.state, o.finished_at, \
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
    pub(super) request: Option<Vec<u8>>,
    pub(super) facts: Option<String>,
}

pub(super) fn row_texts(admission: &Admission) -> Result<RowTexts, StoreError> {
    let action = serde_json::to_string(&*admission.action).map_err(|error| StoreError::Engine(error.to_string()))?;
    let Some(prepared) = &admission.prepared else { return Ok(RowTexts { action, request: None, facts: None }) };
    let is_action = prepared.bytes == action.as_bytes();
    let request = (!is_action).then(|| prepared.bytes.clone());
    Ok(RowTexts { action, request, facts: facts(prepared, is_action) })
}

/// The facts as text; `None` when there are none.
fn facts(prepared: &Prepared, is_action: bool) -> Option<String> {
    let Prepared { recipients, warnings, repeat_safe, .. } = prepared;
    if recipients.is_empty() && warnings.is_empty() && !repeat_safe && !is_action {
        return None;
    }
    serde_json::to_string(&Facts { recipients: recipients.clone(), warnings: warnings.clone(), repeat_safe: *repeat_safe, is_action }).ok()
}

/// The number of a state that ended.
pub(super) const DONE: i64 = 1;
/// The number of a state that ended badly.
pub(super) const DEAD: i64 = 2;

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let action: String = row.get(1)?;
    let action =
        serde_json::from_str(&action).map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error)))?;
    let origin: String = row.get(2)?;
    let accepted_at = instant(row, 5)?.unwrap_or_default();
    let state = match row.get::<_, Option<i64>>(11)? {
        None => State::Open,
        Some(DONE) => State::Done,
        Some(_) => State::Dead,
    };
    Ok(Record {
        seq: Seq(row.get(0)?),
        action: Arc::new(action),
        origin: if origin == Origin::Replay.as_str() { Origin::Replay } else { Origin::Api },
        prepared: prepared(row)?.map(Arc::new),
        accepted_at,
        due_at: instant(row, 7)?.unwrap_or(accepted_at),
        give_up_at: instant(row, 8)?.unwrap_or(accepted_at),
        owned: row.get::<_, Option<i64>>(9)?.is_some_and(|owner| owner != 0),
        rounds: row.get::<_, Option<u32>>(10)?.unwrap_or(0),
        state,
        finished_at: instant(row, 12)?,
        attempts: row.get::<_, Option<u32>>(13)?.unwrap_or(0),
        takeovers: row.get::<_, Option<u32>>(14)?.unwrap_or(0),
        possible_duplicate: row.get::<_, Option<bool>>(15)?.unwrap_or(false),
        history: row.get::<_, Option<String>>(16)?.unwrap_or_else(|| "[]".into()),
        outcome: row.get(17)?,
    })
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
