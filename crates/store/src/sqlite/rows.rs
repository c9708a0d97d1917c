//! From rows to records.

use std::sync::Arc;

use acteon_core::{Origin, Prepared, Timestamp};
use rusqlite::{Row, types::Type};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::model::{Admission, Record, Seq, State};

/// The columns that [`record`] reads, in its order.
pub(super) const COLUMNS: &str = "seq, action, origin, request, request_facts, lane, accepted_at, give_up_at, state, owner, due_at, attempts, rounds, \
     takeovers, possible_duplicate, history, outcome, finished_at";

/// What is known of a request beside its bytes.
#[derive(Default, Serialize, Deserialize)]
struct Facts {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipients: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    repeat_safe: bool,
}

/// The texts of a row, made before it queues for the writer, whose time everybody shares.
pub(super) struct RowTexts {
    pub(super) action: String,
    pub(super) facts: Option<String>,
}

pub(super) fn row_texts(admission: &Admission) -> Result<RowTexts, StoreError> {
    let action = serde_json::to_string(&*admission.action).map_err(|error| StoreError::Engine(error.to_string()))?;
    Ok(RowTexts { action, facts: admission.prepared.as_ref().and_then(|prepared| facts(prepared)) })
}

/// The facts as text; `None` when there are none.
fn facts(prepared: &Prepared) -> Option<String> {
    let Prepared { recipients, warnings, repeat_safe, .. } = prepared;
    if recipients.is_empty() && warnings.is_empty() && !repeat_safe {
        return None;
    }
    serde_json::to_string(&Facts { recipients: recipients.clone(), warnings: warnings.clone(), repeat_safe: *repeat_safe }).ok()
}

pub(super) const fn state_number(state: State) -> i64 {
    match state {
        State::Open => 0,
        State::Done => 1,
        State::Dead => 2,
    }
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let action: String = row.get(1)?;
    let action =
        serde_json::from_str(&action).map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error)))?;
    let origin: String = row.get(2)?;
    let state: i64 = row.get(8)?;
    Ok(Record {
        seq: Seq(row.get(0)?),
        action: Arc::new(action),
        origin: if origin == Origin::Replay.as_str() { Origin::Replay } else { Origin::Api },
        prepared: prepared(row)?.map(Arc::new),
        lane: row.get(5)?,
        accepted_at: instant(row, 6)?,
        give_up_at: instant(row, 7)?,
        state: [State::Open, State::Done, State::Dead].into_iter().find(|known| state_number(*known) == state).unwrap_or(State::Dead),
        owned: row.get::<_, i64>(9)? != 0,
        due_at: instant(row, 10)?,
        attempts: row.get(11)?,
        rounds: row.get(12)?,
        takeovers: row.get(13)?,
        possible_duplicate: row.get(14)?,
        history: row.get::<_, Option<String>>(15)?.unwrap_or_else(|| "[]".into()),
        outcome: row.get(16)?,
        finished_at: row.get::<_, Option<i64>>(17)?.map(Timestamp::from_millis),
    })
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

fn prepared(row: &Row<'_>) -> rusqlite::Result<Option<Prepared>> {
    let Some(bytes) = row.get::<_, Option<Vec<u8>>>(3)? else { return Ok(None) };
    let facts = row.get::<_, Option<String>>(4)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(Facts::default);
    let Facts { recipients, warnings, repeat_safe } = facts;
    Ok(Some(Prepared { bytes, recipients, warnings, repeat_safe }))
}
