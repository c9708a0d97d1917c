//! From rows to records.

use tokio_postgres::Row;

use super::error::Failure;
use crate::model::Record;
use crate::rows::RawRecord;

/// Reads [`RawRecord::COLUMNS`].
pub(super) fn record(row: &Row) -> Result<Record, Failure> {
    let raw = RawRecord {
        seq: row.try_get(0)?,
        action: row.try_get(1)?,
        origin: row.try_get(2)?,
        request: row.try_get(3)?,
        request_facts: row.try_get(4)?,
        accepted_at: row.try_get(5)?,
        caller: row.try_get(6)?,
        auth_method: row.try_get(7)?,
        verdict: row.try_get(8)?,
        rule: row.try_get(9)?,
        through: row.try_get(10)?,
        charges: row.try_get(11)?,
        due_at: row.try_get(12)?,
        give_up_at: row.try_get(13)?,
        owner: row.try_get(14)?,
        rounds: row.try_get(15)?,
        state: row.try_get(16)?,
        finished_at: row.try_get(17)?,
        attempts: row.try_get(18)?,
        takeovers: row.try_get(19)?,
        possible_duplicate: row.try_get(20)?,
        history: row.try_get(21)?,
        outcome: row.try_get(22)?,
        fence: row.try_get(23)?,
    };
    Ok(raw.into_record()?)
}

/// The text under which a key is stored: itself, unless it is too long for an index or holds what a text cannot.
pub(super) fn key(text: &str) -> String {
    const LONGEST: usize = 512;
    if text.len() <= LONGEST && !text.contains('\0') {
        return text.to_owned();
    }
    let digits = acteon_crypto::sha256(text.as_bytes()).iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    format!("sha256:{digits}")
}
