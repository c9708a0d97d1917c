//! From rows to records.

use rusqlite::{Row, types::Type};

use crate::model::Record;
use crate::rows::RawRecord;

/// Reads [`RawRecord::COLUMNS`].
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let raw = RawRecord {
        seq: row.get(0)?,
        action: row.get(1)?,
        origin: row.get(2)?,
        request: row.get(3)?,
        request_facts: row.get(4)?,
        accepted_at: row.get(5)?,
        caller: row.get(6)?,
        auth_method: row.get(7)?,
        verdict: row.get(8)?,
        rule: row.get(9)?,
        through: row.get(10)?,
        charges: row.get(11)?,
        due_at: row.get(12)?,
        give_up_at: row.get(13)?,
        owner: row.get(14)?,
        rounds: row.get(15)?,
        state: row.get(16)?,
        finished_at: row.get(17)?,
        attempts: row.get(18)?,
        takeovers: row.get(19)?,
        possible_duplicate: row.get(20)?,
        history: row.get(21)?,
        outcome: row.get(22)?,
        fence: row.get(23)?,
    };
    raw.into_record().map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error)))
}
